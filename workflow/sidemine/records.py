"""JSON records: one frozen dataclass each, one writer and one reader for all of them.

A record is written with the names of its fields as keys. It is read back strictly: a key that is missing, unknown or of
another type means that the file is not what its stage writes.
"""

from __future__ import annotations

from dataclasses import Field, fields, is_dataclass
from enum import Enum
from math import isnan
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, JsonValue

from sidemine.errors import InputError, Problem
from sidemine.tables import read_json, write_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Record = TypeVar("Record")

ABSENT = {"absent": True}
"""Metadata of a field that is not written while it is None: `field(default=None, metadata=ABSENT)`."""


def read_record(kind: type[Record], path: Path) -> Record:
    """Read the record of one kind that `write_record` wrote.

    Raises
    ------
    InputError
        When the file does not hold such a record.
    """
    return as_record(kind, read_json(path), str(path))


def write_record(record: object, path: Path) -> None:
    """Write a record, or a list of records, as JSON: the same bytes every time."""
    write_json(as_json(record), path)


def as_record(kind: type[Record], content: object, where: str = "a record") -> Record:
    """Return a record from what its JSON holds.

    Parameters
    ----------
    kind
        A dataclass, or a list or dict of dataclasses.
    content
        Parsed JSON.
    where
        The file, for messages.

    Raises
    ------
    InputError
        When keys are missing or unknown, or a value has another type.
    """
    from pydantic import ValidationError

    try:
        record = _adapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(_problem(kind, where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")) from error
    if difference := _difference(content, as_json(record)):
        raise InputError(_problem(kind, where, difference))
    return record


def _problem(kind: object, where: str, found: str) -> Problem:
    return Problem(
        "a record is not what its stage writes",
        f"{where}, {found}",
        f"the fields of {getattr(kind, '__name__', kind)}",
        "Delete the file and run the workflow again.",
    )


def _difference(content: object, written: JsonValue, place: str = "") -> str:
    """Return where JSON is not what is written of the record that was read from it: '' where it is.

    The reader fills in defaults and turns texts into numbers; the writer does neither.
    """
    if isinstance(content, dict) and isinstance(written, dict):
        if names := content.keys() ^ written.keys():
            name = min(names, key=str)
            return f"{place}{name}: {'has no place there' if name in content else 'is missing'}"
        parts = [(name, content[name], value) for name, value in written.items()]
    elif isinstance(content, list | tuple) and isinstance(written, list):
        parts = [(str(number), *pair) for number, pair in enumerate(zip(content, written, strict=True))]
    elif content == written and (type(content) is type(written) or (type(content) is int and type(written) is float)):
        return ""
    else:
        return f"{place.removesuffix('.')}: {shortened(content)}, which would be written as {shortened(written)}"
    unlike = (part for part in parts if not _is_same(part[1], part[2]))
    return next(filter(None, (_difference(old, new, f"{place}{name}.") for name, old, new in unlike)), "")


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What most of JSON is made of: passed on at once."""


def _is_same(old: object, new: object) -> bool:
    return type(old) is type(new) and type(old) in _PLAIN and old == new


def fields_of(record: object) -> dict[str, Any]:
    """Return the values of a record by field, as they are: for making another record of them."""
    return {item.name: getattr(record, item.name) for item in _fields(type(record))}


def _fields(kind: type[Any]) -> tuple[Field[Any], ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = fields(kind)
    return _FIELDS[kind]


_FIELDS: dict[object, tuple[Field[Any], ...]] = {}


def as_json(record: object) -> JsonValue:
    """Return what the JSON of a record, or of lists, tuples and dicts of records, holds."""
    if type(record) in _PLAIN:
        return record  # type: ignore[return-value] # mypy does not follow a set of types
    if is_dataclass(record):
        written = ((item, getattr(record, item.name)) for item in _fields(type(record)))
        return {item.name: as_json(value) for item, value in written if not _is_absent(item, value)}
    if isinstance(record, dict):
        return {str(key): as_json(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [as_json(value) for value in record]
    if isinstance(record, BaseModel):
        plain: JsonValue = record.model_dump(mode="json", by_alias=True)
        return plain
    if isinstance(record, Enum):
        return as_json(record.value)
    if record is None or isinstance(record, bool):
        return record
    for plain_kind in (int, float, str):
        if isinstance(record, plain_kind):
            return plain_kind(record)  # a number of numpy is a float too
    raise TypeError(f"{type(record).__name__} does not belong into a record")


def _is_absent(item: Field[object], value: object) -> bool:
    """Tell whether a value is left out: None where the field says so, and a figure that could not be computed.

    Such a figure is NaN, which JSON does not know; its field has NaN as its default, and so it is read back.
    """
    if value is None:
        return bool(item.metadata.get("absent"))
    return _is_nan(value) and _is_nan(item.default)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and isnan(value)


def _without_nan(schema: dict[str, JsonValue]) -> None:
    """Take defaults of NaN out of the JSON schema of a record."""
    properties = schema["properties"]
    for part in properties.values() if isinstance(properties, dict) else ():
        if isinstance(part, dict) and _is_nan(part.get("default")):
            del part["default"]


def schema_of(kind: type[object]) -> dict[str, JsonValue]:
    """Return the JSON schema of a kind of record."""
    schema: dict[str, JsonValue] = _adapter(kind).json_schema(mode="serialization")
    return schema


def _adapter(kind: type[Record]) -> TypeAdapter[Record]:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _close(kind)
        _ADAPTERS[kind] = TypeAdapter(kind)
    adapter: TypeAdapter[Record] = _ADAPTERS[kind]
    return adapter


_ADAPTERS: dict[object, TypeAdapter[Any]] = {}
_CLOSED: set[object] = set()


def _close(kind: object) -> None:
    """Let a dataclass, and those inside it, refuse keys that it does not have: pydantic would pass over them."""
    if isinstance(kind, type) and is_dataclass(kind):
        if kind not in _CLOSED:
            _CLOSED.add(kind)
            kind.__pydantic_config__ = {  # type: ignore[attr-defined]
                "extra": "forbid",
                "json_schema_extra": _without_nan,
            }
            for hint in get_type_hints(kind).values():
                _close(hint)
    else:
        for part in get_args(kind):
            _close(part)
