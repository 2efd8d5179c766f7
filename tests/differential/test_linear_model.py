"""The rotated space of a design holds what the least squares of that design hold, whichever way LAPACK turns its axes."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.differential.linear_model import common_space

N = 14


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["target last", "target first"])
@pytest.mark.parametrize("covariates", [0, 1, 3])
@pytest.mark.parametrize("genes", [1, 5])
def test_parts_of_the_space_are_sums_of_squares_of_regressions(
    genes: int, covariates: int, sign: float, weighted: bool
) -> None:
    """Contrast, residuals, and what covariates explain within the groups, against `numpy.linalg.lstsq`."""
    rng = np.random.default_rng(3)
    group = sign * np.where(np.arange(N) % 2 == 1, 0.5, -0.5) + (sign < 0)
    matrix = np.column_stack([np.ones(N), rng.normal(50, 10, (N, covariates)), group])
    values = rng.normal(8, 1, (genes, N)) + matrix[:, 1:-1].sum(axis=1) / 20 + group
    weights = rng.uniform(0.5, 2, N) if weighted else np.ones(N)
    space = common_space(values, matrix, weights if weighted else None)

    root = np.sqrt(weights)[:, None]
    response = values.T * root
    coefficients = np.linalg.lstsq(matrix * root, response, rcond=None)[0]
    residual = ((response - matrix * root @ coefficients) ** 2).sum(axis=0)
    groups = np.column_stack([np.ones(N), group]) * root
    within = ((response - groups @ np.linalg.lstsq(groups, response, rcond=None)[0]) ** 2).sum(axis=0)

    assert space.coefficients == pytest.approx(coefficients[-1], rel=1e-10)
    assert (space.effects[:, 1:] ** 2).sum(axis=1) == pytest.approx(residual, rel=1e-10)
    assert (space.covariate_effects**2).sum(axis=1) == pytest.approx(within - residual, abs=1e-9)
    assert space.effects == pytest.approx((space.basis.T @ response).T, abs=1e-9)
