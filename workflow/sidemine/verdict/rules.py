"""The closed rule table: evidence, gates and caps in, one of five verdicts out; the first rule that matches wins.

The rules are those of the study's statistical contract. Cohorts are judged by the effect pooled over independent
datasets, experiments one by one. In this order:

1. *not testable*: no margin, no contrast that could be tested, or no test that holds its size here.
2. *conflicting*: two datasets of opposite sign, each 90 % interval excluding 0.
3. *supported*: every required gate is passed and nothing caps the answer.
4. *suggestive* or *not supported*. Cohorts: *not supported* (the one-sided 95 % limit in the declared direction lies
   below the margin, or the 95 % interval excludes 0 on the other side) precedes *suggestive* (pooled p ≤ .05 in the
   declared sign). Experiments: *suggestive* (one experiment passes, none is opposite), then *not supported*.
5. *not testable*: undecided, with the smallest effect that the data could exclude.

A p-value above .05 is never `not supported` by itself: that needs a confidence limit inside the margin. A gate that was
not evaluated is never passed: it caps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.judgement import COMPARATOR_PERCENTILE, Cap, Gate
from sidemine.effect.intervals import Effect
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, PooledEffect
from sidemine.study.projections import HypothesisToPlace
from sidemine.verdict.readings import (
    COHORT_P,
    EXPERIMENT_P,
    Reading,
    as_effect,
    conflicting,
    has_declared_sign,
    independent_readings,
    smallest_excludable,
)
from sidemine.verdict.vocabulary import Verdict

RULES_VERSION = "2026.5 (dropped proxies; a place in every cohort)"


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


def apply_rules(
    evidence: HypothesisEvidence,
    readings: list[Reading],
    hypothesis: HypothesisToPlace,
    gates: Sequence[Gate] | None = None,
    caps: Sequence[Cap] = (),
) -> Decision:
    """Apply the rule table of its kind to one hypothesis.

    Parameters
    ----------
    evidence, readings
        Measured evidence, and how each contrast that could be tested stands towards the declared direction.
    hypothesis
        Its kind and declared direction.
    gates
        Gates of the effect and of all considerations. None: they were not evaluated, so that nothing is above suggestive.
    caps
        What keeps the answer at suggestive.
    """
    direction = hypothesis.primary.direction
    if evidence.margin is None:
        return Decision(Verdict.NOT_TESTABLE, f"No margin could be set: {evidence.margin_rule}.")
    if not readings:
        return Decision(Verdict.NOT_TESTABLE, "None of the declared contrasts could be tested.")
    cohorts = hypothesis.kind == "cohort"
    if conflicting(independent_readings(readings, evidence.pooled) if cohorts else readings):
        rule = "Two contrasts have opposite signs, and the 90 % intervals of both exclude 0."
        return Decision(Verdict.CONFLICTING, rule)
    missing = _missing(gates, caps)
    if cohorts:
        return _decide_cohorts(evidence.pooled, direction, evidence.margin, missing)
    return _decide_experiments(readings, evidence.margin, direction != "either", missing)


def _missing(gates: Sequence[Gate] | None, caps: Sequence[Cap]) -> list[str]:
    """Return what keeps an answer from `supported`, in a few words each."""
    if gates is None:
        return ["the gates were not evaluated"]
    capped = dict.fromkeys(cap.cap for cap in caps)
    still_open = [gate for gate in gates if gate.required and gate.status != "passed" and gate.name not in capped]
    return [f"{gate.name} {gate.status}" for gate in still_open] + [
        f"capped by {name.replace('_', ' ')}" for name in capped
    ]


def _decide_cohorts(pooled: PooledEffect, direction: str, margin: float, missing: list[str]) -> Decision:
    effect = as_effect(pooled)
    if effect is None or pooled.p is None:
        return Decision(Verdict.NOT_TESTABLE, "No cohort could enter the pooled effect.")
    over = "of the single cohort" if pooled.k == 1 else f"pooled over {pooled.k} cohorts ({pooled.method})"
    if not missing:
        return Decision(
            Verdict.SUPPORTED,
            f"The effect {over} has the declared sign with a Holm-adjusted p of at most .01, replicates, keeps its sign "
            "with p at most .05 after adjusting for composition, is larger than that of other measured genes "
            "(competitive p at most .05), and nothing caps it.",
        )
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
        return Decision(Verdict.NOT_SUPPORTED, f"The effect {over} {reason}.", opposite=against)
    if pooled.p <= COHORT_P and has_declared_sign(pooled, direction):
        return Decision(
            Verdict.SUGGESTIVE,
            f"The effect {over} has the declared sign and p at most {COHORT_P:g}, but not all that `supported` asks for "
            f"({'; '.join(missing)}).",
        )
    return _underpowered([effect])


def _decide_experiments(readings: list[Reading], margin: float, directed: bool, missing: list[str]) -> Decision:
    demands = (
        f"a one-sided self-contained p of at most {EXPERIMENT_P:g} "
        f"{'in the declared direction' if directed else '(no direction was declared, so 0.05 in all)'}, an effect "
        f"beyond the margin of {margin:.3g} and the {COMPARATOR_PERCENTILE:g}th percentile among comparator sets"
    )
    if not missing:
        return Decision(
            Verdict.SUPPORTED,
            f"At least two independent experiments have {demands}, none is significant in the other direction, and "
            "nothing caps it.",
        )
    if any(reading.passes for reading in readings) and not any(reading.opposite for reading in readings):
        return Decision(
            Verdict.SUGGESTIVE,
            f"At least one experiment has {demands.replace('and the', 'and is not below the')}, and none is significant "
            f"in the other direction; not all that `supported` asks for ({'; '.join(missing)}).",
        )
    if all(reading.excluded or (directed and reading.opposite) for reading in readings):
        return Decision(
            Verdict.NOT_SUPPORTED,
            f"In every testable experiment the one-sided 95 % limit in the declared direction lies within the margin "
            f"of {margin:.3g}, or the change is significant in the other direction."
            if directed
            else f"In every testable experiment the 90 % interval lies within the margin of {margin:.3g} on both sides.",
            opposite=directed and any(reading.opposite for reading in readings),
        )
    unspecial = [reading.evidence for reading in readings if reading.unspecial]
    return _underpowered([reading.effect for reading in readings], unspecial)


def _underpowered(effects: list[Effect], unspecial: Sequence[ContrastEvidence] = ()) -> Decision:
    smallest = f"smallest effect excludable = {smallest_excludable(effects):.2g}"
    if unspecial:
        places = ", ".join(f"{row.contrast}: {row.comparator_percentile:.0f}" for row in unspecial)
        return Decision(
            Verdict.NOT_TESTABLE,
            f"Undecided: the change is significant and beyond the margin, but stands below the "
            f"{COMPARATOR_PERCENTILE:g}th percentile among comparator sets ({places}), so it cannot be told from what "
            f"moves many genes ({smallest}).",
        )
    return Decision(
        Verdict.NOT_TESTABLE,
        f"Undecided by the other rules: underpowered, or the contrasts do not say the same ({smallest}).",
    )
