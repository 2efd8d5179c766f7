"""Which scale the values are on, and what happens when the declaration says otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.prepare.scale import assess_scale, find_scale_problem, to_analysis_scale

RNG = np.random.default_rng(11)
MATRICES = {
    "log2": RNG.normal(7, 2, (400, 7)).clip(2, 15),
    "linear": 2 ** RNG.normal(8, 2, (400, 7)).clip(3, 15) + 0.123,
    "counts": RNG.negative_binomial(1, 0.01, (400, 7)).astype(float),
    "normalised_counts": RNG.negative_binomial(0.3, 0.004, (400, 7)) * np.linspace(0.7, 1.3, 7) * 1.01,
}
LOG_RATIOS = RNG.normal(0, 1.5, (400, 7))


@pytest.mark.parametrize("scale", sorted(MATRICES))
def test_every_scale_is_read_as_what_it_is(scale: str) -> None:
    """The reading names the scale, and the right declaration raises no problem."""
    evidence = assess_scale(MATRICES[scale])
    assert evidence.reading == scale
    assert find_scale_problem(evidence, scale, "here") is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("matrix", "declared", "message"),
    [
        ("linear", "log2", "declared log2, but look like linear"),
        ("counts", "log2", "declared log2, but look like raw counts"),
        ("normalised_counts", "log2", "declared log2, but look like normalised counts"),
        ("log2", "linear", "declared linear intensities, but look like log2"),
        ("log2", "normalised_counts", "declared normalised counts, but look like log2"),
        ("log2", "counts", "counts are whole numbers"),
        ("normalised_counts", "counts", "counts are whole numbers"),
        ("counts", "normalised_counts", "all are whole numbers"),
    ],
)
def test_contradictions_are_told_with_figures(matrix: str, declared: str, message: str) -> None:
    """A wrong declaration makes the dataset untestable and shows the figures that say so."""
    problem = find_scale_problem(assess_scale(MATRICES[matrix]), declared, "file.txt")  # type: ignore[arg-type]
    assert problem is not None
    assert message in problem.what
    assert "file.txt" in problem.where
    assert "maximum" in problem.where


def test_negative_counts_are_a_contradiction() -> None:
    """Counts cannot be negative."""
    values = MATRICES["counts"].copy()
    values[3, 3] = -1
    problem = find_scale_problem(assess_scale(values), "counts", "here")
    assert problem is not None
    assert "negative" in problem.what


def test_log_ratios_are_log2() -> None:
    """Two-colour log ratios are centred at zero and half negative; they are still log2."""
    assert assess_scale(LOG_RATIOS).reading == "log2"


def test_one_deviating_column_of_a_large_matrix_is_seen() -> None:
    """The sample of values meets every column, so one normalised column among counts cannot hide."""
    values = np.full((20_000, 500), 7.0)
    values[:, 13] = 7.5
    assert assess_scale(values).share_integer < 1


def test_no_values_at_all_is_an_error() -> None:
    """A matrix of missing values has no scale."""
    with pytest.raises(InputError, match="there are no values"):
        assess_scale(np.full((3, 2), np.nan))


def test_transformations() -> None:
    """Linear values are floored and logged, normalised counts get log2(x + 1), the rest is left alone."""
    linear = np.array([[0.5, 8.0], [-3.0, np.nan]])
    layer, values, note = to_analysis_scale(linear, "linear")
    assert layer == "log2"
    np.testing.assert_array_equal(values, [[0, 3], [0, np.nan]])
    assert "2 of 4 values below 1" in note
    layer, values, _ = to_analysis_scale(np.array([[0.0, 3.0]]), "normalised_counts")
    np.testing.assert_array_equal(values, [[0, 2]])
    assert to_analysis_scale(linear, "log2")[1] is linear
    assert to_analysis_scale(linear, "counts")[0] == "counts"
    np.testing.assert_array_equal(linear, [[0.5, 8.0], [-3.0, np.nan]])


@given(st.lists(st.floats(-30, 30, allow_nan=False), min_size=2, max_size=40))
def test_small_values_never_read_as_linear(values: list[float]) -> None:
    """Values within ±30 are log2 (or whole numbers); GEO2R's range rule alone would call some of them linear."""
    evidence = assess_scale(np.array(values)[:, None])
    spread_out = evidence.maximum - evidence.minimum > 50 and evidence.first_quartile > 0
    assert evidence.reading in ({"log2", "counts"} if not spread_out else {"log2", "counts", "linear"})
