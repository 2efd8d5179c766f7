"""What stays on the page of a study that is too large for one file.

Small studies keep every gene. Where the page would exceed its budget (`page_budget`), each gene table keeps the genes of declared sets (comparators
apart) and panels, those with the smallest p-values, and an even share of the others, and datasets keep fewer per-sample values: the first
of `STEPS` that fits. The page says so; the tables beside it stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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


@dataclass(frozen=True)
class OrderedGenes:
    """Genes of a table, by row.

    Attributes
    ----------
    places
        Position of each row's gene among the tested genes of the study; -1 for a gene that no contrast tested.
    by_p
        Rows by p-value, those of one p-value by name.
    """

    places: NDArray[np.int64]
    by_p: NDArray[np.intp]


def order_genes(table: pd.DataFrame, index: Mapping[str, int]) -> OrderedGenes:
    """Return where the genes of a table (columns gene, p_value) stand.

    Parameters
    ----------
    table
        The table.
    index
        Position of each tested gene of the study, in the order of their names.
    """
    places = np.array([index.get(gene, -1) for gene in table["gene"].tolist()], dtype=np.int64)
    # Positions sort as names do, in a tenth of the time.
    return OrderedGenes(places, np.lexsort((places, table["p_value"].to_numpy(dtype=float))))


def kept_genes(genes: OrderedGenes, always: NDArray[np.bool_], thinning: Thinning) -> NDArray[np.bool_]:
    """Return which rows of a table of genes stay on the page: the same genes every time.

    Parameters
    ----------
    genes
        Genes of the table.
    always
        By position, which genes always stay; one more, at the end, for those that no contrast tested.
    thinning
        How much of a large study is on the page.
    """
    if thinning.others is None:
        return np.ones(len(genes.places), dtype=bool)
    kept = always[genes.places]
    rest = genes.by_p[STRONGEST:]
    rest = rest[~kept[rest]]
    every = max(1, -(-len(rest) // thinning.others))
    kept[genes.by_p[:STRONGEST]] = True
    kept[rest[::every]] = True
    return kept


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
