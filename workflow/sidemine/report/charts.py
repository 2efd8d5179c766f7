"""Vega-Lite specifications as plain mappings; the page feeds them with data and colours.

A colour written `@name` is replaced in the browser by the page's own colour of that name, so that charts follow the
light or dark theme. Colours keep one meaning everywhere: `@higher` = higher in the target, `@lower` = lower in it;
groups of samples have colours of their own.
Axes say what their sign means, in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.report.words import bounded, is_number, number, percent, unit_words

Spec = dict[str, Any]
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_ROW_STEP = 52
_WAYS = {"domain": ["higher", "lower", "unclear"], "range": ["@higher", "@lower", "@muted"]}
_WAY_SHAPES = {"domain": ["higher", "lower", "unclear"], "range": ["triangle-up", "triangle-down", "circle"]}
_FOREST_SHAPES = {
    "domain": [*_WAY_SHAPES["domain"], "pooled"],
    "range": [*_WAY_SHAPES["range"], "diamond"],
}
_GROUPS = {"domain": ["target", "reference", "other"], "range": ["@target", "@reference", "@muted"]}
_GROUP_SHAPES = {"domain": ["target", "reference", "other"], "range": ["triangle-up", "circle", "square"]}


def _base(description: str, height: int) -> Spec:
    return {
        "$schema": _SCHEMA,
        "description": bounded(description, 400),
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
    }


def signed_axis(quantity: str) -> list[str]:
    """Return an axis title in two lines: what the sign means, then the quantity and its unit."""
    return ["◀ lower in target  │  higher in target ▶", quantity]


def forest_rows(evidence: Sequence[Mapping[str, Any]], pooled: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a forest plot: one per contrast, with the words that stand above its interval.

    The pooled effect, where there is one, is the last row; it also carries its leave-one-out range.
    """
    rows = []
    for entry in evidence:
        drawable = all(is_number(entry[key]) for key in ("effect", "ci_low", "ci_high"))
        groups = f"{entry['n_target']} v {entry['n_reference']}"
        measured = f"{percent(entry['n_measured'] or 0, entry['n_in_set'] or 0)} of set measured"
        problem = "" if drawable else f"not testable: {(entry['problem'] or {}).get('what', 'no effect estimated')}"
        rows.append(
            {
                "contrast": bounded(entry["contrast"], 64),
                "label": f"{bounded(entry['accession'], 40)} · {bounded(entry['tissue'], 60)}",
                "facts": f"{bounded(entry['contrast'], 64)} · {groups} · {measured}",
                "effect": entry["effect"] if drawable else None,
                "ci_low": entry["ci_low"] if drawable else None,
                "ci_high": entry["ci_high"] if drawable else None,
                "way": _way(entry) if drawable else "unclear",
                "shape": _way(entry) if drawable else "unclear",
                "out_low": None,
                "out_high": None,
                "value": f"{number(entry['effect'])} [{number(entry['ci_low'])}, {number(entry['ci_high'])}]"
                if drawable
                else "",
                "problem": bounded(problem, 160),
            }
        )
    return [*rows, _pooled_row(pooled)] if pooled else rows


def _pooled_row(pooled: Mapping[str, Any]) -> dict[str, Any]:
    return {
        # No contrast may have this name: ids hold no spaces.
        "contrast": "all together",
        "label": f"Pooled · {pooled['k']} datasets",
        "facts": f"{bounded(pooled['method'], 60)} · one left out: {number(pooled['leave_one_out_low'])} to "
        f"{number(pooled['leave_one_out_high'])}",
        "effect": pooled["effect"],
        "ci_low": pooled["ci_low"],
        "ci_high": pooled["ci_high"],
        "way": _way(pooled),
        "shape": "pooled",
        "out_low": pooled["leave_one_out_low"],
        "out_high": pooled["leave_one_out_high"],
        "value": f"{number(pooled['effect'])} [{number(pooled['ci_low'])}, {number(pooled['ci_high'])}]",
        "problem": "",
    }


def _way(entry: Mapping[str, Any]) -> str:
    return "higher" if entry["ci_low"] > 0 else "lower" if entry["ci_high"] < 0 else "unclear"


