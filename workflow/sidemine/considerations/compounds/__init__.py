"""Compounds: panels of several compounds, doses or times, fitted together."""
