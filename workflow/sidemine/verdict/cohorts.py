"""The rule table of cohorts: they are judged by the effect pooled over independent datasets."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.judgement import DoubtWeight, Gate, make_gate
from sidemine.effect.intervals import one_sided
from sidemine.effect.pooled_effect import own_p
from sidemine.effect.pooling import COMMON_DEMAND, RANDOM_DEMAND
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, PooledEffect
from sidemine.verdict.readings import (
    FEWEST_TO_POOL,
    REPLICATION_Z,
    Reading,
    as_effect,
    contradiction,
    has_declared_sign,
    independent_readings,
    replicates,
    too_small_to_pool,
)
from sidemine.verdict.rules import Decided, Decision, Level, Rules, declared_way, hint
from sidemine.verdict.vocabulary import Verdict

SUPPORTED_P = COMMON_DEMAND
"""Two-sided p-value of the pooled effect, Holm-adjusted over the study's questions, that `supported` demands."""
SUGGESTIVE_P = 0.05
"""Two-sided p-value of the pooled effect, in the declared sign, that makes an answer `suggestive`."""
COMPETITIVE_P = 0.05
FEWEST_FOR_OTHERS = 5
"""Independent cohorts from which on an answer may speak of others than these."""


class CohortRules(Rules):
    """People compared."""

    noun = "cohort"
    beyond_margin = False

    def primary_p(self, evidence: HypothesisEvidence) -> float | None:
        """Return the p of the pooled effect."""
        return evidence.pooled.p

    def declared_p(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the p of the pooled effect, one-sided in the declared direction.

        Parameters
        ----------
        evidence, direction
            As in `Rules.declared_p`.
        """
        # Its own p: two demands on one scale are no p-value where effects differ between cohorts.
        p_value, effect = own_p(evidence.pooled), evidence.pooled.effect
        if p_value is None or effect is None or direction == "either":
            return p_value
        return one_sided(p_value, "up" if effect > 0 else "down", direction)

    def gates(
        self, readings: Sequence[Reading], evidence: HypothesisEvidence, direction: str, level: Level
    ) -> list[Gate]:
        """Return the gates: pooled p, self-contained test (shown), replication, competitive test; of small cohorts, none opposite.

        Parameters
        ----------
        readings, evidence, direction, level
            As in `Rules.gates`.
        """
        pooled = evidence.pooled
        independent = independent_readings(readings, pooled)
        tested = f"{len(independent)} independent cohorts"
        any_cohort = None if not independent else any(reading.passes for reading in independent)
        competitive = [reading for reading in independent if is_competitive(reading.evidence, direction)]
        replicated, detail = replicates(independent, pooled, direction)
        sign = "the same sign" if direction == "either" else "the declared sign"
        declared = "" if direction == "either" else " in the declared direction"
        significant = level.p is not None and level.p <= SUPPORTED_P and has_declared_sign(pooled, direction)
        small, against = too_small_to_pool(readings, pooled), contradiction(readings, pooled, direction)
        of_small = make_gate(
            "none opposite",
            "no cohort too small to be pooled is significantly opposite, nor are all of them together",
            not against,
            against or f"0 of {len(small)} too small to be pooled",
            shortfall=contradiction_words(against),
        )
        return [
            make_gate(
                "pooled p",
                f"pooled effect: declared sign, two-sided p ≤ {SUPPORTED_P:g} {level.demand}",
                None if level.p is None else significant,
                "nothing was pooled"
                if level.p is None
                else f"{_told_p(pooled)}, {level.told}; {pooled.method}, k = {pooled.k}",
                shortfall="Nothing was pooled."
                if level.p is None
                else f"{'The p' if pooled.k == 1 else 'The pooled p'}{level.above(SUPPORTED_P, 'cohorts')}"
                if has_declared_sign(pooled, direction)
                else "The pooled effect is not in the declared direction.",
            ),
            make_gate(
                "self-contained test",
                f"self-contained test, two-sided p ≤ .05{declared}, in at least one contrast",
                any_cohort,
                f"{sum(reading.passes for reading in independent)} of {tested}",
                # The pooled p is a self-contained test itself; the contract asks for no other.
                required=False,
            ),
            make_gate(
                "replication",
                f"replication: cohorts show {sign} with z > {REPLICATION_Z:g} (up to two: all; more: two thirds, none "
                "significantly opposite)",
                replicated if independent else None,
                detail,
                shortfall="Only one cohort; two are needed."
                if len(independent) < FEWEST_TO_POOL
                else f"The cohorts do not replicate each other: {detail}.",
            ),
            make_gate(
                "competitive test",
                competitive_demand(direction),
                bool(competitive) if independent else None,
                f"{len(competitive)} of {tested}",
                shortfall=f"{'The set did not change' if len(independent) == 1 else 'In no cohort did the set change'} more than the other "
                "measured genes (competitive test).",
            ),
            *([of_small] if small else []),
        ]

    def compared(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:
        """Return the cohorts that the pooled effect rests on: others add no answer of their own."""
        return self.carrying(readings, evidence)

    def weigh(
        self,
        evidence: HypothesisEvidence,
        readings: Sequence[Reading],  # noqa: ARG002
        direction: str,
        missing: Sequence[str] | None,
    ) -> Decision:
        """Return the decision by the pooled effect.

        Parameters
        ----------
        evidence, readings, direction, missing
            As in `Rules.weigh`.
        """
        pooled, margin = evidence.pooled, evidence.margin.value
        effect = as_effect(pooled)
        p_value = own_p(pooled)
        if effect is None or pooled.p is None or p_value is None or margin is None:
            return Decision(Verdict.NOT_TESTABLE, "No cohort could enter the pooled effect.")
        of = "In the single cohort" if pooled.k == 1 else f"Over {pooled.k} cohorts together"
        # The tests of each cohort by itself have a p of their own, and stand beside it.
        seen = f"{of} the set changed {declared_way(direction)} ({'' if pooled.k == 1 else 'pooled '}p = {p_value:.2g})"
        if missing is not None and not missing:
            return Decision(Verdict.SUPPORTED, f"{seen}, and every required condition is met.")
        sided = direction != "either"
        limit, signed = effect.limit(direction), effect.signed_limit(direction)
        if sided and effect.excludes_zero() and not has_declared_sign(pooled, direction):
            rule = f"{of} the set changed in the other direction (the 95 % interval excludes 0)."
            return Decision(Verdict.NOT_SUPPORTED, rule, opposite=True)
        if limit < margin:
            where = declared_way(direction) if sided else "on either side"
            rule = f"{of} an effect of {margin:g} SD {where} is excluded (one-sided 95 % limit {signed:z.3g} SD)."
            return Decision(Verdict.NOT_SUPPORTED, rule)
        if pooled.p <= SUGGESTIVE_P and has_declared_sign(pooled, direction):
            return hint(seen, missing)
        if effect.smallest_excludable >= margin:
            rule = (
                f"Too few data: without any effect, too, one of {margin:g} SD could not have been excluded (smallest effect "
                f"excludable: {effect.smallest_excludable:.3g} SD)."
            )
            return Decision(Verdict.NOT_TESTABLE, rule)
        rule = (
            f"The estimate lies between no effect and the margin: an effect is not shown (p = {p_value:.2g}), and one of "
            f"{margin:g} SD is not excluded (one-sided 95 % limit {signed:z.3g} SD)."
        )
        return Decision(Verdict.NOT_TESTABLE, rule)

    def excludable(self, evidence: HypothesisEvidence) -> float | None:
        """Return what the pooled effect could have excluded."""
        effect = as_effect(evidence.pooled)
        return None if effect is None else effect.smallest_excludable

    def limit(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the limit of the pooled effect.

        Parameters
        ----------
        evidence, direction
            As in `Rules.limit`.
        """
        effect = as_effect(evidence.pooled)
        return None if effect is None else effect.signed_limit(direction)

    def scope(self, k: int, direction: str) -> str:  # noqa: ARG002
        """Say that the answer of few cohorts is about these."""
        these = "this one cohort" if k == 1 else f"these {k} cohorts"
        few = f"With fewer than five cohorts the answer is about {these}, not about others."
        return few if k < FEWEST_FOR_OTHERS else ""

    def remaining_doubt(self, decided: Decided) -> str:
        """Return the smallness of the effect, what could not be looked at, and what always remains."""
        verdict, effect, margin = (
            decided.decision.verdict,
            as_effect(decided.evidence.pooled),
            decided.evidence.margin.value,
        )
        if verdict is Verdict.SUPPORTED and effect is not None and margin is not None:
            direction = decided.hypothesis.primary.direction
            signed = effect.signed_limit(direction)
            if effect.limit(direction) < margin:
                return (
                    f"The effect is there, but small: the data exclude (one-sided 95 % limit {signed:z.3g} SD) that it reaches "
                    f"{margin:g} SD, the smallest that was called worth having."
                )
        of_finding = [DoubtWeight.OF_FINDING] if verdict.rank > 0 else []
        return decided.first_doubt(DoubtWeight.OPEN, *of_finding, DoubtWeight.REMAINS)


def contradiction_words(against: str) -> str:
    """Return the sentence on small cohorts that contradict, as `readings.contradiction` tells of them; empty without any."""
    return f"Too small to be pooled, but significantly opposite: {against}." if against else ""


def _told_p(pooled: PooledEffect) -> str:
    """Return the p that is judged, and, where it holds two demands, both of them."""
    if pooled.p == own_p(pooled):
        return f"p = {pooled.p:.2g}"
    return (
        f"Hartung–Knapp p = {pooled.hartung_knapp_p:.2g} (at most {RANDOM_DEMAND:g} is asked), common effect p = "
        f"{pooled.common_p:.2g} (at most {COMMON_DEMAND:g}); as one p on the scale of {COMMON_DEMAND:g}: {pooled.p:.2g}"
    )


def competitive_demand(direction: str) -> str:
    """Return what the competitive test is asked for, in words."""
    side = "either direction" if direction == "either" else "the declared direction"
    return f"competitive test (CAMERA, estimated correlation) p ≤ .05 in {side} in at least one contrast"


def is_competitive(row: ContrastEvidence, direction: str) -> bool:
    """Tell whether the competitive test is significant in the declared direction (`either`: in any)."""
    if row.p_competitive is None or not row.p_competitive <= COMPETITIVE_P:
        return False
    return direction == "either" or row.competitive_direction == direction