def forest(rows: Sequence[Mapping[str, Any]], effect_unit: str, margin: float | None) -> Spec:
    """Return the forest plot of one hypothesis; the shaded band is the declared margin."""
    y = {"field": "contrast", "type": "nominal", "sort": [row["contrast"] for row in rows], "axis": None}
    drawn = ("ci_low", "ci_high", "out_low", "out_high")
    ends = [abs(row[key]) for row in rows for key in drawn if row[key] is not None]
    reach = 1.08 * max([*ends, abs(margin or 0.0), 0.1])
    scale = {"domain": [-reach, reach], "nice": False}
    axis = {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}
    x = {"field": "effect", "type": "quantitative", "scale": scale, "axis": axis}
    label = {"type": "text", "align": "left", "baseline": "middle", "limit": {"expr": "width - 152"}}
    color = {"field": "way", "type": "nominal", "scale": _WAYS, "legend": None}
    layers: list[Spec] = []
    if margin:
        layers.append(
            {
                "data": {"values": [{"low": -abs(margin), "high": abs(margin)}]},
                "mark": {"type": "rect", "color": "@band"},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "scale": scale, "axis": axis},
                    "x2": {"field": "high"},
                },
            }
        )
    layers += [
        {
            "data": {"values": [{"zero": 0}]},
            "mark": {"type": "rule", "color": "@ink", "strokeDash": [4, 3]},
            "encoding": {"x": {"field": "zero", "type": "quantitative", "scale": scale, "axis": axis}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 9, "opacity": 0.3, "yOffset": 14},
            "encoding": {"x": {**x, "field": "out_low"}, "x2": {"field": "out_high"}, "y": y, "color": color},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2.5, "yOffset": 14},
            "encoding": {"x": {**x, "field": "ci_low"}, "x2": {"field": "ci_high"}, "y": y, "color": color},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1, "yOffset": 14},
            "encoding": {
                "x": x,
                "y": y,
                "color": color,
                "shape": {"field": "shape", "type": "nominal", "scale": _FOREST_SHAPES, "legend": None},
                "tooltip": [{"field": "contrast"}, {"field": "value", "title": "effect [95 % CI]"}],
            },
        },
        {"mark": {**label, "x": 0, "yOffset": -17, "fontWeight": "bold", "color": "@ink"},
         "encoding": {"y": y, "text": {"field": "label"}}},
        {"mark": {**label, "x": 0, "yOffset": -3, "color": "@soft", "fontSize": 11, "limit": {"expr": "width"}},
         "encoding": {"y": y, "text": {"field": "facts"}}},
        {"mark": {**label, "align": "right", "x": {"expr": "width"}, "yOffset": -17, "color": "@ink", "limit": 150},
         "encoding": {"y": y, "text": {"field": "value"}}},
        {"mark": {**label, "x": 0, "yOffset": 14, "color": "@ink", "fontStyle": "italic", "limit": {"expr": "width"}},
         "encoding": {"y": y, "text": {"field": "problem"}}},
    ]  # fmt: skip
    told = "; ".join(f"{row['label']}: {row['value'] or row['problem']}" for row in rows)
    spec = _base(
        f"Forest plot, effect and 95 % confidence interval per contrast. {told}", _ROW_STEP * max(1, len(rows))
    )
    return {**spec, "data": {"name": "rows", "values": list(rows)}, "layer": layers}


_SET_KINDS = {"domain": ["primary set", "confounder", "negative control"], "range": ["@ink", "@accent", "@muted"]}
_SET_SHAPES = {"domain": _SET_KINDS["domain"], "range": ["diamond", "cross", "circle"]}


