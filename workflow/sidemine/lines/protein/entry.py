"""The layer of protein tables, as it is registered."""

from __future__ import annotations

from sidemine.enrichment.preranked_camera import CAMERA_PAPER, SIMES_PAPER
from sidemine.lines.complete_table.config import PROTEIN
from sidemine.lines.complete_table.panel import table_panel
from sidemine.lines.complete_table.record import TableDetails
from sidemine.lines.line import LineOfEvidence
from sidemine.lines.protein.job import JOB

PROTEIN_LINE = LineOfEvidence(
    name="protein",
    job=JOB,
    layer=PROTEIN.word,
    details=TableDetails,
    schemas={"complete_table": TableDetails},
    line_panel=table_panel,
    line_methods="A complete table of protein statistics (one z per gene; several assays of a gene averaged; a complex or a group of proteins one value, which counts once in a set; UniProt accessions through the gene table) was tested within its own panel: CAMERA on statistics (z bounded at 6 SD from the median), with the correlation of the set in the residuals of other samples, never below 0.05. Tables that were cut at a threshold were described only.",
    papers=(CAMERA_PAPER, SIMES_PAPER),
)
