"""Answer cards: what `verdicts.json` says of one hypothesis, in the words of a card.

Nothing is decided here: every verdict, number and reason comes from the verdict stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidemine.report import words
from sidemine.report.answer import answer
from sidemine.report.beside import Beside
from sidemine.report.evidence_panels import evidence_panels

_MARKS = {"supported": "●", "suggestive": "◐", "not supported": "○", "conflicting": "⇄", "not testable": "∅"}
_MEANINGS = {
    "supported": "All declared conditions are met: an association, no proof of a cause.",
    "suggestive": "A hint, not proof: there is a change, but not every condition of “supported” is met or evaluated.",
    "not supported": "The data exclude an effect of the declared size in the declared direction.",
    "conflicting": "Datasets point in opposite directions.",
    "not testable": "No answer: these data cannot tell, in either direction.",
}
_KINDS = {
    "cohort": "people compared (patients and controls)",
    "experiment": "treated and untreated samples compared",
}
_FIELDS = {
    "pooled": "Pooled effect over datasets",
    "composition_adjusted": "Effect adjusted for the mix of cells",
    "specificity_percentile": "Percentile among matched random gene sets",
    "robustness_share": "Share of analysis variants that agree",
}
_LONGEST_EFFECT_LIST = 4
_MOST_OVERLAPS = 2


def verdict_legend() -> list[dict[str, str]]:
    """Return the closed vocabulary of verdicts with marks and meanings, in order."""
    return [
        {"verdict": verdict, "class": css_class(verdict), "mark": mark, "meaning": _MEANINGS[verdict]}
        for verdict, mark in _MARKS.items()
    ]


def css_class(verdict: str) -> str:
    """Return the style class of a verdict."""
    return "verdict-" + verdict.replace(" ", "-")


def card(entry: Mapping[str, Any], beside: Beside, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that one answer card shows.

    Parameters
    ----------
    entry
        One entry of `verdicts` in `verdicts.json`.
    beside
        What stands beside the verdicts: robustness, concordance.
    drawn
        Its charts (`evidence_panels.figures`).
    """
    evidence = entry["evidence"]
    return {
        **answer(entry, beside.robustness.get(entry["hypothesis"])),
        **evidence_panels(entry, beside, drawn),
        "id": entry["hypothesis"],
        "question": entry["question"],
        "kind": _KINDS.get(entry["kind"], entry["kind"]),
        "verdict": entry["verdict"],
        "class": css_class(entry["verdict"]),
        "mark": _MARKS.get(entry["verdict"], "?"),
        "opposite": entry["opposite"],
        "headline": headline(entry),
        "sentence": entry["sentence"],
        "rule": entry["rule"],
        "declared": declared_sentence(entry),
        **effect_list(entry),
        "notes": entry.get("notes") or [],
        "doubt": entry["doubt"],
        "caps": entry["caps"],
        "gates": gates(entry),
        "gate_counts": gate_counts(entry),
        "fields": fields(entry),
        "overlaps": overlap_sentences(entry),
        "composition": (entry.get("composition") or {}).get("sentence", ""),
        "cells": cell_rows(entry),
        "threats": entry["threats"],
        "evidence": [evidence_row(item) for item in evidence],
        "secondary": [_secondary(item) for item in entry["secondary"]],
    }


def headline(entry: Mapping[str, Any]) -> str:
    """Return what the verdict means, in one short sentence (never yes or no: questions may be asked either way)."""
    if entry["opposite"]:
        return "The change is significant, but in the direction opposite to the declared one."
    return _MEANINGS.get(entry["verdict"], "")


def declared_sentence(entry: Mapping[str, Any]) -> str:
    """Tell what was declared before any result was seen."""
    declared = entry["declared"]
    towards = {
        "up": "higher in the target group",
        "down": "lower in the target group",
        "either": "different, in either direction",
    }.get(declared["direction"], declared["direction"])
    margin = (
        f"margin {words.number(declared['margin'])} {words.unit_words(declared['margin_unit'])}"
        if words.is_number(declared["margin"])
        else "margin not available"
    )
    over = words.count(len(declared["contrasts"]), "contrast")
    reported = {"up": " The study mirrored here reported: higher.", "down": " The study mirrored here reported: lower."}
    return (
        f"Declared beforehand: genes of {declared['set']} are {towards}, by the {declared['test']} test, over {over} "
        f"({words.listed(declared['contrasts'])}); {margin} ({declared['margin_rule']})."
        f"{reported.get(str(declared.get('expects_sign')), '')}"
    )


