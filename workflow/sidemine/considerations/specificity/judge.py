"""What the comparison with other sets means for a verdict: a percentile, a gate and, for cohorts, a cap.

In cohorts every contrast that the pooled effect rests on needs a place of its own, among matched random sets or among
comparator sets; one without either caps. Random sets as co-expressed as the primary set cannot always be drawn: a set of
one pathway may vary together more than any genes outside it do. Where none could be drawn in any of these contrasts, the
comparator sets decide alone. That is the declared fallback; it is told in the gate, and is a doubt of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from sidemine.verdict.gates import make_gate
from sidemine.verdict.readings import COMPARATOR_PERCENTILE

COHORT_PERCENTILE = 75.0
"""Below this percentile, among matched random sets or comparator sets, a cohort hypothesis is capped."""
_NOT_MEASURED = "no contrast could be tested"
_NO_PLACE = "The place among comparator sets was not measured"


def read_specificity(
    kind: str, record: Mapping[str, Any] | None, carrying: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what an answer card says of the primary set's place among other sets.

    Parameters
    ----------
    kind
        cohort or experiment.
    record
        The hypothesis' entry of `specificity.json`; None where it was not measured.
    carrying
        The independent contrasts that the answer rests on: a cohort's percentiles are taken over them alone, so that no
        source counts twice. None: all. All are shown.

    Returns
    -------
    dict
        percentile (median over the contrasts, among matched random sets; None without a valid comparator), reason (why
        it is None), percentile_comparators (the same among comparator sets), sentence, doubt (where comparator sets
        decide alone), gates, caps, contrasts.
    """
    contrasts = record["contrasts"] if record else []
    counted = [entry for entry in contrasts if kind != "cohort" or carrying is None or entry["contrast"] in carrying]
    found = [value for entry in counted if (value := entry["matched"]["percentile"]) is not None]
    places = [value for entry in counted if (value := entry["comparators"]["percentile"]) is not None]
    reasons = [
        f"{entry['contrast']}: {entry['matched']['reason']}" for entry in contrasts if entry["matched"]["reason"]
    ]
    percentile = median(found) if found else None
    comparators = median(places) if places else None
    summary = {
        "percentile": percentile,
        "reason": "; ".join(reasons) or _NOT_MEASURED,
        "percentile_comparators": comparators,
        "doubt": "",
        "sentence": specificity_sentence(contrasts),
        "contrasts": contrasts,
    }
    if kind == "cohort":
        expected = [entry["contrast"] for entry in contrasts] if carrying is None else carrying
        return {**summary, **_read_cohorts(percentile, comparators, counted, expected)}
    return {**summary, "doubt": "", **_read_experiments(contrasts)}


def specificity_sentence(contrasts: list[dict[str, Any]]) -> str:
    """Return in words where the primary set stands in each contrast."""
    parts = []
    for entry in contrasts:
        matched, comparators = entry["matched"], entry["comparators"]
        if matched["percentile"] is None:
            random = matched["reason"]
        else:
            random = (
                f"a larger effect in the declared direction than {matched['percentile']:.0f} % of "
                f"{matched['n_sets']:,} random sets of the same size, expression and correlation"
            )
        rank = f"rank {comparators['rank']} among {comparators['n']} comparator sets and itself"
        if comparators["percentile"] is None:
            rank = comparators["reason"]
        elif comparators["ahead"]:
            rank += f" (ahead of it: {', '.join(comparators['ahead'])}{' …' if comparators['rank'] > 6 else ''})"
        parts.append(f"{entry['contrast']}: {random}; {rank}")
    return ". ".join(parts) + "." if parts else ""


def _read_cohorts(
    percentile: float | None,
    comparators: float | None,
    counted: Sequence[Mapping[str, Any]],
    expected: Sequence[str],
) -> dict[str, Any]:
    """Return gate, caps and doubt of a cohort hypothesis whose pooled effect rests on the contrasts `expected`."""
    known = [value for value in (percentile, comparators) if value is not None]
    detail = f"matched random sets: {_words(percentile)}; comparator sets: {_words(comparators)}"
    placed = {entry["contrast"] for entry in counted if _has_place(entry)}
    without = [name for name in expected if name not in placed]
    fallback = percentile is None and comparators is not None
    reasons = []
    if not known:
        reasons.append("There is no valid comparator, so nobody can tell whether the set is special.")
    elif without:
        reasons.append(
            f"There is no valid comparator in {', '.join(without)}, neither random sets nor comparator sets, so nobody "
            "can tell whether the set is special there."
        )
    if known and min(known) < COHORT_PERCENTILE:
        reasons.append(
            f"The set stands at the {min(known):.0f}th percentile of sets like it (below {COHORT_PERCENTILE:g}): its "
            "change may be that of many genes."
        )
    if fallback:
        detail += "; no valid random sets could be drawn, so the comparator sets decide alone"
    if known and without:
        detail += f"; no place at all in {', '.join(without)}"
    # Without any place nothing was evaluated; with some, a cohort that has none is a gate that was not passed.
    passed = not reasons if known else None
    gate = (
        f"specificity: percentile of at least {COHORT_PERCENTILE:g} among matched random sets and comparator sets, with "
        "a place among either in every cohort"
    )
    return {
        "gates": [make_gate("specificity", gate, passed, detail)],
        "caps": [{"cap": "specificity", "reason": reason} for reason in reasons],
        "doubt": _doubt_of_fallback(counted) if fallback else "",
    }


def _has_place(entry: Mapping[str, Any]) -> bool:
    return any(entry[among]["percentile"] is not None for among in ("matched", "comparators"))


def _doubt_of_fallback(counted: Sequence[Mapping[str, Any]]) -> str:
    fewest = min(entry["comparators"]["n"] for entry in counted if entry["comparators"]["percentile"] is not None)
    return (
        "No random sets as co-expressed as this set could be drawn, so its specificity rests on "
        f"{fewest} comparator sets alone."
    )


def _read_experiments(contrasts: list[dict[str, Any]]) -> dict[str, Any]:
    places = [(entry["contrast"], entry["comparators"]["percentile"]) for entry in contrasts]
    known = [place for _, place in places if place is not None]
    reaching = sum(place >= COMPARATOR_PERCENTILE for place in known)
    detail = ", ".join(f"{contrast} {_words(place)}" for contrast, place in places) or _NOT_MEASURED
    gate = f"rank among comparator sets: percentile of at least {COMPARATOR_PERCENTILE:g} in at least one experiment"
    caps = []
    if not known:
        reason = contrasts[0]["comparators"]["reason"].capitalize() if contrasts else _NO_PLACE
        caps.append({"cap": "specificity", "reason": reason + "."})
    return {"gates": [make_gate("comparator sets", gate, reaching > 0 if known else None, detail)], "caps": caps}


def _words(percentile: float | None) -> str:
    return "no valid comparator" if percentile is None else f"{percentile:.0f}th percentile"
