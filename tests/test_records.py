"""One writer and one reader of records: what is written comes back, what is not a record is refused, schemas are current."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from sidemine.considerations.registry import columns_of_considerations
from sidemine.errors import InputError
from sidemine.record_schemas import FOLDER, record_schemas
from sidemine.records import as_json, as_record, read_record, write_record
from sidemine.verdict.card import Card, read_card
from sidemine.verdict.vocabulary import Verdict


@dataclass(frozen=True)
class Inner:
    value: float | None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    name: str
    verdict: Verdict
    parts: list[Inner]


OUTER = Outer("a", Verdict.SUPPORTED, [Inner(0.1), Inner(None, ("x", "y"))])


def test_what_is_written_comes_back(tmp_path):
    write_record(OUTER, tmp_path / "outer.json")
    assert read_record(Outer, tmp_path / "outer.json") == OUTER
    assert json.loads((tmp_path / "outer.json").read_text())["verdict"] == "supported"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"more": 1}, "more"),
        ({"name": None}, "name"),
        ({"verdict": "proven"}, "verdict"),
        ({"parts": [{"value": 0.1, "unknown": 2}]}, "parts.0.unknown"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(change, words):
    """An unknown key, a missing value or a word outside a closed vocabulary names file and field."""
    with pytest.raises(InputError, match=re.escape(words)):
        as_record(Outer, as_json(OUTER) | change, "outer.json")


def test_a_key_that_is_missing_is_refused():
    with pytest.raises(InputError, match="parts"):
        as_record(Outer, {"name": "a", "verdict": "supported"})


def test_schemas_beside_the_docs_are_current():
    """Run `python -m sidemine.record_schemas` when a record changes."""
    found = {path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    assert found == record_schemas()


def test_columns_of_considerations_do_not_collide():
    """Each column of a card belongs to the card or to one consideration."""
    names = [
        name
        for kind in (Card, *columns_of_considerations())
        for name in kind.__dataclass_fields__
        if name != "considered"
    ]
    assert len(names) == len(set(names))


def test_a_card_needs_the_columns_of_every_consideration():
    with pytest.raises(InputError, match=r"calibration|composition"):
        read_card({}, columns_of_considerations())
