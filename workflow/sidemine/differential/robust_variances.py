"""Robust empirical Bayes: hypervariable genes get fewer prior degrees of freedom.

Phipson, Lee, Majewski, Alexander and Smyth 2016 (doi 10.1214/16-AOAS920), as in limma's `fitFDistRobustly` for equal
residual degrees of freedom. pylimma's own version fits the trend with a genes × genes matrix, which does not fit into
memory; only its port of R's lowess is used here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.variance_prior import fit_f_distribution
from sidemine.stats.tails import chi_squared_p, chi_squared_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWER_TAIL, UPPER_TAIL = 0.05, 0.1
TREND_SPAN = 0.4


def fit_f_distribution_robustly(
    variances: NDArray[np.float64], df: float, covariate: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a scaled F distribution by Winsorised moments.

    Parameters
    ----------
    variances, df
        Residual variances, one per gene, and their degrees of freedom.
    covariate
        What the prior variance may follow, one value per gene; None: one prior for all.

    Returns
    -------
    scale
        Prior variance per gene.
    prior_df
        Prior degrees of freedom per gene, smaller for outliers.
    """
    n_genes = len(variances)
    median = float(np.median(variances))
    if median <= 0:
        # limma stops here; without a positive median nothing robust can be said, so the plain fit speaks.
        scale, common_df = fit_f_distribution(variances, df, covariate)
        return scale, np.full(n_genes, common_df)
    x = np.maximum(variances, median * 1e-12)
    plain_scale, plain_df = fit_f_distribution(x, df, covariate)
    if max(LOWER_TAIL, UPPER_TAIL) < 1 / n_genes:
        return plain_scale, np.full(n_genes, plain_df)
    z = np.log(x)
    trend = _trend(z, covariate)
    residuals = z - trend
    low, high = np.quantile(residuals, [LOWER_TAIL, 1 - UPPER_TAIL])
    winsorised = np.clip(residuals, low, high)
    mean, variance = float(winsorised.mean()), float(winsorised.var(ddof=1))

    chi_mean, chi_variance = _winsorised_log_f_moments(df, np.inf)
    if variance <= chi_variance:
        centre = trend + mean - chi_mean
        return np.exp(centre), _df_of_outliers_of_infinite_prior(z - centre, df)
    if np.isinf(plain_df):
        return plain_scale, np.full(n_genes, plain_df)
    prior_df = _match_variance(df, variance, plain_df)
    centre = trend + mean - _winsorised_log_f_moments(df, prior_df)[0]
    return np.exp(centre), _shrink_outliers(np.exp(z - centre), df, prior_df)


def _trend(z: NDArray[np.float64], covariate: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if covariate is None:
        cut = int(np.floor(len(z) * UPPER_TAIL))
        return np.full(len(z), np.sort(z)[cut : len(z) - cut].mean())
    from pylimma import loess_fit

    return np.asarray(loess_fit(z, covariate, span=TREND_SPAN)["fitted"], dtype=np.float64)


@cache
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights of limma's quadrature on 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(128)
    return (nodes + 1) / 2, weights / 2


def _winsorised_log_f_moments(df: float, prior_df: float) -> tuple[float, float]:
    """Mean and variance of log F(df, prior_df), Winsorised at the two tails, by Gauss–Legendre quadrature."""
    from scipy.stats import chi2, f

    nodes, weights = _quadrature()
    tails = np.array([LOWER_TAIL, 1 - UPPER_TAIL])
    quantiles = chi_squared_quantile(tails, df) / df if np.isinf(prior_df) else f.ppf(tails, df, prior_df)
    log_quantiles = np.log(quantiles)
    low, high = quantiles / (1 + quantiles)
    at = low + (high - low) * nodes
    values = at / (1 - at)
    density = chi2.pdf(values * df, df) * df if np.isinf(prior_df) else f.pdf(values, df, prior_df)
    density = density / (1 - at) ** 2
    mass = (high - low) * weights * density
    outside = np.array([LOWER_TAIL, UPPER_TAIL])
    mean = float(np.sum(mass * np.log(values)) + np.sum(log_quantiles * outside))
    variance = np.sum(mass * (np.log(values) - mean) ** 2) + np.sum((log_quantiles - mean) ** 2 * outside)
    return mean, float(variance)


def _match_variance(df: float, variance: float, plain_df: float) -> float:
    from scipy.optimize import brentq

    def gap(share: float) -> float:
        prior_df = np.inf if share >= 1 else share / (1 - share)
        return float(np.log(variance / _winsorised_log_f_moments(df, prior_df)[1]))

    start = plain_df / (1 + plain_df)
    if gap(start) >= 0:
        return plain_df
    share = float(brentq(gap, start, 1.0, xtol=1e-8))
    return np.inf if share >= 1 else share / (1 - share)


def _df_of_outliers_of_infinite_prior(log_f: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    n_genes = len(log_f)
    f = np.exp(log_f)
    tail = chi_squared_p(f * df, df)
    not_outlier = np.minimum(tail / ((n_genes - rankdata(f) + 0.5) / n_genes), 1)
    prior_df = np.where(not_outlier < 1, not_outlier * n_genes * df, np.inf)
    order = np.argsort(tail, kind="stable")
    prior_df[order] = np.maximum.accumulate(prior_df[order])
    return prior_df


def _shrink_outliers(f: NDArray[np.float64], df: float, prior_df: float) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    n_genes = len(f)
    log_tail = _log_upper_tail(f, df, prior_df)
    log_empirical = np.log(n_genes - rankdata(f) + 0.5) - np.log(n_genes)
    log_not_outlier = np.minimum(log_tail - log_empirical, 0)
    if not bool((log_not_outlier < 0).any()):
        return np.full(n_genes, prior_df)
    not_outlier, outlier = np.exp(log_not_outlier), -np.expm1(log_not_outlier)
    if np.isneginf(log_tail.min()):
        shrunk = not_outlier * prior_df
    else:
        outlier_df = np.log(0.5) / log_tail.min() * prior_df
        outlier_df *= np.log(0.5) / float(_log_upper_tail(np.array([f.max()]), df, outlier_df)[0])
        shrunk = not_outlier * prior_df + outlier * outlier_df
    order = np.argsort(log_tail, kind="stable")
    ordered = shrunk[order]
    running_mean = np.cumsum(ordered) / np.arange(1, n_genes + 1)
    lowest = int(np.argmin(running_mean))
    ordered[: lowest + 1] = running_mean[lowest]
    shrunk[order] = np.maximum.accumulate(ordered)
    return np.asarray(shrunk, dtype=np.float64)


def _log_upper_tail(f: NDArray[np.float64], df: float, prior_df: float) -> NDArray[np.float64]:
    from scipy.special import betaln, hyp2f1
    from scipy.stats import f as f_distribution

    with np.errstate(divide="ignore"):
        log_tail: NDArray[np.float64] = np.asarray(f_distribution.logsf(f, df, prior_df), dtype=np.float64)
    underflown = np.isneginf(log_tail)
    if underflown.any():
        a, b = prior_df / 2, df / 2
        share = prior_df / (prior_df + df * f[underflown])
        series = np.log(hyp2f1(a + b, 1, a + 1, share))
        log_tail[underflown] = a * np.log(share) + b * np.log1p(-share) - np.log(a) - betaln(a, b) + series
    return np.asarray(log_tail)
