"""Settings of the study that calibration uses."""

from __future__ import annotations

from sidemine.study.projections import ContrastToFit, Projection


class CalibrationSettings(Projection):
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


class MeasureCalibration(CalibrationSettings):
    """How the size of the tests is measured.

    Attributes
    ----------
    contrasts
        All of the study, as they are fitted.
    primary_sets
        By contrast: the primary sets of the hypotheses that rest on it.
    """

    contrasts: list[ContrastToFit]
    primary_sets: dict[str, list[str]]
