"""What the comparison with other sets means for a verdict: a percentile, a gate and, for cohorts, a cap.

In cohorts every contrast that the pooled effect rests on needs a place of its own, among matched random sets or among
comparator sets; one without either caps. Random sets as co-expressed as the primary set cannot always be drawn: a set of
one pathway may vary together more than any genes outside it do. Where none could be drawn in any of these contrasts, the
comparator sets decide alone. That is the declared fallback; it is told in the gate, and is a doubt of its own.

Comparator sets are matched in nothing, and a difference that follows expression takes a set of highly expressed genes
beyond most of them. Random sets that match in expression and are only less co-expressed show that, so a low place among them caps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from statistics import median

from sidemine.considerations.judgement import (
    COMPARATOR_PERCENTILE,
    Cap,
    Case,
    Doubt,
    DoubtWeight,
    Gate,
    Judge,
    Judgement,
    judge_by_hypothesis,
    make_gate,
    ordinal,
)
from sidemine.considerations.sensitivity import without_effect
from sidemine.considerations.specificity.record import Placed, Specificity, SpecificityColumns, SpecificityShown
from sidemine.drawing.words import count

COHORT_PERCENTILE = 75.0
"""Below this percentile (median over the contrasts that count), among matched random sets or comparator sets, a cohort
hypothesis is capped; experiments among matched random sets, for their comparator sets have a limit of their own."""
_NOT_MEASURED = "no contrast could be tested"
_NO_PLACE = "The place among comparator sets was not measured"


@dataclass(frozen=True)
class _Places:
    """Percentiles of several contrasts: the middle decides, the worst is shown."""

    middle: float
    worst: float
    words: str


def specificity_judge(records: Mapping[str, Specificity]) -> Judge:
    """Return the judge that holds the record of every hypothesis."""
    return judge_by_hypothesis(judge_specificity, records, None)


def judge_specificity(case: Case, record: Specificity | None) -> Judgement:
    """Judge by the primary set's place among other sets.

    Parameters
    ----------
    case
        The hypothesis. A cohort's percentiles are taken over the contrasts that carry the answer alone, so that no source
        counts twice. All contrasts are shown.
    record
        Its entry of `specificity.json`; None where it was not measured.
    """
    contrasts = record.contrasts if record else []
    counted = [entry for entry in contrasts if not case.is_cohort or entry.contrast in case.carrying]
    random = _places([(entry, entry.matched.percentile) for entry in counted])
    ranked = _places([(entry, entry.comparators.percentile) for entry in counted])
    against = _places([(entry, entry.matched.percentile_against) for entry in counted])
    reasons = [f"{entry.contrast}: {entry.matched.reason}" for entry in contrasts if entry.matched.reason]
    reason = "; ".join(reasons) or _NOT_MEASURED
    fallback = case.is_cohort and random is None and ranked is not None
    if case.is_cohort:
        gate, caps = _judge_cohorts(random, ranked, against, counted, case.carrying, fallback=fallback)
    else:
        gate, caps = _judge_experiments(against, contrasts)
    doubt = _doubt_of_fallback(counted) if fallback else ""
    if case.is_cohort and gate.status == "failed" and without_effect(case):
        # There is no change that could be one of many genes.
        caps = ()
    doubts = [Doubt(DoubtWeight.FAULT, cap.reason) for cap in caps[:1] if case.is_cohort]
    doubts += [Doubt(DoubtWeight.OF_FINDING, doubt)] if fallback else []
    percentile = random.worst if random else None
    shown = SpecificityShown(
        percentile,
        reason,
        ranked.worst if ranked else None,
        doubt,
        specificity_sentence(contrasts),
        contrasts,
        (gate,),
        caps,
        random.words if random else "",
        ranked.words if ranked else "",
    )
    return Judgement(
        SpecificityColumns(shown, percentile),
        missing={"specificity_percentile": reason} if percentile is None else {},
        gates=(gate,),
        caps=caps,
        doubts=tuple(doubts),
        places={entry.contrast: entry.comparators.percentile for entry in contrasts},
    )


def specificity_sentence(contrasts: Sequence[Placed]) -> str:
    """Return in words where the primary set stands in each contrast."""
    parts = []
    for entry in contrasts:
        matched, comparators = entry.matched, entry.comparators
        if matched.percentile is None:
            random = matched.reason
        elif not entry.is_against:
            random = (
                f"a larger effect{' in the declared direction' if entry.direction in {'up', 'down'} else ''} than "
                f"{matched.percentile:.0f} % of {matched.n_sets:,} random sets of the same size, expression and correlation"
            )
        else:
            sets = f"{matched.n_sets:,} random sets of the same size, expression and correlation"
            random = entry.place_words(matched.percentile, sets)
        rank = f"rank {comparators.rank} of {comparators.n + 1} (itself and {count(comparators.n, 'comparator set')})"
        if comparators.percentile is None:
            rank = comparators.reason
        elif entry.is_against:
            rank = entry.place_words(comparators.percentile, f"{comparators.n} comparator sets")
        elif comparators.ahead:
            rank += f" (ahead of it: {', '.join(comparators.ahead)}{' …' if comparators.rank > 6 else ''})"
        parts.append(f"{entry.contrast}: {random}; {rank}")
    return ". ".join(parts) + "." if parts else ""


def _places(places: Sequence[tuple[Placed, float | None]]) -> _Places | None:
    """Return the places of the contrasts that have one; None without any."""
    known = [(place, entry) for entry, place in places if place is not None]
    if not known:
        return None
    worst, entry = min(known, key=lambda one: one[0])
    where = f" ({entry.contrast}, the lowest of {len(known)})" if len(known) > 1 else ""
    return _Places(median(place for place, _ in known), worst, entry.place_words(worst) + where)


def _judge_cohorts(
    random: _Places | None,
    ranked: _Places | None,
    against: _Places | None,
    counted: Sequence[Placed],
    carrying: Sequence[str],
    *,
    fallback: bool,
) -> tuple[Gate, tuple[Cap, ...]]:
    known = [places.middle for places in (random, ranked) if places is not None]
    detail = f"matched random sets: {_words(random)}; comparator sets: {_words(ranked)}"
    placed = {
        entry.contrast
        for entry in counted
        if entry.matched.percentile is not None or entry.comparators.percentile is not None
    }
    without = [name for name in carrying if name not in placed]
    reasons = []
    if not known:
        reasons.append("There is no valid comparator, so nobody can tell whether the set is special.")
    elif without:
        reasons.append(
            f"There is no valid comparator in {', '.join(without)}, neither random sets nor comparator sets, so nobody "
            "can tell whether the set is special there."
        )
    if known and min(known) < COHORT_PERCENTILE:
        reasons.append(_low(min(known), counted))
    elif known and against is not None and against.middle < COHORT_PERCENTILE:
        reasons.append(_low(against.middle, counted, _LESS_ALIKE))
        detail += f"; random sets{_LESS_ALIKE}: {_words(against)}"
    if fallback:
        detail += "; no valid random sets could be drawn, so the comparator sets decide alone"
    if known and without:
        detail += f"; no place at all in {', '.join(without)}"
    demand = (
        f"specificity: percentile of at least {COHORT_PERCENTILE:g} (median of the cohorts) in the declared direction, among "
        "matched random sets and comparator sets, with a place among either in every cohort"
    )
    # Without any place nothing was evaluated; with some, a cohort that has none is a gate that was not passed.
    gate = make_gate("specificity", demand, not reasons if known else None, detail)
    return gate, tuple(Cap("specificity", reason) for reason in reasons)


def _doubt_of_fallback(counted: Sequence[Placed]) -> str:
    fewest = min(entry.comparators.n for entry in counted if entry.comparators.percentile is not None)
    return (
        "No random sets as co-expressed as this set could be drawn, so its specificity rests on "
        f"{fewest} comparator sets alone."
    )


_LESS_ALIKE = " of like expression, though less co-expressed"


def _low(middle: float, counted: Sequence[Placed], like: str = " like it") -> str:
    if all(entry.is_against for entry in counted):
        return "The set moves against the declared direction, so its place among sets like it speaks for nothing."
    return (
        f"The set stands at the {ordinal(floor(middle))} percentile of sets{like}{' (median)' if len(counted) > 1 else ''}, below "
        f"{COHORT_PERCENTILE:g}: its change may be that of many genes."
    )


def _judge_experiments(against: _Places | None, contrasts: Sequence[Placed]) -> tuple[Gate, tuple[Cap, ...]]:
    known = [place for entry in contrasts if (place := entry.comparators.percentile) is not None]
    reaching = any(place >= COMPARATOR_PERCENTILE for place in known)
    detail = ", ".join(
        f"{entry.contrast} {'no valid comparator' if place is None else entry.place_words(place)}"
        for entry in contrasts
        for place in (entry.comparators.percentile,)
    )
    demand = f"rank among comparator sets: percentile of at least {COMPARATOR_PERCENTILE:g} in at least one experiment"
    gate = make_gate("comparator sets", demand, reaching if known else None, detail or _NOT_MEASURED)
    if not known:
        reason = contrasts[0].comparators.reason.capitalize() if contrasts else _NO_PLACE
        return gate, (Cap("specificity", reason + "."),)
    if against is not None and against.middle < COHORT_PERCENTILE:
        placed = [entry for entry in contrasts if entry.matched.percentile_against is not None]
        like = "" if all(entry.matched.percentile is not None for entry in placed) else _LESS_ALIKE
        return gate, (Cap("specificity", _low(against.middle, placed, like or " like it")),)
    return gate, ()


def _words(places: _Places | None) -> str:
    return "no valid comparator" if places is None else places.words
