"""Traps, as they are registered: they judge by what `quality/` found, so no job measures for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.considerations.traps.record import Checks, TrapColumns
from sidemine.records import read_record
from sidemine.study.plan import StudyPlan


def _record_files(plan: StudyPlan) -> list[str]:
    # An answer rests on its primary contrasts alone.
    return [
        *(f"<results>/datasets/{dataset}/quality.json" for dataset in plan.scope.primary_datasets),
        *(f"<results>/contrasts/{contrast}/quality.json" for contrast in plan.scope.primary_contrasts),
    ]


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.traps.judge import judge_traps
    from sidemine.quality.record import ContrastQuality, DatasetQuality

    checks = Checks(
        {path.parent.name: read_record(DatasetQuality, path).flags for path in paths if _is_of_dataset(path)},
        {path.parent.name: read_record(ContrastQuality, path).flags for path in paths if not _is_of_dataset(path)},
    )
    return partial(judge_traps, checks=checks)


def _is_of_dataset(path: Path) -> bool:
    return path.parent.parent.name == "datasets"


TRAPS = Consideration(
    name="traps",
    columns=TrapColumns,
    record_files=_record_files,
    read_judge=_read_judge,
)
