"""The pooled effect if cohorts may differ: a random-effects mean with a prior on the spread τ between them.

With two cohorts τ cannot be estimated, and a common effect takes it as 0. A half-normal prior with scale .3 (in standard
deviations between people) says that spreads up to about .6 are thinkable; the mean has a flat prior and the likelihood is
normal, as in R's bayesmeta (Röver 2020, doi 10.18637/jss.v093.i06). Given τ the mean is normal, so that one quadrature over
τ gives everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidemine.effect.between_study_variance import heterogeneity, study_weights, weighted_mean
from sidemine.effect.record import SpreadPrior
from sidemine.stats.tails import t_quantile

PRIOR_SCALE = 0.3
"""Scale of the half-normal prior on τ, in standard deviations between people."""
N_NODES = 400
WIDEST = 10
"""Largest τ that is looked at, in scales of the prior."""


def with_spread_prior(effects: Sequence[float], ses: Sequence[float]) -> SpreadPrior:
    """Return the mean effect under a half-normal prior on the spread between studies.

    Parameters
    ----------
    effects, ses
        Effects of independent studies (target minus reference) and their standard errors; at least two.

    Returns
    -------
    SpreadPrior
        Posterior mean of the effect, its central 95 % interval, and the posterior probability that it lies on the other
        side of 0.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    nodes, lengths = np.polynomial.legendre.leggauss(N_NODES)
    tau = (nodes + 1) / 2 * WIDEST * PRIOR_SCALE
    y = np.broadcast_to(np.asarray(effects, dtype=np.float64), (N_NODES, len(effects)))
    v = np.broadcast_to(np.asarray(ses, dtype=np.float64) ** 2, y.shape)
    weights = study_weights(v, tau**2)
    mean, total = weighted_mean(y, weights)
    log_height = (
        np.log(weights).sum(axis=1) - np.log(total) - heterogeneity(y, v, tau**2) - (tau / PRIOR_SCALE) ** 2
    ) / 2
    mass = lengths * np.exp(log_height - log_height.max())
    mass /= mass.sum()

    def below(x: float) -> float:
        return float(mass @ ndtr((x - mean) * np.sqrt(total)))

    effect = float(mass @ mean)
    reach = 12 * float(np.sqrt(mass @ (1 / total + (mean - effect) ** 2)))
    low, high = (
        float(brentq(lambda x, p=p: below(x) - p, effect - reach, effect + reach, xtol=1e-12)) for p in (0.025, 0.975)
    )
    other_side = below(0.0) if effect > 0 else 1 - below(0.0)
    return SpreadPrior(PRIOR_SCALE, effect, low, high, (high - low) / 2 / float(t_quantile(0.975, np.inf)), other_side)
