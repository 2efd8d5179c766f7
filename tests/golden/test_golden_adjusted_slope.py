"""A slope beside a spline, with HC3 standard errors, equals R's lm, splines::bs and sandwich::vcovHC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.stats.adjusted_slope import adjusted_slope, basis_of, spline_columns

HERE = Path(__file__).parent


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"adjusted_slope_{name}.tsv.gz", sep="\t")


@pytest.mark.parametrize("design", ["few", "many"])
def test_slope_equals_r(design: str) -> None:
    units, theirs = read("units").query("design == @design"), read("result").set_index("design").loc[design]
    x = units["score"].to_numpy(dtype=float)
    spline = spline_columns(np.log(units["degree"].to_numpy(dtype=float)))
    found = adjusted_slope(units["label"].to_numpy(dtype=float), x, spline)
    assert found is not None
    assert (found.estimate, found.se, found.df) == pytest.approx(tuple(theirs[["estimate", "se", "df"]]), rel=1e-8)
    assert found.p_higher == pytest.approx(theirs["p_higher"], rel=1e-7)
    # A column that says nothing new changes nothing, and what is left is orthogonal to all covariates.
    doubled = np.column_stack([spline, spline[:, 0]])
    again = adjusted_slope(units["label"].to_numpy(dtype=float), x, doubled)
    assert again is not None
    assert (again.estimate, again.se) == pytest.approx((found.estimate, found.se), rel=1e-9)
    basis = basis_of(doubled)
    assert basis.shape[1] == spline.shape[1]
    assert np.abs(spline.T @ (x - basis @ (basis.T @ x))).max() < 1e-10


def test_no_slope_where_one_unit_decides() -> None:
    x = np.zeros(20)
    x[3] = 1.0
    outcome = np.arange(20.0) % 3
    assert adjusted_slope(outcome, x, np.ones((20, 1))) is None, "leverage 1"
    assert adjusted_slope(outcome, np.ones(20), np.ones((20, 1))) is None, "nothing left of the regressor"
    assert adjusted_slope(outcome[:2], x[2:4], np.ones((2, 1))) is None, "no degrees of freedom"
