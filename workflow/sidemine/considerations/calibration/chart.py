"""How often each test calls where there is nothing, as dots against the line at 5 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.design_classes import VERDICT_TESTS, quoted_class
from sidemine.considerations.calibration.rates import LIMITS, REFERENCE, THIS_STUDY
from sidemine.considerations.calibration.table import CalibrationRow, rows_of
from sidemine.drawing.charts import ROW_LABELS, SERIES, Spec, base, heading_key, row_key
from sidemine.drawing.words import bounded, is_number, number
from sidemine.enrichment.registry import statistics

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""Nominal level that the page's text shows; the whole table has the others."""
MOST_DRAWN = 40
"""Most rows under one heading; the table has all."""
RULE = "supported"
_RULE_WORDS = "whole rule"
_NULLS = {"global": "Like these, simulated", "competitive": "… other genes change"}


@dataclass(frozen=True)
class Size:
    """A dot: its row, the test, and the figures behind it."""

    label: str
    test: str
    row: CalibrationRow


def calibration_chart(table: pd.DataFrame | None) -> Spec | None:
    """Return the dots of `calibration.tsv` at a nominal 5 %; None where nothing was measured.

    Parameters
    ----------
    table
        `calibration.tsv`.
    """
    groups = [] if table is None else [(heading, sizes) for heading, sizes in size_groups(table) if sizes]
    if not groups:
        return None
    marks: list[Spec] = []
    keys: list[str] = []
    for heading, sizes in groups:
        keys.append(heading_key(len(keys), heading))
        places: dict[str, str] = {}
        for size in sizes:
            if size.label not in places and len(places) == MOST_DRAWN:
                continue
            if size.label not in places:
                places[size.label] = row_key(len(keys), bounded(size.label, 80))
                keys.append(places[size.label])
            marks.append(_mark(places[size.label], size))
    return _spec(marks, keys)


def size_groups(table: pd.DataFrame) -> list[tuple[str, Sequence[Size]]]:
    """Return what is drawn under each heading: this study's own labelings, design classes, real arrays, the whole rule.

    Parameters
    ----------
    table
        `calibration.tsv`.
    """
    rows = [row for row in rows_of(table) if is_number(row.rate) and is_number(row.ci_low) and is_number(row.ci_high)]
    sizes = [row for row in rows if row.quantity == "size" and row.level == LEVEL and row.test in VERDICT_TESTS]
    primary = [row for row in sizes if row.scope == "dataset" and row.family == "primary"]
    return [
        ("Permuted labels, here", _own([row for row in primary if row.source == THIS_STUDY])),
        *(
            (heading, _of_classes([row for row in primary if row.source == REFERENCE and row.null == null]))
            for null, heading in _NULLS.items()
        ),
        (
            "Real arrays, resampled",
            [
                Size(f"{row.subject}, {row.parameter}", _test_words(row.test), row)
                for row in sizes
                if row.scope == "plasmode"
            ],
        ),
        (
            "Wrongly “supported”",
            [
                Size(", ".join(filter(None, (row.subject.replace("_", " "), row.parameter))), _RULE_WORDS, row)
                for row in rows
                if row.scope == "whole_rule" and row.quantity == "verdict_rate" and row.test == RULE
            ],
        ),
    ]


def _own(rows: Sequence[CalibrationRow]) -> list[Size]:
    # The parameter of these rows is a set, and what else was set.
    settings = [row.parameter.removeprefix("set=").split(", ") for row in rows]
    one_set = len({name for name, *_ in settings}) == 1
    labels = [
        ", ".join(filter(None, [row.subject, *more, "" if one_set else name]))
        for row, (name, *more) in zip(rows, settings, strict=True)
    ]
    return [Size(label, _test_words(row.test), row) for label, row in zip(labels, rows, strict=True)]


def _of_classes(rows: Sequence[CalibrationRow]) -> list[Size]:
    """Return the figures that comparisons take from their design class, each once, with how many comparisons take them."""
    users: dict[str, set[str]] = {}
    figures: dict[tuple[str, str], CalibrationRow] = {}
    for row in rows:
        if name := quoted_class(row.reason):
            users.setdefault(name, set()).add(row.subject)
            figures.setdefault((name, row.test), row)
    return [Size(f"{name} ({len(users[name])})", _test_words(test), row) for (name, test), row in figures.items()]