def specificity(contrasts: Sequence[Mapping[str, Any]], effect_unit: str) -> Spec:
    """Return the primary set's effect among matched random sets, with confounders and negative controls beside it.

    Parameters
    ----------
    contrasts
        Records of `specificity.json`, one per contrast.
    effect_unit
        Unit of the effects.
    """
    points, bars = [], []
    for entry in contrasts:
        name, matched = bounded(entry["contrast"], 64), entry["matched"]
        if matched["percentile"] is not None:
            cut = len(matched["quantiles"]) // 20
            bars.append({"contrast": name, "low": matched["quantiles"][cut], "high": matched["quantiles"][-1 - cut]})
        shown = [(entry["gene_set"], "primary set", entry["effect"])]
        shown += [(row["gene_set"], str(row["family"]).replace("_", " "), row["effect"]) for row in entry["beside"]]
        points += [
            {"contrast": name, "set": bounded(label, 100), "kind": kind, "effect": effect}
            for label, kind, effect in reversed(shown)
            if is_number(effect)
        ]
    order = [bounded(entry["contrast"], 64) for entry in contrasts]
    y = {"field": "contrast", "type": "nominal", "sort": order, "axis": None}
    x = {"type": "quantitative", "axis": {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}}
    legend = {"title": None, "orient": "top"}
    told = "; ".join(
        f"{entry['contrast']}: {number(entry['effect'])}, "
        + (
            entry["matched"]["reason"]
            if entry["matched"]["percentile"] is None
            else f"percentile {number(entry['matched']['percentile'], 0)} among matched random sets"
        )
        for entry in contrasts
    )
    return {
        **_base(f"Effect of the primary set beside matched random sets and other sets. {told}", 46 * len(contrasts) + 30),
        "layer": [
            {"data": {"values": bars}, "mark": {"type": "bar", "height": 12, "color": "@band"},
             "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"data": {"values": [{"zero": 0}]}, "mark": {"type": "rule", "strokeDash": [4, 4], "color": "@muted"},
             "encoding": {"x": {**x, "field": "zero"}}},
            {"data": {"values": points}, "mark": {"type": "point", "filled": True, "size": 75, "opacity": 0.9},
             "encoding": {"y": y, "x": {**x, "field": "effect"},
                          "color": {"field": "kind", "type": "nominal", "scale": _SET_KINDS, "legend": legend},
                          "shape": {"field": "kind", "type": "nominal", "scale": _SET_SHAPES, "legend": legend},
                          "tooltip": [{"field": "set"}, {"field": "kind"}, {"field": "effect", "format": ".2f"}]}},
            {"data": {"values": [{"contrast": name} for name in order]},
             "mark": {"type": "text", "align": "left", "x": 0, "yOffset": -15, "fontSize": 11, "color": "@soft"},
             "encoding": {"y": y, "text": {"field": "contrast"}}},
        ],
    }  # fmt: skip


def volcano() -> Spec:
    """Return the volcano plot: a point is a gene; the page links it to the gene table.

    The chosen gene is a data set of its own, so that choosing one does not redraw the others.
    """
    padded = {"padding": 22, "nice": False}
    x = {
        "field": "lfc",
        "type": "quantitative",
        "scale": padded,
        "axis": {"title": signed_axis("log2 fold change"), "tickCount": 7},
    }
    y = {
        "field": "nlp",
        "type": "quantitative",
        "scale": padded,
        "axis": {"title": "−log10 p  (higher = stronger evidence)"},
    }
    points = {
        "data": {"name": "genes"},
        "params": [{"name": "pan", "select": {"type": "interval", "encodings": ["x", "y"]}, "bind": "scales"}],
        "mark": {
            "type": "point",
            "filled": True,
            "size": 24,
            "cursor": "pointer",
            "opacity": 0.6,
            "tooltip": {"content": "data"},
        },
        "encoding": {
            "x": x,
            "y": y,
            "color": {"field": "way", "type": "nominal", "scale": _WAYS, "legend": None},
            "shape": {"field": "way", "type": "nominal", "scale": _WAY_SHAPES, "legend": None},
        },
    }
    ring = {"type": "point", "size": 170, "strokeWidth": 2.5, "color": "@ink", "filled": False}
    name = {"type": "text", "dy": -15, "fontWeight": "bold", "color": "@ink", "fontSize": 13}
    chosen = {
        "data": {"name": "chosen"},
        "layer": [
            {"mark": ring, "encoding": {"x": x, "y": y}},
            {"mark": name, "encoding": {"x": x, "y": y, "text": {"field": "gene"}}},
        ],
    }
    return {
        **_base("Volcano plot: log2 fold change and p-value of each gene. The gene table has every number.", 380),
        "layer": [points, chosen],
    }


def strip() -> Spec:
    """Return the per-sample strip of one gene: a point is a sample; bar and whiskers are group mean and SD."""
    y = {"field": "group", "type": "nominal", "sort": ["target", "reference"],
         "axis": {"title": None, "labelLimit": 130, "labelExpr": "datum.value"}}  # fmt: skip
    x = {"field": "value", "type": "quantitative", "scale": {"zero": False}, "axis": {"title": "log2 expression"}}
    color = {"field": "group", "type": "nominal", "scale": _GROUPS, "legend": None}
    shape = {"field": "group", "type": "nominal", "scale": _GROUP_SHAPES, "legend": None}
    return {
        **_base("Expression of the chosen gene, sample by sample, target above reference.", 120),
        "layer": [
            {
                "data": {"name": "samples"},
                "mark": {"type": "point", "filled": True, "size": 45, "opacity": 0.7},
                "encoding": {
                    "x": x, "y": y, "color": color, "shape": shape,
                    "yOffset": {"field": "jitter", "type": "quantitative", "scale": {"domain": [-1, 1]}},
                    "tooltip": [{"field": "sample"}, {"field": "value", "format": ".2f"}],
                },
            },
            {
                "data": {"name": "groups"},
                "mark": {"type": "rule", "strokeWidth": 2, "color": "@ink"},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
            },
            {
                "data": {"name": "groups"},
                "mark": {"type": "tick", "thickness": 4, "size": 34, "color": "@ink"},
                "encoding": {"x": {**x, "field": "mean"}, "y": y},
            },
        ],
    }  # fmt: skip


