"""Corrections for having looked several times: Benjamini–Hochberg, Holm, Bonferroni, Simes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def benjamini_hochberg(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Benjamini–Hochberg adjusted p-values (1995), in the order given."""
    n = len(p_values)
    if n == 0:
        return np.zeros(0)
    order = np.argsort(p_values, kind="stable")[::-1]
    adjusted = np.minimum.accumulate(p_values[order] * (n / np.arange(n, 0, -1)))
    result = np.empty(n)
    result[order] = np.minimum(adjusted, 1.0)
    return result


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm-adjusted p-values (1979), in the order given.

    A member without a p-value stays without one, but counts: the family is what was declared, not what could be tested.
    """
    adjusted: list[float | None] = [None] * len(p_values)
    known = sorted((p_value, place) for place, p_value in enumerate(p_values) if p_value is not None)
    largest = 0.0
    for rank, (p_value, place) in enumerate(known):
        largest = max(largest, min(1.0, p_value * (len(p_values) - rank)))
        adjusted[place] = largest
    return adjusted


def smallest_p(p_values: Sequence[float | None]) -> float | None:
    """Return the smallest p times their number (Bonferroni), at most 1; None where there is none."""
    known = [p_value for p_value in p_values if p_value is not None and p_value == p_value]
    return min(1.0, min(known) * len(known)) if known else None


def simes(p_values: NDArray[np.float64]) -> float:
    """Return Simes' p-value (1986, doi 10.1093/biomet/73.3.751) that no null of a group is false: min over p₍ᵢ₎·n/i.

    It holds for independent and for positively dependent statistics.

    Parameters
    ----------
    p_values
        Of the group, shape (n,), in any order, none missing; n at least 1.
    """
    return float(np.min(benjamini_hochberg(p_values)))
