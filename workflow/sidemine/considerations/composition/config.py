"""What composition uses beside the study: the markers of blood cells."""

from __future__ import annotations

MARKER_FILES = {
    cell: f"gene_sets/{cell}.tsv" for cell in ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
}
"""Marker tables by cell type, below `resources/`."""
