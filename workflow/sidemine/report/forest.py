"""The forest plot of an answer card."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sidemine.considerations.judgement import as_sentence
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.drawing.charts import WAY_SHAPES, WAYS, Spec, base, interval_words, signed_axis
from sidemine.drawing.panel import CLEAR, TOLD, UNKNOWN, FurtherEffect, Light, Panel, Status, Subject
from sidemine.drawing.words import bounded, isolated, number, p_statement, percent, unit_words
from sidemine.effect.pooled_effect import weights_of
from sidemine.effect.pooling import METHODS, RANDOM
from sidemine.effect.record import ContrastEvidence, Interval, PooledEffect
from sidemine.records import fields_of
from sidemine.text.phrases import listed
from sidemine.verdict.card import Card

_ROW_STEP = 50
_VALUE_ROOM, _CHARACTER = 126, 7.6
"""Pixels of the forest plot's numbers at least, and of one of their characters in a wide system font."""
_LANE = 13
"""Pixels from the middle of a row of the forest plot to its interval; the words stand above."""
_LIGHT = 15
"""Pixels from one mark at the right to the next."""
_GLYPHS: dict[Status, str] = {CLEAR: "✓", TOLD: "!", UNKNOWN: "–"}
_ENDS = ("ci_low", "ci_high", "out_low", "out_high", "prediction_low", "prediction_high")
_FOREST_SHAPES = {"domain": [*WAY_SHAPES["domain"], "pooled"], "range": [*WAY_SHAPES["range"], "diamond"]}


_TOOLTIP = [
    {"field": "label", "title": "data"},
    {"field": "contrast"},
    {"field": "value", "title": "effect [95 % CI]"},
    {"field": "facts"},
]


@dataclass(frozen=True)
class ForestRow:
    """One row of a forest plot, with the words that stand above its interval.

    Attributes
    ----------
    contrast
        Its id; unique in the plot.
    label, facts, value, problem
        What it is, what else is known of it, effect and interval in words, or why there are none.
    effect, ci_low, ci_high
        The effect with its 95 % interval.
    out_low, out_high, prediction_low, prediction_high
        Range when one dataset is left out, and prediction interval.
    way, shape
        Where the effect lies by its interval, and the shape of its mark.
    weight
        Its share of the pooled effect, per cent; None where it has none.
    """

    contrast: str
    label: str
    facts: str
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    way: str
    shape: str
    out_low: float | None = None
    out_high: float | None = None
    prediction_low: float | None = None
    prediction_high: float | None = None
    value: str = ""
    problem: str = ""
    weight: float | None = None


def pooled_weights(evidence: Sequence[ContrastEvidence], pooled: PooledEffect | None) -> dict[str, float]:
    """Return each contrast's share of the pooled effect, per cent: the effects times these are the effect that carries the answer.

    Parameters
    ----------
    evidence
        The contrasts.
    pooled
        The pooled effect; None, of one dataset, or no single figure: no shares.
    """
    if pooled is None or pooled.k < 2 or pooled.sizes_differ:
        return {}
    rows = [row for row in evidence if row.contrast in pooled.contrasts]
    known = weights_of(rows)
    own = [1 / (row.effect_se or 1.0) ** 2 for row in rows] if known is None else known.tolist()
    between = (pooled.tau2 or 0.0) if pooled.method == METHODS[RANDOM] else 0.0
    shares = [1 / (1 / weight + between) for weight in own]
    return {row.contrast: 100 * share / math.fsum(shares) for row, share in zip(rows, shares, strict=True)}


