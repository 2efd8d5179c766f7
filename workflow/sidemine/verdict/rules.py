"""The closed rule table: evidence in, one of five verdicts out.

The rules follow the study's statistical contract as far as the statistics of this version carry them: composition,
specificity and robustness are not evaluated yet, so nothing is above `suggestive`, and each missing gate is named.
Cohorts are judged by the effect pooled over independent datasets and by how many of them show it; experiments one by
one. A p-value above .05 is never `not supported` by itself: that needs a confidence limit inside the margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sidemine.evidence.pooled_effect import pool_contrasts
from sidemine.evidence.records import ContrastEvidence, HypothesisEvidence, PooledEffect
from sidemine.verdict.intervals import Effect, one_sided

RULES_VERSION = "2026.3 (pooled, composition and specificity; before robustness)"

Verdict = Literal["supported", "suggestive", "not supported", "conflicting", "not testable"]

COHORT_P = 0.05
"""Two-sided p-value of the pooled effect that makes a cohort hypothesis `suggestive`."""
SUPPORTED_P = 0.01
"""Two-sided p-value of the pooled effect, Holm-adjusted over the study, that `supported` demands of cohorts."""
FEW_COHORTS = 2
"""Up to this number, every cohort must replicate; beyond it, two thirds of them."""
EXPERIMENT_P = 0.025
"""One-sided self-contained p-value, in the declared direction, that one experiment must reach."""
COMPARATOR_PERCENTILE = 90.0
"""Percentile among comparator sets, in the declared direction, that an experiment must reach."""
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
        Significant in the declared direction, its effect on the same side and, in experiments, beyond the margin and
        not below the 90th percentile among comparator sets.
    agrees
        Declared sign with z > 1; where none is declared, the sign of the contrast with the smallest p.
    opposite
        Significant on the other side, by the test and by the sign of the effect.
    excluded
        The one-sided 95 % limit (both of them for `either`) lies below the margin.
    unspecial
        Would pass, were it not for its percentile among comparator sets.
    """

    evidence: ContrastEvidence
    effect: Effect
    passes: bool
    agrees: bool
    opposite: bool
    excluded: bool
    unspecial: bool = False


def read_contrast(row: ContrastEvidence, direction: str, side: str, margin: float, kind: str) -> Reading | None:
    """Return how one contrast reads, or None when it could not be tested.

    Parameters
    ----------
    row
        Evidence of the contrast.
    direction
        Declared direction of target minus reference: up, down or either.
    side
        The direction that counts as agreement: the declared one, or for `either` the one of the smallest p.
    margin
        Smallest effect worth calling one, in the unit of the effect.
    kind
        cohort or experiment.
    """
    effect, p_value = measured_effect(row), row.p_self_contained
    if effect is None or p_value is None:
        return None
    threshold = COHORT_P / 2 if kind == "cohort" else EXPERIMENT_P
    signed = effect.value if side == "up" else -effect.value
    p_side = one_sided(p_value, row.direction, side)
    if direction == "either":
        excluded = max(effect.limit("up"), effect.limit("down")) < margin
    else:
        excluded = effect.limit(direction) < margin
    passes = p_side <= threshold and signed > 0 and (kind == "cohort" or signed > margin)
    place = row.comparator_percentile
    unspecial = passes and kind == "experiment" and place is not None and place < COMPARATOR_PERCENTILE
    return Reading(
        row,
        effect,
        passes=passes and not unspecial,
        agrees=signed > effect.se,
        opposite=(1 - p_side) <= threshold and signed < 0,
        excluded=excluded,
        unspecial=unspecial,
    )


def measured_effect(row: ContrastEvidence) -> Effect | None:
    """Return the effect of a contrast with its precision; None when it could not be tested."""
    if not row.testable or row.effect is None or row.effect_se is None or row.effect_df is None:
        return None
    return Effect(row.effect, row.effect_se, row.effect_df)


def decide(evidence: HypothesisEvidence, direction: str, kind: str) -> tuple[Decision, list[Reading]]:
    """Apply the rule table of `kind` to one hypothesis; the first rule that matches wins.

    Returns
    -------
    tuple
        The decision, and the readings of the contrasts that could be tested.
    """
    if evidence.margin is None:
        return Decision("not testable", f"No margin could be set: {evidence.margin_rule}."), []
    side = _side(evidence, direction)
    found = [read_contrast(row, direction, side, evidence.margin, kind) for row in evidence.contrasts]
    readings = [reading for reading in found if reading is not None]
    if not readings:
        return Decision("not testable", "None of the declared contrasts could be tested."), []
    pooled = pooled_effect(evidence)
    independent = pooled_readings(readings, pooled) if kind == "cohort" else readings
    if _conflicting(independent):
        return (
            Decision("conflicting", "Two contrasts have opposite signs, and the 90 % intervals of both exclude 0."),
            readings,
        )
    if kind == "cohort":
        return _decide_cohorts(pooled, direction, evidence.margin), readings
    return _decide_experiments(readings, evidence.margin, direction != "either"), readings


def pooled_effect(evidence: HypothesisEvidence) -> PooledEffect:
    """Return the pooled effect of a hypothesis; evidence made in process may come without one."""
    return evidence.pooled or pool_contrasts(evidence.contrasts)


def pooled_readings(readings: list[Reading], pooled: PooledEffect) -> list[Reading]:
    """Return the readings of the independent datasets that the pooled effect rests on."""
    return [reading for reading in readings if reading.evidence.contrast in pooled.contrasts]


def as_effect(pooled: PooledEffect) -> Effect | None:
    """Return the pooled effect with its limits, or None where nothing was pooled."""
    if pooled.effect is None or pooled.se is None:
        return None
    return Effect(pooled.effect, pooled.se, math.inf if pooled.df is None else pooled.df)


