"""What the description of cell types uses of a study."""

from __future__ import annotations

from sidemine.study.projections import HypothesisOnSet, Projection


class DescribeCellTypes(Projection):
    """Which questions are asked of cell types, in which datasets, and which column names the types."""

    hypotheses: list[HypothesisOnSet]
    datasets: dict[str, str]
    columns: dict[str, str]
    min_set_size: int
