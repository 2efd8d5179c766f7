"""Hidden factors, as they are registered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sidemine.considerations.consideration import Consideration
from sidemine.considerations.hidden_factors.job import JOB
from sidemine.considerations.hidden_factors.panel import factors_light, factors_methods, factors_panel, tell_factors
from sidemine.considerations.hidden_factors.record import HiddenFactors, HiddenFactorsColumns
from sidemine.considerations.judgement import Judge
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.hidden_factors.judge import hidden_factors_judge

    records = [row for path in paths for row in read_record(list[HiddenFactors], path)]
    return hidden_factors_judge({row.hypothesis: row for row in records})


HIDDEN_FACTORS = Consideration(
    name="hidden_factors",
    columns=HiddenFactorsColumns,
    record_files=lambda plan: ["<results>/hidden_factors.json"] if plan.scope.composition_contrasts else [],
    read_judge=_read_judge,
    job=JOB,
    schemas={"hidden_factors": list[HiddenFactors]},
    panels={18: lambda subject: factors_panel(subject.columns_of(HiddenFactorsColumns), subject)},
    tell=tell_factors,
    light=factors_light,
    methods=lambda _: factors_methods(),
)
