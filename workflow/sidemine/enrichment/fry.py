"""FRY, the self-contained test in closed form: whether the set changed at all.

Wu et al. 2010 (doi 10.1093/bioinformatics/btq401); Giner and Smyth 2016, as limma's `fry`. Effects are
standardised by an outlier-resistant posterior standard deviation, as limma's `fry(standardize = "posterior.sd")`.
Signs and weights of a set multiply its genes' effects, as limma's `gene.weights`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.empirical_bayes import posterior_variances
from sidemine.enrichment.camera import direction_of
from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test import SELF_CONTAINED, SampleSettings, SetTest
from sidemine.paper import Paper
from sidemine.stats.tails import SMALLEST_P, chi_squared_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# The largest of the squared effects is left out of the scale; limma counts the rest as 0.92 of the degrees of freedom.
SHARE_OF_DF_WITHOUT_LARGEST = 0.92


def fry(fit: ContrastFit, membership: SetMembership, *, mixed: bool = True) -> pd.DataFrame:
    """Test every set against no change at all.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit.
    mixed
        Whether to compute p_mixed too (one singular value decomposition per set); otherwise it is NaN.

    Returns
    -------
    pandas.DataFrame
        One row per set, in the order of `membership`: gene_set, n_in_set, n_measured, direction (target minus
        reference, of the signed weighted mean), statistic (t), df, p_value (directional, two-sided, never 0; half of
        it is the one-sided p in `direction`), p_mixed (some genes up and others down; too liberal below 10 residual
        degrees of freedom, never for a verdict).
    """
    import pandas as pd

    effects = standardised_effects(fit)
    means = np.asarray(membership.shares() @ effects)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = means[:, 0] / np.sqrt(np.mean(means[:, 1:] ** 2, axis=1))
    p_value = two_sided_p(statistic, float(fit.residual_df))
    weights = membership.weights
    p_mixed = np.full(len(p_value), np.nan)
    for row in range(len(p_value)) if mixed else ():
        genes = slice(weights.indptr[row], weights.indptr[row + 1])
        weighted = weights.data[genes, None] * effects[weights.indices[genes]]
        p_mixed[row] = p_value[row] if len(weighted) == 1 else _mixed_p(weighted)
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_in_set": membership.n_in_set,
            "n_measured": membership.n_measured,
            "direction": direction_of(statistic),
            "statistic": statistic,
            "df": np.full(len(statistic), fit.residual_df),
            "p_value": p_value,
            "p_mixed": p_mixed,
        }
    )


def standardised_effects(fit: ContrastFit) -> NDArray[np.float64]:
    """Return effects divided by each gene's `resistant_sd`."""
    return np.asarray(fit.effects / resistant_sd(fit)[:, None])


def resistant_sd(fit: ContrastFit) -> NDArray[np.float64]:
    """Return each gene's outlier-resistant posterior standard deviation.

    The scale leaves out the largest squared effect, be it the contrast or a residual, so that a large contrast does
    not shrink against its own gene.
    """
    squares = fit.effects**2
    variance = resistant_variances(
        squares.sum(axis=1), squares.max(axis=1), fit.residual_df, fit.prior_variance, fit.prior_df
    )
    return np.asarray(np.sqrt(variance))


def resistant_variances(
    total: NDArray[np.float64],
    largest: NDArray[np.float64],
    df: int,
    prior_variance: NDArray[np.float64],
    prior_df: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return outlier-resistant posterior variances, one per gene.

    Parameters
    ----------
    total, largest
        Per gene: sum of the squared effects (contrast and residuals), and the largest of them, which is left out.
    df
        Residual degrees of freedom.
    prior_variance, prior_df
        Empirical Bayes prior, per gene; `prior_df` may be infinite.
    """
    resistant = (total - largest) / (df + 1 - _expected_largest_square(df))
    return posterior_variances(resistant, SHARE_OF_DF_WITHOUT_LARGEST * df, prior_variance, prior_df)


@cache
def _expected_largest_square(df: int) -> float:
    """Return the expected largest of df + 1 squared standard normal deviates, by limma's own quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(128)
    nodes, weights = (nodes + 1) / 2, weights / 2
    quantiles = chi_squared_quantile(nodes, 1)
    # limma evaluates with 128 nodes; a finer rule would move p-values away from it.
    return float(np.sum((df + 1) * nodes**df * quantiles * weights))


def _mixed_p(effects: NDArray[np.float64]) -> float:
    """Return p of the mean squared effect by a scaled beta distribution with the right mean and variance."""
    from scipy.special import betaincc

    roots = np.linalg.svd(effects, compute_uv=False) ** 2
    largest, smallest, n = roots[0], roots[-1], len(roots)
    if n < 2 or largest - smallest <= 0:
        return float("nan")
    observed = (np.sum(effects[:, 0] ** 2) - smallest) / (largest - smallest)
    mean = (roots.mean() - smallest) / (largest - smallest)
    beta_variance = (n - 1) / n**2 / (n / 2 + 1)
    covariance = np.full((n, n), -beta_variance / (n - 1))
    np.fill_diagonal(covariance, beta_variance)
    variance = roots @ covariance @ roots / (largest - smallest) ** 2
    total = mean * (1 - mean) / variance - 1
    a = total * mean
    # beta.sf without the 0.4 s that importing scipy.stats takes.
    return max(float(betaincc(a, total - a, np.clip(observed, 0.0, 1.0))), SMALLEST_P)


def _run(fit: ContrastFit, membership: SetMembership, settings: SampleSettings) -> pd.DataFrame:  # noqa: ARG001
    return fry(fit, membership, mixed=False).assign(test=SELF_CONTAINED.name)


ROAST_PAPER = Paper(
    "ROAST, FRY, rotation",
    "Wu D et al. ROAST: rotation gene set tests for complex microarray experiments. Bioinformatics 2010.",
    "10.1093/bioinformatics/btq401",
)

FRY = SetTest[SampleSettings](
    statistics=(SELF_CONTAINED,),
    words="FRY (directional) asks whether the set changed at all.",
    papers=(ROAST_PAPER,),
    run=_run,
)
