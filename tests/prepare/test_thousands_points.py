"""Points that part thousands are told, whatever the numbers; decimal points never are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.prepare.thousands_points import find_thousands_points
from sidemine.sources.scales import SCALES

LINEAR = ["counts", "linear", "normalised_counts", "cpm", "tpm", "fpkm"]


def _find(values, scale="counts"):
    values = np.asarray(values, dtype=float)
    genes = [f"G{row}" for row in range(len(values))]
    return find_thousands_points(values, genes, [f"s{n}" for n in range(values.shape[1])], scale, "here")


def _as_in_germany(column):
    return [float(f"{number:,}".replace(",", ".")) for number in column]


@given(
    st.lists(st.integers(1, 999), min_size=10, max_size=100),
    st.lists(st.integers(1_001, 999_999).filter(lambda number: number % 10), min_size=10, max_size=100),
)
def test_whole_numbers_with_points_for_thousands_are_told(small, large):
    plain = np.array([small + large] * 3, dtype=float).T
    parted = plain.copy()
    parted[:, 1] = _as_in_germany(small + large)
    assert _find(plain) is None
    problem = _find(parted)
    assert "in 1 of 3 samples" in problem.what
    assert f"s1 (G{len(small)}: {parted[len(small), 1]:.3f} for {large[0]}?)" in problem.where


@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 4, 15])
@pytest.mark.parametrize("size", [1, 5, 100, 3_000])
@pytest.mark.parametrize("scale", LINEAR)
def test_numbers_with_decimals_are_left_alone(decimals, size, scale):
    """Expected counts, TPM and intensities of any size, with as many decimals as writers give, zeros and whole numbers among them."""
    rng = np.random.default_rng(decimals)
    values = np.round(rng.lognormal(np.log(size), 1.5, (400, 4)) * (rng.random((400, 4)) > 0.2), decimals)
    values[:100] = np.round(values[:100])
    assert _find(values, scale) is None


@pytest.mark.parametrize("scale", sorted(set(SCALES) - set(LINEAR)))
def test_scales_without_thousands_are_not_looked_at(scale):
    values = np.array([_as_in_germany([*range(1, 900), *range(1_001, 1_300)])] * 3).T
    assert _find(values) is not None
    assert _find(values, scale) is None
