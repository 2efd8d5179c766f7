"""Medians of rows are those of NumPy, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.stats.medians import medians_of_rows


@pytest.mark.parametrize("n", [1, 2, 7, 100, 4097])
def test_medians_are_those_of_numpy(n: int) -> None:
    """Of even and odd numbers of values, with ties, infinities and what is not a number."""
    values = np.random.default_rng(n).standard_normal((40, n))
    values[10:20] = values[10:20].round(1)
    values[20:23, 0], values[23:26, -1], values[26, :], values[27, 0] = np.nan, np.inf, -np.inf, np.inf
    with np.errstate(invalid="ignore"):
        expected = np.median(values, axis=1)
        np.testing.assert_array_equal(medians_of_rows(values), expected)