def has_declared_sign(pooled: PooledEffect, direction: str) -> bool:
    """Tell whether the pooled effect points where it was declared to (`either`: anywhere)."""
    if pooled.effect is None:
        return False
    return direction == "either" or (pooled.effect > 0) == (direction == "up")


def replicates(readings: list[Reading], pooled: PooledEffect, direction: str) -> tuple[bool, str]:
    """Tell whether the cohorts replicate each other, and how many show the effect.

    Up to two cohorts: every one has z > 1 in the declared sign (`either`: in the sign of the pooled effect). More: at
    least two thirds of them, and none is significantly opposite. A single cohort replicates nothing.
    """
    if pooled.effect is None:
        return False, "nothing was pooled"
    sign = (1 if pooled.effect > 0 else -1) if direction == "either" else 1 if direction == "up" else -1
    z_values = [sign * reading.effect.value / reading.effect.se for reading in readings]
    showing = sum(z > 1 for z in z_values)
    opposite = sum(sign * reading.effect.value < 0 and reading.effect.excludes_zero() for reading in readings)
    k = len(readings)
    needed = k if k <= FEW_COHORTS else -(-2 * k // 3)
    detail = f"{showing} of {k} cohorts have z > 1 in that sign, {needed} needed; {opposite} significantly opposite"
    if k < FEW_COHORTS:
        return False, f"a single cohort cannot replicate itself; {detail}"
    return showing >= needed and not opposite, detail


def _side(evidence: HypothesisEvidence, direction: str) -> str:
    if direction != "either":
        return direction
    tested = [
        (row.p_self_contained, effect.value)
        for row in evidence.contrasts
        if (effect := measured_effect(row)) is not None and row.p_self_contained is not None
    ]
    return "down" if tested and min(tested)[1] < 0 else "up"


def _conflicting(readings: list[Reading]) -> bool:
    intervals = [reading.effect.interval(CONFLICT_LEVEL) for reading in readings]
    return any(low > 0 for low, _ in intervals) and any(high < 0 for _, high in intervals)


def _decide_cohorts(pooled: PooledEffect, direction: str, margin: float) -> Decision:
    effect = as_effect(pooled)
    if effect is None or pooled.p is None:
        return Decision("not testable", "No cohort could enter the pooled effect.")
    over = "of the single cohort" if pooled.k == 1 else f"pooled over {pooled.k} cohorts ({pooled.method})"
    if direction == "either":
        against, limit = False, max(effect.limit("up"), effect.limit("down"))
    else:
        against = effect.excludes_zero() and not has_declared_sign(pooled, direction)
        limit = effect.limit(direction)
    if against or limit < margin:
        reason = (
            "excludes 0 on the other side (95 % interval)"
            if against
            else f"has a one-sided 95 % limit of {limit:.2g} in the declared direction, below the margin of {margin:g}"
        )
        return Decision("not supported", f"The effect {over} {reason}.", opposite=against)
    if pooled.p <= COHORT_P and has_declared_sign(pooled, direction):
        return Decision(
            "suggestive",
            f"The effect {over} has the declared sign and p at most {COHORT_P:g}; nothing is above suggestive before "
            "all gates can be evaluated.",
        )
    return _underpowered([effect])


def _decide_experiments(readings: list[Reading], margin: float, directed: bool) -> Decision:
    if any(reading.passes for reading in readings) and not any(reading.opposite for reading in readings):
        return Decision(
            "suggestive",
            f"At least one experiment has a one-sided self-contained p of at most {EXPERIMENT_P:g} "
            f"{'in the declared direction' if directed else '(no direction was declared, so 0.05 in all)'} and an "
            f"effect beyond the margin of {margin:.3g} that is not below the {COMPARATOR_PERCENTILE:g}th percentile "
            "among comparator sets, and none is significant in the other direction; nothing is above suggestive before "
            "all gates can be evaluated.",
        )
    if _all_excluded(readings, directed):
        return Decision(
            "not supported",
            f"In every testable experiment the one-sided 95 % limit in the declared direction lies within the margin "
            f"of {margin:.3g}, or the change is significant in the other direction."
            if directed
            else f"In every testable experiment the 90 % interval lies within the margin of {margin:.3g} on both sides.",
            opposite=_any_opposite(readings, directed),
        )
    unspecial = [reading.evidence for reading in readings if reading.unspecial]
    return _underpowered([reading.effect for reading in readings], unspecial)


def _all_excluded(readings: list[Reading], directed: bool) -> bool:
    return all(reading.excluded or (directed and reading.opposite) for reading in readings)


def _any_opposite(readings: list[Reading], directed: bool) -> bool:
    return directed and any(reading.opposite for reading in readings)


def smallest_excludable(effects: list[Effect]) -> float | None:
    """Return the smallest effect that all contrasts together could exclude: `not supported` needs every one of them."""
    return max((effect.smallest_excludable for effect in effects), default=None)


def _underpowered(effects: list[Effect], unspecial: Sequence[ContrastEvidence] = ()) -> Decision:
    smallest = smallest_excludable(effects)
    if unspecial:
        places = ", ".join(f"{row.contrast}: {row.comparator_percentile:.0f}" for row in unspecial)
        return Decision(
            "not testable",
            f"Undecided: the change is significant and beyond the margin, but stands below the "
            f"{COMPARATOR_PERCENTILE:g}th percentile among comparator sets ({places}), so it cannot be told from what "
            f"moves many genes; the smallest effect that these data could exclude is {smallest:.2g}.",
        )
    return Decision(
        "not testable",
        f"Undecided by the other rules (underpowered, or the contrasts do not say the same); the smallest effect that "
        f"these data could exclude is {smallest:.2g}.",
    )
