"""What stays on the page of a study that is too large for one file.

Small studies keep every gene. Where the page would exceed its budget (`page_budget`), each gene table keeps the genes of declared sets (comparators
apart) and panels, those with the smallest p-values, and an even share of the others, and datasets keep fewer per-sample values: the first
of `STEPS` that fits. The page says so; the tables beside it stay whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LARGEST_PAGE = 8_000_000
"""Bytes that the page of a study of at most `DEFAULT_CONTRASTS` contrasts should not exceed: the page budget."""
DEFAULT_CONTRASTS = 24
"""Contrasts of a study of the default size."""
EACH_FURTHER = 140_000
"""Bytes that each further contrast may add: its set tests, which stay whole, and its strongest genes."""
MOST_BYTES = 16_000_000
"""Bytes that no page should exceed."""
STRONGEST = 1000
"""Genes with the smallest p-values that each table keeps, whatever the size of the study."""


@dataclass(frozen=True)
class Thinning:
    """How much of a large study is on the page.

    Attributes
    ----------
    others
        Most genes per table beside those of declared sets and panels and the `STRONGEST`; None: all.
    values
        Most per-sample values of one dataset; sets that hypotheses name come first.
    """

    others: int | None
    values: int


STEPS = (
    Thinning(None, 600_000),
    Thinning(8000, 300_000),
    Thinning(4000, 150_000),
    Thinning(2000, 75_000),
    Thinning(1000, 40_000),
    Thinning(500, 20_000),
)
"""From nothing left out to the most that is ever left out."""
COMPLETE = STEPS[0]


def page_budget(n_contrasts: int) -> int:
    """Return the bytes that the page of a study with so many contrasts should not exceed."""
    return min(MOST_BYTES, LARGEST_PAGE + EACH_FURTHER * max(0, n_contrasts - DEFAULT_CONTRASTS))


def genes_by_p(table: pd.DataFrame) -> list[str]:
    """Return the genes of a table (columns gene, p_value) by p-value, those of one p-value by name."""
    if not (table["p_value"].is_unique or table["gene"].is_monotonic_increasing):
        return [str(gene) for gene in table.sort_values(["p_value", "gene"], kind="stable")["gene"]]
    # Names, which take ten times as long to sort as numbers, decide nothing, or are in order.
    order = table["p_value"].to_numpy(dtype=float).argsort(kind="stable")
    return [str(gene) for gene in table["gene"].to_numpy()[order]]


def kept_genes(genes: Sequence[str], always: set[str], thinning: Thinning) -> set[str]:
    """Return the genes of a table that stay on the page: the same ones every time.

    Parameters
    ----------
    genes
        Genes of the table by p-value (`genes_by_p`).
    always
        Genes that always stay.
    thinning
        How much of a large study is on the page.
    """
    if thinning.others is None:
        return set(genes)
    rest = [gene for gene in genes[STRONGEST:] if gene not in always]
    every = max(1, -(-len(rest) // thinning.others))
    return {*genes[:STRONGEST], *always.intersection(genes), *rest[::every]}


def thinning_words(shown: int, total: int, where: str) -> str:
    """Say which genes of a table are on the page and where all are; nothing when none was left out.

    Parameters
    ----------
    shown, total
        Genes on the page, and all.
    where
        File that holds all.
    """
    if shown == total:
        return ""
    return (
        f"On this page: {shown:,} of {total:,} genes (every gene of declared sets and panels, the {STRONGEST:,} smallest p-values, "
        f"and an even sample of the rest); all are in {where}."
    )
