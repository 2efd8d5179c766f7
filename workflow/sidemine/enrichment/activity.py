"""Activity of gene sets in each sample: decoupler's univariate linear model (ulm). Descriptive only.

Each sample's gene values are regressed on a set's signed weights (0 for genes outside); the score is the t of the
slope. Badia-i-Mompel et al. 2022, doi 10.1093/bioadv/vbac016. The formula stands here, since loading the package takes longer
than all scores of a study; tests compare the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.enrichment.set_membership import build_membership
from sidemine.paper import Paper
from sidemine.tables import Column, TableSpec, empty_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ACTIVITIES = TableSpec(
    "activities.tsv.gz",
    (
        Column("sample", "text", "Sample accession or name."),
        Column("gene_set", "text", "Id of the gene set."),
        Column("method", "text", "decoupler method, for example ulm."),
        Column("score", "number", "Activity score; positive: the set's genes are high in this sample."),
    ),
)

ULM_PAPER = Paper("activities", "Badia-i-Mompel P et al. decoupleR. Bioinform Adv 2022.", "10.1093/bioadv/vbac016")


def activities(
    log_expression: pd.DataFrame,
    gene_sets: pd.DataFrame,
    min_size: int = 5,
    max_size: int = 1000,
) -> pd.DataFrame:
    """Score every set in every sample.

    Parameters
    ----------
    log_expression
        Samples × genes, log2. Each gene is centred over the samples first (without knowledge of groups), so that a
        score compares a sample with the others of its dataset and not a set's genes with more highly expressed ones.
        Genes with a missing value, or the same value in all samples, are left out.
    gene_sets
        Table of `gene_set_table.GENE_SETS`; weights and signs are used.
    min_size, max_size
        Fewest measured genes of a set; most measured genes of a comparator set.

    Returns
    -------
    pandas.DataFrame
        Rows of `activity.ACTIVITIES`, sorted by sample and set. Positive: the set's genes (repressed ones reversed) are
        higher in this sample than in the dataset's mean. The order of samples, genes and sets changes nothing.
    """
    import numpy as np
    import pandas as pd

    values = log_expression.loc[sorted(log_expression.index), sorted(log_expression.columns)].astype(float)
    matrix = values.to_numpy()
    varying = np.isfinite(matrix).all(axis=0)
    varying[varying] = np.ptp(matrix[:, varying], axis=0) > 0 if len(matrix) else False
    values = values.loc[:, varying]
    if len(values) < 2 or values.shape[1] < 4:
        return empty_table(ACTIVITIES)
    membership = build_membership(gene_sets, list(values.columns), min_size, max_size)
    weights = membership.weights.toarray()
    # A set of all genes with one weight has no slope.
    sloped = np.ptp(weights, axis=1) > 0
    if not sloped.any():
        return empty_table(ACTIVITIES)
    names = np.array(membership.gene_sets, dtype=object)[sloped]
    centred = (values - values.mean(axis=0)).to_numpy()
    scores = pd.DataFrame(_ulm(centred, weights[sloped].T.copy()), index=values.index, columns=names)
    long = scores.rename_axis("sample").reset_index().melt("sample", var_name="gene_set", value_name="score")
    long["method"] = "ulm"
    table = long[ACTIVITIES.names].dropna(subset="score")
    return table.sort_values(["sample", "gene_set"], kind="stable", ignore_index=True)


_NO_ZERO = 2.2e-16
"""As decoupler has it: a correlation of 1 gives a large score, not an infinite one."""


def _ulm(centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the scores (samples × sets) of centred values (samples × genes) for weights (genes × sets)."""
    import numpy as np

    around, df = weights - weights.mean(axis=0), len(weights) - 2
    covariance = (centred - centred.mean()) @ around / (len(weights) - 1)
    r = covariance / (np.std(weights, axis=0, ddof=1) * np.std(centred, axis=1, ddof=1)[:, None])
    t: np.ndarray = r * np.sqrt(df / ((1 - r + _NO_ZERO) * (1 + r + _NO_ZERO)))
    return t
