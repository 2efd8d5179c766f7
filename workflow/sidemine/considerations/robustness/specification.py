"""Settings of the study that the robustness grid uses."""

from __future__ import annotations

from sidemine.study.choices import MultiGeneRule, ProbeRule, RobustnessDimension
from sidemine.study.projections import (
    ContrastToFit,
    DatasetToPrepare,
    Files,
    GeneTableToRead,
    HypothesisToJudge,
    Projection,
)


class RobustnessSettings(Projection):
    """Part of `study.settings.Settings`, by the same names; see there.

    Attributes
    ----------
    robustness, robustness_crossed
        Dimensions of the grid, and most crossed variants.
    probe_rule, multi_gene_probes, min_group_size, min_set_size
        Of the reference run.
    rotations, seed
        Of the sampled tests.
    """

    robustness: list[RobustnessDimension]
    robustness_crossed: int
    probe_rule: ProbeRule
    multi_gene_probes: MultiGeneRule
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
        Of those that are arrays: their files by role, which other probe rules need again.
    gene_table
        The table of approved symbols.
    own_markers
        The study's own marker files: genes by cell type.
    """

    hypotheses: list[HypothesisToJudge]
    contrasts: list[ContrastToFit]
    datasets: dict[str, DatasetToPrepare]
    files: dict[str, Files]
    gene_table: GeneTableToRead
    own_markers: dict[str, dict[str, list[str]]]
