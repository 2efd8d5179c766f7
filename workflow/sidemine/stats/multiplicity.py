"""Corrections for having looked several times: Benjamini–Hochberg, Holm, Bonferroni, Simes; partial conjunctions."""

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


def partial_conjunction(p_values: Sequence[float], at_least: int) -> float:
    """Return the p-value of "fewer than `at_least` of these hypotheses are false", valid under any dependence.

    Benjamini and Heller 2008 (doi 10.1111/j.1541-0420.2007.00984.x): (n − u + 1) · p₍ᵤ₎, at most 1; their Bonferroni form,
    which needs no independence. `at_least` 1 is Bonferroni's global test, all of them the largest p.

    Parameters
    ----------
    p_values
        One per hypothesis, one-sided where a direction was declared.
    at_least
        u: how many are claimed to be false at least, 1 to n.

    Raises
    ------
    ValueError
        When `at_least` is below 1 or above n.
    """
    n = len(p_values)
    if not 1 <= at_least <= n:
        raise ValueError(f"{at_least} of {n} hypotheses")
    return min(1.0, (n - at_least + 1) * sorted(p_values)[at_least - 1])


def simes(p_values: NDArray[np.float64]) -> float:
    """Return Simes' p-value (1986, doi 10.1093/biomet/73.3.751) that no null of a group is false: min over p₍ᵢ₎·n/i.

    It holds for independent and for positively dependent statistics.

    Parameters
    ----------
    p_values
        Of the group, shape (n,), in any order, none missing; n at least 1.
    """
    return float(np.min(benjamini_hochberg(p_values)))
