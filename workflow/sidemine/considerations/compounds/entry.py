"""Compounds, as they are registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.compounds.job import JOB
from sidemine.considerations.compounds.panel import compound_methods, compound_panel, compound_tile
from sidemine.considerations.compounds.record import CompoundColumns, CompoundsOfStudy
from sidemine.considerations.compounds.telling import tell_arms
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.study.plan import StudyPlan


def _record_files(plan: StudyPlan) -> Sequence[str]:
    """Return the record of a study with panels; the judge finds it in the evidence, which Holm's adjustment needs too."""
    panels = [row for row in plan.study.config.hypotheses if row.compounds]
    return ["<results>/compounds.json"] if panels else []


def _read_judge(_: Sequence[Path]) -> Judge:
    from sidemine.considerations.compounds.judge import judge_compounds

    return judge_compounds


COMPOUNDS = Consideration(
    name="compounds",
    columns=CompoundColumns,
    record_files=_record_files,
    read_judge=_read_judge,
    job=JOB,
    schemas={"compounds": CompoundsOfStudy},
    panels={2: compound_panel},
    tiles={5: compound_tile},
    tell=tell_arms,
    methods=lambda study: compound_methods(
        [row.compounds for row in study.columns_of(CompoundColumns) if row.compounds]
    ),
)
