"""What all charts share: Vega-Lite specifications as plain mappings.

The page feeds them with data and colours. A colour written `@name` is replaced in the browser by the page's own colour of that
name, so that charts follow the light or dark theme. Colours keep one meaning everywhere: `@higher` = higher in the target,
`@lower` = lower in it; groups of samples have colours of their own. Axes say what their sign means, in words.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sidemine.drawing.words import bounded, is_number, isolated, number, shortened, unit_words
from sidemine.effect.record import way

Spec = dict[str, Any]  # type: ignore[explicit-any]  # JSON of a chart; the schema of Vega-Lite says what it may hold
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WAYS = {"domain": ["higher", "lower", "unclear"], "range": ["@higher", "@lower", "@muted"]}
WAY_SHAPES = {"domain": WAYS["domain"], "range": ["triangle-up", "triangle-down", "circle"]}
GROUPS = {"domain": ["target", "reference", "other"], "range": ["@target", "@reference", "@muted"]}
SERIES = ("#2b8cc4", "#e0701a", "#1a9e77", "#c472a8", "#a88412", "#5ab0d8", "#7b8794")
"""Colours of series without an order, told apart by colour-blind readers (after Okabe and Ito 2008); shapes say the same."""
GROUP_SHAPES = {"domain": GROUPS["domain"], "range": ["square", "circle", "cross"]}
"""Triangles tell a direction, diamonds a pooled effect, everywhere on the page: no group has one of them."""


def base(description: str, height: int) -> Spec:
    """Return what every specification starts with: its words for screen readers, and the width of its place."""
    return {
        "$schema": _SCHEMA,
        "description": bounded(description, 400),
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
    }


FIRST, SECOND = "the first named group", "the second named group"
"""The groups of a comparison (target, reference) in words, where one figure holds comparisons of several."""
_LONGEST_NAME = 28


def signed_axis(quantity: str) -> list[str]:
    """Return an axis title in two lines: what the sign means, then the quantity and its unit; see `name_groups`."""
    return [f"◀ lower  │  higher ▶ in {FIRST}", quantity]


def group_names(pairs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return the labels of target and reference, where all comparisons agree in both; else common words.

    Parameters
    ----------
    pairs
        Labels of the two groups, one pair per comparison.
    """
    found = [tuple(shortened(bounded(label), _LONGEST_NAME) for label in pair) for pair in pairs]
    targets, references = {target for target, _ in found}, {reference for _, reference in found}
    names = (
        next(iter(targets)) if len(targets) == 1 else FIRST,
        next(iter(references)) if len(references) == 1 else SECOND,
    )
    return names if names[0] != names[1] else (FIRST, SECOND)


