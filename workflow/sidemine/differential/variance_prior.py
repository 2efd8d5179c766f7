"""The prior of gene-wise variances: a scaled F distribution, constant or with a trend by mean expression.

Smyth 2004 (doi 10.2202/1544-6115.1027), limma's `fitFDist` with and without `covariate=`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_SHARE_OF_MEDIAN = 1e-5
"""Smallest variance, as a share of the median one, that takes part in the estimate (limma's constant)."""


def fit_f_distribution(
    variances: NDArray[np.float64], df: float | NDArray[np.float64], covariate: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float]:
    """Fit a scaled F distribution to variances by the moments of their logarithms (limma's `fitFDist`).

    Parameters
    ----------
    variances, df
        Residual variances, one per gene, and their degrees of freedom: one number, or one per gene, above 0.
    covariate
        What the prior variance may follow, one value per gene; None: one prior for all.

    Returns
    -------
    scale
        Prior variance per gene.
    prior_df
        Prior degrees of freedom; may be infinite.
    """
    from scipy.special import digamma, polygamma

    n_genes = len(variances)
    x = _away_from_zero(variances)
    log_offset = np.log(df / 2) - digamma(df / 2)
    e = np.log(x) + log_offset
    n_spline = 1 if covariate is None else _spline_size(covariate)
    if covariate is None or n_spline < 2:
        trend = np.full(n_genes, e.mean())
        spread = float(np.sum((e - e.mean()) ** 2) / (n_genes - 1))
    else:
        basis, _ = np.linalg.qr(natural_spline_basis(covariate, n_spline))
        trend = basis @ (basis.T @ e)
        spread = float(np.sum((e - trend) ** 2) / (n_genes - basis.shape[1]))
    excess = spread - float(np.mean(polygamma(1, df / 2)))
    if excess > 0:
        prior_df = 2 * inverse_trigamma(excess)
        return np.exp(trend + digamma(prior_df / 2) - np.log(prior_df / 2)), prior_df
    if covariate is None or n_spline < 2:
        return np.full(n_genes, x.mean()), np.inf
    return np.exp(trend), np.inf


def _away_from_zero(variances: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.maximum(variances, 0.0)
    median = float(np.median(x))
    # More than half of the variances exactly zero: no scale can be learnt from the median, so limma takes 1.
    return np.maximum(x, SMALLEST_SHARE_OF_MEDIAN * (median if median > 0 else 1.0))


def _spline_size(covariate: NDArray[np.float64]) -> int:
    n_genes = len(covariate)
    size = 1 + int(n_genes >= 3) + int(n_genes >= 6) + int(n_genes >= 30)
    return min(size, len(np.unique(covariate)), n_genes - 1)


def natural_spline_basis(x: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return a basis of the natural cubic splines with `size` knots at even quantiles of `x`.

    It spans the same space as R's `splines::ns(x, df = size, intercept = TRUE)`. Knots that coincide count once. Shape: values × at most `size`.
    """
    scaled = (x - x.min()) / (x.max() - x.min())
    knots = np.unique(np.quantile(scaled, np.linspace(0, 1, size)))
    last = knots[-1]

    def ramp(knot: float) -> NDArray[np.float64]:
        # A product is ten times as fast as a power.
        above, beyond = np.maximum(scaled - knot, 0), np.maximum(scaled - last, 0)
        return np.asarray((above * above * above - beyond * beyond * beyond) / (last - knot))

    columns = [np.ones_like(scaled), scaled]
    columns += [ramp(knot) - ramp(knots[-2]) for knot in knots[:-2]]
    return np.column_stack(columns)


def inverse_trigamma(value: float) -> float:
    """Solve trigamma(y) = value for y > 0 by Newton's method (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
