"""What is proposed of a study, and why: frozen records, from the samples to the rows of the sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.study.selector_nodes import Node

if TYPE_CHECKING:
    import pandas as pd

StudyRole = Literal["disease", "inhibitor"]


@dataclass(frozen=True)
class Derivation:
    """A metadata column to be made from another: `derive` of config.yaml.

    Attributes
    ----------
    column
        Its name.
    source
        Column that it is read from.
    regex
        Expression that matches every value as a whole; its one group is the new value.
    """

    column: str
    source: str
    regex: str


@dataclass(frozen=True)
class Pairing:
    """A column whose values tie samples of one person or culture together.

    Attributes
    ----------
    column
        Its name.
    derivation
        How it is made, where the record has no such column.
    complete
        Units with samples in both groups.
    units
        All units of the two groups.
    """

    column: str
    derivation: Derivation | None
    complete: int
    units: int


@dataclass(frozen=True)
class ProposedContrast:
    """One comparison, with what it rests on.

    Attributes
    ----------
    target, reference
        Selectors.
    target_label, reference_label
        The groups in words of the record.
    n_target, n_reference
        Samples that they choose.
    pairing
        Pairs, where the record shows some.
    covariates
        Columns of the design, each with how it enters.
    evidence
        Why these groups.
    traps
        What may be wrong with them.
    """

    target: Node
    reference: Node
    target_label: str
    reference_label: str
    n_target: int
    n_reference: int
    pairing: Pairing | None = None
    covariates: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProposedDataset:
    """One row of datasets.tsv, with its contrasts.

    Attributes
    ----------
    dataset
        Its id.
    role
        What its contrasts are about.
    cells
        Cells of the row by column, without status and note.
    samples
        The samples that belong to it, with derived columns.
    derivations
        Columns to be made.
    contrasts
        Comparisons, the likeliest first.
    evidence
        Where the cells come from.
    traps
        What may be wrong.
    """

    dataset: str
    role: StudyRole
    cells: dict[str, str]
    samples: pd.DataFrame
    derivations: tuple[Derivation, ...] = ()
    contrasts: tuple[ProposedContrast, ...] = ()
    evidence: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
