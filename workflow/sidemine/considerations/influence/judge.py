"""What the effect without its leading genes means for a verdict: a gate and a cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidemine.considerations.influence.record import (
    FewHeldBack,
    Influence,
    InfluenceColumns,
    InfluenceOnEffect,
    WithoutGene,
)
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
from sidemine.considerations.sensitivity import (
    NEAR_LIMIT,
    ONE_GENE,
    no_sensitivity,
    reading_of,
    sensitivity_of,
    without_effect,
)
from sidemine.effect.scale import scale_of
from sidemine.text.phrases import listed

INFLUENCE_P = 0.05
"""Two-sided p that the effect must reach without its most influential gene, and with the few that move most held back."""
CARRIED = 0.25
"""Share of an effect that its leading genes must hold for the answer to be theirs. Where all genes move alike, those held back hold
less than a fifth: an effect that does not hold without them has a p near .05, which any few genes would turn."""
SMALLEST_SHARE_TOLD = 0.01
"""Share of an effect below which no figure is told of a gene."""
MOST_NAMED = 3
"""Genes named in a sentence; the panel names all."""
_WEIGHTS = {"influence": DoubtWeight.FAULT, NEAR_LIMIT: DoubtWeight.OF_FINDING}
NOT_MEASURED = "the effect without single genes was not measured"
_DEMAND = f"influence: the same sign and p ≤ {INFLUENCE_P:g} without the most influential gene, and (of ten genes or more) with the few that move most, a tenth and at least two, counted as moving no more than the next gene surely does"


def influence_judge(records: Mapping[str, Influence]) -> Judge:
    """Return the judge that holds the record of every hypothesis."""
    return judge_by_hypothesis(judge_influence, records, None)


def judge_influence(case: Case, record: Influence | None) -> Judgement:
    """Judge by the effect without its most influential gene, and with the few that move most held back.

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
    caps = tuple(_cap(entry, unit) for entry in serious)
    if not effects:
        caps = (Cap("influence", f"Nobody can tell whether the answer is that of one gene: {reason}."),)
    return Judgement(
        InfluenceColumns(record),
        missing={"influence": reason} if record is None else {},
        gates=(
            make_gate(
                "influence" if not hanging or any(is_carried(entry) for entry in hanging) else NEAR_LIMIT,
                demand,
                None if not counted else not hanging,
                "; ".join(_told(entry, unit) for entry in shown) or reason,
            ),
        ),
        caps=caps,
        doubts=tuple(Doubt(_WEIGHTS[cap.cap], cap.reason) for cap in caps[:1] if serious),
        sensitivity=(_sensitivity(case, shown, reason),),
    )


def holds(entry: InfluenceOnEffect) -> bool:
    """Tell whether an effect keeps its sign and p ≤ .05 without its leading gene, and with its few leading genes held back."""
    return _keeps(entry, entry.genes[0]) and (entry.few is None or _keeps(entry, entry.few))


def _keeps(entry: InfluenceOnEffect, changed: WithoutGene | FewHeldBack) -> bool:
    left = changed.estimate
    return left.effect * entry.reference.effect > 0 and left.p_value <= INFLUENCE_P


def is_carried(entry: InfluenceOnEffect) -> bool:
    """Tell whether an effect that does not hold is that of its leading genes; else its p is so near the limit that little decides."""
    return not holds(entry) and _telling(entry).share >= CARRIED


def _telling(entry: InfluenceOnEffect) -> WithoutGene | FewHeldBack:
    """Return what is told of an effect: one gene, or the few where these alone take the effect away, or carry it."""
    one, few = entry.genes[0], entry.few
    if few is None or _keeps(entry, few):
        return one
    return few if _keeps(entry, one) or one.share < CARRIED <= few.share else one


def _cap(entry: InfluenceOnEffect, unit: str) -> Cap:
    told, words = _telling(entry), _told(entry, unit)
    if is_carried(entry):
        few = f"{len(told.genes)} genes" if isinstance(told, FewHeldBack) else "one gene"
        return Cap("influence", f"{words}: the answer may be that of {few}.", takes_back=True)
    p_value = f"p = {entry.reference.p_value:.2g}"
    return Cap(
        NEAR_LIMIT, f"{words}; {p_value} with all genes lies so near .05 that a small part of the effect decides."
    )


def _is_shown(case: Case, entry: InfluenceOnEffect) -> bool:
    primary, margin = case.hypothesis.primary, case.evidence.margin
    return reading_of(entry.reference, primary.direction, margin, beyond_margin=True) == "shown"


def influence_words(entry: InfluenceOnEffect) -> str:
    """Name the leading gene, or the few, and the part of the effect that goes with it."""
    told = _telling(entry)
    where = f" in {entry.contrast}" if entry.contrast else ""
    share = f"{told.share:.0%}" if told.share >= SMALLEST_SHARE_TOLD else f"less than {SMALLEST_SHARE_TOLD:.0%}"
    part = f" ({share} of the effect)" if told.share > 0 else ""
    if isinstance(told, WithoutGene):
        return f"without {told.gene}{part}{where}"
    return f"with {_named(told.genes)} counted as moving no more than the next gene surely does{part}{where}"


def _named(genes: Sequence[str]) -> str:
    if len(genes) <= MOST_NAMED:
        return listed(genes)
    return f"{', '.join(genes[:MOST_NAMED])} and {len(genes) - MOST_NAMED} more genes"


def _told(entry: InfluenceOnEffect, unit: str) -> str:
    words, told = influence_words(entry), _telling(entry)
    of = f"the other {entry.n_genes - 1} genes" if isinstance(told, WithoutGene) else "the set"
    left = f"the effect of {of} is {told.estimate.effect:.2f} {unit} (p = {told.estimate.p_value:.2g})"
    return f"{words[0].upper()}{words[1:]}, {left}"


def _sensitivity(case: Case, shown: Sequence[InfluenceOnEffect], reason: str) -> Sensitivity:
    if not shown:
        return no_sensitivity(ONE_GENE, reason)
    # Of several experiments the one that hangs most on its leading genes.
    entry = max(shown, key=lambda entry: _telling(entry).estimate.p_value)
    return sensitivity_of(
        case, ONE_GENE, influence_words(entry), _telling(entry).estimate, entry.reference, entry.contrast
    )