def drawn_names(pairs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return `group_names` for a figure: what is read from right to left stands apart (`isolated`)."""
    target, reference = group_names(pairs)
    return isolated(target), isolated(reference)


def quoted_name(name: str) -> str:
    """Return the label of a group in quotes, since no grammar fits what anybody may write; common words stand as they are.

    >>> quoted_name("after a stroke"), quoted_name(FIRST)
    ('“after a stroke”', 'the first named group')
    """
    return name if name in (FIRST, SECOND) else f"“{name}”"


def name_groups(chart: Spec, pairs: Iterable[tuple[str, str]]) -> Spec:
    """Return a chart whose axes name the group that is higher or lower, as `group_names` does.

    Parameters
    ----------
    chart, pairs
        The chart, and as in `group_names`.
    """
    first = quoted_name(drawn_names(pairs)[0])

    def named(part: Any) -> Any:  # type: ignore[explicit-any]
        if isinstance(part, str):
            return part.replace(FIRST, first)
        if isinstance(part, dict):
            return {key: named(value) for key, value in part.items()}
        return [named(value) for value in part] if isinstance(part, list | tuple) else part

    return {key: named(value) for key, value in chart.items()}


def apart(places: Sequence[tuple[float, float]], room: tuple[float, float], most: int) -> list[int]:
    """Return which points can carry a name without writing over another name: the first come first.

    Parameters
    ----------
    places
        Points, the most important first.
    room
        Width and height of a name, in units of the axes.
    most
        Most names.

    >>> apart([(0, 0), (1, 0), (9, 0), (1, 5)], (2, 2), 3)
    [0, 2, 3]
    """
    chosen: list[int] = []
    for place, (x, y) in enumerate(places):
        free = (abs(x - places[other][0]) > room[0] or abs(y - places[other][1]) > room[1] for other in chosen)
        if len(chosen) < most and all(free):
            chosen.append(place)
    return chosen


def interval_words(effect: float | None, low: float | None, high: float | None) -> str:
    """Return an effect with its interval in words, for example `0.54 [0.17, 0.91]`.

    Parameters
    ----------
    effect, low, high
        The effect and the limits of its interval; an em dash stands for None.
    """
    return number(None) if effect is None else f"{number(effect)} [{number(low)}, {number(high)}]"


MOST_CONTRASTS = 4
"""Most comparisons that are drawn side by side; the table holds all."""


def row_key(position: int, label: str) -> str:
    """Return the key of a row: rows of one chart may share a label, and what stands before the bar keeps them apart, unseen."""
    return f"{position:03d}|{label}"


def heading_key(position: int, heading: str) -> str:
    """Return the key of a row that is a heading of those below it."""
    return row_key(position, f"{bounded(heading, 64)} ⟶")


def label_room(share: float, least: int) -> Spec:
    """Return the room of row labels: a share of the figure's width, so that a wide figure cuts none that fits.

    Parameters
    ----------
    share
        Of the width of the figure.
    least
        Pixels on a narrow screen.
    """
    return {"expr": f"max({least}, {share:g} * (containerSize()[0] || 0))"}


LEGEND_ROOM = {"labelLimit": 220, "columns": {"expr": "max(1, floor((containerSize()[0] || 0) / 250))"}}
"""As many names side by side as the width of the figure has room for."""
_LETTERS = 26
"""Of one line of a legend: beside the row labels of a phone there is no room for more."""


def whole_labels(levels: Iterable[str]) -> Spec:
    """Return what a legend needs to show long levels whole, in lines: two levels that begin alike would be one if they were cut.

    Parameters
    ----------
    levels
        Names in the legend, bounded.
    """
    lines = {level: textwrap.wrap(level, _LETTERS) for level in levels}
    return {"labelExpr": f"{json.dumps(lines)}[datum.label]", "labelLimit": 0}


ROW_LABELS = {"title": None, "labelExpr": "slice(datum.value, indexof(datum.value, '|') + 1)", "ticks": False, "domain": False, "minExtent": 60,
          "labelLimit": label_room(0.46, 175), "labelFontWeight": {"condition": {"test": "indexof(datum.value, '⟶') > 0", "value": "bold"},
                                                     "value": "normal"}}  # fmt: skip
"""Axis of rows with keys: their labels, headings in bold."""


class WithInterval(Protocol):
    """An effect with its 95 % confidence interval."""

    @property
    def effect(self) -> float | None:
        """Estimate."""

    @property
    def ci_low(self) -> float | None:
        """Lower limit."""

    @property
    def ci_high(self) -> float | None:
        """Upper limit."""


Groups = Sequence[tuple[str, Sequence[tuple[str, WithInterval]]]]


def interval_rows(groups: Groups) -> list[Spec]:
    """Return rows of `intervals`: under each heading one row per label and effect."""
    rows: list[Spec] = []
    for heading, entries in groups:
        rows.append({"key": heading_key(len(rows), heading), "way": "unclear", "value": ""})
        for label, entry in entries:
            effect, low, high = entry.effect, entry.ci_low, entry.ci_high
            if not (is_number(effect) and is_number(low) and is_number(high)):
                continue
            rows.append(
                {
                    "key": row_key(len(rows), bounded(label, 80)),
                    "effect": effect,
                    "ci_low": low,
                    "ci_high": high,
                    "way": way(low, high),
                    "value": interval_words(effect, low, high),
                }
            )
    return rows


def intervals(rows: Sequence[Spec], effect_unit: str, what: str) -> Spec:
    """Return labelled effects with their 95 % confidence intervals, under headings.

    Parameters
    ----------
    rows
        One per line of the chart: key (its place and label), and where it is no heading effect, ci_low, ci_high, way
        (higher, lower or unclear) and value (the interval in words).
    effect_unit
        Unit of the effects.
    what
        What is shown, for readers who do not see the chart.
    """
    # Headings have no effect: without a domain of its own the axis would leave them out.
    y = {"field": "key", "type": "nominal", "scale": {"domain": [row["key"] for row in rows]}, "axis": ROW_LABELS}
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


@dataclass(frozen=True)
class Dot:
    """A labelled value of `dots`: its figure in words, and on which side of nothing it lies (higher, lower or unclear)."""

    label: str
    value: float
    words: str
    way: str = "unclear"


def dots(points: Sequence[Dot], title: str | list[str], what: str, *, ends: tuple[float, float] | None = None) -> Spec:
    """Return labelled values without intervals, a row each, in the order given.

    Parameters
    ----------
    points
        The values.
    title
        Of the axis: quantity and unit.
    what
        What is shown, for readers who do not see the chart.
    ends
        Where the axis begins and ends; None: as far as the values reach, 0 included.
    """
    rows = [
        {"key": row_key(place, bounded(point.label, 80)), "value": point.value, "words": point.words, "way": point.way}
        for place, point in enumerate(points)
    ]
    scale = {"zero": True} if ends is None else {"domain": list(ends), "nice": False}
    x = {"field": "value", "type": "quantitative", "scale": scale,
         "axis": {"title": title, "titleAnchor": "end", "grid": True, "tickCount": 5}}  # fmt: skip
    y = {"field": "key", "type": "nominal", "scale": {"domain": [row["key"] for row in rows]}, "axis": ROW_LABELS}
    told = "; ".join(f"{point.label} {point.words}" for point in points)
    return {
        **base(f"{what} {told}", 19 * len(rows) + 6),
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [3, 3]}, "encoding": {"x": {"datum": 0, "type": "quantitative", "scale": scale, "axis": x["axis"]}}},
            {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
             "encoding": {"x": x, "y": y, "tooltip": [{"field": "words", "title": "value"}],
                          "color": {"field": "way", "type": "nominal", "scale": WAYS, "legend": None},
                          "shape": {"field": "way", "type": "nominal", "scale": WAY_SHAPES, "legend": None}}},
        ],
    }  # fmt: skip
