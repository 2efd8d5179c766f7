"""Hidden factors: whether what moves many other genes as well, and was not recorded, explains the effect."""
