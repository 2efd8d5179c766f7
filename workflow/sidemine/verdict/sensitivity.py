"""The card's table "what would change the answer": the rows of all considerations, and those of the pooled effect itself."""

from __future__ import annotations

from math import inf

from sidemine.considerations.judgement import Case, Sensitivity
from sidemine.considerations.sensitivity import ASKED, ONE_COHORT, SPREAD, estimate_of, no_sensitivity, sensitivity_of
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import Estimate, Refused
from sidemine.verdict.readings import FEWEST_TO_POOL
from sidemine.verdict.rules import Decided

NOT_LOOKED_AT = "it was not looked at in this run"


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
        return no_sensitivity(SPREAD, "experiments are judged one by one, not pooled")
    if pooled.spread_prior is None:
        return no_sensitivity(SPREAD, "fewer than two cohorts were pooled")
    prior = pooled.spread_prior
    two_sided = 2 * min(prior.p_one_sided, 1 - prior.p_one_sided)
    found = Estimate(prior.effect, prior.effect_se, prior.ci_low, prior.ci_high, inf, two_sided)
    return sensitivity_of(case, SPREAD, f"if cohorts may differ (half-normal prior of {prior.scale:g} on τ)", found)


def _without_one_cohort(case: Case) -> Sensitivity:
    """Return the pooled effect without the cohort whose absence leaves the largest p."""
    pooled = case.evidence.pooled
    if not case.is_cohort:
        return no_sensitivity(ONE_COHORT, "experiments are judged one by one, not pooled")
    if pooled.k < FEWEST_TO_POOL:
        return no_sensitivity(ONE_COHORT, "fewer than two cohorts were pooled")
    left = []
    for name in pooled.contrasts:
        found = estimate_of(pool_contrasts(case.evidence.contrasts, [*pooled.refused, Refused(name, "left out")]))
        if found is not None:
            left.append((name, found))
    if not left:
        return no_sensitivity(ONE_COHORT, "no effect is left without a cohort")
    name, found = max(left, key=lambda entry: entry[1].p_value)
    return sensitivity_of(case, ONE_COHORT, f"without {name}", found)
