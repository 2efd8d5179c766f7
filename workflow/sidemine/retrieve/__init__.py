"""The retrieve stage: the only one that may touch the network."""
