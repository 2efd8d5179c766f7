"""What influence uses of a study."""

from __future__ import annotations

from sidemine.study.projections import HypothesisOnSet, Projection


class MeasureInfluence(Projection):
    """Whose primary sets are looked at gene by gene."""

    hypotheses: list[HypothesisOnSet]
