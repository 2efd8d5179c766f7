"""All set tests of one contrast in one table: those that may carry a verdict, and those that only describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.over_representation import over_representation
from sidemine.enrichment.prerank import prerank
from sidemine.enrichment.set_effect import set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.tables import SET_TESTS, empty_table

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit


def run_set_tests(
    fit: ContrastFit | None,
    differential: pd.DataFrame,
    gene_sets: pd.DataFrame,
    *,
    min_set_size: int,
    max_set_size: int,
    over_representation_fdr: float,
    prerank_permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Test all gene sets in one contrast.

    Parameters
    ----------
    fit
        The fitted contrast; None when it cannot be tested.
    differential
        Its genes, as `tables.DIFFERENTIAL` describes.
    gene_sets
        The study's sets, as `tables.GENE_SETS` describes.
    min_set_size, max_set_size
        Fewest measured genes of a set; most measured genes of a comparator set.
    over_representation_fdr
        FDR that makes the gene lists of the descriptive over-representation test.
    prerank_permutations, seed
        Gene permutations of the descriptive GSEA, and their seed. Gene permutation does not hold its size on
        co-expressed genes, so its p-values never carry a verdict.

    Returns
    -------
    pandas.DataFrame
        As `tables.SET_TESTS` describes, sorted by test, family and set; empty and typed without a fit.
        FRY and CAMERA rows share one `effect` (log2, target minus reference), see `set_effect.set_effects`.
    """
    import pandas as pd

    if fit is None:
        return empty_table(SET_TESTS)
    membership = build_membership(gene_sets, fit.genes, min_set_size, max_set_size)
    effects = set_effects(fit, membership).set_index("gene_set")
    competitive = camera(fit, membership)
    tables = []
    for name, result in (("fry", fry(fit, membership)), ("camera", competitive)):
        chosen = effects.loc[result["gene_set"]]
        tables.append(
            pd.DataFrame(
                {
                    "gene_set": result["gene_set"],
                    "family": membership.families,
                    "test": name,
                    "role": "verdict",
                    "n_in_set": result["n_in_set"],
                    "n_measured": result["n_measured"],
                    **{column: chosen[column].to_numpy() for column in ("effect", "effect_se", "ci_low", "ci_high")},
                    "effect_scale": "log2",
                    "direction": result["direction"],
                    "statistic": result["statistic"],
                    "p_value": result["p_value"],
                    "n_permutations": 0,
                    "inter_gene_correlation": competitive["inter_gene_correlation"],
                    "universe_size": len(fit.genes),
                    "seed": 0,
                    "set_version": membership.versions,
                }
            )
        )
    tables.append(over_representation(differential, gene_sets, over_representation_fdr, min_set_size, max_set_size))
    tables.append(prerank(differential, gene_sets, seed, prerank_permutations, min_set_size, max_set_size))
    tables = [table for table in tables if len(table)]
    if not tables:
        return empty_table(SET_TESTS)
    together = pd.concat(tables, ignore_index=True)
    return together.sort_values(["test", "family", "gene_set"], kind="stable", ignore_index=True)[SET_TESTS.names]
