"""Answer cards: what `verdicts.json` says of one hypothesis, in the words of a card.

Nothing is decided here: every verdict, number and reason comes from the verdict stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidemine.considerations.composition.panel import cell_rows
from sidemine.considerations.composition.record import CompositionColumns, PooledEstimate
from sidemine.considerations.judgement import GateStatus
from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.considerations.specificity.panel import overlap_sentences
from sidemine.considerations.specificity.record import SpecificityColumns
from sidemine.drawing import words
from sidemine.drawing.panel import Panel
from sidemine.effect.record import PooledEffect
from sidemine.lines.published.panel import table_words
from sidemine.lines.published.record import DescribedTable
from sidemine.records import fields_of
from sidemine.report.answer import answer
from sidemine.verdict.card import Card, CardContrast, SecondarySet
from sidemine.verdict.vocabulary import Verdict

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


def verdict_legend() -> list[dict[str, str]]:
    """Return the closed vocabulary of verdicts with marks and meanings, in order."""
    return [
        {"verdict": verdict, "class": verdict.css_class, "mark": verdict.mark, "meaning": verdict.meaning}
        for verdict in Verdict
    ]


def card_values(card: Card, panels: Sequence[Panel]) -> dict[str, Any]:
    """Return everything that one answer card shows.

    Parameters
    ----------
    card
        The answer card.
    panels
        Its panels (`evidence_panels`), the forest plot first.
    """
    return {
        **answer(card),
        "forest": panels[0],
        "panels": panels[1:],
        "id": card.hypothesis,
        "question": card.question,
        "kind": _KINDS[card.kind],
        "verdict": card.verdict,
        "class": card.verdict.css_class,
        "mark": card.verdict.mark,
        "opposite": card.opposite,
        "headline": headline(card),
        "sentence": card.sentence,
        "rule": card.rule,
        "declared": declared_sentence(card),
        **effect_list(card),
        "notes": card.notes,
        "doubt": card.doubt,
        "caps": card.caps,
        "gates": gates(card),
        "gate_counts": gate_counts(card),
        "fields": fields(card),
        "overlaps": overlap_sentences(card.columns_of(SpecificityColumns), card.declared.set),
        "composition": card.columns_of(CompositionColumns).composition.sentence,
        "cells": cell_rows(card.columns_of(CompositionColumns)),
        "threats": card.threats,
        "evidence": [evidence_row(item) for item in card.evidence],
        "secondary": [_secondary(item) for item in card.secondary],
    }


def headline(card: Card) -> str:
    """Return what the verdict means, in one short sentence (never yes or no: questions may be asked either way)."""
    if card.opposite:
        return "The change is significant, but in the direction opposite to the declared one."
    return card.verdict.meaning


def declared_sentence(card: Card) -> str:
    """Tell what was declared before any result was seen."""
    declared = card.declared
    towards = {
        "up": "higher in the target group",
        "down": "lower in the target group",
        "either": "different, in either direction",
    }[declared.direction]
    margin = (
        f"margin {words.number(declared.margin)} {words.unit_words(declared.margin_unit)}"
        if words.is_number(declared.margin)
        else "margin not available"
    )
    over = words.count(len(declared.contrasts), "contrast")
    reported = {"up": " The study mirrored here reported: higher.", "down": " The study mirrored here reported: lower."}
    return (
        f"Declared beforehand: genes of {declared.set} are {towards}, by the {declared.test} test, over {over} "
        f"({words.listed(declared.contrasts)}); {margin} ({declared.margin_rule})."
        f"{reported.get(declared.expects_sign, '')}"
    )


def gates(card: Card) -> list[dict[str, Any]]:
    """Return the gates with their style class."""
    return [{**fields_of(gate), "class": "gate-" + gate.status.replace(" ", "-")} for gate in card.gates]


def gate_counts(card: Card) -> str:
    """Return, for example, `3 passed, 1 failed, 2 not evaluated`."""
    statuses = [gate.status for gate in card.gates]
    known: tuple[GateStatus, ...] = ("passed", "failed", "not evaluated")
    return ", ".join(f"{statuses.count(key)} {key}" for key in known if key in statuses) or "none"


def fields(card: Card) -> list[dict[str, str]]:
    """Return the fields that a later stage computes: their value, or the reason why there is none."""
    adjusted = card.columns_of(CompositionColumns).composition_adjusted
    values = {
        "pooled": None if card.pooled is None else pooled_words(card.pooled),
        "composition_adjusted": None if adjusted is None else _effect_words(adjusted),
        "specificity_percentile": _number(card.columns_of(SpecificityColumns).specificity_percentile),
        "robustness_share": _number(card.columns_of(RobustnessColumns).robustness_share),
    }
    return [
        {"name": name, "value": values[key] or f"not computed ({card.not_computed[key]})"}
        for key, name in _FIELDS.items()
    ]


def _effect_words(effect: PooledEstimate) -> str:
    """Return an effect with its interval and p, without a unit."""
    return f"{words.number(effect.effect)} (95 % CI {words.number(effect.ci_low)} to {words.number(effect.ci_high)}; {words.p_statement(effect.p_value)})"


def _number(value: float | None) -> str | None:
    return None if value is None else words.number(value)


def pooled_words(pooled: PooledEffect) -> str:
    """Tell the pooled effect: what carries it, what stands beside it, and what cannot be estimated."""
    parts = [
        f"{words.number(pooled.effect)} {words.unit_words(pooled.unit)} (95 % CI {words.number(pooled.ci_low)} "
        f"to {words.number(pooled.ci_high)}, {words.p_statement(pooled.p)}; {pooled.method}, "
        f"{words.count(pooled.k, 'dataset')})",
        f"one dataset left out: {words.number(pooled.leave_one_out_low)} to {words.number(pooled.leave_one_out_high)}",
        f"random effects with Hartung–Knapp limits: {words.number(pooled.random_effect)} "
        f"({words.number(pooled.hartung_knapp_ci_low)} to {words.number(pooled.hartung_knapp_ci_high)})",
        f"Stouffer's z {words.number(pooled.stouffer_z)}, {words.p_statement(pooled.stouffer_p)}",
        f"heterogeneity: Q {words.number(pooled.q_statistic)}, {words.p_statement(pooled.q_p)}",
    ]
    missing = pooled.not_estimable
    if "tau2" in missing:
        parts.append(f"τ², I² and prediction interval: {missing['tau2']}")
    else:
        parts.append(
            f"τ² {words.number(pooled.tau2, 3)}, I² {pooled.i2 or 0:.0f} %, prediction interval "
            f"{words.number(pooled.prediction_low)} to {words.number(pooled.prediction_high)}"
        )
    parts += [f"{entry.contrast} left out: {entry.reason}" for entry in pooled.refused]
    return "; ".join(parts)


def effect_list(card: Card) -> dict[str, Any]:
    """Return the effects that the card lists: none that its sentence tells already, and the positive control last."""
    told = "95 % CI" in card.sentence and all(item.accession in card.sentence for item in card.evidence)
    listed = [] if told else card.evidence
    effects = [_effect(item) for item in listed[:_LONGEST_EFFECT_LIST]]
    if card.control:
        effects.append({**_effect(card.control), "where": f"Positive control, {card.control.accession}"})
    return {"effects": effects, "more_effects": max(0, len(listed) - _LONGEST_EFFECT_LIST)}


def _effect(item: CardContrast) -> dict[str, str]:
    if not item.testable:
        what = item.problem.what if item.problem else "no reason was given"
        return {"where": item.accession, "contrast": item.contrast, "way": "none",
                "words": f"not testable: {what}", "reading": ""}  # fmt: skip
    effect = item.effect if words.is_number(item.effect) else 0.0
    return {
        "where": f"{item.accession}, {item.tissue}",
        "contrast": item.contrast,
        "way": {words.HIGHER: "higher", words.LOWER: "lower"}.get(words.side(effect), "none"),
        "words": words.effect_sentence(item),
        "reading": words.interval_reading(item),
    }


def evidence_row(item: CardContrast) -> dict[str, str]:
    """Return one contrast's evidence as the cells of the evidence table."""
    problem = item.problem
    return {
        "contrast": item.contrast,
        "dataset": item.dataset,
        "accession": item.accession,
        "platform": item.platform or "—",
        "compared": f"{item.target_label} − {item.reference_label}",
        "tissue": item.tissue,
        "groups": f"{item.n_target} v {item.n_reference}",
        "residual_df": "—" if item.residual_df is None else f"{item.residual_df:g}",
        "measured": f"{item.n_measured or 0} of {item.n_in_set or 0}",
        "effect": words.number(item.effect, 3),
        "interval": f"{words.number(item.ci_low, 3)} to {words.number(item.ci_high, 3)}"
        if words.is_number(item.ci_low)
        else "—",
        "unit": words.unit_words(item.effect_unit),
        "set_change": words.number(item.set_log2_fold_change, 3),
        "complement_change": words.number(item.complement_log2_fold_change, 3),
        "p_self_contained": words.p_value(item.p_self_contained),
        "p_declared_direction": words.p_value(item.p_declared_direction),
        "p_competitive": words.p_value(item.p_competitive),
        "competitive_reading": item.competitive_reading or "—",
        "excludable": words.number(item.smallest_excludable, 2),
        "problem": f"{problem.what} ({problem.where}). Allowed: {problem.allowed}. What to do: {problem.next_step}"
        if problem
        else "",
    }


def _secondary(item: SecondarySet) -> dict[str, str]:
    return {
        "gene_set": item.gene_set,
        "contrast": item.contrast,
        "effect": words.number(item.effect, 3),
        "direction": {"up": "higher in target", "down": "lower in target"}.get(item.direction, "—"),
        "p_value": words.p_value(item.p_value),
        "q_value": words.p_value(item.q_value),
    }


def published_table(entry: DescribedTable) -> dict[str, object]:
    """Return what the page shows of one published table."""
    verdict = Verdict.of(entry.verdict)
    return {**table_words(entry), "class": verdict.css_class, "mark": verdict.mark}
