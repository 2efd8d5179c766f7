"""A contrast as it is fitted, for tests that have no dataset beside it."""

from __future__ import annotations

from sidemine.study.projections import ContrastToFit
from sidemine.study.rows import Contrast, Dataset

DATASET = Dataset(
    dataset="d", accession="GSE1", layout="table", file="x", identifiers="symbol", scale="log2", tissue="blood", licence="none"
)  # fmt: skip


def to_fit(contrast: Contrast) -> ContrastToFit:
    """Return the contrast as one of a dataset that says nothing of its units."""
    return ContrastToFit.in_dataset(contrast, DATASET)
