"""Stage study: load a folder of configuration and check it whole, before any work."""
