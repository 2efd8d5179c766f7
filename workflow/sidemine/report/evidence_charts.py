"""Charts of an answer card beside its forest plot: specificity, confounders, adjustment, specifications, concordance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any, Protocol

from sidemine.considerations.composition.record import AdjustedIn, CompositionAdjusted, CompositionUnknown, NotAsked
from sidemine.considerations.robustness.record import VariantRow
from sidemine.considerations.specificity.record import Placed
from sidemine.report.charts import WAY_SHAPES, WAYS, Spec, base, interval_words, signed_axis, way
from sidemine.report.words import bounded, count, is_number, number, shortened, unit_words
from sidemine.verdict.card import CardContrast

MOST_CONTRASTS = 4
"""Most comparisons whose confounders are drawn side by side; the table holds all."""
MOST_SETS = 12
"""Most sets per comparison in that plot."""
MOST_LABELS = 12
"""Most genes that are named in the concordance plot."""
_SET_KINDS = {
    "domain": ["primary set", "confounder", "negative control", "comparator"],
    "range": ["@ink", "@accent", "@soft", "@muted"],
}
_SET_SHAPES = {"domain": _SET_KINDS["domain"], "range": ["diamond", "cross", "circle", "square"]}
_CURVE_HEIGHT = 190
_MATRIX_STEP = 15


def _key(position: int, label: str) -> str:
    # Rows of one chart may share a label; the part before the bar keeps them apart and is not shown.
    return f"{position:03d}|{label}"


_LABEL = {"title": None, "labelExpr": "split(datum.value, '|')[1]", "ticks": False, "domain": False, "minExtent": 60,
          "labelLimit": 175, "labelFontWeight": {"condition": {"test": "indexof(datum.value, '⟶') > 0", "value": "bold"},
                                                 "value": "normal"}}  # fmt: skip


class _WithInterval(Protocol):
    """An effect with its 95 % confidence interval."""

    @property
    def effect(self) -> float | None: ...
    @property
    def ci_low(self) -> float | None: ...
    @property
    def ci_high(self) -> float | None: ...


Groups = Sequence[tuple[str, Sequence[tuple[str, _WithInterval]]]]


def interval_rows(groups: Groups) -> list[dict[str, Any]]:
    """Return rows of `intervals`: under each heading one row per label and effect."""
    rows: list[dict[str, Any]] = []
    for heading, entries in groups:
        rows.append({"key": _key(len(rows), f"{bounded(heading, 64)} ⟶"), "way": "unclear", "value": ""})
        for label, entry in entries:
            effect, low, high = entry.effect, entry.ci_low, entry.ci_high
            if not (is_number(effect) and is_number(low) and is_number(high)):
                continue
            rows.append(
                {
                    "key": _key(len(rows), bounded(label, 80)),
                    "effect": effect,
                    "ci_low": low,
                    "ci_high": high,
                    "way": way(low, high),
                    "value": interval_words(effect, low, high),
                }
            )
    return rows


def intervals(rows: Sequence[Mapping[str, Any]], effect_unit: str, what: str) -> Spec:
    """Return labelled effects with their 95 % confidence intervals, under headings."""
    # Headings have no effect: without a domain of its own the axis would leave them out.
    y = {"field": "key", "type": "nominal", "scale": {"domain": [row["key"] for row in rows]}, "axis": _LABEL}
    # The labels take much of a narrow screen: the title ends where the plot ends and may reach under them.
    axis = {"title": signed_axis(unit_words(effect_unit)), "titleAnchor": "end", "grid": True, "tickCount": 5}
    x = {"field": "effect", "type": "quantitative", "axis": axis, "scale": {"zero": True}}
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    tooltip = [{"field": "value", "title": "effect [95 % CI]"}]
    told = "; ".join(f"{str(row['key']).split('|')[1]} {row['value']}".strip() for row in rows)
    return {
        **base(f"{what} {told}", 19 * len(rows) + 6),
        "data": {"values": list(rows)},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [3, 3]},
             "encoding": {"x": {"datum": 0, "type": "quantitative", "axis": axis}}},
            {"mark": {"type": "rule", "strokeWidth": 2},
             "encoding": {"x": {**x, "field": "ci_low"}, "x2": {"field": "ci_high"}, "y": y, "color": color}},
            {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
             "encoding": {"x": x, "y": y, "color": color, "tooltip": tooltip,
                          "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
        ],
    }  # fmt: skip


def specificity(contrasts: Sequence[Placed], effect_unit: str, comparators: Sequence[Mapping[str, Any]] = ()) -> Spec:
    """Return the primary set's effect among matched random sets and the sets beside it.

    Parameters
    ----------
    contrasts
        Places of the primary set, one per contrast.
    effect_unit
        Unit of the effects.
    comparators
        Comparator sets of `specificity.tsv`: contrast, gene_set, effect.
    """
    points, ticks, bars = [], [], []
    for entry in contrasts:
        name, matched = bounded(entry.contrast, 64), entry.matched
        if matched.percentile is not None:
            cut = len(matched.quantiles) // 20
            bars.append({"contrast": name, "low": matched.quantiles[cut], "high": matched.quantiles[-1 - cut]})
            ticks += [{"contrast": name, "effect": value} for value in matched.quantiles]
        shown: list[tuple[str, str, object]] = [(entry.gene_set, "primary set", entry.effect)]
        shown += [(row.gene_set, row.family.replace("_", " "), row.effect) for row in entry.beside]
        shown += [
            (row["gene_set"], "comparator", row["effect"]) for row in comparators if row["contrast"] == entry.contrast
        ]
        points += [
            {"contrast": name, "set": bounded(label, 100), "kind": kind, "effect": effect}
            for label, kind, effect in reversed(shown)
            if is_number(effect)
        ]
    order = [bounded(entry.contrast, 64) for entry in contrasts]
    y = {"field": "contrast", "type": "nominal", "sort": order, "axis": None}
    x = {"type": "quantitative", "axis": {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}}
    legend = {"title": None, "orient": "top", "columns": {"expr": "width < 380 ? 2 : 4"}, "labelFontSize": 11}
    told = "; ".join(f"{entry.contrast}: {number(entry.effect)}, {_place(entry)}" for entry in contrasts)
    labels = [{"contrast": name, "words": _place(entry)} for name, entry in zip(order, contrasts, strict=True)]
    size = {"condition": [{"test": "datum.kind === 'primary set'", "value": 130},
                          {"test": "datum.kind === 'comparator'", "value": 14}], "value": 60}  # fmt: skip
    return {
        **base(f"Effect of the primary set beside matched random sets and other sets. {told}", 54 * len(contrasts) + 8),
        "layer": [
            {"data": {"values": bars}, "mark": {"type": "bar", "height": 16, "color": "@band", "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"data": {"values": ticks},
             "mark": {"type": "tick", "size": 16, "thickness": 1, "color": "@muted", "opacity": 0.8, "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "effect"}}},
            {"data": {"values": points}, "mark": {"type": "point", "filled": True, "opacity": 0.95, "yOffset": 9},
             "encoding": {"y": y, "x": {**x, "field": "effect"}, "size": size,
                          "color": {"field": "kind", "type": "nominal", "scale": _SET_KINDS, "legend": legend},
                          "shape": {"field": "kind", "type": "nominal", "scale": _SET_SHAPES, "legend": legend},
                          "tooltip": [{"field": "set"}, {"field": "kind"}, {"field": "effect", "format": ".2f"}]}},
            {"data": {"values": [{"contrast": name} for name in order]},
             "mark": {"type": "tick", "size": 22, "thickness": 1, "color": "@soft", "yOffset": 9},
             "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative"}}},
            {"data": {"values": labels},
             "mark": {"type": "text", "align": "left", "x": 0, "yOffset": -20, "fontSize": 11, "fontWeight": "bold",
                      "color": "@ink"},
             "encoding": {"y": y, "text": {"field": "contrast"}}},
            {"data": {"values": labels},
             "mark": {"type": "text", "align": "left", "x": 0, "yOffset": -8, "fontSize": 11, "color": "@soft",
                      "limit": {"expr": "width"}},
             "encoding": {"y": y, "text": {"field": "words"}}},
        ],
    }  # fmt: skip


def _place(entry: Placed) -> str:
    matched, among = entry.matched, entry.comparators
    rank = f"rank {among.rank} among {count(among.n, 'comparator set')} and itself"
    if matched.percentile is not None:
        return f"percentile {number(matched.percentile, 0)} among matched random sets; {rank}"
    return f"{rank}; {bounded(matched.reason, 120)}"


def confounders(contrasts: Sequence[Placed], evidence: Sequence[CardContrast], effect_unit: str) -> Spec | None:
    """Return the primary set beside confounder and negative-control sets, on one scale; None where nothing is beside it."""
    own = {entry.contrast: entry for entry in evidence}
    groups = []
    for entry in contrasts[:MOST_CONTRASTS]:
        rows: list[tuple[str, _WithInterval]] = [(f"◆ {entry.gene_set}", own[entry.contrast])]
        ordered = sorted(entry.beside, key=lambda row: (row.family == "negative_control", row.gene_set))
        rows += [
            (f"{'●' if row.family == 'negative_control' else '✚'} {row.gene_set}", row) for row in ordered[:MOST_SETS]
        ]
        groups.append((entry.contrast, [row for row in rows if is_number(row[1].effect)]))
    if not any(len(rows) > 1 for _, rows in groups):
        return None
    return intervals(interval_rows(groups), effect_unit, "Do confounders and negative controls move as well?")


def adjustment(composition: CompositionAdjusted | CompositionUnknown | NotAsked, effect_unit: str) -> Spec | None:
    """Return what is left of the effect after adjusting for blood cells, one by one and together; None where not done."""
    if isinstance(composition, NotAsked) or not composition.contrasts:
        return None
    groups: list[tuple[str, list[tuple[str, _WithInterval]]]] = []
    if isinstance(composition, CompositionAdjusted):
        pooled: list[tuple[str, _WithInterval]] = [("total", composition.total), (_ALL, composition.adjusted)]
        groups.append(("pooled", [*pooled, (_NOISE, composition.corrected)]))
    for entry in composition.contrasts[:MOST_CONTRASTS]:
        rows: list[tuple[str, _WithInterval]] = [("total", entry.total)]
        if isinstance(entry, AdjustedIn):
            rows += [(f"{one.cell_type.replace('_', ' ')} alone", one.adjusted) for one in entry.single]
            rows += [(_ALL, entry.adjusted), (_NOISE, entry.corrected)]
        groups.append((entry.contrast, rows))
    return intervals(interval_rows(groups), effect_unit, "What is left after adjusting for blood cells?")


_ALL, _NOISE = "adjusted for all", "… and for noise of proxies"


def specification(variants: Sequence[VariantRow], effect_unit: str) -> Spec | None:
    """Return the specification curve: every evaluated variant's effect, ordered, above the choice that it varies.

    Parameters
    ----------
    variants
        Rows of `robustness.tsv` of one hypothesis.
    effect_unit
        Unit of the reference run's effect.
    """
    evaluated = sorted(
        (
            (row.effect, row.variant, row.ci_low, row.ci_high, row)
            for row in variants
            if is_number(row.effect) and is_number(row.ci_low) and is_number(row.ci_high)
        ),
        key=lambda found: found[:2],
    )
    if not evaluated:
        return None
    ordered = sorted({row.dimension for *_, row in evaluated}, key=lambda name: (name != "reference", name))
    points = [
        {
            "rank": rank,
            "effect": effect,
            "ci_low": low,
            "ci_high": high,
            "dimension": row.dimension.replace("_", " "),
            "words": bounded(row.description, 160),
            "value": interval_words(effect, low, high),
            "way": way(low, high),
            "agrees": _agreement(row),
            "reference": row.dimension == "reference",
        }
        for rank, (effect, _, low, high, row) in enumerate(evaluated, start=1)
    ]
    matrix = _MATRIX_STEP * len(ordered)
    x = {"field": "rank", "type": "quantitative", "axis": None,
         "scale": {"domain": [0.3, len(points) + 0.7], "nice": False, "zero": False}}  # fmt: skip
    y = {"field": "effect", "type": "quantitative", "scale": {"range": [_CURVE_HEIGHT, 0], "zero": True, "nice": True},
         "axis": {"title": [*wrap(unit_words(effect_unit), 26), "◀ lower │ higher in target ▶"], "tickCount": 5, "grid": True, "orient": "left"}}  # fmt: skip
    below = {"field": "dimension", "type": "nominal", "sort": [name.replace("_", " ") for name in ordered],
             "scale": {"type": "point", "range": [_CURVE_HEIGHT + 18, _CURVE_HEIGHT + 8 + matrix]},
             "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 120, "orient": "left"}}  # fmt: skip
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    filled = {"condition": {"test": "datum.agrees === 'agrees'", "value": 1}, "value": 0}
    tooltip = [{"field": "words", "title": "variant"}, {"field": "value", "title": "effect [95 % CI]"},
               {"field": "agrees", "title": "with the reference"}]  # fmt: skip
    agreeing = sum(point["agrees"] == "agrees" for point in points)
    told = f"{count(len(points), 'variant')} evaluated, {agreeing} agree with the reference."
    return {
        **base(f"Specification curve: effect under every variant of the analysis. {told}", _CURVE_HEIGHT + 12 + matrix),
        "data": {"values": points},
        "resolve": {"scale": {"y": "independent"}},
        "layer": [
            {"layer": [
                {"mark": {"type": "rule", "strokeDash": [3, 3], "color": "@soft"}, "encoding": {"y": {**{key: part for key, part in y.items() if key != "field"}, "datum": 0}}},
                {"mark": {"type": "rule", "strokeWidth": 1.5},
                 "encoding": {"x": x, "y": {**y, "field": "ci_low"}, "y2": {"field": "ci_high"}, "color": color}},
                {"mark": {"type": "point", "filled": False, "size": 60, "strokeWidth": 2, "fill": "@surface"},
                 "encoding": {"x": x, "y": y, "color": color, "tooltip": tooltip,
                              "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
                {"mark": {"type": "point", "filled": True, "size": 50},
                 "encoding": {"x": x, "y": y, "color": color, "opacity": filled, "tooltip": tooltip,
                              "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
                {"transform": [{"filter": "datum.reference"}],
                 "mark": {"type": "point", "shape": "circle", "size": 240, "strokeWidth": 2, "color": "@ink", "filled": False},
                 "encoding": {"x": x, "y": y, "tooltip": tooltip}},
            ]},
            {"mark": {"type": "tick", "orient": "vertical", "size": 11, "thickness": 4, "opacity": 1},
             "encoding": {"x": x, "y": below, "color": color, "tooltip": tooltip}},
        ],
    }  # fmt: skip


def _agreement(row: VariantRow) -> str:
    return "not evaluated" if row.agrees is None else "agrees" if row.agrees else "does not agree"


def concordance(bridge: Mapping[str, Any], row: Mapping[str, Any] | None) -> Spec | None:
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


def left_out_variants(variants: Sequence[VariantRow]) -> list[tuple[str, list[str]]]:
    """Return the reasons why variants were not evaluated, each with the variants that it holds for."""
    missing = sorted((row.reason, row.variant) for row in variants if not is_number(row.effect))
    return [
        (reason or "no reason was given", [bounded(variant, 64) for _, variant in rows])
        for reason, rows in groupby(missing, key=lambda row: row[0])
    ]
