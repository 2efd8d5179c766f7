"""What hidden factors mean for a cohort verdict: a gate and a cap with words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sidemine.considerations.hidden_factors.record import (
    AdjustedForFactors,
    FactorsOfContrast,
    FactorsShown,
    HiddenFactor,
    HiddenFactors,
    HiddenFactorsColumns,
)
from sidemine.considerations.judgement import (
    Cap,
    Case,
    Doubt,
    DoubtWeight,
    Judge,
    Judgement,
    as_sentence,
    judge_by_hypothesis,
    make_gate,
)
from sidemine.considerations.sensitivity import HIDDEN_FACTORS, no_sensitivity, sensitivity_of, without_effect
from sidemine.effect.adjustment import pool_estimates
from sidemine.effect.pooled_effect import weights_in
from sidemine.effect.record import PooledEstimate

ADJUSTED_P = 0.05
"""Pooled two-sided p that the adjusted effect must reach, with the sign of the total effect."""
DIFFERS_P = 0.05
"""Two-sided p at which the groups are said to differ in a factor."""
_NAME = "hidden factors"
_DEMAND = f"adjusted for hidden factors: the same sign and pooled p ≤ {ADJUSTED_P:g}"
_EXPERIMENTS = (
    "in an experiment the treatment is given, not found; a batch that falls together with it would stay unseen"
)
_READING = (
    "sample quality, a batch that was not recorded, or the degree of the disease itself may move these genes and many others; "
    "the data cannot tell which"
)


def hidden_factors_judge(records: Mapping[str, HiddenFactors]) -> Judge:
    """Return the judge that holds the record of every cohort hypothesis."""
    return judge_by_hypothesis(judge_hidden_factors, records, None)


def judge_hidden_factors(case: Case, record: HiddenFactors | None) -> Judgement:
    """Judge by the effect adjusted for hidden factors, pooled over the contrasts that carry the answer.

    Parameters
    ----------
    case
        The hypothesis; nothing is asked of experiments.
    record
        Its entry of `hidden_factors.json`; None where it was not measured.
    """
    if not case.is_cohort:
        shown = FactorsShown(None, None, "", _EXPERIMENTS, None, (), [])
        row = no_sensitivity(HIDDEN_FACTORS, _EXPERIMENTS)
        return Judgement(HiddenFactorsColumns(shown), sensitivity=(row,))
    entries = {row.contrast: row for row in (record.contrasts if record else [])}
    carrying = [entries.get(name) for name in case.carrying]
    usable = [row for row in carrying if isinstance(row, AdjustedForFactors)]
    if not usable or len(usable) < len(carrying):
        return _unknown(case, entries)
    weights = weights_in(case.evidence, [row.contrast for row in usable])
    total = pool_estimates([row.total for row in usable], weights)
    adjusted = pool_estimates([row.adjusted for row in usable], weights)
    fault = _fault(total, adjusted)
    gate = make_gate(_NAME, _DEMAND, not fault, f"{adjusted.words()}, p = {adjusted.p_value:.2g}")
    taken_back = fault and not without_effect(case)
    caps = (Cap(_NAME, as_sentence(f"{fault}: {_READING}"), takes_back=True),) if taken_back else ()
    sentence = (
        f"{adjusted.words()}, p = {adjusted.p_value:.2g}, after adjusting for hidden factors ({_counted(usable)})."
    )
    shown = FactorsShown(total, adjusted, sentence, "", gate, caps, list(entries.values()))
    return Judgement(
        HiddenFactorsColumns(shown),
        gates=(gate,),
        caps=caps,
        doubts=(_doubt(usable, caps),),
        sensitivity=(
            sensitivity_of(
                case, HIDDEN_FACTORS, f"adjusted for hidden factors ({_counted(usable)})", adjusted.as_estimate()
            ),
        ),
    )


def _unknown(case: Case, entries: Mapping[str, FactorsOfContrast]) -> Judgement:
    reasons = [
        f"{name}: {entries[name].reason if name in entries else 'not looked for'}"
        for name in case.carrying
        if not isinstance(entries.get(name), AdjustedForFactors)
    ]
    reason = "; ".join(reasons) or "no contrast could be tested"
    gate = make_gate(_NAME, _DEMAND, None, reason)
    caps = (Cap(_NAME, f"Hidden factors are not adjusted for in every cohort ({reason})."),)
    doubt = (
        "Hidden factors could not be looked for: sample quality or a batch that was not recorded can move many genes at once, "
        "these among them."
    )
    return Judgement(
        HiddenFactorsColumns(FactorsShown(None, None, "", reason, gate, caps, list(entries.values()))),
        gates=(gate,),
        caps=caps,
        doubts=(Doubt(DoubtWeight.OPEN, doubt),),
        sensitivity=(no_sensitivity(HIDDEN_FACTORS, reason),),
    )


def _fault(total: PooledEstimate, adjusted: PooledEstimate) -> str:
    """Return why the adjusted effect does not back the total one, or nothing."""
    if not all(map(math.isfinite, (total.effect, adjusted.effect, adjusted.p_value))):
        return "the effect adjusted for hidden factors is no number"
    if adjusted.effect * total.effect <= 0:
        return f"the sign changes when hidden factors are adjusted for ({adjusted.words()})"
    if adjusted.p_value > ADJUSTED_P:
        return f"after adjusting for hidden factors the effect is {adjusted.words()}, p = {adjusted.p_value:.2g}"
    return ""


def _doubt(rows: Sequence[AdjustedForFactors], caps: Sequence[Cap]) -> Doubt:
    if caps:
        return Doubt(DoubtWeight.FAULT, caps[0].reason)
    return Doubt(
        DoubtWeight.REMAINS,
        f"Hidden factors are adjusted for as far as many other genes show them ({_counted(rows)}); one that moves few genes "
        "besides these is not seen.",
    )


def _counted(rows: Sequence[AdjustedForFactors]) -> str:
    return "; ".join(f"{row.contrast}: {_number_of_factors(row)}" for row in rows)


def _number_of_factors(row: AdjustedForFactors) -> str:
    number, different = len(row.factors), sum(map(differs, row.factors))
    if not number:
        return "no factor found"
    factors = "1 factor" if number == 1 else f"{number} factors"
    return f"{factors}, {different or 'none'} of which {'differ' if different > 1 else 'differs'} between the groups"


def differs(factor: HiddenFactor) -> bool:
    """Tell whether the groups differ in a factor, p ≤ .05 each."""
    return factor.difference.p_value <= DIFFERS_P
