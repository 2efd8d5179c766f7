"""Keys of characteristics that look alike: kept apart where they differ in meaning, united where only in spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.sources.geo_metadata import SampleTable, clean_name


def _table(*samples: list[str], fixed: tuple[str, ...] = ("title",)) -> tuple[dict[str, list[str]], list[str]]:
    table = SampleTable([f"GSM{n}" for n in range(1, len(samples) + 1)], fixed)
    for position, characteristics in enumerate(samples):
        for text in characteristics:
            table.add(position, "characteristics_ch1", text)
    frame = table.to_frame()
    return {str(name): list(frame[name]) for name in frame}, table.notes


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("CD4+", "CD4-", ["cd4_plus", "cd4_minus"]),
        ("CD4+", "CD4", ["cd4_plus", "cd4"]),
        ("TNF-α", "TNF-β", ["tnf_alpha", "tnf_beta"]),
        ("IL-6", "IL-6 (%)", ["il_6", "il_6_percent"]),
        ("dose µM", "dose mM", ["dose_m", "dose_mm"]),
        ("年齢", "性別", ["年齢", "性別"]),
        ("HLA!", "HLA?", ["hla", "hla_2"]),
    ],
)
def test_keys_of_different_meaning_are_two_columns(first: str, second: str, names: list[str]) -> None:
    """No value of one key ever stands in the other's column, whether or not samples carry both."""
    for samples in ([[f"{first}: 1", f"{second}: 2"], [f"{first}: 3"]], [[f"{first}: 1"], [f"{second}: 2"]]):
        columns, notes = _table(*samples)
        assert len(columns) == 2
        assert not any(" | " in cell for cells in columns.values() for cell in cells)
        if clean_name(first) == clean_name(second):
            assert any(repr(first) in note and repr(second) in note for note in notes)
        assert list(columns) == names


@pytest.mark.parametrize(("first", "second"), [("Cell type", "cell-type"), ("AGE (years)", "age years")])
def test_spellings_of_one_key_are_one_column_and_told(first: str, second: str) -> None:
    """Submitters change case and hyphens between samples: one column, with a note."""
    columns, notes = _table([f"{first}: a"], [f"{second}: b"])
    assert list(columns.values()) == [["a", "b"]]
    assert any("are taken for one" in note for note in notes)


def test_two_spellings_in_one_sample_are_two_keys() -> None:
    """A sample that carries both with different values shows that they are not one key."""
    columns, _ = _table(["Stage: 2", "stage: late"], ["stage: early"])
    assert columns == {"stage": ["2", ""], "stage_2": ["late", "early"]}


def test_a_repeated_key_is_joined_and_a_reserved_name_gets_a_suffix() -> None:
    """What worked before: several values of one key in a sample, and characteristics named as GEO's own keys."""
    columns, notes = _table(["tissue: a", "tissue: b", "Title: x", "no colon"])
    assert columns == {"tissue": ["a | b"], "title_characteristic": ["x"], "characteristics": ["no colon"]}
    assert notes == []


_KEY = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters=":"), min_size=1)


@given(st.lists(_KEY.filter(lambda key: bool(key.strip())), min_size=1, max_size=6, unique=True))
def test_no_value_is_lost_or_joined_to_another_keys(keys: list[str]) -> None:
    """Whatever the keys of one sample are, each value is found again, in a cell that holds values of one key only."""
    columns: Any
    columns, _ = _table([f"{key}: value{number}" for number, key in enumerate(keys)])
    cells = {name: cells[0].split(" | ") for name, cells in columns.items()}
    assert sorted(text.rpartition(": ")[2] for values in cells.values() for text in values) == sorted(
        f"value{number}" for number in range(len(keys))
    )
    for name, values in cells.items():
        if name != "characteristics":
            spellings = {" ".join(keys[int(value.removeprefix("value"))].split()) for value in values}
            assert len(spellings) == 1
