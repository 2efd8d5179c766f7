"""What the adjustment for blood composition means for a cohort verdict: two estimands, a gate and a cap."""

from __future__ import annotations

import math
from typing import Any

ADJUSTED_P = 0.05
"""Pooled two-sided p that the composition-adjusted effect must reach, with the sign of the total effect."""
_GATE = "composition-adjusted effect: same sign, pooled p ≤ .05, and not explained by noisy proxies"


def read_composition(records: list[dict[str, Any]], datasets: dict[str, str]) -> dict[str, Any]:
    """Return what an answer card says of blood composition.

    Parameters
    ----------
    records
        The hypothesis' entries of the `composition.json` of its contrasts, each with its `contrast`.
    datasets
        Dataset of every testable contrast of the hypothesis.

    Returns
    -------
    dict
        adjusted (pooled effect in Hedges g, its CI and p, and k; None where nothing could be adjusted), reason (why it
        is None), sentence, doubt, gate, caps, contrasts. Pooling is the common effect with inverse variances; only one
        contrast of each dataset counts.
    """
    missing = [contrast for contrast in datasets if contrast not in {row["contrast"] for row in records}]
    reasons = [f"{row['contrast']}: {row['reason']}" for row in records if row["reason"]]
    reasons += [f"{contrast}: its dataset is not declared as blood (composition: yes)" for contrast in missing]
    usable = _one_per_dataset([row for row in records if not row["reason"]], datasets)
    if reasons or not usable:
        reason = "; ".join(reasons) or "no contrast could be tested"
        return {
            "adjusted": None,
            "reason": reason,
            "sentence": "",
            "doubt": "",
            "gate": {"gate": _GATE, "status": "not evaluated", "detail": reason},
            "caps": [{"cap": "composition", "reason": f"Composition is not adjusted for in every cohort ({reason})."}],
            "contrasts": records,
        }
    total, adjusted, corrected = (_pool(usable, name) for name in ("total", "adjusted", "corrected"))
    fault = _fault(total, adjusted, corrected)
    detail = f"{_words(adjusted)}, p = {adjusted['p_value']:.2g}; {fault or 'noisy proxies (reliability 0.7) could not explain the effect'}"
    return {
        "adjusted": adjusted,
        "total": total,
        "corrected": corrected,
        "reason": "",
        "sentence": _sentence(usable, total, adjusted),
        "doubt": _doubt(usable, fault),
        "gate": {"gate": _GATE, "status": "failed" if fault else "passed", "detail": detail},
        "caps": [{"cap": "composition", "reason": f"{fault[0].upper()}{fault[1:]}."}] if fault else [],
        "contrasts": records,
    }


def _one_per_dataset(records: list[dict[str, Any]], datasets: dict[str, str]) -> list[dict[str, Any]]:
    first: dict[str, dict[str, Any]] = {}
    for row in records:
        if row["contrast"] in datasets:
            first.setdefault(datasets[row["contrast"]], row)
    return list(first.values())


def _pool(records: list[dict[str, Any]], estimand: str) -> dict[str, float]:
    """Return the common effect of one estimand; a single cohort keeps its own t distribution."""
    found = [row[estimand] for row in records]
    if len(found) == 1 and "p_value" in found[0]:
        return {key: found[0][key] for key in ("effect", "effect_se", "ci_low", "ci_high", "p_value")} | {"k": 1}
    weights = [1 / row["effect_se"] ** 2 for row in found]
    effect = sum(weight * row["effect"] for weight, row in zip(weights, found, strict=True)) / sum(weights)
    se = 1 / math.sqrt(sum(weights))
    return {
        "effect": effect,
        "effect_se": se,
        "ci_low": effect - 1.959964 * se,
        "ci_high": effect + 1.959964 * se,
        "p_value": math.erfc(abs(effect / se) / math.sqrt(2)),
        "k": len(found),
    }


def _fault(total: dict[str, float], adjusted: dict[str, float], corrected: dict[str, float]) -> str:
    """Return why the adjusted effect does not back the total one, or nothing."""
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
