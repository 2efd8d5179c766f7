"""The calibration panel: what verdicts rest on stands in the page's text, the whole table behind a heading."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.design_classes import VERDICT_TESTS
from sidemine.considerations.calibration.rates import CalibrationRow, rows_of
from sidemine.drawing.words import bounded, count, is_number, number

if TYPE_CHECKING:
    import pandas as pd

NO_CALIBRATION = (
    "Not measured: this run wrote no calibration.tsv, so what is claimed of the size of the tests rests on the reference "
    "tables in benchmarks/README.md and not on these data."
)
_WORDS = ("scope", "subject", "null", "quantity", "test", "family", "parameter", "reading", "source", "reason")
_NUMBERS = ("level", "n", "rate", "ci_low", "ci_high", "upper_95")
LEVEL = 0.05
"""Nominal level that the page's text shows; the whole table has the others."""
MOST_ROWS = 120
"""Rows of one part that stand in the page's text; the whole table has all."""


def calibration_panel(table: pd.DataFrame | None) -> dict[str, object]:
    """Return the parts of the panel with their rows in words, or the reason why there are none."""
    if table is None:
        return {"parts": [], "total": 0, "reason": NO_CALIBRATION}
    if not len(table):
        return {
            "parts": [],
            "total": 0,
            "reason": "calibration.tsv has no row: nothing could be calibrated in this study.",
        }
    here = (table["scope"] == "dataset") & (table["family"] == "primary") & table["test"].isin(VERDICT_TESTS)
    chosen = (
        (
            f"Comparisons of this study: primary set at a nominal {100 * LEVEL:g} %",
            table[here & (table["level"] == LEVEL)],
        ),
        ("The verdict rules as a whole, on simulated studies", table[table["scope"] == "whole_rule"]),
    )
    parts = [
        {
            "title": title,
            "groups": _by_subject([_row_in_words(row) for row in rows_of(rows.head(MOST_ROWS))]),
            "more": f"{count(len(rows) - MOST_ROWS, 'more row')} in the whole table." if len(rows) > MOST_ROWS else "",
        }
        for title, rows in chosen
        if len(rows)
    ]
    return {"parts": parts, "total": len(table), "reason": ""}


def calibration_block(table: pd.DataFrame | None) -> dict[str, list[str] | list[float | None]] | None:
    """Return the whole table by column, for the page's script; None when there is none."""
    if table is None or not len(table):
        return None
    words = {name: [bounded(str(value), 300) for value in table[name]] for name in (*_WORDS, "seed")}
    return words | {
        name: [float(f"{value:.6g}") if math.isfinite(value) else None for value in table[name].astype(float)]
        for name in _NUMBERS
    }


def _by_subject(rows: list[dict[str, str]]) -> list[dict[str, object]]:
    """Put the rows of one subject together, each of their reasons once."""
    subjects = dict.fromkeys(row["subject"] for row in rows)
    return [
        {
            "rows": (own := [row for row in rows if row["subject"] == subject]),
            "reasons": [reason for reason in dict.fromkeys(row["reason"] for row in own) if reason],
        }
        for subject in subjects
    ]


def _row_in_words(row: CalibrationRow) -> dict[str, str]:
    measured = is_number(row.rate)
    return {
        **{key: bounded(str(getattr(row, key))) for key in _WORDS},
        **{key: bounded(str(getattr(row, key)).replace("_", " "), 60) for key in ("quantity", "test")},
        "class": {"holds": "passed", "conservative": "passed", "liberal": "failed"}.get(row.reading, "open"),
        "level": f"{row.level:g}" if is_number(row.level) else "—",
        "n": f"{int(row.n):,}",
        "rate": f"{100 * row.rate:.1f} %" if measured else "—",
        "interval": f"{number(100 * row.ci_low, 1)} to {number(100 * row.ci_high, 1)} %"
        if is_number(row.ci_low)
        else "—",
        "upper_95": f"{100 * row.upper_95:.1f} %" if is_number(row.upper_95) else "—",
    }
