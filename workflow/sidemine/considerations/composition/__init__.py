"""Composition: whether the effect is one of the mix of blood cells."""
