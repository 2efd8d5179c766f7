"""Composition, as it is registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.composition.job import JOB
from sidemine.considerations.composition.panel import (
    adjusted_effect,
    adjusted_tile,
    adjustment_panel,
    cells_light,
    composition_methods,
    tell_adjusted,
)
from sidemine.considerations.composition.record import (
    CompositionColumns,
    CompositionOfContrast,
    entries_by_hypothesis,
)
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.composition.judge import composition_judge

    return composition_judge(entries_by_hypothesis([read_record(CompositionOfContrast, path) for path in paths]))


COMPOSITION = Consideration(
    name="composition",
    columns=CompositionColumns,
    record_files=lambda plan: [
        f"<results>/contrasts/{contrast}/composition.json" for contrast in plan.scope.composition_contrasts
    ],
    read_judge=_read_judge,
    job=JOB,
    schemas={"composition": CompositionOfContrast},
    panels={20: lambda subject: adjustment_panel(subject.columns_of(CompositionColumns), subject)},
    tell=tell_adjusted,
    light=cells_light,
    further_effect=adjusted_effect,
    methods=lambda _: composition_methods(),
    tiles={20: lambda subject: adjusted_tile(subject.columns_of(CompositionColumns), subject)},
)
