"""Expression by somebody else: complete published tables of differences, tested within the genes that they list."""
