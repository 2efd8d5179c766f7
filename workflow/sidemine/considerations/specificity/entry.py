"""Specificity, as it is registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.considerations.specificity.job import JOB
from sidemine.considerations.specificity.panel import (
    SPECIFICITY_METHODS,
    confounders_panel,
    specificity_panel,
    specificity_tile,
    tell_place,
)
from sidemine.considerations.specificity.record import Specificity, SpecificityColumns
from sidemine.considerations.specificity.table import SPECIFICITY as SPECIFICITY_TABLE
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.specificity.judge import specificity_judge

    return specificity_judge({row.hypothesis: row for path in paths for row in read_record(list[Specificity], path)})


SPECIFICITY = Consideration(
    name="specificity",
    columns=SpecificityColumns,
    record_files=lambda _: ["<results>/specificity.json"],
    read_judge=_read_judge,
    job=JOB,
    schemas={"specificity": list[Specificity]},
    panels={
        10: lambda subject: specificity_panel(subject.columns_of(SpecificityColumns), subject),
        30: lambda subject: confounders_panel(subject.columns_of(SpecificityColumns), subject),
    },
    tell=tell_place,
    methods=lambda _: SPECIFICITY_METHODS,
    tables=(SPECIFICITY_TABLE,),
    tiles={70: lambda subject: specificity_tile(subject.columns_of(SpecificityColumns), subject)},
)
