"""Genetics: whether the genes of a set are associated with a trait more than other genes are."""
