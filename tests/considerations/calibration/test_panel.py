"""The calibration panel: which rows of the table stand in the page's text, in which words, and what is said without any."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from sidemine.considerations.calibration.chart import LEVEL, calibration_chart
from sidemine.considerations.calibration.design_classes import quote_class
from sidemine.considerations.calibration.panel import (
    MOST_ROWS,
    calibration_block,
    calibration_methods,
    calibration_panel,
)
from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.tables import empty_table


def rows(*changes):
    """Rows of calibration.tsv: FRY of the primary set in one contrast, but for what is changed."""
    fixed = {"scope": "dataset", "subject": "a", "family": "primary", "test": "fry", "level": LEVEL, "n": 1200,
             "quantity": "false_positive_rate", "rate": 0.0512, "ci_low": 0.034, "ci_high": 0.073, "upper_95": 0.064,
             "reading": "holds", "reason": "100 labelings", "seed": 3}  # fmt: skip
    empty = empty_table(CALIBRATION)
    numbers = {name for name in empty.columns if pd.api.types.is_numeric_dtype(empty[name])}
    blank = {name: math.nan if name in numbers else "" for name in empty.columns}
    return pd.DataFrame([{**blank, **fixed, **change} for change in changes])


def shown(table):
    """Rows of the panel, over all its parts."""
    return [
        row for part in calibration_panel(table, "2027.1")["parts"] for group in part["groups"] for row in group["rows"]
    ]


@pytest.mark.parametrize(("table", "words"), [(None, ""), (empty_table(CALIBRATION), "nothing could be calibrated")])
def test_a_panel_without_rows_says_why(table, words):
    """No part, no row, a reason; and nothing for the page's script."""
    panel = calibration_panel(table, "2027.1")
    assert (panel["parts"], panel["total"]) == ([], 0)
    assert panel["reason"]
    assert words in panel["reason"]
    assert calibration_block(table) is None


def test_only_verdict_tests_of_primary_sets_at_five_percent_stand_in_the_text():
    """The whole table has the others; the verdict rules as a whole have a part of their own."""
    table = rows({}, {"test": "camera"}, {"test": "prerank"}, {"family": "target"}, {"level": 0.01},
                 {"scope": "whole_rule", "subject": "null", "test": "verdict", "family": "whole rule"},
                 {"scope": "whole_rule", "subject": "null", "test": "core", "family": "whole rule"},
                 {"scope": "plasmode", "subject": "3 v 3", "test": "rotation", "family": "all sets of the study"},
                 {"scope": "plasmode", "subject": "3 v 3", "test": "camera", "level": 0.01},
                 {"scope": "plasmode", "subject": "3 v 3", "test": "supported", "level": math.nan})  # fmt: skip
    panel = calibration_panel(table, "2027.1")
    assert panel["total"] == len(table)
    assert [part["title"] for part in panel["parts"]] == [
        "Comparisons of this study: primary set at a nominal 5 %",
        "Small designs on real arrays, resampled: tests at a nominal 5 %, and verdicts of two such experiments",
        "The verdict rules as a whole, on simulated studies. A figure holds for studies like those planted",
    ]
    assert [row["test"] for row in shown(table)] == ["fry", "camera", "rotation", "supported", "verdict"]


@pytest.mark.parametrize(
    ("parameter", "reasons", "words"),
    [
        ("g=0.5", ["Higher. Rules 2027.1."], ""),
        (
            "g=0.5, ages missing",
            ["Higher. Rules 2027.1."],
            ": where a cohort records no ages, the row `ages missing` is the ceiling",
        ),
        (
            "g=0.5",
            ["Higher. Rules 2026.5 (dropped proxies).", "Higher. Rules 2026.4.", "Higher. Rules 2027.1."],
            ". Figures of rules 2026.4 and 2026.5; this page has rules 2027.1, which may decide otherwise",
        ),
    ],
)
def test_figures_of_the_rules_name_their_conditions(parameter, reasons, words):
    """The ceiling is named where there is such a row, and figures of other rules are never those of this page's."""
    table = rows(
        *({"scope": "whole_rule", "test": "supported", "parameter": parameter, "reason": told} for told in reasons)
    )
    (part,) = calibration_panel(table, "2027.1")["parts"]
    assert part["title"].partition("like those planted")[2] == words


