"""`published/<table>.json`, and its entry in `verdicts.json`: what a published table is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CheckStatus = Literal["agrees", "contradicts", "cannot be checked"]


@dataclass(frozen=True)
class LabelCheck:
    """One check of a table against its label: what was checked, how it came out, and the figures."""

    check: str
    status: CheckStatus
    detail: str


@dataclass(frozen=True)
class DescribedTable:
    """A published table of fold changes.

    Attributes
    ----------
    table, accession, platform, target_label, reference_label
        As declared.
    sentence
        How many measured genes of the panel are lower or higher.
    n_genes
        Different identifiers with a finite fold change.
    checks
        Whether the table is what its label says.
    verdict
        There are no samples behind such a table, so nothing can be tested.
    """

    table: str
    accession: str
    platform: str
    target_label: str
    reference_label: str
    sentence: str
    n_genes: int
    checks: list[LabelCheck]
    verdict: Literal["not testable"] = "not testable"
