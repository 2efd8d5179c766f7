"""The report stage: one self-contained page from the results alone."""
