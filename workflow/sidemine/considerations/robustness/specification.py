"""Settings of the study that the robustness grid uses."""

from __future__ import annotations

from sidemine.study.choices import ProbeRule, RobustnessDimension
from sidemine.study.projections import (
    ContrastToFit,
    DatasetToPrepare,
    Files,
    HypothesisToJudge,
    Projection,
)


class RobustnessSettings(Projection):
    """Part of `study.settings.Settings`, by the same names; see there.

    Attributes
    ----------
    robustness, robustness_crossed
        Dimensions of the grid, and most crossed variants.
    probe_rule, min_group_size, min_set_size
        Of the reference run.
    rotations, seed
        Of the sampled tests.
    """

    robustness: list[RobustnessDimension]
    robustness_crossed: int
    probe_rule: ProbeRule
    min_group_size: int
    min_set_size: int
    rotations: int
    seed: int


class VaryAnalysis(RobustnessSettings):
    """Which decisions are changed in turn.

    Attributes
    ----------
    hypotheses
        All of the study.
    contrasts, datasets
        Primary contrasts, and the data sets that they are in.
    files
        Of those that are arrays: their files by role that hold values, which other probe rules need again.
    own_markers
        The study's own marker files: genes by cell type.
    """

    hypotheses: list[HypothesisToJudge]
    contrasts: list[ContrastToFit]
    datasets: dict[str, DatasetToPrepare]
    files: dict[str, Files]
    own_markers: dict[str, dict[str, list[str]]]