def p_histogram() -> Spec:
    """Return the p-value histogram; the dashed line is what chance alone would give."""
    x = {
        "field": "low",
        "type": "quantitative",
        "axis": {"title": "p-value", "tickCount": 5},
        "scale": {"domain": [0, 1]},
    }
    return {
        **_base("Histogram of p-values over all tested genes.", 190),
        "data": {"name": "bins"},
        "layer": [
            {"mark": {"type": "bar", "color": "@accent", "binSpacing": 1},
             "encoding": {"x": {**x, "bin": {"binned": True}}, "x2": {"field": "high"},
                          "y": {"field": "count", "type": "quantitative", "axis": {"title": "genes", "tickCount": 4}},
                          "tooltip": [{"field": "low"}, {"field": "high"}, {"field": "count", "title": "genes"}]}},
            {"mark": {"type": "rule", "strokeDash": [5, 4], "color": "@ink"},
             "encoding": {"y": {"field": "expected", "type": "quantitative", "aggregate": "mean"}}},
        ],
    }  # fmt: skip


def set_rank() -> Spec:
    """Return the rank plot of one set: its genes' t statistics on the curve of all genes, ranked."""
    x = {
        "field": "rank",
        "type": "quantitative",
        "scale": {"nice": False},
        "axis": {
            "title": ["◀ higher in target  │  lower in target ▶", "all tested genes, ranked by t"],
            "tickCount": 4,
        },
    }
    y = {"field": "t", "type": "quantitative", "axis": {"title": "moderated t", "tickCount": 5}}
    color = {"field": "way", "type": "nominal", "scale": _WAYS, "legend": None}
    return {
        **_base("Rank plot: moderated t of the set's genes among all tested genes, ranked.", 250),
        "layer": [
            {"data": {"name": "curve"},
             "mark": {"type": "area", "color": "@band", "line": {"color": "@muted", "strokeWidth": 1}},
             "encoding": {"x": x, "y": y}},
            {"data": {"name": "members"},
             "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.75},
             "encoding": {"x": x, "y": y, "y2": {"datum": 0}, "color": color}},
            {"data": {"name": "members"},
             "mark": {"type": "point", "filled": True, "size": 42, "opacity": 0.95},
             "encoding": {"x": x, "y": y, "color": color,
                          "shape": {"field": "way", "type": "nominal", "scale": _WAY_SHAPES, "legend": None},
                          "tooltip": [{"field": "gene"}, {"field": "t", "format": ".2f"},
                                      {"field": "rank", "format": ",d"}, {"field": "weight"}]}},
        ],
    }  # fmt: skip


def components() -> Spec:
    """Return the principal-component plot of one dataset, coloured by the group of the contrast shown."""
    return {
        **_base("First two principal components of the dataset's samples, by group.", 260),
        "data": {"name": "samples"},
        "mark": {"type": "point", "filled": True, "size": 55, "opacity": 0.8},
        "encoding": {
            "x": {
                "field": "pc1",
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": "PC 1", "tickCount": 5},
            },
            "y": {
                "field": "pc2",
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": "PC 2", "tickCount": 5},
            },
            "color": {
                "field": "group",
                "type": "nominal",
                "scale": _GROUPS,
                "legend": {"title": None, "orient": "top"},
            },
            "shape": {
                "field": "group",
                "type": "nominal",
                "scale": _GROUP_SHAPES,
                "legend": {"title": None, "orient": "top"},
            },
            "tooltip": [{"field": "sample"}, {"field": "group"}],
        },
    }


def contrast_specs() -> dict[str, Spec]:
    """Return the specifications that every contrast shares, by name."""
    return {
        "volcano": volcano(),
        "strip": strip(),
        "histogram": p_histogram(),
        "rank": set_rank(),
        "components": components(),
    }
