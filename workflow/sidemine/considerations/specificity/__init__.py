"""Specificity: whether the primary set stands out among other sets."""
