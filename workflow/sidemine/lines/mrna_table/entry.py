"""The layer of complete expression tables, as it is registered."""

from __future__ import annotations

from sidemine.enrichment.preranked_camera import CAMERA_PAPER, SIMES_PAPER
from sidemine.lines.complete_table.config import MRNA_TABLE
from sidemine.lines.complete_table.panel import table_panel
from sidemine.lines.complete_table.record import TableDetails
from sidemine.lines.line import LineOfEvidence
from sidemine.lines.mrna_table.job import JOB

MRNA_TABLE_LINE = LineOfEvidence(
    name="mrna_table",
    job=JOB,
    layer=MRNA_TABLE.word,
    details=TableDetails,
    schemas={},
    line_panel=table_panel,
    line_methods="A complete published table of differential expression was tested within the genes that it lists, as protein tables are: CAMERA on statistics (z bounded at 6 SD from the median), with the correlation of the set in the residuals of other samples, never below 0.05. Tables that were cut at a threshold were described only.",
    papers=(CAMERA_PAPER, SIMES_PAPER),
)
