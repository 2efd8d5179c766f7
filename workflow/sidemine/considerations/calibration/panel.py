"""The calibration panel: what verdicts rest on stands in the page's text, the whole table behind a heading."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.chart import LEVEL
from sidemine.considerations.calibration.design_classes import VERDICT_TESTS
from sidemine.considerations.calibration.table import CalibrationRow, rows_of
from sidemine.drawing.words import bounded, count, is_number, number
from sidemine.text.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

NO_CALIBRATION = (
    "Not measured: this run wrote no calibration.tsv, so what is claimed of the size of the tests rests on the reference "
    "tables in benchmarks/README.md and not on these data."
)
_WORDS = ("scope", "subject", "null", "quantity", "test", "family", "parameter", "reading", "source", "reason")
_NUMBERS = ("level", "n", "rate", "ci_low", "ci_high", "upper_95")
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")
_RULES = re.compile(r"\bRules (\d+\.\d+)")
_COUNTED = ("supported", "supported or suggestive", "not supported", "verdict")
"""What is counted of planted studies and stands in the page's text; the whole table has the rest."""
MOST_ROWS = 200
"""Rows of one part that stand in the page's text; the whole table has all."""


def calibration_panel(table: pd.DataFrame | None, rules: str) -> dict[str, object]:
    """Return the parts of the panel with their rows in words, or the reason why there are none.

    Parameters
    ----------
    table
        `calibration.tsv`.
    rules
        Version of the verdict rules of this page: figures of other versions are said to be such.
    """
    if table is None:
        return {
            "parts": [],
            "total": 0,
            "reason": NO_CALIBRATION,
            "summary": "The size of the tests was not measured in this run.",
        }
    if not len(table):
        return {
            "parts": [],
            "total": 0,
            "reason": "calibration.tsv has no row: nothing could be calibrated in this study.",
            "summary": "Nothing could be calibrated in this study.",
        }
    whole = table[(table["scope"] == "whole_rule") & table["test"].isin(_COUNTED)]
    here = (table["scope"] == "dataset") & (table["family"] == "primary") & table["test"].isin(VERDICT_TESTS)
    chosen = (
        (
            f"Comparisons of this study: primary set at a nominal {100 * LEVEL:g} %",
            table[here & (table["level"] == LEVEL)],
        ),
        (
            "Small designs on real arrays, resampled: tests at a nominal "
            f"{100 * LEVEL:g} %, and verdicts of two such experiments",
            table[(table["scope"] == "plasmode") & ((table["level"] == LEVEL) | table["level"].isna())],
        ),
        (
            f"The verdict rules as a whole, on simulated studies. A figure holds for studies like those planted{_conditions(whole, rules)}",
            whole,
        ),
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
    return {
        "parts": parts,
        "total": len(table),
        "reason": "",
        "summary": _summary(table[here & (table["level"] == LEVEL)]),
    }


def _summary(rows: pd.DataFrame) -> str:
    """Tell in one sentence how the tests behave where there is no effect, on the comparisons that answers rest on."""
    sizes = rows[rows["quantity"] == "size"]
    readings = sizes["reading"].value_counts()
    counts = [f"{number} {reading}" for reading, number in readings.items()]
    if not counts:
        return "No test of a primary set was calibrated on the comparisons of this study."
    return (
        f"How often a test calls a difference where there is none, at a nominal {100 * LEVEL:g} %: of {count(len(sizes), 'figure')} "
        f"on the comparisons and primary sets of this study, {listed(counts)}."
    )


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
            "reasons": _each_sentence_once(row["reason"] for row in own),
        }
        for subject in subjects
    ]


def _each_sentence_once(reasons: Iterable[str]) -> list[str]:
    """Return reasons without the sentences that an earlier one has told."""
    known: set[str] = set()
    sentences = []
    for reason in reasons:
        new = [sentence for sentence in _SENTENCES.split(reason) if sentence and sentence not in known]
        known.update(new)
        if new:
            sentences.append(" ".join(new))
    return sentences


def _conditions(rows: pd.DataFrame, rules: str) -> str:
    """Say which row is the ceiling without ages, and of figures that other versions of the rules gave that they are theirs."""
    ceiling = rows["parameter"].astype(str).str.contains("ages missing").any()
    ages = ": where a cohort records no ages, the row `ages missing` is the ceiling" if ceiling else ""
    versions = {version for reason in rows["reason"] for version in _RULES.findall(str(reason))}
    others = sorted(versions - {rules})
    other = f". Figures of rules {listed(others)}; this page has rules {rules}, which may decide otherwise"
    return f"{ages}{other if others else ''}"


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


def calibration_methods(table: pd.DataFrame | None) -> str:
    """Return the paragraph of the methods text on calibration, with the figures of this run (`calibration.tsv`)."""
    if table is None:
        return "Calibration. The size of the tests was not measured in this run."
    sizes = table[(table["scope"] == "dataset") & (table["quantity"] == "size")]
    # Rows of the primary set count labelings, but for that of unequal variances, which counts samples and has no upper bound;
    # those of a family count labelings times sets.
    primary = (sizes["source"] == "this study") & (sizes["n"] > 0) & (sizes["family"] == "primary")
    measured = sizes[primary & sizes["upper_95"].notna()]
    here = sorted({str(name) for name in measured["subject"]})
    quoted = sorted({str(name) for name in sizes["subject"]} - set(here))
    paragraphs = [
        f"on permuted labels of {count(len(here), 'contrast')} of this study ({int(measured['n'].max()):,} labelings or fewer)"
        if here
        else "",
        f"for {count(len(quoted), 'contrast')} with fewer than 200 distinct labelings, by simulated data of the nearest "
        "design class"
        if quoted
        else "",
    ]
    return (
        f"Calibration. Share of null sets called at a nominal level: {listed([part for part in paragraphs if part]) or 'no contrast'}. In "
        "simulated data a test holds at 5 % when the one-sided upper 95 % bound of that share is at most 6.5 %; on a study's "
        "own labelings it is liberal when the whole 95 % interval lies above 6.5 %, and undecided when neither is the case: the "
        "reading of the nearest design class then counts. Size is claimed for the null "
        "that was tried, and for no other."
    )
