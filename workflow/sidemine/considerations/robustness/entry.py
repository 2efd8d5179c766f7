"""Robustness, as it is registered. Its job asks the whole rule table, so it is registered above that: `registered_jobs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.considerations.robustness.panel import (
    robustness_methods,
    robustness_panel,
    robustness_tile,
    tell_variants,
)
from sidemine.considerations.robustness.record import ROBUSTNESS as VARIANTS
from sidemine.considerations.robustness.record import RobustnessColumns, RobustnessOfStudy
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.robustness.judge import robustness_judge

    records = [row for path in paths for row in read_record(RobustnessOfStudy, path).hypotheses]
    return robustness_judge({row.hypothesis: row for row in records})


ROBUSTNESS = Consideration(
    name="robustness",
    columns=RobustnessColumns,
    record_files=lambda _: ["<results>/robustness.json"],
    read_judge=_read_judge,
    of_variants=False,
    schemas={"robustness": RobustnessOfStudy},
    panels={40: lambda subject: robustness_panel(subject.columns_of(RobustnessColumns), subject)},
    tell=tell_variants,
    methods=lambda study: robustness_methods(study.columns_of(RobustnessColumns)),
    tables=(VARIANTS,),
    tiles={80: lambda subject: robustness_tile(subject.columns_of(RobustnessColumns), subject)},
)
