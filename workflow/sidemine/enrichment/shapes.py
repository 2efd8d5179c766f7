"""Shapes of a response over ordered arms: the largest of several, judged by rotations of all of them together.

Which dose response a drug has is not known beforehand, so the contrast that is best for each of four shapes is looked at
and the largest one counts (Bretz, Pinheiro and Branson 2005, doi 10.1111/j.1541-0420.2005.00344.x). Having looked four
times is paid for by the null distribution of the largest one (Westfall and Young 1993): every rotation of arms and
residuals (Wu et al. 2010, doi 10.1093/bioinformatics/btq401) gives all shapes anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.enrichment.rotated_deviates import MOST_DF, ROTATIONS_PER_STREAM, bailey_factor, streams_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def shape_means(positions: Sequence[float]) -> dict[str, Array]:
    """Return the expected change of every arm under each shape, largest 1; each starts at no change in the reference.

    Parameters
    ----------
    positions
        Doses or times of the treated arms, above 0, in rising order.

    Returns
    -------
    dict of str to numpy.ndarray
        linear: in proportion to the position; plateau: the same everywhere; Emax: position / (position + E50), with E50 the
        geometric mean of the first and the last position; top only: nothing below the last one.
    """
    at = np.asarray(positions, dtype=np.float64)
    emax = at / (at + np.sqrt(at[0] * at[-1]))
    return {
        "linear": at / at[-1],
        "plateau": np.ones(len(at)),
        "Emax": emax / emax[-1],
        "top only": (np.arange(len(at)) == len(at) - 1).astype(np.float64),
    }


def best_weights(means: Array, covariance: Array) -> Array:
    """Return the weights of the arms' changes that see a shape best: the inverse covariance times its means, length 1.

    With a shared reference this is the optimal contrast of Bretz et al.

    Parameters
    ----------
    means
        Expected change of every arm, (n_arms,).
    covariance
        Covariance of the estimated changes up to a factor, (n_arms, n_arms).
    """
    weights = np.linalg.solve(covariance, means)
    return np.asarray(weights / np.linalg.norm(weights))


def trend_weights(covariance: Array) -> Array:
    """Return the weights that see a rise from arm to arm best and do not depend on the reference: they sum to 0.

    Parameters
    ----------
    covariance
        As in `best_weights`; arms in rising order, at least two.
    """
    steps, ones = np.arange(len(covariance), dtype=np.float64), np.ones(len(covariance))
    level = ones @ np.linalg.solve(covariance, steps) / (ones @ np.linalg.solve(covariance, ones))
    return best_weights(steps - level, covariance)


@dataclass(frozen=True)
class LargestOf:
    """The largest of several contrasts of one set, on both sides.

    Attributes
    ----------
    statistics
        Mean signed normal deviate of the set along each contrast; positive: higher in the target.
    p_up, p_down
        One-sided p of the largest, and of the smallest, (b + 1) / (2m + 1) over m rotations and their mirror images.
    """

    statistics: list[float]
    p_up: float
    p_down: float


def largest_of_contrasts(fits: Sequence[ContrastFit], shares: Array, *, n_rotations: int, seed: int) -> LargestOf:
    """Test the largest of several contrasts of one model by rotation.

    Sample weights are common to all genes here (under voom: averaged over them, as for effects of set scores), so that all
    contrasts of all genes share one basis.

    Parameters
    ----------
    fits
        The contrasts, fitted in one model (`differential.fit.fit_contrasts`).
    shares
        Weight of every gene of the fits, signed, absolute values summing to 1; 0 outside the set.
    n_rotations, seed
        Number of random rotations; seed, never 0.
    """
    inside = np.flatnonzero(shares)
    weights, first = shares[inside], fits[0]
    directions = np.column_stack([fit.score_basis[:, 0] for fit in fits])
    left, singular, _ = np.linalg.svd(directions, full_matrices=False)
    frame = left[:, singular > singular[0] * 1e-8]
    coordinates = frame.T @ directions
    # The contrasts' own space in an orthonormal frame, then the residuals.
    own = np.column_stack([fit.score_effects[inside, 0] for fit in fits]) @ np.linalg.pinv(coordinates)
    effects = np.column_stack([own, first.score_effects[inside, 1:]])
    rank = frame.shape[1]
    prior_df = first.prior_df[inside]
    is_normal = first.residual_df + prior_df > MOST_DF
    df = np.where(is_normal, MOST_DF, first.residual_df + prior_df)
    prior = np.where(is_normal, 0.0, prior_df) * first.prior_variance[inside]
    total, scale = (effects**2).sum(axis=1), bailey_factor(df)

    def deviates_of(turned: Array) -> Array:
        """Return the set's mean deviate along every contrast: rotations × contrasts, from rotations × genes × rank."""
        left_over = np.maximum(total - (turned**2).sum(axis=2), 0.0)
        variance = np.where(is_normal, first.posterior_variance[inside], (prior + left_over) / df)
        t = turned @ coordinates / np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))[:, :, None]
        curved = np.sign(t) * scale[:, None] * np.sqrt(np.log1p(t**2 / df[:, None]))
        return np.asarray(np.einsum("g,rgc->rc", weights, np.where(is_normal[:, None], t, curved)))

    observed = deviates_of(effects[None, :, :rank])[0]
    reached = np.zeros(2, dtype=np.int64)
    for stream, size in streams_of(n_rotations, seed):
        normal = np.random.default_rng(stream).standard_normal((ROTATIONS_PER_STREAM, effects.shape[1], rank))[:size]
        found = deviates_of(effects @ np.linalg.qr(normal)[0])
        highest, lowest = found.max(axis=1), -found.min(axis=1)
        for side, largest in enumerate((observed.max(), -observed.min())):
            reached[side] += np.count_nonzero(highest >= largest) + np.count_nonzero(lowest >= largest)
    p_up, p_down = (reached + 1) / (2 * n_rotations + 1)
    return LargestOf([float(value) for value in observed], float(p_up), float(p_down))
