"""Lines of evidence beside the primary one: each a folder that shares no samples and no gene list with another."""