def test_figures_are_percent_with_their_interval():
    """Each figure in its own place; em dashes where nothing was measured."""
    (row,) = shown(rows({}))
    assert {name: row[name] for name in ("rate", "interval", "upper_95", "n", "level", "quantity")} == {
        "rate": "5.1 %", "interval": "3.4 to 7.3 %", "upper_95": "6.4 %", "n": "1,200", "level": "0.05",
        "quantity": "false positive rate",
    }  # fmt: skip
    nothing = dict.fromkeys(("rate", "ci_low", "ci_high", "upper_95"), math.nan)
    (row,) = shown(rows({**nothing, "n": 0}))
    assert (row["rate"], row["interval"], row["upper_95"]) == ("—", "—", "—")


@pytest.mark.parametrize(
    ("reading", "css"),
    [
        ("holds", "passed"),
        ("conservative", "passed"),
        ("liberal", "failed"),
        ("undecided", "open"),
        ("not measured", "open"),
    ],
)
def test_readings_have_the_colour_of_their_meaning(reading, css):
    """Only a liberal test has failed; what is not known is open."""
    assert shown(rows({"reading": reading}))[0]["class"] == css


@pytest.mark.parametrize(("n", "more"), [(MOST_ROWS, ""), (MOST_ROWS + 1, "1 more row in the whole table.")])
def test_long_parts_are_cut_aloud(n, more):
    """The limit itself is shown whole."""
    table = rows(*({"subject": f"s{at:03d}"} for at in range(n)))
    (part,) = calibration_panel(table, "2027.1")["parts"]
    assert part["more"] == more
    assert len(shown(table)) == MOST_ROWS


def test_a_sentence_of_several_reasons_stands_once():
    """What tells the rows of one class apart stays."""
    told = ["Higher. Capped: robustness 6. Rules 2027.1.", "Higher. Capped: robustness 2. Rules 2027.1."]
    (part,) = calibration_panel(rows(*({"reason": reason} for reason in told)), "2027.1")["parts"]
    assert part["groups"][0]["reasons"] == [told[0], "Capped: robustness 2."]


def test_the_methods_count_labelings_and_no_samples():
    """The row of unequal variances counts samples and has no upper bound."""
    unequal = {"n": 133, "upper_95": math.nan, "parameter": "set=S, unequal variances"}
    own = {"quantity": "size", "source": "this study", "family": "primary"}
    text = calibration_methods(rows({**own, "n": 100}, {**own, **unequal}))
    assert "on permuted labels of 1 contrast of this study (100 labelings or fewer)" in text


def test_rows_of_one_subject_stand_together_with_each_reason_once():
    """In the order in which subjects first come."""
    table = rows({"subject": "b"}, {"subject": "a"}, {"subject": "b", "test": "camera"}, {"subject": "a", "reason": ""})
    (part,) = calibration_panel(table, "2027.1")["parts"]
    assert [(group["rows"][0]["subject"], len(group["rows"]), group["reasons"]) for group in part["groups"]] == [
        ("b", 2, ["100 labelings"]), ("a", 2, ["100 labelings"]),
    ]  # fmt: skip


def test_the_block_of_the_script_holds_every_row():
    """Six digits, null for what is no number, texts cut at 300 characters."""
    block = calibration_block(rows({"rate": 0.123456789, "reason": "x" * 400}, {"rate": math.nan}))
    assert block["rate"] == [0.123457, None]
    for name, value in (("ci_low", 0.034), ("ci_high", 0.073), ("upper_95", 0.064), ("level", LEVEL), ("n", 1200)):
        assert block[name] == [value, value], name
    assert block["reason"][0].startswith("x" * 300)
    assert not block["reason"][0].startswith("x" * 301)


def drawn(table):
    """Heading, label, test and share of every dot, in the order of the rows."""
    chart = calibration_chart(table)
    layers = [layer["encoding"] for layer in chart["layer"]]
    keys = next(layer["y"]["scale"]["domain"] for layer in layers if "y" in layer)
    found, heading = [], ""
    for key in keys:
        words = key.split("|")[1]
        marks = [mark for mark in chart["data"]["values"] if mark["key"] == key]
        heading = heading if marks else words
        found += [(heading, words, mark["test"], mark["words"], mark["limits"], mark["n"]) for mark in marks]
    return found


