"""Over-representation of gene sets among the genes that pass an FDR: descriptive, as many papers report it.

One-sided hypergeometric (Fisher) test, up and down apart. It takes genes as independent, which they are not, so its
p-values never carry a verdict: Goeman and Bühlmann 2007, doi 10.1093/bioinformatics/btm051.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sidemine.enrichment.gene_sets import MeasuredSet, select_measured_sets
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.errors import InputError, Problem
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_P = 1e-300
"""Tail probabilities below this underflow; a p-value of 0 is never reported."""


def over_representation(
    differential: pd.DataFrame,
    gene_sets: pd.DataFrame,
    fdr: float = 0.05,
    min_size: int = 5,
    max_size: int = 1000,
) -> pd.DataFrame:
    """Test every set for over-representation among the genes that are higher, and among those that are lower.

    Parameters
    ----------
    differential
        Table of `differential_table.DIFFERENTIAL`. Its genes, all of them, are the universe: measured and mapped to a symbol,
        whether or not they belong to any set.
    gene_sets
        Table of `gene_set_table.GENE_SETS`.
    fdr
        Genes with `q_value` at or below it make the two lists.
    min_size, max_size
        See `select_measured_sets`.

    Returns
    -------
    pandas.DataFrame
        Rows of `set_test_table.SET_TESTS`, role `descriptive`, two per set; sets without a single gene in the list stay, with
        p = 1. A set with negative weights gives four rows: its activated and its repressed genes apart. `effect` is the
        log2 odds ratio (with 0.5 added to each cell), `statistic` the number of genes of the set in the list.

    Raises
    ------
    InputError
        When a gene stands twice in `differential`.
    """
    import numpy as np
    import pandas as pd
    from scipy.stats import hypergeom

    require_unique_genes(differential)
    significant = differential["q_value"].to_numpy() <= fdr
    change = differential["log2_fold_change"].to_numpy()
    lists = {
        "up": frozenset(differential["gene"][significant & (change > 0)]),
        "down": frozenset(differential["gene"][significant & (change < 0)]),
    }
    universe = len(differential)
    rows: list[dict[str, object]] = []
    for measured in select_measured_sets(gene_sets, frozenset(differential["gene"]), min_size, max_size):
        for suffix, genes in _parts(measured):
            for direction, listed in lists.items():
                hits, drawn, in_part = len(listed & genes), len(listed), len(genes)
                p_value = max(float(hypergeom.sf(hits - 1, universe, in_part, drawn)), SMALLEST_P)
                rows.append(
                    {
                        "gene_set": measured.name,
                        "family": measured.family,
                        "test": f"over_representation_{direction}{suffix}",
                        "role": "descriptive",
                        "n_in_set": measured.n_in_set,
                        "n_measured": in_part,
                        "effect": _log2_odds_ratio(hits, in_part, drawn, universe),
                        "effect_se": np.nan,
                        "ci_low": np.nan,
                        "ci_high": np.nan,
                        "effect_scale": "log2 odds ratio",
                        "direction": direction if hits * universe > in_part * drawn else "none",
                        "statistic": float(hits),
                        "p_value": min(p_value, 1.0),
                        "n_permutations": 0,
                        "inter_gene_correlation": np.nan,
                        "universe_size": universe,
                        "seed": 0,
                        "set_version": measured.version,
                    }
                )
    if not rows:
        return empty_table(SET_TESTS)
    table = pd.DataFrame.from_records(rows, columns=SET_TESTS.names)
    return table.sort_values(["gene_set", "test"], kind="stable", ignore_index=True)


def _parts(measured: MeasuredSet) -> Iterator[tuple[str, frozenset[str]]]:
    """Give the whole of an unsigned set; of a signed one its activated and its repressed genes, where it has them."""
    if not measured.is_signed:
        yield "", frozenset(measured.weights)
        return
    for suffix, sign in (("_activated", 1), ("_repressed", -1)):
        genes = frozenset(gene for gene, weight in measured.weights.items() if weight * sign > 0)
        if genes:
            yield suffix, genes


def _log2_odds_ratio(hits: int, in_set: int, drawn: int, universe: int) -> float:
    from math import log2

    # Haldane's half keeps the ratio finite where a cell is empty.
    a, b = hits + 0.5, in_set - hits + 0.5
    c, d = drawn - hits + 0.5, universe - in_set - drawn + hits + 0.5
    return log2(a * d / (b * c))


def require_unique_genes(differential: pd.DataFrame) -> None:
    """Raise `InputError` when a gene stands twice."""
    doubled = differential["gene"][differential["gene"].duplicated()]
    if len(doubled):
        raise InputError(
            Problem(
                "a gene stands twice in the differential table",
                f"gene {doubled.iloc[0]} and {len(doubled) - 1} more",
                "each gene once",
                "Map probes to genes before testing sets; this is a bug in sidemine.",
            )
        )
