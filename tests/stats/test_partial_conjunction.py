"""Partial conjunction: how many of several hypotheses are shown to hold."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.stats.partial_conjunction import number_that_hold, partial_conjunction_p


def test_the_p_value_is_that_of_the_paper():
    """Benjamini and Heller's Bonferroni form: (k − r + 1) · p₍ᵣ₎; r = 1 is Bonferroni, r = k the largest p."""
    p_values = [0.04, 0.001, 0.3, 0.01]
    assert partial_conjunction_p(p_values, 1) == pytest.approx(4 * 0.001)
    assert partial_conjunction_p(p_values, 2) == pytest.approx(3 * 0.01)
    assert partial_conjunction_p(p_values, 3) == pytest.approx(2 * 0.04)
    assert partial_conjunction_p(p_values, 4) == pytest.approx(0.3)
    assert partial_conjunction_p([0.9, 0.8], 1) == 1.0


@pytest.mark.parametrize("r", [0, 3])
def test_more_than_there_are_cannot_be_asked_for(r):
    """Neither none nor more than k."""
    with pytest.raises(ValueError, match=f"{r} of 2 hypotheses"):
        partial_conjunction_p([0.1, 0.2], r)


def test_every_smaller_number_must_be_shown_too():
    """(4 · .013 > .05) although 3 · .014 ≤ .05: nothing is shown, since not even one is."""
    assert partial_conjunction_p([0.013, 0.014, 0.8, 0.9], 2) <= 0.05
    assert number_that_hold([0.013, 0.014, 0.8, 0.9], 0.05) == 0
    assert number_that_hold([], 0.05) == 0
    assert number_that_hold([0.001, 0.002, 0.003, 0.004], 0.05) == 4


@pytest.mark.parametrize(
    ("z", "low", "high"),
    [
        ((0, 0, 0, 0), 0.0, 0.006),  # nothing: the demand of two lines is met in about .002
        ((6, 0, 0, 0), 0.03, 0.07),  # one strong line alone: about .05, the nominal level
        ((3, 3, 3, 3), 0.96, 1.0),  # four lines
    ],
)
def test_two_of_four_lines_hold_their_level(z, low, high):
    """Size when one line alone is real, and power when four are: 4,000 draws of independent z-scores."""
    from scipy.stats import norm

    drawn = np.random.default_rng(20271).normal(size=(4000, 4)) + np.array(z)
    rate = np.mean([number_that_hold(list(row), 0.05) >= 2 for row in norm.sf(drawn)])
    assert low <= rate <= high
