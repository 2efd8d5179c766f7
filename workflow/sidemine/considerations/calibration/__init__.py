"""Calibration: whether the tests hold their size in these data."""