def forest_rows(
    evidence: Sequence[ContrastEvidence], pooled: PooledEffect | None = None, further: Sequence[FurtherEffect] = ()
) -> list[ForestRow]:
    """Return the rows of a forest plot.

    Parameters
    ----------
    evidence
        One row each.
    pooled
        The pooled effect, with its leave-one-out range and its prediction interval; None: no row, nor where no single
        figure stands for the datasets.
    further
        What considerations show below it.
    """
    labels = Counter(_origin(entry) for entry in evidence)
    shares = pooled_weights(evidence, pooled)
    rows = [
        replace(
            _contrast_row(entry, _part(entry, shares, pooled), told_apart=labels[_origin(entry)] == 1),
            weight=shares.get(entry.contrast),
        )
        for entry in evidence
    ]
    if pooled and not pooled.sizes_differ:
        rows.append(_pooled_row(pooled))
    rows += [_row(entry.key, entry.label, entry.facts, entry.effect, shape="pooled") for entry in further]
    return rows


def _origin(entry: ContrastEvidence) -> str:
    label = [bounded(entry.accession, 40), isolated(bounded(entry.tissue, 60)), bounded(entry.platform, 20)]
    return " · ".join(filter(None, label))


def _part(entry: ContrastEvidence, shares: Mapping[str, float], pooled: PooledEffect | None) -> str:
    """Say what a contrast has in the pooled effect; empty where there is none."""
    if entry.contrast in shares:
        return f"weight {shares[entry.contrast]:.0f} %"
    return "not pooled" if pooled and entry.interval and entry.contrast not in pooled.contrasts else ""


def _contrast_row(entry: ContrastEvidence, part: str, *, told_apart: bool) -> ForestRow:
    """Return the row of one contrast; where its origin does not tell it from another row, its target group does."""
    facts = [
        f"{entry.n_target} v {entry.n_reference}",
        part,
        *([] if told_apart else [bounded(entry.accession, 40), isolated(bounded(entry.tissue, 60))]),
        f"{percent(entry.n_measured, entry.n_in_set)} of set measured",
        bounded(entry.contrast, 64),
    ]
    label = _origin(entry) if told_apart else isolated(bounded(entry.target_label, 60))
    row = _row(bounded(entry.contrast, 64), label, " · ".join(filter(None, facts)), entry.interval)
    problem = f"not testable: {entry.problem.what if entry.problem else 'no effect estimated'}"
    return row if entry.interval else replace(row, problem=bounded(problem, 160))


def _pooled_row(pooled: PooledEffect) -> ForestRow:
    missing = "prediction_low" in pooled.not_estimable
    prediction = (
        "no prediction interval below 3 datasets"
        if missing
        else f"prediction interval {number(pooled.prediction_low)} to {number(pooled.prediction_high)}"
    )
    left_out = f"{without_one(pooled, '')}: {number(pooled.leave_one_out_low)} to {number(pooled.leave_one_out_high)}"
    label = f"Pooled · {pooled.k} datasets · {bounded(pooled.method, 60)}"
    # No contrast may have this name: ids hold no spaces.
    row = _row("all together", label, f"{left_out} · {prediction}", pooled.interval, shape="pooled")
    return replace(
        row,
        out_low=pooled.leave_one_out_low,
        out_high=pooled.leave_one_out_high,
        prediction_low=None if missing else pooled.prediction_low,
        prediction_high=None if missing else pooled.prediction_high,
    )


def _row(key: str, label: str, facts: str, effect: Interval | None, *, shape: str = "") -> ForestRow:
    if effect is None:
        return ForestRow(key, label, facts, None, None, None, "unclear", shape or "unclear")
    return ForestRow(
        contrast=key,
        label=label,
        facts=facts,
        effect=effect.effect,
        ci_low=effect.ci_low,
        ci_high=effect.ci_high,
        way=effect.way,
        shape=shape or effect.way,
        value=interval_words(effect.effect, effect.ci_low, effect.ci_high),
    )


