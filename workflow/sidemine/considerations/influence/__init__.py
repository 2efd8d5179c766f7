"""Influence: whether the answer is that of a set, or of one of its genes."""
