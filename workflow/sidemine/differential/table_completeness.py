"""Whether a published table holds all genes that were tested, or only those that passed a threshold.

A set test on a table that was cut says what the cut says: genes that did not change are missing from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_P_OF_A_COMPLETE_TABLE = 0.5
"""In a complete table some p-value lies above; adjusted ones, too."""
_FEWEST_ROWS = 20
_P_OF_NO_DIFFERENCE, _FEWEST_ALIKE, _LARGEST_FOLD_ALIKE = 0.9, 0.02, 1.5
"""p of rows that hardly differ, their share in a complete table (.1 where nothing differs), and their fold change."""
_NEARLY_HALF = 0.45
"""Of halved p-values a tenth lies above where nothing differs; no list is cut there."""
_SMALLEST_CHANGE = 0.25
"""Times the median |effect|. Of 20 normal effects the smallest lies above it once in 18 tables, of 50 once in 1,300."""
_MISSING_TESTS = 1.1
"""Ratio of implied tests to rows, from which on a table lacks rows; several assays of a gene and rows without a gene
explain less."""


@dataclass(frozen=True)
class ImpliedTests:
    """How many tests lie behind a column of adjusted p-values.

    Attributes
    ----------
    count
        Smallest number of tests that explains the columns.
    method
        Benjamini–Hochberg or Bonferroni.
    rows
        Number of rows that give this very number; 2 or more make it exact and not only a lower bound.
    """

    count: int
    method: str
    rows: int


def implied_tests(p_values: NDArray[np.float64], adjusted: NDArray[np.float64]) -> ImpliedTests | None:
    """Work out how many tests were corrected for.

    Benjamini–Hochberg gives adjusted p = min over p·m/rank, so adjusted·rank/p never exceeds m. A table that lists only
    part of the genes shows ranks that are too low, which keeps this a lower bound; where the table begins with the
    smallest p-values it is reached exactly, by several rows. Bonferroni gives adjusted/p = m in each row.

    Parameters
    ----------
    p_values, adjusted
        Raw and adjusted p-values of the same rows, shape (n,), in any order; rows with a missing or zero p, or an
        adjusted p of 1 or more, are not used.

    Returns
    -------
    ImpliedTests or None
        None when fewer than 5 rows can be used.
    """
    usable = (p_values > 0) & (adjusted > 0) & (adjusted < 1) & np.isfinite(p_values)
    # Ranks count every listed gene, also those whose own p cannot be used.
    ranks = np.searchsorted(np.sort(p_values), p_values[usable], side="right").astype(float)
    p_values, adjusted = p_values[usable], adjusted[usable]
    if len(p_values) < 5:
        return None
    plain = adjusted / p_values
    if len(set(ranks)) > 1 and float(np.ptp(plain)) <= 1e-3 * float(np.median(plain)):
        return ImpliedTests(round(float(np.median(plain))), "Bonferroni", len(plain))
    bound = plain * ranks
    top = float(bound.max())
    return ImpliedTests(round(top), "Benjamini–Hochberg", int((bound > top * (1 - 1e-6)).sum()))


def passed_a_filter(adjusted: NDArray[np.float64]) -> bool:
    """Tell whether adjusted p-values are those of a list that passed a threshold; missing ones say nothing.

    Parameters
    ----------
    adjusted
        Of all rows, shape (n,).
    """
    known = adjusted[np.isfinite(adjusted)]
    return len(known) > 0 and float(known.max()) < LARGEST_P_OF_A_COMPLETE_TABLE


def end_at_half(p_value: NDArray[np.float64]) -> bool:
    """Tell whether p-values reach .5 and end there, as those of one side do where two-sided ones were halved.

    Parameters
    ----------
    p_value
        Of all rows, shape (n,); missing ones say nothing.
    """
    known = p_value[np.isfinite(p_value)]
    high = int((known > _NEARLY_HALF).sum())
    return bool(
        len(known) and known.max() <= LARGEST_P_OF_A_COMPLETE_TABLE and high >= max(5, _FEWEST_ALIKE * len(known))
    )


def are_signed_folds(effect: NDArray[np.float64], p_value: NDArray[np.float64]) -> bool:
    """Tell whether a column holds fold changes with a sign, −1.3 for 1/1.3, which look like a list cut at 1.

    Rows that hardly differ decide: with logarithms of 1 or more a p above .9 needs a standard error above 8.

    Parameters
    ----------
    effect, p_value
        Columns of the table, shape (n,), NaN = missing.
    """
    known = np.isfinite(effect) & np.isfinite(p_value)
    sizes, alike = np.abs(effect[known]), p_value[known] > _P_OF_NO_DIFFERENCE
    if len(sizes) < _FEWEST_ROWS or sizes.min() < 1 or not (effect < 0).any() or not (effect > 0).any():
        return False
    return bool(alike.mean() >= _FEWEST_ALIKE and np.median(sizes[alike]) < _LARGEST_FOLD_ALIKE)


def find_threshold(
    effect: NDArray[np.float64] | None, p_value: NDArray[np.float64] | None, adjusted: NDArray[np.float64] | None
) -> str | None:
    """Tell by which threshold a table was cut, with figures; None where nothing speaks for one.

    Parameters
    ----------
    effect, p_value, adjusted
        Columns of the table, shape (n,), NaN = missing; None where the table has no such column.
    """
    n = next((len(values) for values in (effect, p_value, adjusted) if values is not None), 0)
    if adjusted is not None and passed_a_filter(adjusted):
        return f"its largest adjusted p is {np.nanmax(adjusted):.2g}"
    if p_value is not None and passed_a_filter(p_value):
        halved = ", unless p-values of one side were halved" if end_at_half(p_value) else ""
        return f"its largest p is {np.nanmax(p_value):.2g}{halved}"
    if p_value is not None and adjusted is not None:
        implied = implied_tests(p_value, adjusted)
        if implied is not None and implied.count > _MISSING_TESTS * n:
            return f"raw and adjusted p-values imply {implied.count:,} tests, and it lists {n:,} rows"
    if effect is not None:
        sizes = np.abs(effect[np.isfinite(effect)])
        if len(sizes) >= _FEWEST_ROWS and sizes.min() > _SMALLEST_CHANGE * np.median(sizes):
            return f"its smallest |effect| is {sizes.min():.3g}, and half of them are below {np.median(sizes):.3g}"
    return None
