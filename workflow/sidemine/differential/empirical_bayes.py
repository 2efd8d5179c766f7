"""Moderated variances: every gene's variance is squeezed towards what its neighbours show.

The prior is that of `variance_prior`, or of `robust_variances`. All genes share one number of residual degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.robust_variances import fit_f_distribution_robustly
from sidemine.differential.variance_prior import fit_f_distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ModeratedVariances:
    """Prior and posterior variances per gene (log2 units squared)."""

    prior: NDArray[np.float64]
    prior_df: NDArray[np.float64]
    posterior: NDArray[np.float64]


def squeeze_variances(
    variances: NDArray[np.float64],
    residual_df: int,
    covariate: NDArray[np.float64] | None = None,
    robust: bool = False,
) -> ModeratedVariances:
    """Return moderated variances.

    Parameters
    ----------
    variances
        Residual variance per gene.
    residual_df
        Residual degrees of freedom behind each of them.
    covariate
        Mean expression per gene: the prior variance then follows a natural spline of it (limma-trend).
    robust
        Give hypervariable genes fewer prior degrees of freedom.
    """
    n_genes = len(variances)
    if n_genes < 2:
        return ModeratedVariances(variances.copy(), np.zeros(n_genes), variances.copy())
    if robust and n_genes > 2:
        scale, prior_df = fit_f_distribution_robustly(variances, residual_df, covariate)
    else:
        scale, common_df = fit_f_distribution(variances, residual_df, covariate)
        prior_df = np.full(n_genes, common_df)
    prior = np.broadcast_to(scale, n_genes).copy()
    return ModeratedVariances(prior, prior_df, posterior_variances(variances, residual_df, prior, prior_df))


def posterior_variances(
    variances: NDArray[np.float64], df: float, prior: NDArray[np.float64], prior_df: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average each gene's variance with its prior, weighted by degrees of freedom.

    Parameters
    ----------
    variances, df
        Residual variances, one per gene, and their degrees of freedom.
    prior, prior_df
        Prior variance and its degrees of freedom, one per gene; `prior_df` may be infinite.
    """
    finite = np.isfinite(prior_df)
    weight = np.where(finite, prior_df, 0.0)
    return np.where(finite, (df * variances + weight * prior) / (df + weight), prior)
