"""What the job of panels uses of a study."""

from __future__ import annotations

from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds, Projection


class MeasureCompounds(Projection):
    """The panels, the contrasts of their arms, and how these are fitted and tested."""

    hypotheses: list[HypothesisOfCompounds]
    contrasts: dict[str, ContrastToFit]
    min_group_size: int
    min_set_size: int
    rotations: int
    seed: int
