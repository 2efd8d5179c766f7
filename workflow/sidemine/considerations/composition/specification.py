"""What composition uses of a study."""

from __future__ import annotations

from sidemine.study.projections import HypothesisOnSet, Projection

MARKERS = tuple(
    f"gene_sets/{cell}.tsv" for cell in ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
)
"""Marker genes of blood cells, one table per cell type below `resources/`."""


class AdjustComposition(Projection):
    """Which cohorts are adjusted for the mix of blood cells.

    Attributes
    ----------
    hypotheses
        All of the study.
    contrasts
        Blood cohort contrasts that are primary in some hypothesis.
    stimuli
        Stimulus contrasts in blood: they tell which markers move without any cell coming or going.
    seed
        Seed of the bootstrap.
    """

    hypotheses: list[HypothesisOnSet]
    contrasts: list[str]
    stimuli: list[str]
    seed: int
