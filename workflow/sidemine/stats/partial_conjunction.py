"""Partial conjunction: whether at least r of k hypotheses hold.

Benjamini Y, Heller R. Screening for partial conjunction hypotheses. Biometrics 2008;64:1215–1222.
doi 10.1111/j.1541-0420.2007.00984.x
"""

from __future__ import annotations

from collections.abc import Sequence


def partial_conjunction_p(p_values: Sequence[float], r: int) -> float:
    """Return the p-value of the null that fewer than `r` of the hypotheses hold, valid under any dependence.

    Bonferroni's form: with the p-values in ascending order, (k − r + 1) · p₍ᵣ₎, at most 1.

    Parameters
    ----------
    p_values
        One p per hypothesis, each in (0, 1]; one-sided where directions were declared.
    r
        How many are asked for, from 1 to k.

    Raises
    ------
    ValueError
        When `r` is not one of 1 … k.
    """
    k = len(p_values)
    if not 1 <= r <= k:
        raise ValueError(f"{r} of {k} hypotheses cannot be asked for")
    return min(1.0, (k - r + 1) * sorted(p_values)[r - 1])


def number_that_hold(p_values: Sequence[float], level: float) -> int:
    """Return the largest r of which, and of every smaller number, it is shown that at least so many hypotheses hold.

    With probability 1 − `level` at least, no more is returned than truly hold: the nulls are nested, so that no
    adjustment for asking of several r is needed.

    Parameters
    ----------
    p_values
        As in `partial_conjunction_p`; none: 0 hold.
    level
        Level of each test.
    """
    r = 0
    while r < len(p_values) and partial_conjunction_p(p_values, r + 1) <= level:
        r += 1
    return r
