"""Cell types, as they are registered."""

from __future__ import annotations

from sidemine.lines.cell_types.job import JOB
from sidemine.lines.cell_types.panel import cell_type_panels
from sidemine.lines.cell_types.record import CellTypesOfStudy
from sidemine.lines.line import LineOfEvidence

CELL_TYPES = LineOfEvidence(
    name="cell_types",
    job=JOB,
    record=CellTypesOfStudy,
    record_file="cell_types.json",
    schemas={"cell_types": CellTypesOfStudy},
    panels=cell_type_panels,
)
