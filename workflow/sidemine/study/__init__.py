"""The study stage: a folder of configuration, read and checked before any work."""