def quoted(contrast, name, null="global", **changes):
    """A row that a comparison takes from a design class, as it is quoted."""
    own = {
        "subject": name,
        "null": null,
        "quantity": "size",
        "parameter": "r=0.1",
        "source": "reference tables",
        "scope": "design_class",
        **changes,
    }
    rows_quoted = quote_class(contrast, name, rows(own), "8 labelings", tests=["fry"], nulls=[null])
    return next(row for row in map(dataclasses.asdict, rows_quoted) if row["level"] == LEVEL)


def test_each_size_is_a_dot_under_what_it_was_measured_on():
    """Own labelings, design classes once each with who uses them, real arrays, and the rule where `supported` is wrong; power is no size."""
    table = rows({"quantity": "size", "source": "this study", "parameter": "set=S"},
                 {"quantity": "size", "source": "this study", "parameter": "set=S, unequal variances", "n": 40},
                 quoted("b", "4 pairs", n=6000), quoted("c", "4 pairs", n=6000), quoted("b", "4 pairs", "competitive", rate=0.02),
                 {"scope": "plasmode", "subject": "3 v 3", "quantity": "size", "test": "camera", "parameter": "X, 41 arrays"},
                 {"scope": "plasmode", "subject": "3 v 3", "quantity": "power", "test": "camera", "rate": 0.9},
                 {"scope": "whole_rule", "subject": "one_gene", "quantity": "verdict_rate", "test": "supported", "parameter": "genes=5", "level": math.nan},
                 {"scope": "whole_rule", "subject": "positive", "quantity": "power", "test": "supported", "level": math.nan},
                 {"quantity": "size", "source": "this study", "subject": "e", "family": "comparator", "parameter": "sets=9"},
                 {"quantity": "size", "source": "this study", "subject": "d", "rate": math.nan, "ci_low": math.nan})  # fmt: skip
    figures = ("5.1 %", "3.4 to 7.3 %")
    assert drawn(table) == [
        ("Permuted labels, here ⟶", "a", "FRY", *figures, "1,200"),
        ("Permuted labels, here ⟶", "a, unequal variances", "FRY", *figures, "40"),
        ("Like these, simulated ⟶", "4 pairs (2)", "FRY", *figures, "6,000"),
        ("… other genes change ⟶", "4 pairs (1)", "FRY", "2.0 %", "3.4 to 7.3 %", "1,200"),
        ("Real arrays, resampled ⟶", "3 v 3, X, 41 arrays", "CAMERA", *figures, "1,200"),
        ("Wrongly “supported” ⟶", "one gene, genes=5", "whole rule", *figures, "1,200"),
    ]


def test_nothing_measured_is_no_chart():
    """Neither without a table nor with rows that hold no figure."""
    assert calibration_chart(None) is None
    assert calibration_chart(rows({"quantity": "size", "rate": math.nan})) is None


MEASURED = {"source": "this study", "quantity": "size"}
QUOTED = {"source": "reference tables", "quantity": "size"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([MEASURED], "on permuted labels of 1 contrast of this study (1,200 labelings or fewer)."),
        ([MEASURED, MEASURED | {"subject": "b", "n": 900}], "of 2 contrasts of this study (1,200 labelings or fewer)."),
        ([MEASURED, MEASURED | {"family": "target", "n": 9000}], "of 1 contrast of this study (1,200 labelings or fewer)."),
        ([QUOTED], "level: for 1 contrast with fewer than 200 distinct labelings, by simulated data"),
        ([MEASURED, QUOTED], "on permuted labels of 1 contrast of this study (1,200 labelings or fewer)."),
        ([MEASURED, QUOTED | {"subject": "b"}], "(1,200 labelings or fewer) and for 1 contrast with fewer than 200"),
        ([MEASURED | {"n": 0}], "level: for 1 contrast with fewer than 200 distinct labelings"),
        ([MEASURED | {"n": 1}], "of 1 contrast of this study (1 labelings or fewer)."),
        ([MEASURED | {"scope": "class"}], "called at a nominal level: no contrast."),
        ([MEASURED | {"quantity": "power"}], "called at a nominal level: no contrast."),
    ],
)  # fmt: skip
def test_the_methods_count_contrasts_measured_and_quoted(changes, words):
    """A contrast that was measured is not quoted as well; sets of a family are no labelings."""
    assert words in calibration_methods(rows(*changes))


def test_methods_without_a_table_say_so():
    """And claim nothing."""
    assert calibration_methods(None) == "Calibration. The size of the tests was not measured in this run."
