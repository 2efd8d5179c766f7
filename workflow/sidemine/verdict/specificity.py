"""What the comparison with other sets means for a verdict: a percentile, a gate and, for cohorts, a cap."""

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
        it is None), percentile_comparators (the same among comparator sets), sentence, gates, caps, contrasts.
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
        "sentence": specificity_sentence(contrasts),
        "contrasts": contrasts,
    }
    if kind == "cohort":
        return {**summary, **_read_cohorts(percentile, comparators, bool(contrasts))}
    return {**summary, **_read_experiments(contrasts)}


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


def _read_cohorts(percentile: float | None, comparators: float | None, measured: bool) -> dict[str, Any]:
    known = [value for value in (percentile, comparators) if value is not None]
    detail = f"matched random sets: {_words(percentile)}; comparator sets: {_words(comparators)}"
    if not known:
        reason = "There is no valid comparator, so nobody can tell whether the set is special."
        passed = None
    else:
        passed = min(known) >= COHORT_PERCENTILE
        reason = (
            f"The set stands at the {min(known):.0f}th percentile of sets like it (below {COHORT_PERCENTILE:g}): its "
            "change may be that of many genes."
        )
    caps = [] if passed else [{"cap": "specificity", "reason": reason}]
    gate = f"specificity: percentile of at least {COHORT_PERCENTILE:g} among matched random sets and comparator sets"
    return {"gates": [make_gate("specificity", gate, passed if measured else None, detail)], "caps": caps}


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
