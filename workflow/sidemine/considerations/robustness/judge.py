"""What the robustness variants mean for a verdict: a share, a gate and, for cohorts, caps."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from sidemine.considerations.judgement import (
    Cap,
    Case,
    Doubt,
    DoubtWeight,
    Judge,
    Judgement,
    Sensitivity,
    as_sentence,
    judge_by_hypothesis,
    make_gate,
)
from sidemine.considerations.robustness.record import Robustness, RobustnessColumns, VariantRow
from sidemine.considerations.robustness.variants import REFERENCE
from sidemine.considerations.sensitivity import FLAGGED_SAMPLES, REUSED_CONTROLS, no_sensitivity, sensitivity_of
from sidemine.effect.record import Estimate
from sidemine.effect.scale import scale_of

LOWEST_SHARE = 0.75
"""Share of full-data variants that must agree."""
_RUNS = {
    "age_overlap": "the run on the shared age range",
    "no_reused_controls": "the run without re-used controls",
}
"""Runs that a cohort answer must survive where its data need them."""
_WITHOUT_SAMPLES = {FLAGGED_SAMPLES: "sex_mismatch_dropped", REUSED_CONTROLS: "reused_controls_dropped"}
"""Variants that leave samples out, by their row of the table "what would change the answer"."""
_DEMAND = (
    f"robustness: at least {LOWEST_SHARE:.0%} of the full-data variants agree (the same sign, and p ≤ .05; where the analysis as "
    "declared has p > .05, the same verdict), none reverses the sign with a 95 % interval excluding 0, and the runs on the shared age range (with age in the model, two thirds of the effect are "
    "enough there) and without re-used controls hold"
)
NOT_COMPUTED = "no grid of robustness variants was run"
LEFT_OUT = "the study leaves this variant out (settings.robustness)"


def robustness_judge(records: Mapping[str, Robustness]) -> Judge:
    """Return the judge that holds the record of every hypothesis."""
    return judge_by_hypothesis(judge_robustness, records, None)


def judge_robustness(case: Case, record: Robustness | None) -> Judgement:
    """Judge by the share of variants that agree. What could not be looked at caps cohorts only; what was found caps both.

    Parameters
    ----------
    case
        The hypothesis.
    record
        Its entry of `robustness.json`; None where it was not computed.
    """
    missing = {}
    doubt = ""
    reasons: list[str] = []
    if record is None or record.share is None:
        reason = NOT_COMPUTED if record is None else record.reason or NOT_COMPUTED
        missing = {"robustness_share": reason} | ({"robustness": reason} if record is None else {})
        faults, passed, detail = [f"the robustness of the answer is not known ({reason})"], None, reason
    else:
        faults, unknown = _faults(record, scale_of(case.hypothesis.kind).short_unit)
        reasons = list(faults)
        doubt = as_sentence(faults[0]) if faults else ""
        passed = False if faults else None if unknown else True
        faults += unknown
        detail = "; ".join([_counts(record), *faults])
    return Judgement(
        RobustnessColumns(record, None if record is None else record.share),
        missing=missing,
        gates=(make_gate("robustness", _DEMAND, passed, detail, required=case.is_cohort),),
        caps=tuple(Cap("robustness", as_sentence(fault)) for fault in (faults if case.is_cohort else reasons)),
        doubts=(Doubt(DoubtWeight.FAULT, doubt),) if doubt and case.is_cohort else (),
        sensitivity=tuple(_sensitivity(case, name, record) for name in _WITHOUT_SAMPLES),
    )


def _sensitivity(case: Case, name: str, record: Robustness | None) -> Sensitivity:
    """Return what the run without these samples gave, beside the analysis as declared, both as the grid reads them."""
    rows = {row.variant: row for row in record.variants} if record else {}
    row, reference = rows.get(_WITHOUT_SAMPLES[name]), rows.get(REFERENCE.name)
    if row is None or reference is None:
        return no_sensitivity(name, LEFT_OUT if rows else (record.reason if record else None) or NOT_COMPUTED)
    estimate, declared = _estimate(row), _estimate(reference)
    if estimate is None or declared is None:
        return no_sensitivity(name, row.reason or "the run gave no effect")
    return sensitivity_of(case, name, row.description, estimate, declared)


def _estimate(row: VariantRow) -> Estimate | None:
    if row.effect is None or row.se is None or row.ci_low is None or row.ci_high is None or row.p_value is None:
        return None
    return Estimate(row.effect, row.se, row.ci_low, row.ci_high, math.inf if row.df is None else row.df, row.p_value)


def _faults(record: Robustness, unit: str) -> tuple[list[str], list[str]]:
    """Return what speaks against the answer, and what could not be looked at."""
    faults, unknown = [], []
    if record.reversed:
        faults.append(
            f"{_in_variants(record, record.reversed, unit)} the sign reverses, and the 95 % interval excludes 0"
        )
    full = record.full_data
    if full.share is None:
        unknown.append("no variant on all data could be compared")
    elif full.share < LOWEST_SHARE:
        faults.append(f"only {full.agreeing} of {full.of} full-data variants agree with the analysis as declared")
    for run, words in _RUNS.items():
        status, detail = record.required_runs[run], record.required_details[run]
        detail_words = f" ({detail})" if detail else ""
        if status == "failed":
            faults.append(f"{words} does not hold the answer{detail_words}")
        elif status == "not evaluated":
            unknown.append(f"{words} was not evaluated{detail_words}")
    return faults, unknown


def _in_variants(record: Robustness, names: Sequence[str], unit: str) -> str:
    """Name the first of these variants by what it does, without the details that stand in brackets, with its effect; count the others."""
    first = {row.variant: row for row in record.variants}[names[0]]
    others = len(names) - 1
    more = f" and {others} other{'s' if others > 1 else ''}" if others else ""
    estimate = _estimate(first)
    told = (
        f" ({estimate.effect:.2f} {unit}, 95 % CI {estimate.ci_low:.2f} to {estimate.ci_high:.2f} {unit})"
        if estimate
        else ""
    )
    return f"in the variant “{re.sub(r' [(][^()]*[)]', '', first.description)}”{told}{more}"


def _counts(record: Robustness) -> str:
    full = record.full_data
    return f"{record.agreeing} of {record.of} variants agree; of those on all data {full.agreeing} of {full.of}"
