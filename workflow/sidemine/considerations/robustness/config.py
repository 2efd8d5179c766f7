"""Settings of the study that the robustness grid uses."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.study.choices import MultiGeneRule, ProbeRule, RobustnessDimension


@dataclass(frozen=True)
class RobustnessSettings:
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
