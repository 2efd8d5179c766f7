"""Over-representation of gene sets among the genes that pass an FDR: descriptive, as many papers report it.

One-sided hypergeometric (Fisher) test, up and down apart. It takes genes as independent, which they are not, so its
p-values never carry a verdict: Goeman and Bühlmann 2007, doi 10.1093/bioinformatics/btm051.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test import SetTest, Statistic
from sidemine.paper import Paper
from sidemine.study.specifications import GeneSettings

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

SMALLEST_P = 1e-300
"""Tail probabilities below this underflow; a p-value of 0 is never reported."""


def over_representation(fit: ContrastFit, membership: SetMembership, fdr: float) -> pd.DataFrame:
    """Test every set for over-representation among the genes that are higher, and among those that are lower.

    Parameters
    ----------
    fit
        A fitted contrast. Its genes, all of them, are the universe: measured and mapped to a symbol, whether or not
        they belong to any set.
    membership
        Sets × genes of that fit.
    fdr
        Genes with a q-value at or below it make the two lists.

    Returns
    -------
    pandas.DataFrame
        Two rows per set; four for a set with negative weights, whose activated and repressed genes are tested apart.
        Sets without a single gene in a list stay, with p = 1. Columns: gene_set; test; n_measured (genes of the set, or
        of its part); effect (log2 odds ratio, with 0.5 added to each cell); effect_scale; direction (of the list; none
        where the set has no more genes in it than by chance); statistic (genes of the set in the list); p_value
        (one-sided, never 0).
    """
    import pandas as pd

    significant = fit.q_value <= fdr
    lists = {"up": significant & (fit.log2_fold_change > 0), "down": significant & (fit.log2_fold_change < 0)}
    parts = membership.parts()
    tables = []
    for direction, listed in lists.items():
        hits = np.array([np.count_nonzero(listed[part.genes]) for part in parts], dtype=np.int64)
        sizes = np.array([len(part.genes) for part in parts], dtype=np.int64)
        n_listed, universe = int(listed.sum()), len(fit.genes)
        p_value = list_enrichment(hits, sizes, n_listed, universe)
        tables.append(
            pd.DataFrame(
                {
                    "gene_set": [part.gene_set for part in parts],
                    "test": [f"over_representation_{direction}{part.suffix}" for part in parts],
                    "n_measured": sizes,
                    "effect": _log2_odds_ratio(hits, sizes, n_listed, universe),
                    "effect_scale": "log2 odds ratio",
                    "direction": np.where(hits * universe > sizes * n_listed, direction, "none"),
                    "statistic": hits.astype(np.float64),
                    "p_value": p_value,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def list_enrichment(
    hits: NDArray[np.int64], sizes: NDArray[np.int64], n_listed: int, universe: int
) -> NDArray[np.float64]:
    """Return one-sided hypergeometric p-values, shape (sets,), never 0: so many genes of a set in a list, or more, by chance.

    Parameters
    ----------
    hits, sizes
        Per set: its genes in the list, and in the universe.
    n_listed, universe
        Genes of the list, and of the universe that it was drawn from.
    """
    from scipy.stats import hypergeom

    return np.asarray(np.clip(hypergeom.sf(hits - 1, universe, sizes, n_listed), SMALLEST_P, 1.0))


def _log2_odds_ratio(
    hits: NDArray[np.int64], sizes: NDArray[np.int64], n_listed: int, universe: int
) -> NDArray[np.float64]:
    # Haldane's half keeps the ratio finite where a cell is empty.
    a, b = hits + 0.5, sizes - hits + 0.5
    c, d = n_listed - hits + 0.5, universe - sizes - n_listed + hits + 0.5
    return np.log2(a * d / (b * c))


def _run(fit: ContrastFit, membership: SetMembership, settings: GeneSettings) -> pd.DataFrame:
    return over_representation(fit, membership, settings.over_representation_fdr)


OVER_REPRESENTATION = SetTest[GeneSettings](
    statistics=tuple(
        Statistic(f"over_representation_{direction}{suffix}", f"over-represented, {genes} genes{part}")
        for direction, genes in (("down", "lower"), ("up", "higher"))
        for suffix, part in (("", ""), ("_activated", ", activated targets"), ("_repressed", ", repressed targets"))
    ),
    words="Over-representation counts the genes of a set at FDR {over_representation_fdr:g}, up and down apart "
    "(universe: the genes tested in that contrast).",
    papers=(
        Paper(
            "gene tests take genes as independent",
            "Goeman JJ, Bühlmann P. Bioinformatics 2007.",
            "10.1093/bioinformatics/btm051",
        ),
    ),
    run=_run,
)
