"""Tails and quantiles of the normal, t and χ² distributions.

They are the functions that `scipy.stats` calls. Importing `scipy.stats` itself takes 0.4 s, and every fit is a job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SMALLEST_P = float(np.finfo(np.float64).tiny)
"""No p-value is 0; this is the smallest that is written."""


def two_sided_p(t: NDArray[np.float64], df: ArrayLike) -> NDArray[np.float64]:
    """Return two-sided p-values of t statistics, never 0.

    Parameters
    ----------
    t
        Statistics, any shape.
    df
        Degrees of freedom, broadcast to `t`; infinite: normal.
    """
    from scipy.special import ndtr, stdtr

    df = np.broadcast_to(np.asarray(df, dtype=np.float64), np.shape(t))
    infinite = np.isinf(df)
    tail = np.where(infinite, ndtr(-np.abs(t)), stdtr(np.where(infinite, 1.0, df), -np.abs(t)))
    return np.asarray(np.maximum(2 * tail, SMALLEST_P))


def z_of_t(t: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal deviates of moderated t statistics, one per gene.

    By Hill's approximation (1970, Algorithm 395), as limma's CAMERA does.

    Parameters
    ----------
    t, df
        Moderated t and its degrees of freedom, one per gene; `df` may be infinite.
    """
    df = np.minimum(df, 1e100)
    a = df - 0.5
    b = 48 * a * a
    z = a * np.log1p(t / df * t)
    z = (((((-0.4 * z - 3.3) * z - 24) * z - 85.5) / (0.8 * z * z + 100 + b) + z + 3) / b + 1) * np.sqrt(z)
    return np.asarray(z * np.sign(t))


def t_quantile(probability: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """Return the quantiles of Student's t, of the shape of both broadcast; normal where `df` is infinite, NaN where it is not above 0."""
    from scipy.special import ndtri, stdtrit

    df = np.asarray(df, dtype=np.float64)
    known = np.isfinite(df) & (df > 0)
    quantile = np.where(known, stdtrit(np.where(known, df, 1.0), probability), np.nan)
    return np.asarray(np.where(np.isposinf(df), ndtri(probability), quantile))


def chi_squared_quantile(probability: ArrayLike, df: float) -> NDArray[np.float64]:
    """Return the quantiles of χ² with `df` degrees of freedom, of the shape of `probability`."""
    from scipy.special import gammaincinv

    return np.asarray(2 * gammaincinv(df / 2, probability))


def chi_squared_p(statistic: NDArray[np.float64], df: ArrayLike) -> NDArray[np.float64]:
    """Return the upper tail of χ² beyond each statistic.

    Parameters
    ----------
    statistic
        One or many.
    df
        Degrees of freedom, one for all or one each; below 1 they count as 1.
    """
    from scipy.special import chdtrc

    return np.asarray(chdtrc(np.maximum(df, 1.0), statistic))
