"""Signs by cell type and donor: `cell_types.json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CellTypeEffect:
    """The primary set in one cell type of one donor: one pair of pseudobulk samples.

    Attributes
    ----------
    contrast, cell_type, unit
        Where.
    effect
        Mean signed log2 fold change of the set minus that of its complement, target minus reference.
    n_cells
        Cells of the two samples, target and reference.
    """

    contrast: str
    cell_type: str
    unit: str
    effect: float
    n_cells: list[int]


@dataclass(frozen=True)
class CellTypesOfHypothesis:
    """All cell types and donors of a question.

    Attributes
    ----------
    effects
        Of each donor that has both samples.
    n_unpaired
        Pairs of cell type and donor of which one sample is missing.
    n_shallow
        Pairs with both samples, of which the shallower one has too few reads of the set's genes.
    tested
        Contrasts that have enough donors for a test.
    """

    effects: list[CellTypeEffect]
    n_unpaired: int
    tested: list[str]
    n_shallow: int = 0


@dataclass(frozen=True)
class CellTypesOfStudy:
    """By hypothesis."""

    hypotheses: dict[str, CellTypesOfHypothesis]
