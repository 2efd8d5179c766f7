"""The forest plot of an answer card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.considerations.composition.record import PooledEstimate
from sidemine.drawing.charts import WAY_SHAPES, WAYS, Spec, base, interval_words, signed_axis, way
from sidemine.drawing.words import bounded, is_number, number, percent, unit_words
from sidemine.effect.record import ContrastEvidence, PooledEffect

_ROW_STEP = 50
_VALUE_ROOM, _CHARACTER = 126, 7.6
"""Pixels of the forest plot's numbers at least, and of one of their characters in a wide system font."""
_LANE = 13
"""Pixels from the middle of a row of the forest plot to its interval; the words stand above."""
_FOREST_SHAPES = {"domain": [*WAY_SHAPES["domain"], "pooled"], "range": [*WAY_SHAPES["range"], "diamond"]}


def forest_rows(
    evidence: Sequence[ContrastEvidence], pooled: PooledEffect | None = None, adjusted: PooledEstimate | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a forest plot: one per contrast, with the words that stand above its interval.

    The pooled effect, where there is one, comes next, with its leave-one-out range and its prediction interval; then what is
    left of it after adjusting for the mix of blood cells.

    Parameters
    ----------
    evidence
        Evidence of each contrast.
    pooled
        The pooled effect, where there is one.
    adjusted
        The pooled effect after adjusting for blood cells, where there is one.
    """
    rows = [_contrast_row(entry) for entry in evidence]
    if pooled:
        rows.append(_pooled_row(pooled))
    if adjusted and is_number(adjusted.effect):
        rows.append(
            _row(
                "adjusted for blood cells",
                "Adjusted for blood composition",
                f"{adjusted.k} of {len(evidence)} comparisons; an assumption-laden estimate, shown beside the total",
                (adjusted.effect, adjusted.ci_low, adjusted.ci_high),
                shape="pooled",
            )
        )
    return rows


def _contrast_row(entry: ContrastEvidence) -> dict[str, Any]:
    interval = (entry.effect, entry.ci_low, entry.ci_high)
    drawable = all(is_number(value) for value in interval)
    facts = [
        f"{entry.n_target} v {entry.n_reference}",
        f"{percent(entry.n_measured, entry.n_in_set)} of set measured",
        bounded(entry.contrast, 64),
    ]
    label = [bounded(entry.accession, 40), bounded(entry.tissue, 60), bounded(entry.platform, 20)]
    problem = f"not testable: {entry.problem.what if entry.problem else 'no effect estimated'}"
    return _row(
        bounded(entry.contrast, 64),
        " · ".join(filter(None, label)),
        " · ".join(facts),
        interval if drawable else _NOTHING,
        problem="" if drawable else bounded(problem, 160),
    )


def _pooled_row(pooled: PooledEffect) -> dict[str, Any]:
    missing = "prediction_low" in pooled.not_estimable
    prediction = (
        "no prediction interval below 3 datasets"
        if missing
        else f"prediction interval {number(pooled.prediction_low)} to {number(pooled.prediction_high)}"
    )
    left_out = f"one left out: {number(pooled.leave_one_out_low)} to {number(pooled.leave_one_out_high)}"
    row = _row(
        # No contrast may have this name: ids hold no spaces.
        "all together",
        f"Pooled · {pooled.k} datasets · {bounded(pooled.method, 60)}",
        f"{left_out} · {prediction}",
        (pooled.effect, pooled.ci_low, pooled.ci_high),
        shape="pooled",
    )
    return row | {
        "out_low": pooled.leave_one_out_low,
        "out_high": pooled.leave_one_out_high,
        "prediction_low": None if missing else pooled.prediction_low,
        "prediction_high": None if missing else pooled.prediction_high,
    }


_NOTHING = (None, None, None)


def _row(
    key: str,
    label: str,
    facts: str,
    interval: tuple[float | None, float | None, float | None],
    *,
    shape: str = "",
    problem: str = "",
) -> dict[str, Any]:
    effect, low, high = interval
    side = "unclear" if low is None or high is None else way(low, high)
    value = "" if effect is None else interval_words(effect, low, high)
    return {
        "contrast": key, "label": label, "facts": facts, "effect": effect, "ci_low": low, "ci_high": high, "way": side,
        "shape": shape or side, "out_low": None, "out_high": None, "prediction_low": None, "prediction_high": None,
        "value": value, "problem": problem,
    }  # fmt: skip


def forest(rows: Sequence[Mapping[str, Any]], effect_unit: str, margin: float | None) -> Spec:
    """Return the forest plot of one hypothesis; the shaded band is the declared margin.

    Parameters
    ----------
    rows
        Rows of `forest_rows`.
    effect_unit
        Unit of the effects.
    margin
        Margin in that unit; None: none is drawn.
    """
    y = {"field": "contrast", "type": "nominal", "sort": [row["contrast"] for row in rows], "axis": None}
    drawn = ("ci_low", "ci_high", "out_low", "out_high", "prediction_low", "prediction_high")
    ends = [abs(row[key]) for row in rows for key in drawn if row[key] is not None]
    reach = 1.08 * max([*ends, abs(margin or 0.0), 0.1])
    scale = {"domain": [-reach, reach], "nice": False}
    axis = {"title": signed_axis(unit_words(effect_unit)), "grid": False, "tickCount": 5}
    x = {"field": "effect", "type": "quantitative", "scale": scale, "axis": axis}
    # The numbers must never be cut; the words beside them may be, and stand in full in the tooltip and the table.
    room = max(_VALUE_ROOM, 2 + _CHARACTER * max((len(row["value"]) for row in rows), default=0))
    label = {"type": "text", "align": "left", "baseline": "middle", "limit": {"expr": f"width - {room + 4:g}"}}
    color = {"field": "way", "type": "nominal", "scale": WAYS, "legend": None}
    tooltip = [{"field": "contrast"}, {"field": "value", "title": "effect [95 % CI]"}, {"field": "facts"}]
    band = [{**row, "low": -abs(margin), "high": abs(margin)} for row in rows] if margin else []

    def interval(low: str, **mark: Any) -> Spec:
        return {
            "mark": {"type": "rule", "yOffset": _LANE, **mark},
            "encoding": {"x": {**x, "field": low}, "x2": {"field": low.replace("low", "high")}, "y": y, "color": color},
        }

    def words(field: str, offset: int, **mark: Any) -> Spec:
        return {
            "mark": {**label, "x": 0, "yOffset": offset, **mark},
            "encoding": {"y": y, "text": {"field": field}, "tooltip": tooltip},
        }

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
        interval("prediction_low", strokeWidth=1.5, strokeDash=[2, 3]),
        interval("out_low", strokeWidth=10, opacity=0.3),
        interval("ci_low", strokeWidth=2.5),
        {
            "mark": {"type": "point", "filled": True, "size": 105, "opacity": 1, "yOffset": _LANE},
            "encoding": {
                "x": x,
                "y": y,
                "color": color,
                "shape": {"field": "shape", "type": "nominal", "scale": _FOREST_SHAPES, "legend": None},
                "tooltip": tooltip,
            },
        },
        words("label", -17, fontWeight="bold", color="@ink", fontSize=12),
        words("facts", -3, color="@soft", fontSize=11, limit={"expr": "width"}),
        words("value", -17, align="right", x={"expr": "width"}, color="@ink", fontSize=12, limit=room),
        words("problem", _LANE, color="@ink", fontStyle="italic", limit={"expr": "width"}),
    ]
    told = "; ".join(f"{row['label']}: {row['value'] or row['problem']}" for row in rows)
    spec = base(
        f"Forest plot, effect and 95 % confidence interval per comparison. {told}", _ROW_STEP * max(1, len(rows))
    )
    return {**spec, "data": {"name": "rows", "values": list(rows)}, "layer": layers}
