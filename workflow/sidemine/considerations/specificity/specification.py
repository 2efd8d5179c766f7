"""What specificity uses of a study."""

from __future__ import annotations

from sidemine.study.projections import HypothesisToPlace, Projection


class SpecificitySettings(Projection):
    """Part of `study.settings.Settings`, by the same names; see there.

    Attributes
    ----------
    matched_sets
        Random sets per primary set and contrast.
    min_set_size, max_set_size
        Fewest measured genes of a set; most measured genes of a comparator set.
    seed
        Seed of the random sets.
    """

    matched_sets: int
    min_set_size: int
    max_set_size: int
    seed: int


class MeasureSpecificity(SpecificitySettings):
    """What primary sets are compared with."""

    hypotheses: list[HypothesisToPlace]
