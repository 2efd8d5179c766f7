"""Delimited text of any origin: one way to decode it, one grammar of numbers, one strict reader of tables."""
