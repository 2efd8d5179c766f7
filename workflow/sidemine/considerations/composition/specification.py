"""What composition uses of a study."""

from __future__ import annotations

from collections.abc import Iterable

from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOnSet, Projection

MARKERS = (
    *(f"gene_sets/{cell}.tsv" for cell in ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")),
    "markers/tissue.tsv",
)
"""Marker genes of the shipped panels below `resources/`: blood by one table per cell type; tissue by one
table, populations as in Becht et al. 2016 (doi 10.1186/s13059-016-1070-5)."""


class CellsOfContrast(Projection):
    """What the dataset of a contrast says of its mix of cells: a panel, a reason why none is needed, or neither."""

    dataset: str
    panel: str
    not_needed: str

    @classmethod
    def of_contrast(cls, plan: StudyPlan, contrast: str) -> CellsOfContrast:
        """Take it from the study."""
        cells = plan.scope.cells_of(contrast)
        return cls(dataset=plan.study.contrasts[contrast].dataset, panel=cells.panel, not_needed=cells.not_needed)


def own_panels(plan: StudyPlan, panels: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return those of some panels that are marker files of the study."""
    own = plan.study.own_markers
    return {name: own[name] for name in sorted(set(panels)) if name in own}


class AdjustComposition(Projection):
    """Which cohorts are adjusted for the mix of cells.

    Attributes
    ----------
    hypotheses
        All of the study.
    contrasts
        Contrasts that are primary in some cohort hypothesis, with what their datasets declare.
    stimuli
        Stimulus contrasts with their panel: they tell which of its markers move without any cell coming or going.
    own_markers
        The study's own marker files among the panels.
    seed
        Seed of the bootstrap.
    """

    hypotheses: list[HypothesisOnSet]
    contrasts: dict[str, CellsOfContrast]
    stimuli: dict[str, str]
    own_markers: dict[str, dict[str, list[str]]]
    seed: int
