"""What was measured between subgroups of patients: part of `concordance.json`."""

from __future__ import annotations

from dataclasses import dataclass

POOLED = "pooled"
"""Stands for a contrast where the common effect over several is meant, in interactions and bridges."""


@dataclass(frozen=True)
class SubgroupDifference:
    """A direct contrast of two subgroups, or the common effect over several.

    Attributes
    ----------
    name
        Id of the interaction.
    contrast
        The contrast, or `POOLED`.
    compared
        The contrast whose two groups these are.
    place
        Where it was measured, in words.
    gene_set, n_genes
        The set, and its genes that all contrasts measured.
    effect, ci_low, ci_high, p_value
        Hedges g of the set's score, first minus second subgroup, its 95 % interval and two-sided p; None for a
        common effect over data sets that do not fit one another.
    reason
        How the data sets do not fit one another; empty where they do.
    effect_scale
        Unit of the effect.
    """

    name: str
    contrast: str
    compared: str
    place: str
    gene_set: str
    n_genes: int
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    reason: str = ""
    effect_scale: str = "Hedges g"
