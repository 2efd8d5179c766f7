"""Calibration, as it is registered. Its panel is one of the study, not of an answer card."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sidemine.considerations.calibration.job import JOB
from sidemine.considerations.calibration.panel import calibration_methods
from sidemine.considerations.calibration.record import Calibration, CalibrationColumns
from sidemine.considerations.calibration.table import CALIBRATION as CALIBRATION_TABLE
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    from sidemine.considerations.calibration.judge import judge_calibration

    records = [read_record(Calibration, path) for path in paths]
    return partial(judge_calibration, contrasts=records[0].contrasts if records else None)


CALIBRATION = Consideration(
    name="calibration",
    columns=CalibrationColumns,
    record_files=lambda _: ["<results>/calibration.json"],
    read_judge=_read_judge,
    job=JOB,
    tables=(CALIBRATION_TABLE,),
    methods=lambda study: calibration_methods(study.tables.get(CALIBRATION_TABLE.name)),
    schemas={"calibration": Calibration},
)
