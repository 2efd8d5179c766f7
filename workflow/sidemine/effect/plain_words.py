"""Effects as one would tell them to somebody who knows no standard deviation."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from sidemine.effect.record import COHORT_UNIT, ContrastEvidence

PATIENTS, GROUPS = ("patient", "control"), ("sample of the first group", "sample of the second")
"""What the members of the two groups of a cohort are called: where patients are compared, and otherwise."""
_LONGEST_LABEL = 40
"""Longest label, in characters, by which a sentence calls a member of a group."""
DISEASE = "disease"
"""Role of a contrast of patients and controls."""


def people_of(contrasts: Iterable[ContrastEvidence]) -> tuple[str, str]:
    """Return what the members of the two groups are called.

    Patient and control where every contrast is of a disease and without blocks: two samples of one patient make no control.
    Otherwise by the labels of the groups, where all contrasts have the same and they are short.
    """
    rows = list(contrasts)
    if all(row.role == DISEASE and row.blocking == "none" for row in rows):
        return PATIENTS
    labels = {(str(row.target_label), str(row.reference_label)) for row in rows}
    target, reference = next(iter(labels))
    if len(labels) > 1 or max(len(target), len(reference)) > _LONGEST_LABEL:
        return GROUPS
    return f"“{target}” sample", f"“{reference}” sample"


def plain_words(effect: float, unit: str, people: tuple[str, str] = PATIENTS) -> str:
    """Return what an effect means, in plain words.

    Parameters
    ----------
    effect
        Target minus reference, in `unit`.
    unit
        Hedges g (cohorts): how often one target and one reference, drawn at random, lie that way, Φ(|g| / √2),
        where scores are normal (McGraw and Wong 1992, doi 10.1037/0033-2909.111.2.361). Otherwise log2: per cent.
    people
        What one of the target group and one of the reference group is called.

    Returns
    -------
    str
        A clause without a full stop.

    Examples
    --------
    >>> plain_words(0.58, "Hedges g")
    'the patient lies above the control in 66 of 100 random pairs'
    >>> plain_words(-0.58, "Hedges g")
    'the patient lies below the control in 66 of 100 random pairs'
    >>> plain_words(-1.0, "log2 fold change over complement")
    '50 % lower'
    """
    if unit != COHORT_UNIT:
        return as_percent_change(effect)
    target, reference = people
    side = "above" if effect >= 0 else "below"
    return f"the {target} lies {side} the {reference} in {draws_of_100(effect)} of 100 random pairs"


def draws_of_100(effect: float) -> int:
    """Return in how many of 100 random pairs the target lies on its side of the reference: Φ(|g| / √2), at most 99.

    >>> draws_of_100(0.58), draws_of_100(-0.58), draws_of_100(9.0)
    (66, 66, 99)
    """
    from scipy.special import ndtr

    return min(99, round(100 * float(ndtr(abs(effect) / sqrt(2)))))


def limits_of_100(low: float, high: float, effect: float) -> tuple[int, int]:
    """Return both limits of an interval of Hedges g as random pairs of 100 in which the target lies on the side of the effect, 1 to 99.

    Parameters
    ----------
    low, high
        The interval, in SD; positive: higher in the target.
    effect
        On the side of which the pairs are counted.

    Examples
    --------
    >>> limits_of_100(0.28, 0.87, 0.57), limits_of_100(-0.1, 0.5, 0.2), limits_of_100(-1.83, -0.28, -1.05)
    ((58, 73), (47, 64), (58, 90))
    """
    from scipy.special import ndtr

    ends = (low, high) if effect >= 0 else (-high, -low)
    first, last = (min(99, max(1, round(100 * float(ndtr(end / sqrt(2)))))) for end in ends)
    return first, last


def as_percent_change(log2_difference: float) -> str:
    """Return a log2 difference as a percentage: one unit on either side of 0 and for any size, so that effects can be compared.

    >>> as_percent_change(-1.0), as_percent_change(0.5), as_percent_change(3.995), as_percent_change(-0.001)
    ('50 % lower', '41 % higher', '1,494 % higher', '0 % different')
    """
    change = round(100 * (2.0**log2_difference - 1))
    if not change:
        return "0 % different"
    return f"{abs(change):,} % {'higher' if change >= 0 else 'lower'}"


def fold_beside(log2_difference: float) -> str:
    """Return what stands behind a percentage of 100 or more: the fold, which is how one says it; empty otherwise.

    >>> fold_beside(3.995), fold_beside(0.5)
    (', 15.9-fold', '')
    """
    ratio = 2.0**log2_difference
    return f", {ratio:.1f}-fold" if round(100 * (ratio - 1)) >= 100 else ""


def as_percent_limits(low: float, high: float) -> str:
    """Return both limits of an interval of log2 differences as signed percentages.

    >>> as_percent_limits(-1.29, -1.04), as_percent_limits(-0.06, 0.2), as_percent_limits(0.9, 4.1)
    ('−59 to −51 %', '−4 to +15 %', '+87 to +1,615 %')
    """
    return f"{signed_percent(low)} to {signed_percent(high)} %"


def signed_percent(log2_difference: float) -> str:
    """Return a log2 difference as a percentage with its sign, without the unit; what rounds to 0 has no sign.

    >>> signed_percent(-0.03), signed_percent(0.2), signed_percent(0.001)
    ('−2', '+15', '0')
    """
    change = round(100 * (2.0**log2_difference - 1))
    return f"{change:+,d}".replace("-", "\N{MINUS SIGN}") if change else "0"
