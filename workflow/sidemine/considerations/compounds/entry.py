"""Compounds, as they are registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.compounds.job import JOB
from sidemine.considerations.compounds.panel import compound_panel, compound_tile
from sidemine.considerations.compounds.record import CompoundColumns, CompoundsOfStudy
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge


def _read_judge(_: Sequence[Path]) -> Judge:
    from sidemine.considerations.compounds.judge import judge_compounds

    return judge_compounds


COMPOUNDS = Consideration(
    name="compounds",
    columns=CompoundColumns,
    record_files=lambda _: [],  # its record is part of the evidence, as Holm needs its p
    read_judge=_read_judge,
    job=JOB,
    schemas={"compounds": CompoundsOfStudy},
    panels={2: compound_panel},
    tiles={5: compound_tile},
)
