"""Charts of one comparison, as Vega-Lite specifications that the page feeds with data."""

from __future__ import annotations

from sidemine.drawing.charts import (
    FIRST,
    GROUP_SHAPES,
    GROUPS,
    LEGEND_ROOM,
    SECOND,
    WAY_SHAPES,
    WAYS,
    Spec,
    base,
    label_room,
    signed_axis,
)


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
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    shape = {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}
    gene = {"type": "point", "cursor": "pointer", "tooltip": {"content": "data"}}
    points = {
        "data": {"name": "genes"},
        "params": [{"name": "pan", "select": {"type": "interval", "encodings": ["x", "y"]}, "bind": "scales"}],
        "mark": {**gene, "filled": False, "size": 16, "strokeWidth": 0.8, "opacity": 0.5},
        "encoding": {"x": x, "y": y, "color": color, "shape": shape},
    }
    members = {
        "data": {"name": "members"},
        "mark": {**gene, "filled": True, "size": 52, "opacity": 0.95, "stroke": "@surface", "strokeWidth": 0.6},
        "encoding": {"x": x, "y": y, "color": color, "shape": shape},
    }
    line = {
        "data": {"name": "line"},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [5, 4], "color": "@ink"}, "encoding": {"y": y}},
            {"mark": {"type": "text", "align": "right", "dy": -6, "fontSize": 11, "color": "@ink", "x": {"expr": "width - 3"}},
             "encoding": {"y": y, "text": {"field": "words"}}},
        ],
    }  # fmt: skip
    ring = {"type": "point", "size": 170, "strokeWidth": 2.5, "color": "@ink", "filled": False}
    # The name reaches from its point towards the middle, so that no edge cuts it.
    name = {
        "type": "text",
        "align": {"expr": "datum.lfc < 0 ? 'left' : 'right'"},
        "dx": {"expr": "datum.lfc < 0 ? -10 : 10"},
        "dy": -15,
        "fontWeight": "bold",
        "color": "@ink",
        "fontSize": 13,
    }
    # Names of the strongest reach away from the middle, where the points are fewer, unless the edge is too near.
    named = {
        "data": {"name": "named"},
        "mark": {**name, "fontSize": 10, "fontWeight": "normal", "dy": 0, "align": {"expr": "datum.side < 0 ? 'right' : 'left'"},
                 "dx": {"expr": "7 * datum.side"}},
        "encoding": {"x": x, "y": y, "text": {"field": "gene"}},
    }  # fmt: skip
    chosen = {
        "data": {"name": "chosen"},
        "layer": [
            {"mark": ring, "encoding": {"x": x, "y": y}},
            {"mark": name, "encoding": {"x": x, "y": y, "text": {"field": "gene"}}},
        ],
    }
    return {
        **base("Volcano plot: log2 fold change and p-value of each gene. The gene table has every number.", 380),
        "layer": [points, line, members, named, chosen],
    }


