"""The variance between studies, τ², estimated for thousands of genes at once: DerSimonian–Laird, REML, Paule–Mandel.

A study that did not measure a gene is NaN in its row. No estimate is below 0. With two studies an estimate exists and
the random-effects mean needs one, but it means next to nothing: who shows it decides that (see `pooling`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Estimator = Literal["REML", "DL", "PM"]
MOST_STEPS = 2000
SMALLEST_STEP = 1e-13
"""Change of τ², as a share of the mean sampling variance plus τ², below which a search has arrived."""


def weighted_mean(effects: Array, weights: Array) -> tuple[Array, Array]:
    """Return the weighted mean of each row and the sum of its weights; missing studies have weight 0."""
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights * effects).sum(axis=1) / total, total


def study_weights(variances: Array, tau_squared: Array | float = 0.0) -> Array:
    """Return 1 / (variance + τ²), and 0 for a missing study."""
    added = np.broadcast_to(np.asarray(tau_squared, dtype=np.float64), (len(variances),))
    return np.where(np.isnan(variances), 0.0, 1.0 / (np.where(np.isnan(variances), 1.0, variances) + added[:, None]))


def heterogeneity(effects: Array, variances: Array, tau_squared: Array | float = 0.0) -> Array:
    """Return Q(τ²), the weighted sum of squares about the weighted mean; Cochran's Q at τ² = 0.

    Parameters
    ----------
    effects, variances
        Sets × studies: effects and their squared standard errors; NaN where a study has none.
    tau_squared
        Variance between studies, one for all or one per set.
    """
    weights = study_weights(variances, tau_squared)
    present = np.where(np.isnan(variances), 0.0, effects)
    mean, _ = weighted_mean(present, weights)
    return np.asarray((weights * (present - mean[:, None]) ** 2).sum(axis=1))


def estimate_tau_squared(effects: Array, variances: Array, estimator: Estimator) -> Array:
    """Return the variance between studies of each row.

    Parameters
    ----------
    effects, variances
        Rows (genes, sets) × studies: effects and their squared standard errors; NaN where a study has none.
    estimator
        REML: restricted maximum likelihood by Fisher scoring, as R's metafor (Viechtbauer 2005,
        doi 10.3102/10769986030003261). DL: DerSimonian and Laird 1986 (doi 10.1016/0197-2456(86)90046-2). PM: Paule and
        Mandel 1982 (doi 10.6028/jres.087.022).

    Returns
    -------
    numpy.ndarray
        τ² in squared units of the effects, at least 0; NaN for rows with fewer than two studies.
    """
    present = (~np.isnan(variances)).sum(axis=1)
    result = np.full(len(effects), np.nan)
    usable = present > 1
    if usable.any():
        search = {"REML": _restricted_likelihood, "DL": _dersimonian_laird, "PM": _paule_mandel}[estimator]
        result[usable] = search(effects[usable], variances[usable])
    return result


def _dersimonian_laird(effects: Array, variances: Array) -> Array:
    weights = study_weights(variances)
    total = weights.sum(axis=1)
    df = (weights > 0).sum(axis=1) - 1
    excess = heterogeneity(effects, variances) - df
    return np.asarray(np.maximum(0.0, excess / (total - (weights**2).sum(axis=1) / total)))


def _paule_mandel(effects: Array, variances: Array) -> Array:
    """Solve Q(τ²) = k − 1 by Newton's method from 0: Q falls and is convex, so no step overshoots."""
    df = (~np.isnan(variances)).sum(axis=1) - 1
    typical = np.nanmean(variances, axis=1)
    tau = np.zeros(len(effects))
    active = np.flatnonzero(heterogeneity(effects, variances) > df)
    for _ in range(MOST_STEPS):
        if not len(active):
            break
        y, v, now = effects[active], variances[active], tau[active]
        weights = study_weights(v, now)
        y = np.where(np.isnan(v), 0.0, y)
        mean, _ = weighted_mean(y, weights)
        squares = weights * (y - mean[:, None]) ** 2
        step = (squares.sum(axis=1) - df[active]) / (weights * squares).sum(axis=1)
        tau[active] = np.maximum(0.0, now + step)
        active = active[np.abs(step) > SMALLEST_STEP * (typical[active] + tau[active])]
    return tau


def _restricted_likelihood(effects: Array, variances: Array) -> Array:
    """Climb the restricted likelihood by Fisher scoring; a step that would lead down, or below 0, is halved."""
    # In units of the mean variance, so that where a flat top is left does not depend on the unit of the effects.
    unit = np.nanmean(variances, axis=1)
    effects, variances = effects / np.sqrt(unit)[:, None], variances / unit[:, None]
    # The start of metafor: the unweighted (Hedges–Olkin) moment estimate.
    k = (~np.isnan(variances)).sum(axis=1)
    mean = np.nansum(effects, axis=1) / k
    spread = np.nansum((np.where(np.isnan(variances), np.nan, effects) - mean[:, None]) ** 2, axis=1) / (k - 1)
    tau = np.maximum(0.0, spread - 1)
    height = _log_likelihood(effects, variances, tau)
    active = np.arange(len(effects))
    for _ in range(MOST_STEPS):
        if not len(active):
            break
        y, v, now = effects[active], variances[active], tau[active]
        step = _fisher_step(y, v, now)
        tried = np.maximum(0.0, now + step)
        risen = _log_likelihood(y, v, tried)
        # Near the top the likelihood is flat to the last digit, so a loss within rounding is no loss.
        slack = 1e-12 * (1 + np.abs(height[active]))
        for _ in range(60):
            falls = risen < height[active] - slack
            if not falls.any():
                break
            tried[falls] = (tried[falls] + now[falls]) / 2
            risen[falls] = _log_likelihood(y[falls], v[falls], tried[falls])
        tau[active], height[active] = tried, np.maximum(risen, height[active])
        active = active[np.abs(tried - now) > SMALLEST_STEP * (1 + tried)]
    # With several tops the climb may end on a lower one; 0 is the one worth comparing, as metafor does.
    at_zero = _log_likelihood(effects, variances, np.zeros(len(tau)))
    return np.where(at_zero > height, 0.0, tau * unit)


def _fisher_step(effects: Array, variances: Array, tau: Array) -> Array:
    weights = study_weights(variances, tau)
    y = np.where(weights > 0, effects, 0.0)
    mean, total = weighted_mean(y, weights)
    beside = 1.0 - np.eye(weights.shape[1])
    # Of each study: its weight × the share of all others. One minus its own share holds no digit where that is nearly all.
    kept = weights * (weights @ beside) / total[:, None]
    shares = (weights / total[:, None]) ** 2
    fit = (weights**2 * (y - mean[:, None]) ** 2).sum(axis=1)
    information = (kept**2).sum(axis=1) + total**2 * (shares * (shares @ beside)).sum(axis=1)
    return np.asarray((fit - kept.sum(axis=1)) / information)


def _log_likelihood(effects: Array, variances: Array, tau: Array) -> Array:
    weights = study_weights(variances, tau)
    y = np.where(weights > 0, effects, 0.0)
    mean, total = weighted_mean(y, weights)
    logs = np.log(np.where(weights > 0, weights, 1.0)).sum(axis=1)
    return np.asarray(0.5 * (logs - np.log(total) - (weights * (y - mean[:, None]) ** 2).sum(axis=1)))
