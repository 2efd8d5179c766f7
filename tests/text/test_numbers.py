"""There is one grammar of numbers: what it refuses is refused everywhere, and Arrow's quick path follows it exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.text.delimited import read_delimited
from sidemine.text.numbers import Quantity, as_numbers, is_missing, is_number, parse_number, parse_quantity
from sidemine.text.text_table import TextTable


@pytest.mark.parametrize(
    ("cell", "value"),
    [("5", 5), (" -1.5e3 ", -1500), ("+.5", 0.5), ("7.", 7), ("1E-2", 0.01), ("007", 7), ("0", 0)],
)
def test_numbers(cell: str, value: float) -> None:
    assert parse_number(cell) == value


@pytest.mark.parametrize("cell", ["", "  ", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", " NA "])
def test_missing_values(cell: str) -> None:
    assert parse_number(cell) is None
    assert is_missing(cell)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1_000", "not a number"),
        ("1,500", "comma"),
        ("1,234,567.5", "comma"),
        ("6,5", "decimal comma"),
        ("#VALUE!", "spreadsheet's error"),
        ("#DIV/0!", "spreadsheet's error"),
        ("#N/A", "spreadsheet's error"),
        ("0x1F", "not a number"),
        ("1e400", "too large"),
        ("inf", "infinite"),
        ("-Infinity", "infinite"),
        ("\u22121.5", "dash"),
        ("\u20131.5", "dash"),
        ("<0.1", "not a number"),
        ("nan(12)", "not a number"),
        ("-nan", "not a number"),
        ("1 500", "not a number"),
        ("\u0661", "not a number"),
        ("1e", "not a number"),
        ("-", "not a number"),
        ("TRUE", "not a number"),
    ],
)
def test_what_is_no_number_is_refused_by_both_paths(cell: str, why: str) -> None:
    assert not is_number(cell)
    with pytest.raises(ValueError, match=why):
        parse_number(cell)
    table = TextTable.from_rows([["gene", "s1"], ["IRF1", "5"], ["MX1", cell]], "sheet")
    with pytest.raises(InputError, match=rf"{why}(.|\n)*sheet: row 3 \(MX1\), column 's1', value"):
        table.numbers("s1")


NUMBER_LIKE = st.text("0123456789+-.eE,_ xnaiNAIf()#\u2212\u0661", max_size=8)


@given(st.lists(st.one_of(NUMBER_LIKE, st.floats().map(repr), st.sampled_from(["NA", "null", "inf", "1e400"]))))
@example(["nan(1)"])
@example(["-nan", "NA"])
@example(["inf"])
@example([" NA", "5 "])
def test_the_quick_path_is_the_grammar(cells: list[str]) -> None:
    """Whatever Arrow would take for a number: the values, or the refusal, are those of `parse_number`."""
    table = TextTable.from_rows([["gene", "s1"], *(["IRF1", cell] for cell in cells)], "sheet")
    try:
        expected = [parse_number(cell) for cell in cells]
    except ValueError:
        with pytest.raises(InputError, match="value"):
            table.numbers(1)
    else:
        wanted = [math.nan if value is None else value for value in expected]
        np.testing.assert_array_equal(table.numbers(1), wanted)


@given(st.lists(st.one_of(NUMBER_LIKE.filter(lambda cell: "," not in cell), st.floats().map(repr)), min_size=1))
@example(["nan(1)"])
@example(["n/a", " 5 "])
def test_columns_that_are_read_as_numbers_at_once_follow_the_grammar(cells: list[str]) -> None:
    text = "gene,s1\n" + "".join(f"IRF1,{cell}\n" for cell in cells)
    try:
        expected = [parse_number(cell) for cell in cells]
    except ValueError:
        with pytest.raises(InputError, match=r"line \d+ \(IRF1\), column 's1', value"):
            read_delimited(text.encode(), "here", separator=",", numbers_from=1)
    else:
        table = read_delimited(text.encode(), "here", separator=",", numbers_from=1)
        wanted = [math.nan if value is None else value for value in expected]
        np.testing.assert_array_equal(table.numbers(1), wanted)
        np.testing.assert_array_equal(table.matrix([1])[:, 0], wanted)
        assert table.cells(0) == ["IRF1"] * len(cells)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_were_written(value: float) -> None:
    assert parse_number(repr(value)) == value


def test_infinite_values_only_where_they_are_asked_for() -> None:
    assert as_numbers(["-inf", "1"], str, infinite=True).tolist() == [-math.inf, 1]
    with pytest.raises(InputError, match="infinite"):
        as_numbers(["-inf"], str)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("45 years", Quantity(45, "years")),
        ("61yrs", Quantity(61, "yrs")),
        ("45", Quantity(45)),
        ("1.5 mg/dl", Quantity(1.5, "mg/dl")),
        ("80 %", Quantity(80, "%")),
        ("10 µM", Quantity(10, "µM")),
        ("1e-6", Quantity(1e-6)),
        ("unknown", None),
        ("NA", None),
    ],
)
def test_quantities(text: str, quantity: Quantity | None) -> None:
    assert parse_quantity(text) == quantity


@pytest.mark.parametrize(
    "text", ["1_1", "1E2", "1e2", "A1", "45-50", "45 years old", "< 5", "1,5", "5 6", "4\n5", "1e+999"]
)
def test_labels_are_no_quantities(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        parse_quantity(text)
