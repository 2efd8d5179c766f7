"""What depositors and tools write: one module per kind of source."""
