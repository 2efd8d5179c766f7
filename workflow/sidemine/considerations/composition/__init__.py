"""Composition: whether the effect is one of the mix of cells."""
