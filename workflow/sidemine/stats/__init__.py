"""Distributions, multiplicity and seeds: one of each, for the whole package."""
