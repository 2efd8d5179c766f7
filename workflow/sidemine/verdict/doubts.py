"""What would change an answer, in a table, and the strongest reason to doubt it: exactly one per card, in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sidemine.considerations.judgement import Case, DoubtWeight, Sensitivity, as_sentence
from sidemine.considerations.sensitivity import (
    ASKED,
    ONE_COHORT,
    SPREAD,
    no_sensitivity,
    sensitivity_of,
    without_effect,
)
from sidemine.effect.record import Estimate
from sidemine.verdict.cohorts import contradiction_words
from sidemine.verdict.readings import FEWEST_TO_POOL, contradiction
from sidemine.verdict.rules import Decided
from sidemine.verdict.vocabulary import Verdict

NOT_LOOKED_AT = "it was not looked at in this run"
ONE_BY_ONE = "experiments are judged one by one; what is pooled stands beside and decides nothing"


def strongest_doubt(decided: Decided, table: Sequence[Sensitivity] = ()) -> str:
    """Return the strongest reason to doubt the answer.

    The order is: required controls that failed; nothing could be tested; the datasets disagree; those too small to be pooled do; serious findings in data or
    design; tests that reject too often; another control that did not behave as expected; a set that is not special; too few
    data; a check that would change the answer; the faults that the considerations found, in their order; of what was found,
    any other row that would change it; then what limits answers of this kind, and what always remains. A serious finding is
    told with the check that would change the answer.

    Parameters
    ----------
    decided
        What the rule table made of the hypothesis.
    table
        The card's table of what would change the answer.
    """
    verdict = decided.decision.verdict
    if decided.failed_controls:
        return f"A required control failed: {decided.failed_controls}."
    untestable = [row for row in decided.evidence.contrasts if not row.testable]
    if not decided.readings:
        problem = untestable[0].problem if untestable else None
        return problem.what if problem else decided.decision.rule
    if verdict is Verdict.CONFLICTING:
        return "The datasets disagree in sign; at least one of them measures something else."
    direction = decided.hypothesis.primary.direction
    if verdict.rank > 0 and (against := contradiction(decided.readings, decided.evidence.pooled, direction)):
        return contradiction_words(against)
    if doubt := decided.first_doubt(DoubtWeight.DATA, DoubtWeight.SIZE):
        return f"{doubt} {decided.first_change}".rstrip()
    if decided.unexpected:
        return f"A control of this study did not behave as expected: {', '.join(decided.unexpected)}."
    if any(reading.unspecial for reading in decided.readings):
        return "Many other gene sets changed as much or more: the change may not be that of the pathway."
    if verdict is Verdict.NOT_TESTABLE:
        return decided.decision.rule
    if doubt := decided.first_change or decided.first_doubt(DoubtWeight.FAULT):
        return doubt
    changed = [row for row in table if row.changes and verdict.rank > 0]
    return as_sentence(changed[0].words) if changed else decided.rules.remaining_doubt(decided)


def sensitivity_table(decided: Decided) -> list[Sensitivity]:
    """Return the rows of one card: those that every card has, in their order, then the others.

    Parameters
    ----------
    decided
        What the rule table made of the hypothesis. A row that nobody filled is there, with the reason.
    """
    case = Case(decided.hypothesis, decided.evidence, tuple(decided.evidence.pooled.contrasts))
    given = [
        _if_cohorts_differ(case),
        _without_one_cohort(case),
        *(row for judgement in decided.judgements for row in judgement.sensitivity),
    ]
    given = [row for row in given if row.name in ASKED or not row.missing]
    names = {row.name for row in given}
    given += [no_sensitivity(name, NOT_LOOKED_AT) for name in ASKED if name not in names]
    places = {name: place for place, name in enumerate(ASKED)}
    return sorted(given, key=lambda row: places.get(row.name, len(places)))


def _if_cohorts_differ(case: Case) -> Sensitivity:
    """Return the pooled effect under a prior on the spread between cohorts, which two cohorts cannot tell."""
    pooled = case.evidence.pooled
    if not case.is_cohort:
        return no_sensitivity(SPREAD, ONE_BY_ONE)
    if pooled.spread_prior is None:
        return no_sensitivity(SPREAD, "fewer than two cohorts were pooled")
    prior = pooled.spread_prior
    two_sided = 2 * min(prior.p_one_sided, 1 - prior.p_one_sided)
    estimate = Estimate(prior.effect, prior.effect_se, prior.ci_low, prior.ci_high, inf, two_sided)
    return sensitivity_of(case, SPREAD, f"if cohorts may differ (half-normal prior of {prior.scale:g} on τ)", estimate)


def _without_one_cohort(case: Case) -> Sensitivity:
    """Return the row of the cohort whose absence says most against the reading.

    One that changes it comes first; then the one that leaves the largest p of an effect that is shown, or the smallest p of one
    that is not.
    """
    pooled = case.evidence.pooled
    if not case.is_cohort:
        return no_sensitivity(ONE_COHORT, ONE_BY_ONE)
    if pooled.k < FEWEST_TO_POOL:
        return no_sensitivity(ONE_COHORT, "fewer than two cohorts were pooled")
    left = [sensitivity_of(case, ONE_COHORT, f"without {row.left_out}", row.estimate) for row in pooled.without_one]
    if not left:
        return no_sensitivity(ONE_COHORT, "no effect is left without a cohort")
    side = -1 if without_effect(case) else 1
    return max(left, key=lambda row: (bool(row.changes), side * (row.p_value or 0.0)))
