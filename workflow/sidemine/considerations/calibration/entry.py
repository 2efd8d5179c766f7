"""Calibration, as it is registered. Its panel is one of the study, not of an answer card."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.calibration.record import Calibration, CalibrationColumns
from sidemine.considerations.consideration import Consideration
from sidemine.considerations.judgement import Judge
from sidemine.records import read_record


def _read_judge(paths: Sequence[Path]) -> Judge:
    (path,) = paths
    return partial(judge_calibration, contrasts=read_record(Calibration, path).contrasts)


CALIBRATION = Consideration(
    name="calibration",
    columns=CalibrationColumns,
    record_files=lambda _: ["<results>/calibration.json"],
    read_judge=_read_judge,
    unmeasured=partial(judge_calibration, contrasts=None),
    schemas={"calibration": Calibration},
)
