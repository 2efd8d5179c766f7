"""The differential stage."""
