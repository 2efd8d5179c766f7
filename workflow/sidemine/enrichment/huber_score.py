"""Scores without the pull of single people: Huber regression on the declared design.

Huber 1964 (doi 10.1214/aoms/1177703732), k = 1.345, the scale by the median absolute residual. What is returned are Huber's
pseudo-values (Huber and Ronchetti 2009, Robust Statistics, section 7.6): least squares on them gives the robust effect, and
their residuals its standard error, so that everything behind it stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TUNING = 1.345
"""Residuals beyond this many robust standard deviations are pulled in: 95 % efficient where they are normal."""
N_STEPS = 30
LEAST_INSIDE = 0.1
"""Share of people within the limit that is assumed at least."""


def huber_pseudo_values(scores: Array, basis: Array, *, paired: bool = False) -> Array:
    """Return scores as Huber's pseudo-values, in the same effect space.

    Parameters
    ----------
    scores
        Scores × (1 + residual df): contrast and residual coordinates.
    basis
        Samples × (1 + residual df), orthonormal, see `linear_model.CommonSpace`.
    paired
        Whether blocks are columns of the design. They would tell each pair's own share, which is all or nothing since both have the same
        residual, and a pair beyond the limit would count as ten times as far off.
    """
    contrast, residual = basis[:, 0], basis[:, 1:]
    left = scores[:, 1:] @ residual.T
    fitted = scores[:, 0].copy()
    for _ in range(N_STEPS):
        pulled = _pull(left)[0]
        fitted += pulled @ contrast
        left = left - (pulled - (pulled @ residual) @ residual.T)
    pulled, inside = _pull(left)
    # The share as the design fits it: where the groups vary unequally, fewer people of the wider one are within the limit.
    fitted_share = inside - (inside @ residual) @ residual.T
    if paired:
        fitted_share = inside.mean(axis=1, keepdims=True) + np.outer(inside @ contrast, contrast)
    share = np.maximum(fitted_share, LEAST_INSIDE)
    return np.column_stack([fitted + pulled @ contrast, (pulled / share) @ residual])


def _pull(left: Array) -> tuple[Array, Array]:
    """Return the residuals pulled in to the limit, and for each person 1 where the residual was within it, else 0."""
    limit = TUNING * np.median(np.abs(left), axis=1, keepdims=True) / 0.6745
    return np.clip(left, -limit, limit), (np.abs(left) <= limit).astype(np.float64)
