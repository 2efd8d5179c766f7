"""Influence, as it is registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.influence.job import JOB
from sidemine.considerations.influence.panel import INFLUENCE_METHODS, influence_panel
from sidemine.considerations.influence.record import Influence, InfluenceColumns
from sidemine.considerations.judgement import Judge
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.influence.judge import influence_judge

    return influence_judge({row.hypothesis: row for path in paths for row in read_record(list[Influence], path)})


INFLUENCE = Consideration(
    name="influence",
    columns=InfluenceColumns,
    record_files=lambda _: ["<results>/influence.json"],
    read_judge=_read_judge,
    job=JOB,
    schemas={"influence": list[Influence]},
    panels={5: lambda subject: influence_panel(subject.columns_of(InfluenceColumns), subject)},
    methods=lambda _: INFLUENCE_METHODS,
)
