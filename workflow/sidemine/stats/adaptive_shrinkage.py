"""Adaptive shrinkage: many effects of one kind tell how large such effects are, and each is drawn towards 0 accordingly.

Stephens 2017 (doi 10.1093/biostatistics/kxw041), as R's ashr with `mixcompdist = "normal"`: the true effects are a mixture of
a point mass at 0 and normals around 0, whose shares are those of highest likelihood under a penalty that favours the point
mass. Standard errors that were estimated on few degrees of freedom enter as Lu and Stephens 2019 (arXiv 1901.10679) say:
each becomes the one whose normal p-value is that of the t statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NULL_WEIGHT = 10.0
"""Prior weight of the point mass (ashr's `nullweight`): so many effects less one speak for it beforehand."""
GRID_STEP = float(np.sqrt(2.0))
"""Each standard deviation of the mixture is the one before times this (ashr's `gridmult`)."""
SMALL_GAP = 1e-10
"""The penalised log likelihood is this close to its maximum, per effect."""
_MOST_STEPS = 20_000
_NEAR_ZERO = 1e-4


@dataclass(frozen=True)
class Shrunken:
    """Posterior of many effects, one entry each.

    Attributes
    ----------
    effect, sd
        Posterior mean and standard deviation, in the unit of the effects.
    ci_low, ci_high
        Limits of the 95 % interval: the posterior's quantiles, which may be 0 where the point mass is there.
    lfsr
        Local false sign rate: posterior probability that the effect is 0 or has the other sign than the likelier one.
    null_share
        Estimated share of effects that are 0, of all.
    sds, shares
        Standard deviations of the mixture, 0 first, and their shares.
    """

    effect: Array
    sd: Array
    ci_low: Array
    ci_high: Array
    lfsr: Array
    null_share: float
    sds: Array
    shares: Array


def effective_errors(effects: Array, errors: Array, df: Array, weights: Array | None = None) -> Array:
    """Return the standard errors under which a normal test has the p-value of the t test (Lu and Stephens 2019).

    Parameters
    ----------
    effects
        Estimates.
    errors, df
        Their standard errors, above 0, and the degrees of freedom behind each; infinite: the error stays as it is. With
        `weights`, possibilities × estimates: the p-value is then the weighted mean of theirs.
    weights
        Weight of each possibility; they sum to 1.
    """
    from scipy.special import gammaln, ndtr, ndtri, stdtr

    errors, df = np.atleast_2d(errors), np.atleast_2d(df)
    weights = np.ones(1) if weights is None else weights
    finite = np.isfinite(df)
    known = np.where(finite, df, 1.0)
    t = np.abs(effects) / errors
    tail = np.where(finite, stdtr(known, -t), ndtr(-t))
    z = -ndtri(np.maximum(weights @ tail, np.finfo(np.float64).tiny))
    # At 0 both are 0: their ratio is that of the densities there.
    density = np.exp(gammaln((known + 1) / 2) - gammaln(known / 2)) * np.sqrt(2 / known)
    at_zero = 1 / (weights @ (np.where(finite, density, 1.0) / errors))
    far = t.max(axis=0) > _NEAR_ZERO
    return np.asarray(np.where(far, np.abs(effects) / np.where(far, z, 1.0), at_zero))


def shrink(effects: Array, errors: Array) -> Shrunken:
    """Shrink effects of one kind.

    Parameters
    ----------
    effects
        Estimates, any common unit; positive and negative mean what they mean to the caller.
    errors
        Their standard errors, above 0 and known (`effective_errors` where they are not).

    Returns
    -------
    Shrunken
        In the order given.

    Raises
    ------
    ValueError
        When there is no effect, or an effect or an error is no finite number, or an error is not above 0.
    """
    from scipy.special import ndtr

    if not (len(effects) and np.isfinite(effects).all() and np.isfinite(errors).all() and (errors > 0).all()):
        raise ValueError("effects must be finite and their errors above 0, and there must be some")
    sds = _grid(effects, errors)
    marginal = np.hypot(errors[:, None], sds[None, :])
    log_density = -np.log(marginal) - 0.5 * (effects[:, None] / marginal) ** 2
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    shares = _fit_shares(density)
    weights = density * shares
    weights /= weights.sum(axis=1, keepdims=True)
    kept = sds[None, :] ** 2 / marginal**2
    means = kept * effects[:, None]
    spreads = np.sqrt(kept) * errors[:, None]
    effect = (weights * means).sum(axis=1)
    square = (weights * (means**2 + spreads**2)).sum(axis=1)
    below = (weights[:, 1:] * ndtr(-means[:, 1:] / spreads[:, 1:])).sum(axis=1)
    zero = weights[:, 0]
    above = np.maximum(1 - zero - below, 0.0)
    low, high = (_quantile(at, weights, means, spreads) for at in (0.025, 0.975))
    return Shrunken(
        effect=effect,
        sd=np.sqrt(np.maximum(square - effect**2, 0.0)),
        ci_low=low,
        ci_high=high,
        lfsr=np.minimum(zero + np.minimum(below, above), 1.0),
        null_share=float(shares[0]),
        sds=sds,
        shares=shares,
    )


def _grid(effects: Array, errors: Array) -> Array:
    """Return the standard deviations of the mixture, as ashr chooses them (`autoselect.mixsd`), with 0 before them."""
    smallest = float(errors.min()) / 10
    excess = float((effects**2 - errors**2).max())
    largest = 2 * np.sqrt(excess) if excess > 0 else 8 * smallest
    steps = int(np.ceil(np.log(largest / smallest) / np.log(GRID_STEP)))
    return np.concatenate([[0.0], largest * GRID_STEP ** np.arange(-max(steps, 0), 1.0)])


def _fit_shares(density: Array) -> Array:
    """Return the shares of highest penalised likelihood, by steps of EM, squared (Varadhan and Roland 2008).

    The problem is convex: where no component's gradient is above 1, the maximum is reached, and by how much the largest is
    bounds what is missing of the log likelihood.
    """
    prior = np.zeros(density.shape[1])
    prior[0] = NULL_WEIGHT - 1
    total = len(density) + prior.sum()

    def step(shares: Array) -> tuple[Array, float, float]:
        mixed = density @ shares
        gradient = density.T @ (1 / mixed)
        moved = (shares * gradient + prior) / total
        gradient[0] += prior[0] / shares[0]
        value = float(np.log(mixed).sum() + prior[0] * np.log(shares[0]))
        return moved, float(gradient.max() / total - 1), value

    shares = np.full(density.shape[1], 1 / density.shape[1])
    for _ in range(_MOST_STEPS):
        once, gap, value = step(shares)
        if gap <= SMALL_GAP:
            break
        twice, _, _ = step(once)
        first, second = once - shares, (twice - once) - (once - shares)
        length = -np.sqrt((first @ first) / max(float(second @ second), np.finfo(np.float64).tiny))
        jump = shares - 2 * min(length, -1.0) * first + min(length, -1.0) ** 2 * second
        usable = bool((jump > 0).all())
        ahead, _, reached = step(jump / jump.sum()) if usable else (twice, 0.0, -np.inf)
        shares = ahead if usable and reached >= value else twice
    return shares


def _quantile(probability: float, weights: Array, means: Array, spreads: Array) -> Array:
    """Return a quantile of every posterior by halving: below it lies at most, up to it at least this probability."""
    from scipy.special import ndtr

    reach = (np.abs(means) + 8 * spreads).max(axis=1) + np.finfo(np.float64).tiny
    low, high = -reach, reach.copy()
    for _ in range(60):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            below = ndtr((middle[:, None] - means[:, 1:]) / spreads[:, 1:])
        up_to = (weights[:, 1:] * below).sum(axis=1) + weights[:, 0] * (middle >= 0)
        inside = up_to >= probability
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    return np.where(np.abs(high) < 1e-12 * reach, 0.0, high)
