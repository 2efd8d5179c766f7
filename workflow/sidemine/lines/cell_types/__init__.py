"""Cell types of single-cell data side by side: the sign of the primary set in every cell type of every donor."""