def forest(
    rows: Sequence[ForestRow],
    effect_unit: str,
    margin: float | None,
    lights: Mapping[str, Sequence[Light]] = MappingProxyType({}),
) -> Spec:
    """Return the forest plot of one hypothesis; the shaded band is the declared margin.

    Parameters
    ----------
    rows
        Rows of the plot, from the top.
    effect_unit
        Unit of the effects.
    margin
        Margin in that unit; None: none is drawn.
    lights
        By contrast: what could make its groups differ beside the question.
    """
    y = {"field": "contrast", "type": "nominal", "sort": [row.contrast for row in rows], "axis": None}
    values = [{**fields_of(row), "area": 105 if row.weight is None else 45 + 1.5 * row.weight} for row in rows]
    ends = [abs(row[key]) for row in values for key in _ENDS if row[key] is not None]
    reach = 1.08 * max([*ends, abs(margin or 0.0), 0.1])
    scale = {"domain": [-reach, reach], "nice": False}
    axis = {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}
    x = {"field": "effect", "type": "quantitative", "scale": scale, "axis": axis}
    # The numbers must never be cut; the words beside them may be, and stand in full in the tooltip and the table.
    room = max(_VALUE_ROOM, 2 + _CHARACTER * max((len(row.value) for row in rows), default=0))
    label = {"type": "text", "align": "left", "baseline": "middle", "limit": {"expr": f"width - {room + 4:g}"}}
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    band = [{**row, "low": -abs(margin), "high": abs(margin)} for row in values] if margin else []

    def interval(low: str, mark: Spec) -> Spec:
        return {
            "mark": {"type": "rule", "yOffset": _LANE, **mark},
            "encoding": {"x": {**x, "field": low}, "x2": {"field": low.replace("low", "high")}, "y": y, "color": color},
        }

    def words(field: str, offset: int, mark: Spec) -> Spec:
        return {
            "mark": {**label, "x": 0, "yOffset": offset, **mark},
            "encoding": {"y": y, "text": {"field": field}, "tooltip": _TOOLTIP},
        }

    marks = _light_marks(rows, lights)
    most = max((len(found) for found in lights.values()), default=0)
    layers: list[Spec] = [
        {
            "data": {"values": band},
            "mark": {"type": "bar", "height": 17, "color": "@band", "yOffset": _LANE},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y},
        },
        {
            "mark": {"type": "tick", "color": "@soft", "thickness": 1, "size": 19, "yOffset": _LANE},
            "encoding": {"x": {"datum": 0, "type": "quantitative", "scale": scale, "axis": axis}, "y": y},
        },
        interval("prediction_low", {"strokeWidth": 1.5, "strokeDash": [2, 3]}),
        interval("out_low", {"strokeWidth": 10, "opacity": 0.3}),
        interval("ci_low", {"strokeWidth": 2.5}),
        {
            "mark": {"type": "point", "filled": True, "opacity": 1, "yOffset": _LANE},
            "encoding": {
                "x": x,
                "y": y,
                "color": color,
                "shape": {"field": "shape", "type": "nominal", "scale": _FOREST_SHAPES, "legend": None},
                # The area of a mark is its share of the pooled effect.
                "size": {"field": "area", "type": "quantitative", "scale": None, "legend": None},
                "tooltip": _TOOLTIP,
            },
        },
        words("label", -17, {"fontWeight": "bold", "color": "@ink", "fontSize": 12}),
        words(
            "facts",
            -3,
            {"color": "@soft", "fontSize": 11, "limit": {"expr": f"width - {_LIGHT * most + 4}" if most else "width"}},
        ),
        words("value", -17, {"align": "right", "x": {"expr": "width"}, "color": "@ink", "fontSize": 12, "limit": room}),
        *([_light_layer(marks, y)] if marks else []),
        words("problem", _LANE, {"color": "@ink", "fontStyle": "italic", "limit": {"expr": "width"}}),
    ]
    told = "; ".join(f"{row.label}: {row.value or row.problem}" for row in rows)
    spec = base(f"Forest plot, effect and 95 % confidence interval per comparison. {told}", _ROW_STEP * len(rows))
    return {**spec, "data": {"name": "rows", "values": values}, "layer": layers}