def strip() -> Spec:
    """Return the per-sample strip of one gene: a point is a sample; bar and whiskers are group mean and SD."""
    y = {"field": "group", "type": "nominal", "sort": ["target", "reference"],
         "axis": {"title": None, "labelLimit": label_room(0.4, 130)}}  # fmt: skip
    x = {"field": "value", "type": "quantitative", "scale": {"zero": False}, "axis": {"title": "log2 expression"}}
    color = {"field": "group", "type": "nominal", "scale": GROUPS, "legend": None}
    shape = {"field": "group", "type": "nominal", "scale": GROUP_SHAPES, "legend": None}
    return {
        **base("Expression of the chosen gene, sample by sample, the first group above the second.", 120),
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
        **base("Histogram of p-values over all tested genes.", 190),
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


_RUNNING = 90
"""Height of the running sum above the bar code and the ranked statistics."""


def set_rank() -> Spec:
    """Return the rank plot of one set: running sum, bar code of its genes, and the ranked t of all genes.

    The running sum is the one of Subramanian et al. 2005 (doi 10.1073/pnas.0506580102), weight 1; a picture, never a p-value.
    """
    x = {
        "field": "rank",
        "type": "quantitative",
        "scale": {"nice": False},
        "axis": {
            "title": [f"◀ higher  │  lower ▶ in {FIRST}", "all tested genes, ranked by t"],
            "tickCount": 4,
            "grid": False,
        },
    }
    top, code, bottom = (0, _RUNNING), (_RUNNING + 8, _RUNNING + 34), (_RUNNING + 46, _RUNNING + 166)
    running = {"field": "sum", "type": "quantitative", "scale": {"range": [top[1], top[0]], "nice": True},
               "axis": {"title": "running sum", "tickCount": 3, "grid": False, "orient": "left"}}  # fmt: skip
    y = {"field": "t", "type": "quantitative", "scale": {"range": [bottom[1], bottom[0]]},
         "axis": {"title": "moderated t", "tickCount": 4, "grid": False, "orient": "left"}}  # fmt: skip
    ways = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    tooltip = [{"field": "gene"}, {"field": "t", "format": ".2f"}, {"field": "rank", "format": ",d"},
               {"field": "place", "title": "leading edge"}, {"field": "weight"}]  # fmt: skip
    strong = {"condition": {"test": "datum.place === 'yes'", "value": 1}, "value": 0.35}
    return {
        **base("Rank plot: running sum, bar code and moderated t of the set's genes among all tested genes.", bottom[1]),
        "resolve": {"scale": {"y": "independent"}},
        "layer": [
            {"layer": [
                {"data": {"name": "running"}, "mark": {"type": "line", "color": "@ink", "strokeWidth": 1.8},
                 "encoding": {"x": x, "y": running}},
                {"data": {"name": "peak"}, "mark": {"type": "rule", "strokeDash": [4, 3], "color": "@accent"},
                 "encoding": {"x": x, "y": running, "y2": {"datum": 0}}},
            ]},
            {"layer": [
                {"data": {"name": "curve"},
                 "mark": {"type": "area", "color": "@band", "line": {"color": "@muted", "strokeWidth": 1}},
                 "encoding": {"x": x, "y": y}},
                {"data": {"name": "members"}, "mark": {"type": "rule", "strokeWidth": 1.2},
                 "encoding": {"x": x, "y": {"value": code[0]}, "y2": {"value": code[1]}, "color": ways, "opacity": strong,
                              "tooltip": tooltip}},
                {"data": {"name": "members"}, "mark": {"type": "rule", "strokeWidth": 1},
                 "encoding": {"x": x, "y": y, "y2": {"datum": 0}, "color": ways, "opacity": strong}},
                {"data": {"name": "members"}, "mark": {"type": "point", "filled": True, "size": 42},
                 "encoding": {"x": x, "y": y, "color": ways, "opacity": strong, "tooltip": tooltip,
                              "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
                {"data": {"name": "chosen"}, "mark": {"type": "rule", "strokeWidth": 1.6, "color": "@ink"},
                 "encoding": {"x": x, "y": {"value": code[0] - 6}, "y2": {"value": bottom[1]}}},
                {"data": {"name": "chosen"}, "mark": {"type": "text", "fontWeight": "bold", "fontSize": 11, "color": "@ink", "baseline": "bottom",
                                                      "align": {"expr": "datum.late ? 'right' : 'left'"}},
                 "encoding": {"x": x, "y": {"value": code[0] - 7}, "text": {"field": "gene"}}},
            ]},
        ],
    }  # fmt: skip


def heat() -> Spec:
    """Return the heat map of a panel: genes by samples, as difference from the mean of the reference group."""
    x = {"type": "quantitative", "axis": None, "scale": {"nice": False, "zero": False}}
    y = {"field": "gene", "type": "nominal", "scale": {"domain": []},
         "axis": {"title": None, "ticks": False, "domain": False, "labelFontSize": 10, "labelPadding": 3}}  # fmt: skip
    color = {"field": "value", "type": "quantitative",
             "scale": {"domain": [-1, 0, 1], "range": ["@lower", "@surface", "@higher"], "clamp": True, "interpolate": "rgb"},
             "legend": {"title": "log2 difference from the mean of " + SECOND, "orient": "bottom", "direction": "horizontal",
                        "gradientLength": 180, "gradientThickness": 10, "tickCount": 5, "titleFontWeight": 600, "titleLimit": 400}}  # fmt: skip
    return {
        **base("Heat map: expression of the panel's genes in every sample, beside the mean of the second group; columns by the panel's mean.", 300),
        "layer": [
            {"data": {"name": "cells"}, "mark": {"type": "rect", "cursor": "pointer"},
             "encoding": {"x": {**x, "field": "x"}, "x2": {"field": "x2"}, "y": y, "color": color,
                          "tooltip": [{"field": "gene"}, {"field": "sample"}, {"field": "group"},
                                      {"field": "value", "format": ".2f", "title": "beside the mean of " + SECOND}]}},
            {"data": {"name": "tracks"}, "mark": {"type": "rect"},
             "encoding": {"x": {**x, "field": "x"}, "x2": {"field": "x2"}, "y": {**y, "field": "track"},
                          "fill": {"field": "fill", "type": "nominal", "scale": None},
                          "tooltip": [{"field": "sample"}, {"field": "track", "title": "recorded"}, {"field": "told", "title": "value"}]}},
            {"data": {"name": "chosen"}, "mark": {"type": "rect", "filled": False, "stroke": "@ink", "strokeWidth": 1.5, "x": 0, "x2": {"expr": "width"}},
             "encoding": {"y": y}},
            {"data": {"name": "sides"},
             "mark": {"type": "text", "align": "left", "baseline": "bottom", "y": -6, "fontSize": 12, "fontWeight": "bold",
                      "limit": {"expr": "width / 2"}},
             "encoding": {"x": {**x, "field": "x"}, "text": {"field": "words"},
                          "stroke": {"value": None}, "fill": {"field": "colour", "type": "nominal", "scale": None}}},
        ],
    }  # fmt: skip


def components(colour: str = "group") -> Spec:
    """Return the principal-component plot of one dataset; shapes are groups, colours what the reader chooses.

    Parameters
    ----------
    colour
        group, levels or numbers: what kind of column the colour shows.
    """
    color = {
        "group": {"field": "group", "scale": GROUPS, "type": "nominal"},
        "levels": {"field": "value", "scale": {"scheme": "viridis"}, "type": "ordinal"},
        "numbers": {"field": "value", "scale": {"scheme": "viridis"}, "type": "quantitative"},
    }[colour]
    axis = {"tickCount": 5, "grid": True}
    legend = {"title": None, "orient": "top", "symbolStrokeWidth": 0, **LEGEND_ROOM}
    shape_legend = legend if colour == "group" else {**legend, "symbolFillColor": "@muted"}
    return {
        **base("First two principal components of the dataset's samples.", 270),
        "data": {"name": "samples"},
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.9, "stroke": "@ink", "strokeWidth": 0.4},
        "encoding": {
            "x": {"field": "pc1", "type": "quantitative", "scale": {"zero": False}, "axis": {**axis, "title": "PC 1"}},
            "y": {"field": "pc2", "type": "quantitative", "scale": {"zero": False}, "axis": {**axis, "title": "PC 2"}},
            "color": {**color, "legend": legend},
            "shape": {"field": "group", "type": "nominal", "scale": GROUP_SHAPES, "legend": shape_legend},
            "tooltip": [{"field": "sample"}, {"field": "group"}, {"field": "told", "title": "chosen column"}],
        },
    }


def contrast_specs() -> dict[str, Spec]:
    """Return the specifications that every contrast shares, by name."""
    return {
        "volcano": volcano(),
        "strip": strip(),
        "histogram": p_histogram(),
        "rank": set_rank(),
        "heat": heat(),
        **{f"components_{colour}": components(colour) for colour in ("group", "levels", "numbers")},
    }