def _test_words(name: str) -> str:
    return next((statistic.label for statistic in statistics() if statistic.name == name), name)


def _mark(key: str, size: Size) -> Spec:
    row = size.row
    limits = f"{number(100 * row.ci_low, 1)} to {number(100 * row.ci_high, 1)} %"
    return {
        "key": key,
        "label": bounded(size.label, 80),
        "test": size.test,
        "rate": float(f"{100 * row.rate:.6g}"),
        "ci_low": float(f"{100 * row.ci_low:.6g}"),
        "ci_high": float(f"{100 * row.ci_high:.6g}"),
        "words": f"{100 * row.rate:.1f} %",
        "limits": limits,
        "n": f"{int(row.n):,}",
        "reading": row.reading,
    }


def _narrow(narrow: str, wide: str) -> str:
    """Return an expression that depends on the room of the figure: on a telephone n would lie on the limits."""
    return f"containerSize()[0] < 480 ? {narrow} : {wide}"


def _spec(marks: Sequence[Spec], keys: Sequence[str]) -> Spec:
    rates_told = "; ".join(
        f"{mark['key'].split('|')[1]}, {mark['test']} {mark['words']} ({mark['limits']})" for mark in marks
    )
    tests = list(dict.fromkeys(mark["test"] for mark in marks))
    axis = {"title": ["◀ too seldom  │  too often ▶", "% called where nothing is,", "95 % limits; dashed: 5 %"],
            "titleAnchor": "end", "grid": True, "tickCount": 6}  # fmt: skip
    # Room on the right for n.
    scale = {"domain": [0, max(10.0, 1.15 * max(mark["ci_high"] for mark in marks))], "nice": False}
    x = {"field": "rate", "type": "quantitative", "axis": axis, "scale": scale}
    y = {"field": "key", "type": "nominal", "scale": {"domain": list(keys)}, "axis": ROW_LABELS}
    offset = {"field": "test", "type": "nominal", "scale": {"domain": tests}}
    series = {"field": "test", "type": "nominal", "title": None}
    legend = {"orient": "top", "direction": "horizontal", "columns": {"expr": _narrow("1", "3")}}
    color = {**series, "scale": {"domain": tests, "range": list(SERIES[: len(tests)])}, "legend": legend}
    shape = {
        **series,
        "scale": {"domain": tests, "range": ["circle", "cross", "square"][: len(tests)]},
        "legend": legend,
    }
    sizes = {mark["key"]: mark for mark in marks}
    tooltip = [
        {"field": "label", "title": "data"},
        {"field": "test", "title": "test"},
        {"field": "words", "title": "called"},
        {"field": "limits", "title": "95 % limits"},
        {"field": "n", "title": "n"},
        {"field": "reading", "title": "reading"},
    ]
    return {
        **base(f"How often each test calls where there is nothing, against the line at 5 %. {rates_told}", 20 * len(keys) + 6),
        "data": {"values": list(marks)},
        "layer": [
            {"mark": {"type": "rect", "color": "@band", "opacity": 0.6},
             "encoding": {"x": {"datum": 0, "type": "quantitative", "axis": axis, "scale": scale}, "x2": {"datum": 100 * LIMITS[LEVEL]}}},
            {"mark": {"type": "rule", "color": "@soft", "strokeDash": [4, 3], "strokeWidth": 1.5},
             "encoding": {"x": {"datum": 100 * LEVEL, "type": "quantitative", "axis": axis, "scale": scale}}},
            {"mark": {"type": "rule", "strokeWidth": 2},
             "encoding": {"x": {**x, "field": "ci_low"}, "x2": {"field": "ci_high"}, "y": y, "yOffset": offset, "color": color, "tooltip": tooltip}},
            {"mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
             "encoding": {"x": x, "y": y, "yOffset": offset, "color": color, "shape": shape, "tooltip": tooltip}},
            {"data": {"values": [{"key": key, "n": f"n = {mark['n']}"} for key, mark in sizes.items()]},
             "mark": {"type": "text", "align": "right", "dx": -2, "fontSize": 10, "color": "@soft"},
             "encoding": {"x": {"value": {"expr": "width"}}, "y": y, "text": {"field": "n"}, "opacity": {"value": {"expr": _narrow("0", "1")}}}},
        ],
    }  # fmt: skip
