"""Traps, as they are registered: they judge by what `quality/` found, so no job measures for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.considerations.traps.judge import judge_traps
from sidemine.considerations.traps.record import Checks, TrapColumns
from sidemine.quality.flags import Flag
from sidemine.records import as_record
from sidemine.study.plan import StudyPlan
from sidemine.tables import read_json


def _record_files(plan: StudyPlan) -> list[str]:
    # An answer rests on its primary contrasts alone.
    return [
        *(f"<results>/datasets/{dataset}/quality.json" for dataset in plan.scope.primary_datasets),
        *(f"<results>/contrasts/{contrast}/quality.json" for contrast in plan.scope.primary_contrasts),
    ]


def _read_judge(paths: Sequence[Path]) -> Judge:
    flags: dict[str, dict[str, list[Flag]]] = {"datasets": {}, "contrasts": {}}
    for path in paths:
        of_kind = flags[path.parent.parent.name]
        of_kind[path.parent.name] = as_record(list[Flag], read_json(path)["flags"], str(path))
    return partial(judge_traps, checks=Checks(flags["datasets"], flags["contrasts"]))


TRAPS = Consideration(
    name="traps",
    columns=TrapColumns,
    record_files=_record_files,
    read_judge=_read_judge,
    unmeasured=partial(judge_traps, checks=Checks()),
)
