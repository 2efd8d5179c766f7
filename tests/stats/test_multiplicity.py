"""The partial conjunction against Benjamini and Heller's definition, and its size under its least favourable null."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.stats.multiplicity import holm, partial_conjunction


def test_one_of_n_is_bonferroni_and_all_of_n_is_the_largest_p():
    p_values = [0.2, 0.004, 0.03]
    assert partial_conjunction(p_values, 1) == pytest.approx(0.012)
    assert partial_conjunction(p_values, 2) == pytest.approx(0.06)
    assert partial_conjunction(p_values, 3) == pytest.approx(0.2)
    assert partial_conjunction([0.6, 0.9, 0.8], 1) == 1.0


@pytest.mark.parametrize("at_least", [0, 4])
def test_a_number_that_cannot_be_asked_for_is_refused(at_least):
    with pytest.raises(ValueError, match="of 3 hypotheses"):
        partial_conjunction([0.1, 0.2, 0.3], at_least)


def test_holds_its_size_where_one_compound_fewer_acts():
    """Four p-values of 0 (true effects) and two uniform ones, correlated by a shared reference: "5 of 6" is not shown."""
    rng = np.random.default_rng(3)
    shared, own = rng.standard_normal((4000, 1)), rng.standard_normal((4000, 2))
    from scipy.stats import norm

    nulls = norm.sf((shared + own) / np.sqrt(2))
    found = np.array([partial_conjunction([0.0, 0.0, 0.0, 0.0, *row], 5) for row in nulls])
    assert 0.03 <= np.mean(found <= 0.05) <= 0.058


def test_at_most_as_many_are_shown_as_holm_rejects_when_asked_one_after_the_other():
    rng = np.random.default_rng(4)
    for p_values in rng.uniform(0, 0.1, (50, 5)).tolist():
        in_turn = [partial_conjunction(p_values, u) <= 0.05 for u in range(1, 6)]
        shown = in_turn.index(False) if False in in_turn else 5
        assert shown == sum(p is not None and p <= 0.05 for p in holm(p_values))