def gates(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the gates with their style class."""
    return [{**gate, "class": "gate-" + str(gate["status"]).replace(" ", "-")} for gate in entry["gates"]]


def gate_counts(entry: Mapping[str, Any]) -> str:
    """Return, for example, `3 passed, 1 failed, 2 not evaluated`."""
    statuses = [gate["status"] for gate in entry["gates"]]
    return (
        ", ".join(f"{statuses.count(key)} {key}" for key in ("passed", "failed", "not evaluated") if key in statuses)
        or "none"
    )


def fields(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the fields that a later stage computes: their value, or the reason why there is none."""
    shown = []
    for key, name in _FIELDS.items():
        value = entry[key]
        missing = entry["not_computed"].get(key, "no reason was given")
        told = pooled_words(value) if key == "pooled" and value is not None else value_words(value)
        shown.append({"name": name, "value": f"not computed ({missing})" if value is None else told})
    return shown


def pooled_words(pooled: Mapping[str, Any]) -> str:
    """Tell the pooled effect: what carries it, what stands beside it, and what cannot be estimated."""
    parts = [
        f"{words.number(pooled['effect'])} {words.unit_words(pooled['unit'])} (95 % CI {words.number(pooled['ci_low'])} "
        f"to {words.number(pooled['ci_high'])}, {words.p_statement(pooled['p'])}; {pooled['method']}, "
        f"{words.count(pooled['k'], 'dataset')})",
        f"one dataset left out: {words.number(pooled['leave_one_out_low'])} to "
        f"{words.number(pooled['leave_one_out_high'])}",
        f"random effects with Hartung–Knapp limits: {words.number(pooled['random_effect'])} "
        f"({words.number(pooled['hartung_knapp_ci_low'])} to {words.number(pooled['hartung_knapp_ci_high'])})",
        f"Stouffer's z {words.number(pooled['stouffer_z'])}, {words.p_statement(pooled['stouffer_p'])}",
        f"heterogeneity: Q {words.number(pooled['q_statistic'])}, {words.p_statement(pooled['q_p'])}",
    ]
    missing = pooled["not_estimable"]
    if "tau2" in missing:
        parts.append(f"τ², I² and prediction interval: {missing['tau2']}")
    else:
        parts.append(
            f"τ² {words.number(pooled['tau2'], 3)}, I² {pooled['i2']:.0f} %, prediction interval "
            f"{words.number(pooled['prediction_low'])} to {words.number(pooled['prediction_high'])}"
        )
    parts += [f"{entry['contrast']} left out: {entry['reason']}" for entry in pooled["refused"]]
    return "; ".join(parts)


def cell_rows(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one row per blood cohort and cell proxy: how the groups differ in it, and what it alone takes."""
    rows = []
    for contrast in (entry.get("composition") or {}).get("contrasts", []):
        for alone in contrast.get("single", []):
            shift = alone["shift"]
            rows.append(
                {
                    "contrast": contrast["contrast"],
                    "cell_type": alone["cell_type"].replace("_", " "),
                    "shift": f"{words.number(shift['effect'])} ({words.number(shift['ci_low'])} to "
                    f"{words.number(shift['ci_high'])})",
                    "adjusted": f"{words.number(alone['adjusted']['effect'])} "
                    f"({words.p_statement(alone['adjusted']['p_value'])})",
                    "difference": words.number(alone["difference"]),
                }
            )
        for fact in contrast.get("proxies", []):
            if not fact["used"]:
                rows.append(
                    {"contrast": contrast["contrast"], "cell_type": fact["cell_type"].replace("_", " "),
                     "shift": f"not used: {fact['reason']}", "adjusted": "—", "difference": "—"}
                )  # fmt: skip
    return rows


def overlap_sentences(entry: Mapping[str, Any]) -> list[str]:
    """Tell what is left of the primary set, and of overlapping secondary sets, without the genes that they share."""
    primary = entry["declared"]["set"]
    told = []
    for contrast in (entry.get("specificity") or {}).get("contrasts", []):
        rows = [row for row in contrast["overlaps"] if words.is_number(row["effect"])]
        # The other targets that share genes with the primary set, largest remainder of it last: nearest rivals first.
        rivals = sorted((row for row in rows if row["gene_set"] == primary), key=lambda row: row["n_measured"])
        for row in rivals[:_MOST_OVERLAPS]:
            parts = [_part(row)] + [
                _part(other) for other in rows if (other["gene_set"], other["without"]) == (row["without"], primary)
            ]
            told.append(f"{contrast['contrast']}: {'; '.join(parts)}")
    return told


def _part(row: Mapping[str, Any]) -> str:
    genes = words.count(int(row["n_measured"]), "gene")
    return (
        f"{row['gene_set']} without the genes of {row['without']} ({genes}): {words.number(row['effect'])} "
        f"({words.p_statement(row['p_value'])})"
    )


def value_words(value: object) -> str:
    """Return a number, an effect with its interval, or the parts of a mapping, as text."""
    if isinstance(value, Mapping) and {"effect", "ci_low", "ci_high", "p_value"} <= set(value):
        interval = f"{words.number(value['ci_low'])} to {words.number(value['ci_high'])}"
        return f"{words.number(value['effect'])} (95 % CI {interval}; {words.p_statement(value['p_value'])})"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {value_words(item)}" for key, item in sorted(value.items()))
    return words.number(float(value)) if isinstance(value, int | float) and words.is_number(value) else str(value)


def effect_list(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effects that the card lists: none that its sentence tells already, and the positive control last."""
    evidence = entry["evidence"]
    told = "95 % CI" in entry["sentence"] and all(str(item["accession"]) in entry["sentence"] for item in evidence)
    shown = [] if told else evidence
    effects = [_effect(item) for item in shown[:_LONGEST_EFFECT_LIST]]
    control = entry.get("control")
    if control:
        effects.append({**_effect(control), "where": f"Positive control, {control['accession']}"})
    return {"effects": effects, "more_effects": max(0, len(shown) - _LONGEST_EFFECT_LIST)}


def _effect(item: Mapping[str, Any]) -> dict[str, str]:
    if not item["testable"]:
        problem = item["problem"] or {}
        return {"where": item["accession"], "contrast": item["contrast"], "way": "none",
                "words": f"not testable: {problem.get('what', 'no reason was given')}", "reading": ""}  # fmt: skip
    effect = item["effect"] if words.is_number(item["effect"]) else 0.0
    return {
        "where": f"{item['accession']}, {item['tissue']}",
        "contrast": item["contrast"],
        "way": {words.HIGHER: "higher", words.LOWER: "lower"}.get(words.side(effect), "none"),
        "words": words.effect_sentence(item),
        "reading": words.interval_reading(item),
    }


def evidence_row(item: Mapping[str, Any]) -> dict[str, str]:
    """Return one contrast's evidence as the cells of the evidence table."""
    problem = item["problem"]
    return {
        "contrast": item["contrast"],
        "dataset": item["dataset"],
        "accession": item["accession"],
        "platform": item["platform"] or "—",
        "compared": f"{item['target_label']} − {item['reference_label']}",
        "tissue": item["tissue"],
        "groups": f"{item['n_target']} v {item['n_reference']}",
        "residual_df": "—" if item["residual_df"] is None else f"{item['residual_df']:g}",
        "measured": f"{item['n_measured'] or 0} of {item['n_in_set'] or 0}",
        "effect": words.number(item["effect"], 3),
        "interval": f"{words.number(item['ci_low'], 3)} to {words.number(item['ci_high'], 3)}"
        if words.is_number(item["ci_low"])
        else "—",
        "unit": words.unit_words(item["effect_unit"]),
        "set_change": words.number(item["set_log2_fold_change"], 3),
        "complement_change": words.number(item["complement_log2_fold_change"], 3),
        "p_self_contained": words.p_value(item["p_self_contained"]),
        "p_declared_direction": words.p_value(item["p_declared_direction"]),
        "p_competitive": words.p_value(item["p_competitive"]),
        "competitive_reading": item["competitive_reading"] or "—",
        "excludable": words.number(item["smallest_excludable"], 2),
        "problem": f"{problem['what']} ({problem['where']}). Allowed: {problem['allowed']}. "
        f"What to do: {problem['next_step']}"
        if problem
        else "",
    }


def _secondary(item: Mapping[str, Any]) -> dict[str, str]:
    return {
        "gene_set": item["gene_set"],
        "contrast": item["contrast"],
        "effect": words.number(item["effect"], 3),
        "direction": {"up": "higher in target", "down": "lower in target"}.get(item["direction"], "—"),
        "p_value": words.p_value(item["p_value"]),
        "q_value": words.p_value(item["q_value"]),
    }


def published_table(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one published table."""
    return {
        **entry,
        "class": css_class(entry["verdict"]),
        "mark": _MARKS.get(entry["verdict"], "?"),
        "n_genes_words": words.count(int(entry["n_genes"] or 0), "gene"),
        "checks": [{**check, "class": "check-" + str(check["status"]).replace(" ", "-")} for check in entry["checks"]],
    }
