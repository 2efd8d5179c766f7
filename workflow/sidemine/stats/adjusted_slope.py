"""One slope of a linear regression, adjusted for covariates, with a standard error that unequal variances do not spoil.

HC3: MacKinnon and White 1985 (doi 10.1016/0304-4076(85)90158-7). A covariate without a known shape enters as a cubic
regression spline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.stats.tails import SMALLEST_P, t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SPLINE_PIECES = 3
"""Pieces of a spline: inner knots at the thirds of the values."""
FULL_LEVERAGE = 1 - 1e-6
"""Leverage from which a unit has no residual left."""
_NOTHING_LEFT = 1e-9
"""Share of a regressor's sum of squares that covariates leave to it, below which they leave none."""


@dataclass(frozen=True)
class Slope:
    """A slope.

    Attributes
    ----------
    estimate, se, df
        Change of the outcome per unit of the regressor, its HC3 standard error, and the residual degrees of freedom.
    """

    estimate: float
    se: float
    df: int

    @property
    def p_higher(self) -> float:
        """One-sided p of a slope above 0; never 0."""
        from scipy.special import stdtr

        return max(float(stdtr(self.df, -self.estimate / self.se)), SMALLEST_P)

    def interval(self) -> tuple[float, float]:
        """Return the limits of the 95 % confidence interval."""
        half = float(t_quantile(0.975, self.df)) * self.se
        return self.estimate - half, self.estimate + half


def spline_columns(values: Array) -> Array:
    """Return a cubic B-spline of values, with the intercept in its span.

    Parameters
    ----------
    values
        One per unit; their quantiles are the inner knots, equal ones once.

    Returns
    -------
    numpy.ndarray
        Units × (3 + `SPLINE_PIECES`), fewer where quantiles coincide; a single column of ones where all values are equal.
    """
    from scipy.interpolate import BSpline

    knots = np.unique(np.quantile(values, np.linspace(0, 1, SPLINE_PIECES + 1)))
    if len(knots) == 1:
        return np.ones((len(values), 1))
    basis = BSpline.design_matrix(values, np.concatenate([[knots[0]] * 3, knots, [knots[-1]] * 3]), 3)
    return np.asarray(basis.toarray())


def adjusted_slope(outcome: Array, regressor: Array, covariates: Array) -> Slope | None:
    """Return the slope of an outcome on a regressor, adjusted for covariates, with its HC3 standard error.

    Parameters
    ----------
    outcome, regressor
        One value per unit.
    covariates
        Units × columns, with an intercept in their span.

    Returns
    -------
    Slope or None
        None where nothing of the regressor is left, no degrees of freedom remain, one unit alone decides (leverage 1),
        or the outcome has no residual.
    """
    basis = basis_of(covariates)
    rest = regressor - basis @ (basis.T @ regressor)
    df, squares = len(outcome) - basis.shape[1] - 1, float(rest @ rest)
    if df < 1 or squares <= _NOTHING_LEFT * float(regressor @ regressor):
        return None
    leverage = (basis**2).sum(axis=1) + rest**2 / squares
    if leverage.max() >= FULL_LEVERAGE:
        return None
    estimate = float(rest @ outcome) / squares
    residuals = outcome - basis @ (basis.T @ outcome) - rest * estimate
    se = float(np.sqrt(np.sum((rest * residuals / (1 - leverage)) ** 2))) / squares
    return Slope(estimate, se, df) if se > 0 else None


def basis_of(covariates: Array) -> Array:
    """Return an orthonormal basis of what covariates span; they may depend on each other.

    Parameters
    ----------
    covariates
        Units × columns.
    """
    vectors, sizes, _ = np.linalg.svd(covariates, full_matrices=False)
    return np.asarray(vectors[:, sizes > _NOTHING_LEFT * sizes[0]])
