"""Drug and disease: the panels of the bridges that touch an answer card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.drawing.charts import Spec, base, interval_words
from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count, is_number, listed, number, p_value, shortened
from sidemine.report.beside import Beside
from sidemine.verdict.card import Card

MOST_LABELS = 12
"""Most genes that are named in the plot."""
_CALLS = {
    "mimics": "mimics the disease",
    "opposes": "opposes the disease",
    "unrelated": "unrelated to the disease",
    "undetermined": "undetermined",
    "refused": "refused",
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


def concordance_panels(card: Card, beside: Beside) -> list[Panel]:
    """Return one panel per bridge between drug and disease, or why there is none."""
    bridges = bridges_of(card, beside)
    if not bridges:
        reason = beside.missing.get("concordance") or (
            "no bridge of this study joins these comparisons with a drug's (key concordance of config.yaml)"
        )
        element = f"concordance-none-{card.hypothesis}"
        return [Panel("concordance", element, "Does the drug's change resemble the disease?", "", reason)]
    panels = []
    for bridge in bridges:
        main = main_row(bridge)
        row = main or {}
        thinned = (bridge.get("profile") or {}).get("n_total")
        drawn_genes = len((bridge.get("profile") or {}).get("genes") or [])
        how_many = (
            f" Drawn: {drawn_genes:,} of {thinned:,} genes." if is_number(thinned) and thinned > drawn_genes else ""
        )
        named = [name.strip() for name in str(row.get("leading_genes") or "").split(",") if name.strip()]
        leading = f" Leading genes: {listed(named)}." if named else ""
        panels.append(
            Panel(
                kind="concordance",
                element=f"concordance-{bridge['bridge']}-{card.hypothesis}",
                title=f"Drug and disease: {_CALLS.get(str(bridge.get('call')), str(bridge.get('call')))}",
                caption="A point is a gene: its change with the drug, and its difference in patients. Along the rising diagonal "
                f"the drug mimics the disease, along the falling one it opposes it.{how_many}{leading}",
                why_empty=str(row.get("reason") or "no profile was written for this bridge"),
                chart=concordance_chart(bridge, main),
                facts=[
                    str(bridge.get("question") or ""),
                    str(bridge.get("sentence") or ""),
                    *interaction_sentences(card, beside),
                ],
                bridge_rows=[_bridge_row(one) for one in _main_first(bridge)],
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
        "n_genes": f"{row['n_genes']:,}" if is_number(row.get("n_genes")) else "—",
        "concordance": interval_words(row.get("concordance"), row.get("ci_low"), row.get("ci_high")),
        "p_value": p_value(row.get("p_value")),
        "percentile": number(row.get("percentile_comparators"), 0),
        "call": str(row.get("call") or "—"),
        "reason": str(row.get("reason") or ""),
    }


def concordance_chart(bridge: Mapping[str, Any], row: Mapping[str, Any] | None) -> Spec | None:
    """Return the drug's change against the disease's, gene by gene, with the leading genes named; None without a profile."""
    profile = bridge.get("profile") or {}
    genes: list[dict[str, Any]] = [
        {"gene": bounded(str(gene), 40), "drug": drug, "disease": disease,
         "reading": "the drug moves it as the disease does" if drug * disease > 0 else "the drug moves it the other way"}
        for gene, drug, disease in zip(
            profile.get("genes", []), profile.get("drug", []), profile.get("disease", []), strict=True
        )
        if is_number(drug) and is_number(disease)
    ]  # fmt: skip
    if not genes:
        return None
    named = [name.strip() for name in str((row or {}).get("leading_genes") or "").split(",") if name.strip()]
    for gene in genes:
        gene["leading"] = gene["gene"] in named
    labels_of = _labelled([gene for name in named for gene in genes if gene["gene"] == name], genes)
    labels = profile.get("labels") or {}
    side_x = shortened(str(labels.get("drug") or "change with the drug"), 60)
    side_y = shortened(str(labels.get("disease") or "difference in the disease"), 44)
    x = {"field": "drug", "type": "quantitative", "scale": {"padding": 14, "nice": False},
         "axis": {"title": ["◀ lower with the drug │ higher ▶", side_x], "titleLimit": {"expr": "width + 40"}, "tickCount": 6}}  # fmt: skip
    y = {"field": "disease", "type": "quantitative", "scale": {"padding": 14, "nice": False},
         "axis": {"title": [side_y, "◀ lower in patients │ higher ▶"], "titleLimit": 290, "tickCount": 6}}  # fmt: skip
    tooltip = [{"field": "gene"}, {"field": "drug", "format": ".2f"}, {"field": "disease", "format": ".2f"},
               {"field": "reading"}]  # fmt: skip
    ink = {"condition": {"test": "datum.leading", "value": "@accent"}, "value": "@muted"}
    size = {"condition": {"test": "datum.leading", "value": 75}, "value": 22}
    together = sum(gene["drug"] * gene["disease"] > 0 for gene in genes)
    return {
        **base(
            f"Change with the drug against difference in the disease, gene by gene: {together} of {len(genes)} genes drawn "
            f"have the same sign. Leading genes: {', '.join(named[:MOST_LABELS]) or 'none named'}.",
            300,
        ),
        "data": {"values": genes},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft"}, "encoding": {"x": {"datum": 0, "type": "quantitative"}}},
            {"mark": {"type": "rule", "color": "@soft"}, "encoding": {"y": {"datum": 0, "type": "quantitative"}}},
            {"mark": {"type": "point", "filled": True, "opacity": 0.75},
             "encoding": {"x": x, "y": y, "color": ink, "size": size, "tooltip": tooltip}},
            {"data": {"values": labels_of},
             "mark": {"type": "text", "dy": -10, "fontSize": 11, "fontWeight": "bold", "color": "@ink"},
             "encoding": {"x": x, "y": y, "text": {"field": "gene"}}},
        ],
    }  # fmt: skip


def _labelled(leading: Sequence[dict[str, Any]], genes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the leading genes that can be named without writing over another name; the caption lists all."""
    spans = {key: max(abs(gene[key]) for gene in genes) or 1.0 for key in ("drug", "disease")}
    chosen: list[dict[str, Any]] = []
    for gene in leading:
        apart = (
            abs(gene["drug"] - other["drug"]) > 0.3 * spans["drug"]
            or abs(gene["disease"] - other["disease"]) > 0.1 * spans["disease"]
            for other in chosen
        )
        if len(chosen) < MOST_LABELS and all(apart):
            chosen.append(gene)
    return chosen


def concordance_methods(bridges: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the paragraph of the methods text on drugs and diseases; none without a bridge."""
    if not bridges:
        return []
    rotations = max((int(row["n_rotations"] or 0) for bridge in bridges for row in bridge["rows"]), default=0)
    return [
        f"Drug and disease. {count(len(bridges), 'bridge')}: genome-wide signed concordance of both profiles, p being the larger "
        f"of two rotation tests ({rotations:,} rotations), each with the other side's profile held fixed; placed among comparator "
        "perturbations; the call also needs the same sign in the composition-adjusted profile. Profiles that share samples "
        "are never compared."
    ]
