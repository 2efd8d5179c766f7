"""What the effect without single genes means for a verdict: a gate and a cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidemine.considerations.influence.record import Influence, InfluenceColumns, InfluenceOnEffect
from sidemine.considerations.judgement import (
    Cap,
    Case,
    Doubt,
    DoubtWeight,
    Judge,
    Judgement,
    Sensitivity,
    judge_by_hypothesis,
    make_gate,
)
from sidemine.considerations.sensitivity import ONE_GENE, no_sensitivity, reading_of, sensitivity_of, without_effect
from sidemine.effect.scale import scale_of

INFLUENCE_P = 0.05
"""Two-sided p that the effect without its most influential gene must reach."""
SMALLEST_SHARE_TOLD = 0.01
"""Share of an effect below which no figure is told of a gene."""
NOT_MEASURED = "the effect without single genes was not measured"
_DEMAND = f"influence: the same sign and p ≤ {INFLUENCE_P:g} without the most influential gene"


def influence_judge(records: Mapping[str, Influence]) -> Judge:
    """Return the judge that holds the record of every hypothesis."""
    return judge_by_hypothesis(judge_influence, records, None)


def judge_influence(case: Case, record: Influence | None) -> Judgement:
    """Judge by the effect without its most influential gene.

    Parameters
    ----------
    case
        The hypothesis. Cohorts: the pooled effect counts. Experiments: every contrast that shows the effect counts.
    record
        Its entry of `influence.json`; None where it was not measured.
    """
    reason = NOT_MEASURED if record is None else record.reason
    effects = record.effects if record else []
    counted = effects if case.is_cohort else [entry for entry in effects if _is_shown(case, entry)]
    hanging = [entry for entry in counted if not holds(entry)]
    shown = hanging or counted or effects
    demand = _DEMAND if case.is_cohort else f"{_DEMAND}, in every experiment that shows the effect"
    unit = scale_of(case.hypothesis.kind).short_unit
    # Of cohorts without an effect nothing hangs on a gene.
    serious = [] if case.is_cohort and without_effect(case) else hanging
    caps = tuple(Cap("influence", f"{_told(entry, unit)}: the answer may be that of one gene.") for entry in serious)
    if not effects:
        caps = (Cap("influence", f"Nobody can tell whether the answer is that of one gene: {reason}."),)
    return Judgement(
        InfluenceColumns(record),
        missing={"influence": reason} if record is None else {},
        gates=(
            make_gate(
                "influence",
                demand,
                None if not counted else not hanging,
                "; ".join(_told(entry, unit) for entry in shown) or reason,
            ),
        ),
        caps=caps,
        doubts=tuple(Doubt(DoubtWeight.FAULT, cap.reason) for cap in caps[:1] if serious),
        sensitivity=(_sensitivity(case, shown, reason),),
    )


def holds(entry: InfluenceOnEffect) -> bool:
    """Tell whether an effect keeps its sign and p ≤ .05 without its most influential gene."""
    without = entry.genes[0].estimate
    return without.effect * entry.reference.effect > 0 and without.p_value <= INFLUENCE_P


def _is_shown(case: Case, entry: InfluenceOnEffect) -> bool:
    primary, margin = case.hypothesis.primary, case.evidence.margin.value
    return reading_of(entry.reference, primary.direction, margin, beyond_margin=True) == "shown"


def influence_words(entry: InfluenceOnEffect) -> str:
    """Name the most influential gene and the part of the effect that goes with it."""
    gene = entry.genes[0]
    where = f" in {entry.contrast}" if entry.contrast else ""
    share = f"{gene.share:.0%}" if gene.share >= SMALLEST_SHARE_TOLD else f"less than {SMALLEST_SHARE_TOLD:.0%}"
    part = f" ({share} of the effect)" if gene.share > 0 else ""
    return f"without {gene.gene}{part}{where}"


def _told(entry: InfluenceOnEffect, unit: str) -> str:
    words, found = influence_words(entry), entry.genes[0].estimate
    left = f"the effect of the other {entry.n_genes - 1} genes is {found.effect:.2f} {unit} (p = {found.p_value:.2g})"
    return f"{words[0].upper()}{words[1:]}, {left}"


def _sensitivity(case: Case, shown: Sequence[InfluenceOnEffect], reason: str) -> Sensitivity:
    if not shown:
        return no_sensitivity(ONE_GENE, reason)
    # Of several experiments the one that hangs most on a gene.
    entry = max(shown, key=lambda entry: entry.genes[0].estimate.p_value)
    words = influence_words(entry)
    return sensitivity_of(case, ONE_GENE, words, entry.genes[0].estimate, entry.reference)
