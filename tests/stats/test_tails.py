"""Tails and quantiles are those of scipy.stats, and no p-value is 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sidemine.stats.seeds import named_seed
from sidemine.stats.tails import SMALLEST_P, chi_squared_p, chi_squared_quantile, t_quantile, two_sided_p

DF = st.floats(0.5, 500) | st.just(float("inf"))


@given(st.floats(0.001, 0.999), DF)
def test_t_quantiles_are_those_of_scipy(probability, df):
    assert float(t_quantile(probability, df)) == pytest.approx(stats.t.ppf(probability, df), rel=1e-12, abs=1e-12)


@given(st.floats(-30, 30), DF)
def test_two_sided_p_is_twice_the_tail(t, df):
    assert float(two_sided_p(np.array(t), df)) == pytest.approx(max(2 * stats.t.sf(abs(t), df), SMALLEST_P), rel=1e-10)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_chi_squared_quantile_and_tail_invert_each_other(probability, df):
    at = chi_squared_quantile(probability, df)
    assert float(at) == pytest.approx(stats.chi2.ppf(probability, df), rel=1e-10)
    assert float(chi_squared_p(at, df)) == pytest.approx(1 - probability, abs=1e-9)


def test_unknown_degrees_of_freedom_have_no_quantile():
    """A mean over no studies has no t distribution: NaN, not the quantile of one degree of freedom."""
    assert np.isnan(t_quantile(0.975, [0.0, -1.0, np.nan])).all()


def test_a_seed_depends_on_its_own_names_only():
    """Contrasts draw apart, and the same contrast draws the same whatever else is declared."""
    assert named_seed(1, "a", "h") == named_seed(1, "a", "h")
    assert named_seed(1, "a", "h") != named_seed(1, "b", "h")
    assert named_seed(1, "a", "h")[0] == 1