def _light_marks(rows: Sequence[ForestRow], lights: Mapping[str, Sequence[Light]]) -> list[Spec]:
    """Return the marks at the right of the rows; places count from the last one, which stands at the edge."""
    return [
        {
            "contrast": row.contrast,
            "place": place - len(lights[row.contrast]),
            "name": light.name,
            "status": light.status,
            "glyph": _GLYPHS[light.status],
            "words": bounded(light.words, 200),
        }
        for row in rows
        if row.contrast in lights
        for place, light in enumerate(lights[row.contrast])
    ]


def _light_layer(marks: Sequence[Spec], y: Spec) -> Spec:
    # Colours without a scale: the plot's own scale of colours says on which side an effect lies.
    inks = [
        {"test": f"datum.status === '{status}'", "value": ink}
        for status, ink in ((TOLD, "@suggestive"), (UNKNOWN, "@muted"))
    ]
    return {
        "data": {"values": list(marks)},
        "mark": {"type": "text", "fontSize": 12, "yOffset": -3, "x": {"expr": f"width + {_LIGHT} * datum.place + 6"}},
        "encoding": {
            "y": y,
            "text": {"field": "glyph"},
            "color": {"condition": inks, "value": "@supported"},
            "tooltip": [{"field": "name", "title": "looked at"}, {"field": "status"}, {"field": "words", "title": "found"}],
        },
    }  # fmt: skip


def forest_panel(card: Card, subject: Subject, lights: Mapping[str, Sequence[Light]] = MappingProxyType({})) -> Panel:
    """Return the forest plot of a card as a panel.

    Parameters
    ----------
    card, subject
        The answer, and what its panels are about.
    lights
        By contrast: what could make its groups differ beside the question.
    """
    further = [row for entry in CONSIDERATIONS if (row := entry.further_effect(subject))]
    rows = forest_rows(card.evidence, card.pooled, further)
    return Panel(
        kind="forest",
        element=f"forest-{card.hypothesis}",
        source="verdicts.json",
        title="",
        caption=pooled_caption(card),
        why_empty="no comparison belongs to this question",
        chart=forest(rows, subject.unit, card.declared.margin.value, lights) if rows else None,
        facts=[light_legend(lights)] if lights else [],
    )


def light_legend(lights: Mapping[str, Sequence[Light]]) -> str:
    """Return the words of the marks at the right: what their shapes say, and in which order they stand."""
    names = listed([light.name for light in max(lights.values(), key=len)])
    shapes = ", ".join(f"{glyph} {status}" for status, glyph in _GLYPHS.items())
    return f"Marks at the right: {shapes}; in order {names}."


def pooled_caption(card: Card) -> str:
    """Say in the forest plot's caption what the pooled row shows, or why there is none."""
    if card.kind == "panel":
        return "Each arm against its vehicle by itself; the answer rests on one model of all arms, drawn below."
    if card.pooled is None:
        return f"Nothing is pooled: {card.not_computed['pooled']}."
    apart = card.pooled.sizes_differ
    pale = without_one(card.pooled)
    shown = (
        f"No single figure: {apart.words} ({apart.reason})."
        if apart
        else f"Diamond: pooled effect ({card.pooled.method}); pale bar: {pale}"
        f"{'' if card.pooled.prediction_low is None else '; dotted: prediction interval'}."
    )
    return f"{shown} {as_sentence(heterogeneity_words(card.pooled))}"


def without_one(pooled: PooledEffect, noun: str = "dataset ") -> str:
    """Say what the range without one dataset is: of two, one remains; beside a row that counts datasets, without the word."""
    return f"each {noun}alone" if pooled.k == 2 else f"one {noun}left out"


def heterogeneity_words(pooled: PooledEffect) -> str:
    """Tell how far the datasets differ: Q, I² and τ², or why they are not there."""
    q = f"heterogeneity: Q = {number(pooled.q_statistic)}, {p_statement(pooled.q_p)}"
    if "tau2" in pooled.not_estimable:
        return f"{q}; I² and τ²: {pooled.not_estimable['tau2']}"
    return f"{q}, I² = {pooled.i2 or 0:.0f} %, τ² = {number(pooled.tau2, 3)}"
