"""What became of single cells before they were summed: a part of the provenance of a dataset, and what decides who takes part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FilteredCells:
    """Which cells take no part, as it was found when the samples were read: nobody looks for them again.

    Attributes
    ----------
    n_cells
        Cells of the file; 0 where its values are those of whole samples.
    out
        Positions of the cells that take no part, by reason.
    limits, n_doublets, doublets
        By sample, as in `CellsOfSample`.
    """

    n_cells: int
    out: dict[str, list[int]]
    limits: dict[str, str]
    n_doublets: dict[str, int | None]
    doublets: dict[str, str]


NO_CELLS = FilteredCells(0, {}, {}, {}, {})
"""Of a dataset without single cells, or whose row does not fit its files."""


@dataclass(frozen=True)
class CellsOfSample:
    """The cells of one sample: a 10x matrix, or else a biological unit under one condition.

    Attributes
    ----------
    sample
        Its name.
    n_cells, median_counts, median_genes, median_mitochondrial
        Cells that belong to the dataset; medians over them (share of mitochondrial counts: None where the file has no
        mitochondrial gene). None where nothing was measured.
    out
        Cells outside of the limits by reason; each cell under its first reason.
    limits
        The limits in words; or why there are none.
    n_doublets, doublets
        Cells that scrublet calls doublets (None: not looked for, or no call), and how that was decided, in words.
    """

    sample: str
    n_cells: int
    median_counts: float | None
    median_genes: float | None
    median_mitochondrial: float | None
    out: dict[str, int]
    limits: str
    n_doublets: int | None
    doublets: str


@dataclass(frozen=True)
class CellsOnRecord:
    """Cells of a dataset and what became of them.

    Attributes
    ----------
    quality, doublets
        What the study declares: off, told (nothing is left out), or filter.
    n_cells, n_outside
        Cells of the file, and those that are outside of the subset.
    n_dropped
        Cells that were left out, by reason.
    n_summed, n_pseudobulk
        Cells that were added up, and the samples that they make (those of too few cells among them).
    samples
        By sample.
    labels
        Cells by label; empty where cells are not told apart.
    label_source
        Where labels are from, in words.
    markers, passed_over
        Of labels by markers: measured markers by cell type, and markers that were left out because stimuli move them.
    """

    quality: str
    doublets: str
    n_cells: int
    n_outside: int
    n_dropped: dict[str, int]
    n_summed: int
    n_pseudobulk: int
    samples: list[CellsOfSample]
    labels: dict[str, int]
    label_source: str
    markers: dict[str, list[str]]
    passed_over: list[str]

    @property
    def by_markers(self) -> bool:
        """Whether sidemine labelled the cells itself."""
        return bool(self.markers)
