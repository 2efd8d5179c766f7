"""Standard errors that unequal variances do not spoil: HC2 and CR2, with Bell–McCaffrey degrees of freedom.

Bell and McCaffrey 2002 (Survey Methodology 28, 169–181); Imbens and Kolesár 2016 (doi 10.1162/REST_a_00552);
Pustejovsky and Tipton 2018 (doi 10.1080/07350015.2016.1247004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NOTHING_LEFT = 1e-9
"""Share of a sample's variance that the design leaves to its residual, below which it leaves none."""
MOST_LOST = 1e-6
"""Share of the contrast, at most, that units without a residual may hold: rounding."""


@dataclass(frozen=True)
class Sandwich:
    """What the design alone says of a robust variance.

    Attributes
    ----------
    parts
        Residual df × samples (or blocks): the variance of a contrast coordinate is the sum of squares of its residual
        coordinates times these.
    df
        Satterthwaite's degrees of freedom of that variance where all variances are equal. 0 where a sample that shapes
        the contrast has no residual at all, so that no robust variance can be had.
    """

    parts: Array
    df: float

    @property
    def usable(self) -> bool:
        """Whether a robust variance can be had."""
        return self.df > 0

    def variances(self, residuals: Array) -> Array:
        """Return the variance of each row's contrast coordinate.

        Parameters
        ----------
        residuals
            Rows (scores, genes) × residual df.
        """
        return np.asarray(((residuals @ self.parts) ** 2).sum(axis=1))


def sandwich(basis: Array, blocks: Sequence[str] = ()) -> Sandwich:
    """Return the robust variance of the first coordinate of a design.

    Parameters
    ----------
    basis
        Samples × (1 + residual df), orthonormal: contrast first, then residuals (`linear_model.CommonSpace`), in the
        weighted and whitened space, where the working model is that of equal variances.
    blocks
        Block of each sample where blocks enter as a correlation: a block is then the unit (CR2), so that a wrong
        correlation does no harm either. Empty: every sample is one (HC2).

    Notes
    -----
    HC2 divides a squared residual by its share of the variance, so that the estimate is unbiased where variances are equal;
    CR2 does the same with the symmetric root of a block's matrix. Pairs of fixed blocks need no units of their own: with
    a column per pair, HC2 is the variance of the paired t test, on its degrees of freedom.
    """
    contrast, residual = basis[:, 0], basis[:, 1:]
    if len(blocks):
        labels = np.array(blocks)
        rows = [np.flatnonzero(labels == label) for label in dict.fromkeys(blocks)]
        parts = np.column_stack([_part(contrast[unit], residual[unit]) for unit in rows])
    else:
        share = (residual**2).sum(axis=1)
        root = np.where(share > NOTHING_LEFT, 1 / np.sqrt(np.maximum(share, NOTHING_LEFT)), 0.0)
        parts = residual.T * (contrast * root)
    # Under equal variances the estimate has mean 1, unless a unit has no residual to be estimated from.
    whole = float((parts**2).sum())
    if abs(whole - 1) > MOST_LOST:
        return Sandwich(parts, 0.0)
    small = parts if len(parts) > parts.shape[1] else parts.T
    return Sandwich(parts, whole**2 / float(((small.T @ small) ** 2).sum()))


def blocks_without_residual(basis: Array, blocks: Sequence[str]) -> list[str]:
    """Return the blocks on which the first coordinate hangs: in its direction the design leaves them no residual.

    Where there is none, the robust variance with blocks as units is usable.

    Parameters
    ----------
    basis, blocks
        As in `sandwich`.
    """
    labels, names = np.array(blocks), list(dict.fromkeys(blocks))
    return [name for name in names if _lost(basis[labels == name]) > MOST_LOST / len(names)]


def _lost(rows: Array) -> float:
    """Return how much of the contrast the rows of a unit hold where they have no residual."""
    values, vectors = np.linalg.eigh(rows[:, 1:] @ rows[:, 1:].T)
    return float(((vectors.T @ rows[:, 0])[values <= NOTHING_LEFT] ** 2).sum())


def _part(contrast: Array, residual: Array) -> Array:
    values, vectors = np.linalg.eigh(residual @ residual.T)
    root = np.where(values > NOTHING_LEFT, 1 / np.sqrt(np.maximum(values, NOTHING_LEFT)), 0.0)
    return np.asarray(residual.T @ (vectors @ (root * (vectors.T @ contrast))))
