"""miRNAs of a disease: whether those that it moves target a set more than their number of known targets predicts."""
