"""CAMERA on statistics alone: whether a set changed more than the other genes of a table without samples.

`cameraPR` of limma (Wu and Smyth 2012, doi 10.1093/nar/gks461), with a correlation for each set. A table cannot tell how
its genes correlate, so the correlation is that of the same set in another, reference matrix, and never below
`MIN_CORRELATION`: on simulated panels limma's preset of 0.01 calls 20 to 29 % of null sets, a whole covariance matrix taken from
other samples (generalised least squares) 9 to 40 % (`benchmarks/lines_tables.py`). The universe is the table's genes, never the genome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.camera import CameraSets, direction_of, residual_scores
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.paper import Paper
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MIN_CORRELATION = 0.05
"""A set's correlation is never taken to be smaller."""
FEWEST_GENES = 5
"""With fewer measured genes a set is not testable."""

CAMERA_PAPER = Paper(
    "CAMERA on statistics (cameraPR)",
    "Wu D, Smyth GK. Camera: a competitive gene set test accounting for inter-gene correlation. Nucleic Acids Res 2012.",
    "10.1093/nar/gks461",
)
SIMES_PAPER = Paper(
    "Simes",
    "Simes RJ. An improved Bonferroni procedure for multiple tests of significance. Biometrika 1986.",
    "10.1093/biomet/73.3.751",
)


@dataclass(frozen=True)
class Reference:
    """Residuals of other samples, from which correlations are taken.

    Attributes
    ----------
    name
        Where they come from.
    genes
        Approved symbols.
    residuals
        Genes × residual degrees of freedom: without the differences between groups, which would look like correlation.
    """

    name: str
    genes: Sequence[str]
    residuals: NDArray[np.float64]

    @property
    def residual_df(self) -> int:
        """Residual degrees of freedom."""
        return int(self.residuals.shape[1])


def reference_correlations(
    references: Sequence[Reference], sets: pd.DataFrame, universe: Sequence[str]
) -> dict[str, float]:
    """Return the mean correlation of the genes of each set, over those that both the table and a reference measure.

    Parameters
    ----------
    references
        Several are averaged by their degrees of freedom.
    sets
        As `gene_set_table.GENE_SETS` describes.
    universe
        Genes of the table.

    Returns
    -------
    dict
        Set → correlation (sign-flipped for genes of negative weight); no entry where no reference measures two of the
        genes.
    """
    measured = sets[sets["gene"].isin(set(universe))]
    sums: dict[str, float] = {}
    weights: dict[str, float] = {}
    for reference in references:
        membership = build_membership(measured, reference.genes, min_size=2)
        camera_sets = CameraSets.of(membership)
        _, correlation = camera_sets.variance_of_score(residual_scores(reference.residuals, camera_sets.shares))
        for name, value in zip(membership.gene_sets, correlation, strict=True):
            sums[name] = sums.get(name, 0.0) + float(value) * reference.residual_df
            weights[name] = weights.get(name, 0.0) + reference.residual_df
    return {name: total / weights[name] for name, total in sums.items()}


def members_by_value(members: pd.DataFrame, genes: Sequence[Sequence[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a set over the values of a table in which one value may be of several genes: none counts more than once.

    Proteins of one group share their measurement, which would be counted as evidence once for each of them that the set holds.
    Without an effect, a set of 20 of which 8 are such a group is then called in 17 % of tables.

    Parameters
    ----------
    members
        The set, as `gene_set_table.GENE_SETS` describes.
    genes
        Approved symbols of each value.

    Returns
    -------
    by_value, by_gene
        Rows of the set with the names of values (`GeneStatistics.names`) in place of genes, and of its measured genes, with weights: a gene that several
        values hold is divided among them, and the genes of a value share its weight where they would count more than once.
        Values of one gene each: the weights of the set.
    """
    import pandas as pd

    pairs = [(";".join(group), gene) for group in genes for gene in group]
    found = pd.DataFrame(pairs, columns=["value", "gene"]).merge(members, on="gene")
    part = 1 / found.groupby(["gene_set", "gene"])["value"].transform("size")
    together = part.groupby([found["gene_set"], found["value"]]).transform("sum")
    found["weight"] *= part / np.maximum(together, 1.0)
    by_value, by_gene = (
        found.groupby(["gene_set", name], sort=False)
        .agg({"family": "first", "version": "first", "weight": "sum"})
        .reset_index()
        .rename(columns={"value": "gene"})
        for name in ("value", "gene")
    )
    return by_value[by_value["weight"] != 0], by_gene[by_gene["weight"] != 0]


def preranked_camera(
    z: NDArray[np.float64], membership: SetMembership, correlation: NDArray[np.float64]
) -> pd.DataFrame:
    """Test every set competitively.

    Parameters
    ----------
    z
        Normal deviates of all genes of the table.
    membership
        Sets × genes of that table; signs and weights count as in `camera`.
    correlation
        Mean correlation within each set, shape (sets,), from −1 to 1; used as it is (negative: as 0).

    Returns
    -------
    pandas.DataFrame
        One row per set, in the order of `membership`: gene_set, n_in_set, n_measured, effect (mean z of the set minus that
        of the other genes; positive: higher in the target), ci_low, ci_high (95 %), statistic (two-sample t), df (genes − 2,
        as limma), p_value (two-sided, never 0), direction, inter_gene_correlation (as used). NaN where no gene lies outside.
    """
    import pandas as pd

    sets = CameraSets.of(membership)
    used = np.maximum(correlation, 0.0)
    effect, error = sets.difference(z, sets.independent + (1 - sets.independent) * used)
    df = float(len(z) - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = effect / error
    half_width = t_quantile(0.975, df) * error
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_in_set": membership.n_in_set,
            "n_measured": membership.n_measured,
            "effect": effect,
            "ci_low": effect - half_width,
            "ci_high": effect + half_width,
            "statistic": statistic,
            "df": np.full(len(statistic), df),
            "p_value": two_sided_p(statistic, df),
            "direction": direction_of(statistic),
            "inter_gene_correlation": used,
        }
    )
