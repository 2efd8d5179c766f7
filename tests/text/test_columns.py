"""Columns of metadata: numbers with a unit, labels, or a refusal; never a guess."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.study.covariates import parse_covariate
from sidemine.text.columns import read_column, read_numbers


@pytest.mark.parametrize(
    ("cells", "name", "values", "unit"),
    [
        (["45 years", "61 yrs", "50"], "age", [45, 61, 50], "years"),
        (["45y", "61 Y", "50 Years"], "", [45, 61, 50], "years"),
        (["age: 45", "Age: 61", "age: unknown"], "characteristics", [45, 61, np.nan], ""),
        (["20.1 kg/m2", "31 kg/m2"], "bmi", [20.1, 31], "kg/m2"),
        (["10 nM", "100 nM"], "dose", [10, 100], "nM"),
        (["6.5", "8", "--"], "quality", [6.5, 8, np.nan], ""),
        (["45", "46", "47"], "age_at_event", [45, 46, 47], ""),
        (["5 %", "7 percent"], "x", [5, 7], "%"),
        (["1.5e-3", "2"], "x", [0.0015, 2], ""),
    ],
)
def test_numbers_with_one_unit(cells: list[str], name: str, values: list[float], unit: str) -> None:
    """What people write for numbers is read as numbers, spellings of one unit are one unit."""
    found = read_column(cells, name)
    assert (found.kind, found.unit) == ("numbers", unit)
    assert found.values is not None
    np.testing.assert_array_equal(found.values, values)


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["1_1", "1_2", "2_1"], "x"),
        (["1E2", "2e3", "1E3"], "x"),
        (["007", "010", "008"], "x"),
        (["12B", "13B", "14B"], "x"),
        (["1st", "2nd", "3rd"], "visit"),
        (["1", "2", "3"], "hybridisation_batch"),
        (["1.1", "1.2", "2"], "chip"),
        (["0", "1", "1"], "smoker"),
        (["female", "male"], "sex"),
        (["0x10", "0x11", "0x12"], "x"),
        (["inf", "nan?", "Infinity"], "x"),
    ],
)
def test_labels(cells: list[str], name: str) -> None:
    """What merely looks like numbers, and what a name says to be a batch, are labels."""
    found = read_column(cells, name)
    assert found.kind == "labels"
    assert found.labels == cells


@pytest.mark.parametrize(
    ("cells", "kind", "why"),
    [
        (["45", ">89", "60"], "mixed", "'>89'"),
        (["45", "adult", "60"], "mixed", "'adult'"),
        (["1E2", "12", "13"], "mixed", "'1E2'"),
        (["18 months", "3 years"], "mixed units", "months (18 months) beside years (3 years)"),
        (["10 nM", "1 µM"], "mixed units", "nM (10 nM) beside µM (1 µM)"),
        (["1", "2", "3"], "ambiguous", "whole numbers without a unit"),
        (["101", "102", "103", "104"], "ambiguous", "whole numbers without a unit"),
        (["3 foo", "4 foo"], "ambiguous", "'foo' is no unit that is known"),
        (["1,5", "1,7", "2,1"], "ambiguous", "no plain numbers: '1,5'"),
        (["", "NA", "unknown"], "missing", "no sample has a value"),
    ],
)
def test_what_is_not_guessed(cells: list[str], kind: str, why: str) -> None:
    """The reason names the cells, so that the sheet can decide."""
    found = read_column(cells, "stage")
    assert found.kind == kind
    assert why in found.why


AGES = ["61", "55", "47", "70", "66", "58"]


@pytest.mark.parametrize(
    ("cells", "name", "kind", "why"),
    [
        ([*AGES, "999"], "age", "ambiguous", "no ages in years: '999'"),
        ([*AGES, "-9"], "age_years", "ambiguous", "no ages in years: '-9'"),
        (["1961", "1955", "1947"], "age", "ambiguous", "no ages in years: '1961', '1955', '1947'"),
        ([*AGES, "732 months"], "age", "ambiguous", "months ('732 months') beside no unit"),
        ([*AGES, "61 years"], "age", "numbers", "numbers in years"),
        (["732", "660", "564"], "age_months", "numbers", "numbers"),
        (["732 months", "660 months"], "age", "numbers", "numbers in months"),
        (["0", "1", "119"], "age", "numbers", "numbers"),
        (["7.5", "8.1", "6.9", "-9"], "rin", "mixed", "'-9' far outside of the other numbers (6.9 to 8.1)"),
        (["21.5", "30.1", "26.9", "999"], "bmi", "mixed", "'999' far outside of the other numbers (21.5 to 30.1)"),
        (["0.5", "900.5", "300", "999"], "titre", "numbers", "numbers"),
        (["-3.5", "4.1", "-9", "0.2"], "score", "numbers", "numbers"),
    ],
)
def test_codes_of_missing_values_and_ages_that_nobody_has_are_no_numbers(
    cells: list[str], name: str, kind: str, why: str
) -> None:
    """They would carry the slope of the covariate."""
    found = read_column(cells, name)
    assert found.kind == kind
    assert why in found.why
    assert (found.values is None) == (kind != "numbers")


@given(
    st.lists(st.floats(-1e6, 1e6).filter(lambda value: abs(value) not in {9, 99, 999, 9999}), min_size=1, max_size=20)
)
def test_what_is_printed_for_a_number_is_that_number(values: list[float]) -> None:
    """Whatever Python prints for a number is taken for that number."""
    found = read_numbers([repr(value) for value in values])
    assert found is not None
    assert found.tolist() == values


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8), st.sampled_from(["", "age", "plate", "stage"]))
def test_every_column_is_read(cells: list[str], name: str) -> None:
    """Any text: one of the kinds, one label per cell, numbers only as finite values or missing."""
    found = read_column(cells, name)
    assert len(found.labels) == len(cells)
    assert found.values is None or not np.isinf(found.values).any()
    assert (found.kind == "missing") == (not any(found.labels))


@pytest.mark.parametrize("text", ["log(age)", "factor()", "factor(age", "number(a)(b)", "age)"])
def test_other_functions_of_a_column_are_refused(text: str) -> None:
    """The design knows columns, factors and numbers; anything else would be ignored silently."""
    with pytest.raises(ValueError, match="neither a column, nor factor"):
        parse_covariate(text)


@pytest.mark.parametrize(
    "cells", [["P45Y", "P46Y"], ["45y6m", "46y"], ["45,5", "46,5"], ["30-35", "36-40"], [">60", "<40"]]
)
def test_ages_that_are_no_plain_numbers_are_not_one_label_each(cells: list[str]) -> None:
    """A bare `age` of such cells would cost a degree of freedom per age: the sheet must say factor(age)."""
    found = read_column([*cells, *cells], "age_at_diagnosis")
    assert (found.kind, found.values) == ("ambiguous", None)
    assert read_column(["young", "old"], "age").kind == "labels"
    assert read_column(cells, "stratum").kind == ("ambiguous" if "," in cells[0] else "labels")
