"""The lines of evidence on a card: what stands in the table, and in which order."""

from __future__ import annotations

from dataclasses import replace

from example_evidence import SYNTHESIS

from sidemine.report.lines_view import lines_view
from sidemine.verdict.card import IndependentLine

OWN = SYNTHESIS.rows[0]
GENETICS = replace(
    OWN,
    line="first",
    layer="genetics",
    in_line="first",
    cap="",
    size_measured=0.051,
    worst_set_size=0.09,
    null_used="rotations",
    call="undecided",
    p_declared=0.4,
)


def test_a_layer_stands_under_the_row_that_speaks_for_its_line():
    """Whatever the order of the sheet; layers that nobody declared are one sentence, not rows."""
    third = replace(GENETICS, line="third", in_line="expression")
    second = replace(GENETICS, line="second")
    undeclared = replace(GENETICS, line="no_genetics", in_line="", call="not available", p_declared=None, effect=None)
    lines = [
        IndependentLine("expression", ["expression"], "in favour", 0.005),
        IndependentLine("first", ["genetics"], "undecided", 0.4),
    ]
    view = lines_view(replace(SYNTHESIS, rows=[OWN, GENETICS, second, third, undeclared], lines=lines))
    assert view is not None
    assert [(row.key, row.depends) for row in view.rows] == [
        ("expression", False),
        ("third", True),
        ("first", False),
        ("second", True),
    ]
    assert view.undeclared == "Not declared, so not available: genetics."
    assert [row.key for row in view.lines] == ["expression", "first"]
    assert (view.rows[2].test, view.rows[2].size) == ("rotations", "5.1 % (worst gene set 9 %)")
    assert view.rows[0].weak == "Suggestive at most: A cap of <b>the</b> study."


def test_a_control_has_none():
    """Lines speak to questions."""
    assert lines_view(None) is None
