"""Protein: published tables of differences in plasma or cells, tested within what the panel measures."""
