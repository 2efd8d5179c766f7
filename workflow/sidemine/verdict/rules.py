"""The closed rule table: evidence in, one of five verdicts out.

The rules follow the study's statistical contract as far as the statistics of this version carry them: pooling,
composition, specificity and robustness are not evaluated yet, so nothing is above `suggestive`, and each missing gate
is named. A p-value above .05 is never `not supported` by itself: that needs a confidence limit inside the margin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sidemine.evidence.records import ContrastEvidence, HypothesisEvidence
from sidemine.verdict.intervals import Effect, one_sided

RULES_VERSION = "2026.1 (before pooling)"

Verdict = Literal["supported", "suggestive", "not supported", "conflicting", "not testable"]

COHORT_P = 0.05
"""Self-contained p-value (two-sided, Bonferroni over the cohorts) that makes a cohort hypothesis `suggestive`."""
EXPERIMENT_P = 0.025
"""One-sided self-contained p-value, in the declared direction, that one experiment must reach."""
CONFLICT_LEVEL = 0.90
"""Confidence level at which two contrasts of opposite sign are called conflicting."""


@dataclass(frozen=True)
class Decision:
    """A verdict and the rule that gave it.

    Attributes
    ----------
    verdict
        One of the closed vocabulary.
    rule
        The rule, in one sentence.
    opposite
        True when the data point significantly against the declared direction.
    """

    verdict: Verdict
    rule: str
    opposite: bool = False


@dataclass(frozen=True)
class Reading:
    """How one testable contrast stands towards the declared direction.

    Attributes
    ----------
    passes
        Significant in the declared direction and, in experiments, beyond the margin.
    agrees
        Declared sign with z > 1.
    opposite
        Significant against the declared direction.
    excluded
        The one-sided 95 % limit (both of them for `either`) lies below the margin.
    """

    evidence: ContrastEvidence
    effect: Effect
    passes: bool
    agrees: bool
    opposite: bool
    excluded: bool


def read_contrast(row: ContrastEvidence, direction: str, margin: float, kind: str) -> Reading | None:
    """Return how one contrast reads, or None when it could not be tested.

    Parameters
    ----------
    row
        Evidence of the contrast.
    direction
        Declared direction of target minus reference: up, down or either.
    margin
        Smallest effect worth calling one, in the unit of the effect.
    kind
        cohort or experiment.
    """
    if (
        not row.testable
        or row.effect is None
        or row.effect_se is None
        or row.effect_df is None
        or row.p_self_contained is None
    ):
        return None
    effect = Effect(row.effect, row.effect_se, row.effect_df)
    threshold = COHORT_P / 2 if kind == "cohort" else EXPERIMENT_P
    if direction in {"up", "down"}:
        sign = 1 if direction == "up" else -1
        p_declared = one_sided(row.p_self_contained, row.direction, direction)
        significant = p_declared <= threshold
        opposite = (1 - p_declared) <= threshold
        agrees = sign * row.effect > row.effect_se
        excluded = effect.limit(direction) < margin
        same_sign = sign * row.effect > 0
    else:
        significant = row.p_self_contained / 2 <= threshold
        opposite = False
        agrees = abs(row.effect) > row.effect_se
        excluded = max(effect.limit("up"), effect.limit("down")) < margin
        same_sign = True
    large_enough = kind == "cohort" or abs(row.effect) > margin
    return Reading(row, effect, significant and same_sign and large_enough, agrees, opposite, excluded)


def decide(evidence: HypothesisEvidence, direction: str, kind: str) -> tuple[Decision, list[Reading]]:
    """Apply the rule table of `kind` to one hypothesis; the first rule that matches wins.

    Returns
    -------
    tuple
        The decision, and the readings of the contrasts that could be tested.
    """
    if evidence.margin is None:
        return Decision("not testable", f"No margin could be set: {evidence.margin_rule}."), []
    found = [read_contrast(row, direction, evidence.margin, kind) for row in evidence.contrasts]
    readings = [reading for reading in found if reading is not None]
    if not readings:
        return Decision("not testable", "None of the declared contrasts could be tested."), []
    if _conflicting(readings):
        return (
            Decision("conflicting", "Two contrasts have opposite signs, and the 90 % intervals of both exclude 0."),
            readings,
        )
    rule_table: Callable[[list[Reading], float], Decision] = (
        _decide_cohorts if kind == "cohort" else _decide_experiments
    )
    return rule_table(readings, evidence.margin), readings


def _conflicting(readings: list[Reading]) -> bool:
    intervals = [reading.effect.interval(CONFLICT_LEVEL) for reading in readings]
    return any(low > 0 for low, _ in intervals) and any(high < 0 for _, high in intervals)


def _decide_cohorts(readings: list[Reading], margin: float) -> Decision:
    smallest_p = min(reading.evidence.p_self_contained or 1.0 for reading in readings) * len(readings)
    if (
        all(reading.agrees for reading in readings)
        and any(reading.passes for reading in readings)
        and (smallest_p <= COHORT_P)
    ):
        return Decision(
            "suggestive",
            f"Every testable cohort has the declared sign with z > 1, and the smallest self-contained p, Bonferroni "
            f"over the cohorts, is at most {COHORT_P:g}; nothing is above suggestive before composition is adjusted.",
        )
    against = [reading for reading in readings if reading.opposite]
    if all(reading.excluded or reading.opposite for reading in readings):
        return Decision(
            "not supported",
            f"In every testable cohort the one-sided 95 % limit in the declared direction lies below the margin of "
            f"{margin:g}, or the difference is significant in the other direction.",
            opposite=bool(against),
        )
    return _underpowered(readings, against)


def _decide_experiments(readings: list[Reading], margin: float) -> Decision:
    against = [reading for reading in readings if reading.opposite]
    if any(reading.passes for reading in readings) and not against:
        return Decision(
            "suggestive",
            f"At least one experiment has a one-sided self-contained p of at most {EXPERIMENT_P:g} in the declared "
            f"direction and an effect beyond the margin of {margin:.3g}, and none is significant in the other "
            "direction; nothing is above suggestive before its rank among comparator sets is known.",
        )
    if all(reading.excluded or reading.opposite for reading in readings):
        return Decision(
            "not supported",
            f"In every testable experiment the one-sided 95 % limit in the declared direction lies within the margin "
            f"of {margin:.3g}, or the change is significant in the other direction.",
            opposite=bool(against),
        )
    return _underpowered(readings, against)


def _underpowered(readings: list[Reading], against: list[Reading]) -> Decision:
    smallest = min(reading.effect.smallest_excludable for reading in readings)
    return Decision(
        "not testable",
        f"Undecided by the other rules (underpowered); the smallest effect that these data could exclude is "
        f"{smallest:.2g}.",
        opposite=bool(against),
    )
