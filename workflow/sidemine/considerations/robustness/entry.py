"""Robustness, as it is registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.robustness.panel import robustness_panel, robustness_tile
from sidemine.considerations.robustness.record import RobustnessColumns, RobustnessOfStudy
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    records = [row for path in paths for row in read_record(RobustnessOfStudy, path).hypotheses]
    return robustness_judge({row.hypothesis: row for row in records})


ROBUSTNESS = Consideration(
    name="robustness",
    columns=RobustnessColumns,
    record_files=lambda _: ["<results>/robustness.json"],
    read_judge=_read_judge,
    unmeasured=robustness_judge({}),
    of_variants=False,
    schemas={"robustness": RobustnessOfStudy},
    panels={40: lambda subject: robustness_panel(subject.columns_of(RobustnessColumns), subject)},
    tiles={80: lambda subject: robustness_tile(subject.columns_of(RobustnessColumns), subject)},
)
