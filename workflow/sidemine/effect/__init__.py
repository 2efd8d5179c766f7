"""The primary effect of a hypothesis: measured in every contrast, pooled over independent datasets."""
