"""What describes gene sets in one contrast and never carries a verdict: over-representation and preranked GSEA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.enrichment.over_representation import over_representation
from sidemine.enrichment.prerank import prerank
from sidemine.enrichment.set_test_rows import join_set_tests
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd


def describe_gene_sets(
    differential: pd.DataFrame,
    gene_sets: pd.DataFrame,
    *,
    min_set_size: int,
    max_set_size: int,
    over_representation_fdr: float,
    prerank_permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Describe all gene sets in one contrast by over-representation and preranked GSEA.

    Parameters
    ----------
    differential
        Its genes, as `differential_table.DIFFERENTIAL` describes; empty when the contrast cannot be tested.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    min_set_size, max_set_size
        Fewest measured genes of a set; most measured genes of a comparator set.
    over_representation_fdr
        FDR that makes the gene lists of the over-representation test.
    prerank_permutations, seed
        Gene permutations of GSEA, and their seed. Gene permutation does not hold its size on co-expressed genes, so its
        p-values never carry a verdict.

    Returns
    -------
    pandas.DataFrame
        As `set_test_table.SET_TESTS` describes, role `descriptive`, sorted by test, family and set.
    """
    if differential.empty:
        return empty_table(SET_TESTS)
    return join_set_tests(
        [
            over_representation(differential, gene_sets, over_representation_fdr, min_set_size, max_set_size),
            prerank(differential, gene_sets, seed, prerank_permutations, min_set_size, max_set_size),
        ]
    )
