"""What hidden factors use of a study."""

from __future__ import annotations

from sidemine.study.projections import HypothesisOnSet, Projection


class AdjustHiddenFactors(Projection):
    """Which cohorts are adjusted for hidden factors.

    Attributes
    ----------
    hypotheses
        All of the study.
    datasets
        Contrasts that are primary in some cohort hypothesis, each with its dataset.
    """

    hypotheses: list[HypothesisOnSet]
    datasets: dict[str, str]
