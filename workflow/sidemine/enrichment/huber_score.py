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


def huber_pseudo_values(scores: Array, basis: Array) -> Array:
    """Return scores as Huber's pseudo-values, in the same effect space.

    Parameters
    ----------
    scores
        Scores × (1 + residual df): contrast and residual coordinates.
    basis
        Samples × (1 + residual df), orthonormal, see `linear_model.CommonSpace`.
    """
    contrast, residual = basis[:, 0], basis[:, 1:]
    left = scores[:, 1:] @ residual.T
    fitted = scores[:, 0].copy()
    for _ in range(N_STEPS):
        pulled, _ = _pull(left)
        fitted += pulled @ contrast
        left = left - (pulled - (pulled @ residual) @ residual.T)
    pulled, inside = _pull(left)
    pulled = pulled / inside[:, None]
    return np.column_stack([fitted + pulled @ contrast, pulled @ residual])


def _pull(left: Array) -> tuple[Array, Array]:
    """Return the residuals pulled in to the limit, and the share of people whose residual was within it."""
    limit = TUNING * np.median(np.abs(left), axis=1, keepdims=True) / 0.6745
    return np.clip(left, -limit, limit), np.maximum((np.abs(left) <= limit).mean(axis=1), 0.1)
