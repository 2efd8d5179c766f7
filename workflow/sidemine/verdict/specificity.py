"""What the comparison with other sets means for a verdict: a percentile, a gate and, for cohorts, a cap."""

from __future__ import annotations

from statistics import median
from typing import Any

from sidemine.verdict.rules import COMPARATOR_PERCENTILE

COHORT_PERCENTILE = 75.0
"""Below this percentile, among matched random sets or comparator sets, a cohort hypothesis is capped."""
_NOT_MEASURED = "no contrast could be tested"


def read_specificity(kind: str, record: dict[str, Any] | None) -> dict[str, Any]:
    """Return what an answer card says of the primary set's place among other sets.

    Parameters
    ----------
    kind
        cohort or experiment.
    record
        The hypothesis' entry of `specificity.json`; None where it was not measured.

    Returns
    -------
    dict
        percentile (median over the contrasts, among matched random sets; None without a valid comparator), reason (why
        it is None), percentile_comparators (the same among comparator sets), sentence, gates, caps, contrasts.
    """
    contrasts = record["contrasts"] if record else []
    matched = [entry["matched"]["percentile"] for entry in contrasts]
    found = [value for value in matched if value is not None]
    places = [value for entry in contrasts if (value := entry["comparators"]["percentile"]) is not None]
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
        status = "not evaluated"
    else:
        status = "passed" if min(known) >= COHORT_PERCENTILE else "failed"
        reason = (
            f"The set stands at the {min(known):.0f}th percentile of sets like it (below {COHORT_PERCENTILE:g}): its "
            "change may be that of many genes."
        )
    caps = [] if status == "passed" else [{"cap": "specificity", "reason": reason}]
    gate = f"specificity: percentile of at least {COHORT_PERCENTILE:g} among matched random sets and comparator sets"
    return {"gates": [{"gate": gate, "status": status, "detail": detail}], "caps": caps if measured else []}


def _read_experiments(contrasts: list[dict[str, Any]]) -> dict[str, Any]:
    places = [(entry["contrast"], entry["comparators"]["percentile"]) for entry in contrasts]
    known = [place for _, place in places if place is not None]
    reaching = sum(place >= COMPARATOR_PERCENTILE for place in known)
    status = "not evaluated" if not known else "passed" if reaching else "failed"
    detail = ", ".join(f"{contrast} {_words(place)}" for contrast, place in places) or _NOT_MEASURED
    gate = f"rank among comparator sets: percentile of at least {COMPARATOR_PERCENTILE:g} in at least one experiment"
    caps = []
    if contrasts and not known:
        caps.append({"cap": "specificity", "reason": contrasts[0]["comparators"]["reason"].capitalize() + "."})
    return {"gates": [{"gate": gate, "status": status, "detail": detail}], "caps": caps}


def _words(percentile: float | None) -> str:
    return "no valid comparator" if percentile is None else f"{percentile:.0f}th percentile"
