"""Settings of the study that calibration uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CalibrationSettings:
    """Part of `study.settings.Settings`, by the same names; see there.

    Attributes
    ----------
    calibration_labelings
        Random labelings per contrast; 0: none, design classes are quoted.
    rotations
        Rotations behind the rotation tests.
    min_group_size, min_set_size, max_set_size, seed
        As everywhere.
    """

    calibration_labelings: int
    rotations: int
    min_group_size: int
    min_set_size: int
    max_set_size: int
    seed: int
