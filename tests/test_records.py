"""One writer and one reader of records: what is written comes back, what is not a record is refused, schemas are current."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from math import isnan, nan
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from sidemine.considerations.registry import columns_of_considerations
from sidemine.errors import InputError
from sidemine.record_schemas import FOLDER, record_kinds, record_schemas
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
        ({"parts": [{"value": 0.1, "words": [], "unknown": 2}]}, "parts.0.unknown"),
        ({"parts": [{"value": 0.1}]}, "parts.0.words: is missing"),
        ({"parts": [{"value": "0.1", "words": []}]}, "parts.0.value: '0.1'"),
        ({"parts": [{"value": True, "words": []}]}, "parts.0.value: True"),
        ({"parts": {}}, "parts"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(change, words):
    """An unknown or missing key, a text for a number or a word outside a closed vocabulary names file and field."""
    with pytest.raises(InputError, match=re.escape(words)):
        as_record(Outer, as_json(OUTER) | change, "outer.json")


def test_a_key_that_is_missing_is_refused():
    with pytest.raises(InputError, match="parts"):
        as_record(Outer, {"name": "a", "verdict": "supported"})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"name": NaN}',
        "[" * 10**5,
        "1" * 5000,
        "\x00",
        '{"name": Infinity}',
        "[]",
        "null",
        "1e999",
        "1",
        '"a"',
        r'{"name": "\ud800"}',
    ],
)
def test_a_file_that_holds_no_record_is_refused(tmp_path, content):
    """Empty, cut off, another value, a number that JSON does not know: the file is named."""
    (tmp_path / "outer.json").write_text(content)
    with pytest.raises(InputError, match=r"outer\.json"):
        read_record(Outer, tmp_path / "outer.json")


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a type that a record may hold."""
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        unknown = {item.name for item in fields(kind) if isinstance(item.default, float) and isnan(item.default)}
        held = {
            name: values_of(part) | st.just(nan) if name in unknown else values_of(part) for name, part in hints.items()
        }
        return st.builds(kind, **held)
    if hint is JsonValue:
        return st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
    if kind in {Union, UnionType}:
        return st.one_of([values_of(part) for part in parts])
    if kind is Literal:
        return st.sampled_from(parts)
    if kind is dict:
        return st.dictionaries(values_of(parts[0]), values_of(parts[1]), max_size=2)
    if kind is list or (kind is tuple and parts[-1] is ...):
        made = st.lists(values_of(parts[0]), max_size=2)
        return made if kind is list else made.map(tuple)
    if kind is tuple:
        return st.tuples(*map(values_of, parts))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    simple = {
        str: st.text(max_size=5),
        bool: st.booleans(),
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        type(None): st.none(),
    }
    return simple[kind]


KINDS = {name: kind for name, kind in record_kinds().items() if name != "study"}
"""All but the description of the study, which is made of the models of its sheets."""


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_kind_of_record_comes_back(name, data, tmp_path_factory):
    """Written, read and written again: the same bytes, and what the published schema allows."""
    record = data.draw(values_of(KINDS[name]))
    first, again = (tmp_path_factory.getbasetemp() / f"{name}{part}.json" for part in ("", "_again"))
    write_record(record, first)
    write_record(read_record(KINDS[name], first), again)
    assert first.read_bytes() == again.read_bytes()
    validator_of(name).validate(json.loads(first.read_text(encoding="utf-8")))


SCHEMAS = record_schemas()


@cache
def validator_of(name: str) -> Any:
    kind = jsonschema.validators.validator_for(SCHEMAS[name])
    kind.check_schema(SCHEMAS[name])
    return kind(SCHEMAS[name])


def test_schemas_beside_the_docs_are_current():
    """Run `python -m sidemine.record_schemas` when a record changes."""
    found = {path.name.removesuffix(".schema.json"): json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    assert found == SCHEMAS


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
