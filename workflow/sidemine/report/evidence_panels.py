"""The evidence under an answer card: one panel per kind, each with a figure, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.robustness.record import RobustnessColumns, VariantRow
from sidemine.considerations.specificity.record import SpecificityColumns
from sidemine.report import charts, evidence_charts, words
from sidemine.report.beside import Beside
from sidemine.verdict.card import Card

_CALLS = {
    "mimics": "mimics the disease",
    "opposes": "opposes the disease",
    "unrelated": "unrelated to the disease",
    "undetermined": "undetermined",
    "refused": "refused",
}


def effect_unit(card: Card) -> str:
    """Return the unit of the hypothesis' effects (all its contrasts share one)."""
    return card.evidence[0].effect_unit if card.evidence else card.declared.margin_unit


def evidence_panels(card: Card, beside: Beside, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Return the panels of one hypothesis: id of the figure (empty: none), caption, and why there is none."""
    return {
        "forest": _panel(
            f"forest-{card.hypothesis}", drawn, pooled_caption(card), "no comparison belongs to this question"
        ),
        "panels": [
            _specificity_panel(card, drawn),
            _adjustment_panel(card, drawn),
            _confounder_panel(card, drawn),
            _robustness_panel(card, drawn),
            *_concordance_panels(card, beside, drawn),
        ],
    }


def figures(card: Card, beside: Beside) -> dict[str, charts.Spec]:
    """Return the charts of one hypothesis by the id of their element."""
    name, unit = card.hypothesis, effect_unit(card)
    contrasts, robustness = (
        card.columns_of(SpecificityColumns).specificity.contrasts,
        card.columns_of(RobustnessColumns),
    )
    mixed = card.columns_of(CompositionColumns)
    variants = robustness.robustness.variants if robustness.robustness else []
    rows = charts.forest_rows(card.evidence, card.pooled, mixed.composition_adjusted)
    made = {
        f"forest-{name}": charts.forest(rows, unit, card.declared.margin) if rows else None,
        f"specificity-{name}": evidence_charts.specificity(contrasts, unit, beside.comparators.get(name, ()))
        if contrasts
        else None,
        f"confounders-{name}": evidence_charts.confounders(contrasts, card.evidence, unit),
        f"adjustment-{name}": evidence_charts.adjustment(mixed.composition, unit),
        f"specification-{name}": evidence_charts.specification(variants, unit),
        **{
            f"concordance-{bridge['bridge']}-{name}": evidence_charts.concordance(bridge, main_row(bridge))
            for bridge in bridges_of(card, beside)
        },
    }
    return {key: spec for key, spec in made.items() if spec is not None}


def _panel(
    element: str,
    drawn: Mapping[str, Any],
    caption: str,
    why_empty: str,
    *,
    title: str = "",
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "id": element if element in drawn else "",
        "kind": element.split("-", maxsplit=1)[0],
        "title": title,
        "caption": caption,
        "why_empty": why_empty,
        "facts": [],
        "rows": [],
        "bridge_rows": [],
        **(extra or {}),
    }


def pooled_caption(card: Card) -> str:
    """Say in the forest plot's caption what the pooled row shows, or why there is none."""
    if card.pooled is None:
        return f"Nothing is pooled: {card.not_computed['pooled']}."
    return (
        f"Diamond: pooled effect ({card.pooled.method}); pale bar: its range when one dataset is left out; dotted "
        "line: where a further study would fall (prediction interval), from three datasets on."
    )


def _specificity_panel(card: Card, drawn: Mapping[str, Any]) -> dict[str, Any]:
    sentence = card.columns_of(SpecificityColumns).specificity.sentence
    return _panel(
        f"specificity-{card.hypothesis}",
        drawn,
        "Diamond: the primary set. Grey ticks: random sets of the same size, expression and correlation (each tick an equal "
        "share of them; the bar holds 90 %; no bar: none match). Small squares: comparator sets. A percentile is no p-value.",
        card.not_computed.get("specificity_percentile", "no comparison could be placed among other sets"),
        title="Is the set special?",
        extra={"facts": [sentence] if sentence else []},
    )


def _confounder_panel(card: Card, drawn: Mapping[str, Any]) -> dict[str, Any]:
    contrasts = card.columns_of(SpecificityColumns).specificity.contrasts
    more = len(contrasts) - evidence_charts.MOST_CONTRASTS
    left_out = f" {words.count(more, 'further comparison')} in specificity.tsv." if more > 0 else ""
    return _panel(
        f"confounders-{card.hypothesis}",
        drawn,
        "The primary set (◆) beside what could explain it away (✚ confounders) and what must stand still (● controls), 95 % CI. "
        f"A set that moves as much as the primary one is a rival explanation.{left_out}",
        "no confounder or negative-control set was declared and tested beside this one",
        title="What else moves?",
    )


def _adjustment_panel(card: Card, drawn: Mapping[str, Any]) -> dict[str, Any]:
    sentence = card.columns_of(CompositionColumns).composition.sentence
    return _panel(
        f"adjustment-{card.hypothesis}",
        drawn,
        "The effect in total, with each blood-cell proxy alone in the model, and with all of them. Adjustment never proves "
        "absence: proxies are noisy, and the mix of cells may itself be an effect of the pathway.",
        card.not_computed.get("composition_adjusted", "not computed"),
        title="Is it the mix of blood cells?",
        extra={"facts": [sentence] if sentence else []},
    )


def _robustness_panel(card: Card, drawn: Mapping[str, Any]) -> dict[str, Any]:
    record = card.columns_of(RobustnessColumns).robustness
    facts: list[str] = []
    if record is not None:
        for name, status in sorted(record.required_runs.items()):
            detail = record.required_details[name]
            facts.append(f"{name.replace('_', ' ')}: {status}{f' ({detail})' if detail else ''}")
        facts += [f"reversed with an interval that excludes 0: {variant}" for variant in record.reversed]
        facts += [
            f"not evaluated ({reason}): {words.listed(names)}"
            for reason, names in evidence_charts.left_out_variants(record.variants)
        ]
    return _panel(
        f"specification-{card.hypothesis}",
        drawn,
        "Every evaluated way of doing the analysis, in order of effect; below, the choice that each one varies. Filled: agrees "
        "with the reference (ring). If the answer hung on one choice, the curve would cross zero there.",
        card.not_computed.get("robustness_share", "no variant was evaluated"),
        title="Does it survive other analyses?",
        extra={"facts": facts, "rows": [_variant(row) for row in record.variants] if record else []},
    )


def _variant(row: VariantRow) -> dict[str, str]:
    return {
        "variant": words.bounded(row.variant, 64),
        "dimension": row.dimension.replace("_", " "),
        "description": words.bounded(row.description, 300),
        "k": "—" if row.k is None else f"{row.k:g}",
        "effect": charts.interval_words(row.effect, row.ci_low, row.ci_high) if words.is_number(row.effect) else "—",
        "p_value": words.p_value(row.p_value),
        "verdict": row.verdict or "—",
        "agrees": f"not evaluated: {row.reason or '—'}" if row.agrees is None else "yes" if row.agrees else "no",
    }


def bridges_of(card: Card, beside: Beside) -> list[dict[str, Any]]:
    """Return the bridges between drug and disease that touch the comparisons of a hypothesis."""
    own = set(card.declared.contrasts)
    return [bridge for bridge in beside.bridges if own & set(_sides(bridge))]


def _sides(bridge: Mapping[str, Any]) -> list[str]:
    listed = [str(name) for key in ("drug", "disease") for name in bridge.get(key) or []]
    rows = bridge.get("rows") or []
    return listed or [str(row[key]) for row in rows for key in ("disease_contrast", "drug_contrast")]


def main_row(bridge: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the row that a bridge's call rests on, in total; the one that the stage names, or else the first."""
    rows = [row for row in bridge.get("rows") or [] if row.get("estimand", "total") == "total"]
    named = bridge.get("primary") or {}
    keys = ("disease_contrast", "drug_contrast", "scope", "gene_set")
    chosen = [row for row in rows if named and all(row.get(key) == named.get(key) for key in keys)]
    return next(iter([*chosen, *rows]), None)


def _concordance_panels(card: Card, beside: Beside, drawn: Mapping[str, Any]) -> list[dict[str, Any]]:
    bridges = bridges_of(card, beside)
    if not bridges:
        reason = beside.missing.get("concordance") or (
            "no bridge of this study joins these comparisons with a drug's (key concordance of config.yaml)"
        )
        element = f"concordance-none-{card.hypothesis}"
        return [_panel(element, drawn, "", reason, title="Does the drug's change resemble the disease?")]
    panels = []
    for bridge in bridges:
        row = main_row(bridge) or {}
        thinned = (bridge.get("profile") or {}).get("n_total")
        drawn_genes = len((bridge.get("profile") or {}).get("genes") or [])
        how_many = (
            f" Drawn: {drawn_genes:,} of {thinned:,} genes."
            if words.is_number(thinned) and thinned > drawn_genes
            else ""
        )
        named = [name.strip() for name in str(row.get("leading_genes") or "").split(",") if name.strip()]
        leading = f" Leading genes: {words.listed(named)}." if named else ""
        panels.append(
            _panel(
                f"concordance-{bridge['bridge']}-{card.hypothesis}",
                drawn,
                f"A point is a gene: its change with the drug, and its difference in patients. Along the rising diagonal the "
                f"drug mimics the disease, along the falling one it opposes it.{how_many}{leading}",
                str(row.get("reason") or "no profile was written for this bridge"),
                title=f"Drug and disease: {_CALLS.get(str(bridge.get('call')), str(bridge.get('call')))}",
                extra={
                    "facts": [
                        str(bridge.get("question") or ""),
                        str(bridge.get("sentence") or ""),
                        *interaction_sentences(card, beside),
                    ],
                    "bridge_rows": [_bridge_row(one) for one in _main_first(bridge)],
                },
            )
        )
    return panels


def _main_first(bridge: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a bridge: what its call rests on first, then what is pooled, then single pairs."""
    main = main_row(bridge)
    sides = ("disease_contrast", "drug_contrast")
    return sorted(
        bridge.get("rows") or [], key=lambda row: (row is not main, -sum(row.get(side) == "pooled" for side in sides))
    )


def interaction_sentences(card: Card, beside: Beside) -> list[str]:
    """Return what differs between forms of the disease in the primary set (pulmonary embolism and vein thrombosis, say)."""
    if card.kind != "cohort":
        return []
    return [
        str(one["sentence"])
        for one in beside.interactions
        if one.get("gene_set", card.declared.set) == card.declared.set
    ]


def _bridge_row(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "pair": f"{row.get('drug_contrast') or '—'} × {row.get('disease_contrast') or '—'}",
        "genes": " ".join(
            filter(None, [str(row.get("scope") or "").replace("_", " "), str(row.get("gene_set") or "")])
        ),
        "estimand": str(row.get("estimand") or "—"),
        "n_genes": f"{row['n_genes']:,}" if words.is_number(row.get("n_genes")) else "—",
        "concordance": charts.interval_words(row.get("concordance"), row.get("ci_low"), row.get("ci_high")),
        "p_value": words.p_value(row.get("p_value")),
        "percentile": words.number(row.get("percentile_comparators"), 0),
        "call": str(row.get("call") or "—"),
        "reason": str(row.get("reason") or ""),
    }
