"""What the adjustment for blood composition means for a cohort verdict: two estimands, a gate and a cap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sidemine.effect.pooling import pool
from sidemine.verdict.gates import make_gate

ADJUSTED_P = 0.05
"""Pooled two-sided p that the composition-adjusted effect must reach, with the sign of the total effect."""
_GATE = "composition-adjusted effect: same sign, pooled p ≤ .05, and not explained by noisy proxies"


def composition_by_hypothesis(records: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of all `composition.json`, by hypothesis, each with its contrast and where markers were checked."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        for entry in record["hypotheses"]:
            shared = {name: record[name] for name in ("contrast", "contamination_checked_in") if name in record}
            found.setdefault(entry["hypothesis"], []).append({**shared, **entry})
    return found


def read_composition(records: Sequence[dict[str, Any]], contrasts: Sequence[str]) -> dict[str, Any]:
    """Return what an answer card says of blood composition.

    Parameters
    ----------
    records
        The hypothesis' entries of the `composition.json` of its contrasts, each with its `contrast`.
    contrasts
        The independent contrasts that the pooled total effect rests on; the adjusted effect rests on the same ones.

    Returns
    -------
    dict
        adjusted (pooled effect in Hedges g, its CI and p, and k; None where nothing could be adjusted), reason (why it
        is None), with_dropped (the same with dropped proxies that differ between the groups; None where there are
        none), sentence, doubt, notes, gate, caps, contrasts. Pooled as the total effect is.
    """
    usable = [row for row in records if row["contrast"] in contrasts and not row["reason"]]
    missing = [contrast for contrast in contrasts if contrast not in {row["contrast"] for row in records}]
    reasons = [
        f"{row['contrast']}: {row['reason']}" for row in records if row["reason"] and row["contrast"] in contrasts
    ]
    reasons += [f"{contrast}: its dataset is not declared as blood (composition: yes)" for contrast in missing]
    if reasons or not usable:
        reason = "; ".join(reasons) or "no contrast could be tested"
        return {
            "adjusted": None,
            "with_dropped": None,
            "reason": reason,
            "sentence": "",
            "doubt": "",
            "notes": [],
            "gate": make_gate("composition", _GATE, None, reason),
            "caps": [{"cap": "composition", "reason": f"Composition is not adjusted for in every cohort ({reason})."}],
            "contrasts": list(records),
        }
    total, adjusted, corrected = (_pool(usable, name) for name in ("total", "adjusted", "corrected"))
    with_dropped = _pool_with_dropped(usable)
    fault = _fault(total, adjusted, corrected) or _fault_of_dropped(usable, total, with_dropped)
    held = fault or "noisy proxies (reliability 0.7) could not explain the effect"
    detail = f"{_words(adjusted)}, p = {adjusted['p_value']:.2g}; {held}"
    unchecked = _unchecked(usable)
    return {
        "adjusted": adjusted,
        "total": total,
        "corrected": corrected,
        "with_dropped": with_dropped,
        "reason": "",
        "sentence": " ".join(
            filter(None, [_sentence(usable, total, adjusted), _told(usable, with_dropped), unchecked])
        ),
        "doubt": " ".join(filter(None, [_doubt(usable, fault), unchecked])),
        "notes": [unchecked] if unchecked else [],
        "gate": make_gate("composition", _GATE, not fault, detail),
        "caps": [{"cap": "composition", "reason": f"{fault[0].upper()}{fault[1:]}."}] if fault else [],
        "contrasts": list(records),
    }


def _pool(records: list[dict[str, Any]], estimand: str) -> dict[str, float]:
    """Return one estimand over the cohorts, pooled by the method that carries the total effect."""
    found = [row[estimand] for row in records]
    pooled = pool(
        np.array([[row["effect"] for row in found]]),
        np.array([[row["effect_se"] for row in found]]),
        # The corrected effect's error comes from a bootstrap: it has no degrees of freedom.
        np.array([[row.get("df", np.inf) for row in found]]),
        estimated_ses=False,
    )
    carried = pooled.carried
    names = ("effect", "ci_low", "ci_high", "p_value")
    return {name: float(getattr(carried, name)[0]) for name in names} | {
        "effect_se": float(carried.se[0]),
        "k": int(pooled.k[0]),
    }


def _fault(total: dict[str, float], adjusted: dict[str, float], corrected: dict[str, float]) -> str:
    """Return why the adjusted effect does not back the total one, or nothing."""
    numbers = [one[name] for one in (adjusted, corrected) for name in ("effect", "ci_low", "ci_high", "p_value")]
    if not all(math.isfinite(number) for number in [total["effect"], *numbers]):
        return "the adjusted effect is no number"
    if adjusted["effect"] * total["effect"] <= 0:
        return "the sign changes when blood composition is adjusted for"
    if adjusted["p_value"] > ADJUSTED_P:
        return f"after adjusting for blood composition p is {adjusted['p_value']:.2g}"
    if corrected["ci_low"] <= 0 <= corrected["ci_high"] or corrected["effect"] * total["effect"] <= 0:
        return (
            f"cell proxies measure cells with error: at a reliability of 0.7 the adjusted effect would be "
            f"{corrected['effect']:.2f} ({corrected['ci_low']:.2f} to {corrected['ci_high']:.2f}), so composition could "
            "explain the whole effect"
        )
    return ""


def _pool_with_dropped(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the adjusted effect with dropped proxies among the covariates, and `corrected` as for the adjusted one.

    None where no dropped proxy differs between the groups, or where one that does cannot be adjusted for.
    """
    found = [row.get("with_dropped") for row in records]
    if not any(found) or any(entry and entry["reason"] for entry in found):
        return None
    rows = [
        {"adjusted": entry, "corrected": entry["corrected"]} if entry else row
        for entry, row in zip(found, records, strict=True)
    ]
    return {**_pool(rows, "adjusted"), "corrected": _pool(rows, "corrected")}


