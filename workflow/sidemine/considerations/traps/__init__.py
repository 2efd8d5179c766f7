"""Traps: what the checks of data and design found."""
