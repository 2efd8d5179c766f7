"""Promoters and binding: whether genes that a factor binds, or whose promoters hold its motif, move in the contrasts."""