def _dropped_cells(records: list[dict[str, Any]]) -> str:
    cells = sorted({cell for row in records if row.get("with_dropped") for cell in row["with_dropped"]["cells"]})
    return ", ".join(cells).replace("_", " ")


def _fault_of_dropped(
    records: list[dict[str, Any]], total: dict[str, float], with_dropped: dict[str, Any] | None
) -> str:
    """Return why a dropped proxy that differs between the groups could explain the effect, or nothing.

    The rule is that of the other proxies, noise included: by p alone 9 of 20 planted studies passed in which such a
    cell was the whole effect.
    """
    cells = _dropped_cells(records)
    if not cells:
        return ""
    fault = "it cannot be done" if with_dropped is None else _fault(total, with_dropped, with_dropped["corrected"])
    differs = f"markers of {cells} differ between the groups and were dropped, because stimulation moves them"
    return f"{differs}; adjusted for them too: {fault}" if fault else ""


def _told(records: list[dict[str, Any]], with_dropped: dict[str, Any] | None) -> str:
    if with_dropped is None:
        return ""
    return (
        f"With the dropped markers of {_dropped_cells(records)}, which differ between the groups: {_words(with_dropped)}, "
        f"p = {with_dropped['p_value']:.2g}; they answer to the pathway as well, so this adjusts for too much."
    )


def _unchecked(records: list[dict[str, Any]]) -> str:
    """Return that nobody looked whether stimulation moves the markers; nothing where that was looked at, or unknown."""
    if any(row.get("contamination_checked_in", ["unknown"]) for row in records):
        return ""
    return "Whether the pathway itself moves the cell markers was not checked: no stimulus contrast in blood could be tested."


def _words(pooled: dict[str, float]) -> str:
    return f"{pooled['effect']:.2f} SD (95 % CI {pooled['ci_low']:.2f} to {pooled['ci_high']:.2f})"


def _sentence(records: list[dict[str, Any]], total: dict[str, float], adjusted: dict[str, float]) -> str:
    cells = sorted({name for row in records for name in row["adjusted_for"]})
    differences = "; ".join(
        f"{row['contrast']}: total minus adjusted {row['difference']['effect']:.2f} "
        f"({row['difference']['ci_low']:.2f} to {row['difference']['ci_high']:.2f})"
        + ("" if row["retained_percent"] is None else f", {row['retained_percent']:.0f} % retained")
        for row in records
    )
    return (
        # The p of the total effect stands with the pooled effect, on its own t reference; one p for one number.
        f"Total {_words(total)}; {_words(adjusted)}, p = {adjusted['p_value']:.2g}, after adjusting for blood composition "
        f"({', '.join(cells).replace('_', ' ')}). {differences}."
    )


def _doubt(records: list[dict[str, Any]], fault: str) -> str:
    if fault:
        return f"{fault[0].upper()}{fault[1:]}: cell types may differ, and not the pathway."
    largest = max((entry for row in records for entry in row["single"]), key=lambda entry: abs(entry["difference"]))
    return (
        f"Blood composition differs and is measured by proxies only; the one that takes most of the effect is "
        f"{largest['cell_type'].replace('_', ' ')} ({largest['difference']:.2f} SD). Cell types without markers are not "
        "adjusted for, and composition may itself be an effect of the pathway."
    )
