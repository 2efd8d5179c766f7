"""Turn pydantic's errors into four-part problems, and fields into words."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sidemine.errors import Problem
from sidemine.study.hints import did_you_mean

ID_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_PATTERNS = {
    ID_PATTERN: "a letter, then letters, digits and underscores, at most 64 characters (ids become file names)",
    r"^[A-Za-z0-9][A-Za-z0-9_.:()+-]{0,199}$": "a gene set name: letters, digits and _ . : ( ) + -",
    r"^[A-Za-z0-9._-]+$": "letters, digits, dots, underscores and hyphens",
    r"^(GPL[0-9]+)?$": "a GEO platform such as GPL570, or nothing",
    r"^(10\.[0-9]{4,9}/\S+)?$": "a DOI that starts with 10., or nothing",
    r"^(https://\S+)?$": "an https:// address, or nothing",
    r"^(\*|[A-Za-z][A-Za-z0-9_]{0,63})$": "* or a letter, then letters, digits and underscores",
    r"^[A-Za-z][A-Za-z0-9_.@/-]{0,39}$": "a gene symbol, which starts with a letter (1-Mar is a date that a spreadsheet made)",
    r"^[^{}<>*?\[\]\x00-\x1f]+$": "a path without { } < > * ? [ ] and line breaks",
    r"^(|.{15,})$": "a reason of at least 15 characters, or nothing",
}

_WRONG_FORM = {
    "list_type": "a list is expected: [a, b], or one entry a line after a hyphen",
    "dict_type": "a section is expected: keys, each with its value",
    "model_type": "a section is expected: keys, each with its value",
    "string_type": "text is expected",
}
_YAML_READS = {"int": "number", "float": "number", "bool": "yes or no", "date": "date"}
LONGEST_SHOWN = 120
"""Characters of a wrong value that a message shows."""


def name_of(name: str, field: FieldInfo) -> str:
    """Return the name of a field as it stands in files."""
    return field.alias or name


def names_of(model: type[BaseModel]) -> list[str]:
    """Return the names of all fields as they stand in files, in order."""
    return [name_of(name, field) for name, field in model.model_fields.items()]


def required_names(model: type[BaseModel]) -> list[str]:
    """Return the names of the fields without a default."""
    return [name_of(name, field) for name, field in model.model_fields.items() if field.is_required()]


def bare_type(annotation: Any) -> Any:
    """Strip `Annotated` from a type."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def choices(annotation: Any) -> list[str]:
    """Return the members of a `Literal`, or nothing."""
    bare = bare_type(annotation)
    return [str(choice) for choice in get_args(bare)] if get_origin(bare) is Literal else []


def describe_type(field: FieldInfo) -> str:
    """Return in words what a field may hold, for example `one of a, b` or `whole number ≥ 1`."""
    words = _type_words(field.annotation)
    limits = [
        f"{sign} {getattr(limit, key)}"
        for limit in field.metadata
        for key, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if hasattr(limit, key)
    ]
    patterns = [_PATTERNS[limit.pattern] for limit in field.metadata if getattr(limit, "pattern", None) in _PATTERNS]
    return ", ".join([" ".join([words, *limits]), *patterns])


def _type_words(annotation: Any) -> str:
    bare = bare_type(annotation)
    if literal := choices(bare):
        return "one of " + ", ".join(literal)
    origin, arguments = get_origin(bare), get_args(bare)
    if origin in {Union, types.UnionType}:
        kinds = [_type_words(part) for part in arguments if part is not type(None)]
        return " or ".join(kinds) + (" or nothing" if type(None) in arguments else "")
    if origin is list:
        return f"list of {_type_words(arguments[0])}"
    if origin is dict and arguments[1] is str:
        return "comma list of role=text"
    if origin is dict:
        return f"mapping of {_type_words(arguments[1])}"
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return "section"
    names: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "yes or no"}
    return names.get(bare, str(bare))


def model_problems(
    error: ValidationError,
    model: type[BaseModel],
    where: str,
    kind: str,
    locate: Callable[[tuple[int | str, ...]], str] = lambda _: "",
    elsewhere: Mapping[str, type[BaseModel]] = types.MappingProxyType({}),
) -> list[Problem]:
    """Translate what pydantic found.

    Parameters
    ----------
    error
        As raised by `model.model_validate`.
    model
        The model that was asked for.
    where
        File, and row of a sheet.
    kind
        What a field is called there: column or key.
    locate
        Returns the place of a location inside the file, for example `, line 12`.
    elsewhere
        Models of other files, by what a name of theirs is: a name that stands in the wrong place is found there.
    """
    problems: dict[tuple[object, ...], Problem] = {}
    details = error.errors(include_url=False)
    for detail in details:
        if _is_told_within(detail, details):
            continue
        # A union tells the same mistake once per member; the location up to the member names is told once.
        path, owner, field = _walk(model, detail["loc"])
        name = ".".join(str(part) for part in path)
        place = f"{where}{locate(path)}" + (f", {kind} {name}" if name else "")
        problem = _problem(detail, place, kind, owner, field, path, elsewhere)
        problems.setdefault((path, problem.what) if detail["type"] == "extra_forbidden" else (path,), problem)
    return list(problems.values())


def _is_told_within(detail: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a section stands where a number or a section may, and what is wrong in the section is told."""
    key = detail["loc"][:-1]
    return (
        detail["type"] == "float_type"
        and isinstance(detail["input"], dict)
        and any(len(other["loc"]) > len(detail["loc"]) and other["loc"][: len(key)] == key for other in details)
    )


def _walk(
    model: type[BaseModel], location: tuple[int | str, ...]
) -> tuple[tuple[int | str, ...], type[BaseModel], FieldInfo | None]:
    """Return the part of a location that names keys, the model that holds the last key, and its field."""
    owner, field, path = model, None, []
    annotation: Any = model
    for part in location:
        nested = _models(annotation)
        fields = {
            name_of(name, model_field): (candidate, model_field)
            for candidate in nested
            for name, model_field in candidate.model_fields.items()
        }
        if isinstance(part, str) and part in fields:
            owner, field = fields[part]
            annotation = field.annotation
        elif _is_union_member(part, nested):
            continue
        elif nested and isinstance(part, str) and get_origin(bare_type(annotation)) is not dict:
            owner, field = nested[0], None
        else:
            arguments = get_args(bare_type(annotation))
            annotation = arguments[-1] if arguments else annotation
        path.append(part)
    return tuple(path), owner, field


def _is_union_member(part: int | str, nested: list[type[BaseModel]]) -> bool:
    """Tell whether pydantic put the name of a union's member into the location."""
    if not isinstance(part, str):
        return False
    return part in {"float", "str", "int", *(model.__name__ for model in nested)} or "[" in part


def _models(annotation: Any) -> list[type[BaseModel]]:
    bare = bare_type(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return [bare]
    if get_origin(bare) in {Union, types.UnionType}:
        return [model for part in get_args(bare) for model in _models(part)]
    return []


def known_elsewhere(name: str, elsewhere: Mapping[str, type[BaseModel]]) -> str:
    """Return where a name is known that stands in the wrong place, as a sentence with a space after it; or nothing.

    Parameters
    ----------
    name
        Of a key or column.
    elsewhere
        Models by what a name of theirs is: `a column of datasets.tsv`.
    """
    places = [place for place, model in elsewhere.items() if name in names_of(model)]
    return f"{name} is {' and '.join(places)}. " if places else ""


def _problem(
    detail: Mapping[str, Any],
    place: str,
    kind: str,
    owner: type[BaseModel],
    field: FieldInfo | None,
    path: tuple[int | str, ...],
    elsewhere: Mapping[str, type[BaseModel]],
) -> Problem:
    value = detail["input"]
    names = names_of(owner)
    last = str(path[-1]) if path else ""
    meaning = f"{describe_type(field)}. {field.description or ''}".strip() if field else f"{kind}s: {', '.join(names)}"
    if detail["type"] == "extra_forbidden":
        return Problem(
            f"unknown {kind} {last!r}",
            place,
            f"{kind}s: {', '.join(names)}",
            known_elsewhere(last, elsewhere) + did_you_mean(last, names) + f"Correct the name or delete the {kind}.",
        )
    if detail["type"] == "missing":
        what = f"{kind} {last!r} is empty" if kind == "column" else f"{kind} {last!r} is missing"
        return Problem(what, place, meaning, f"Fill in {last}; config/README.md explains every {kind}.")
    if detail["type"] == "value_error":
        return Problem(
            str(detail["msg"]).removeprefix("Value error, "),
            place,
            meaning,
            "Correct the entry as config/README.md says.",
        )
    message = str(detail["msg"])
    if detail["type"] == "string_pattern_mismatch":
        pattern = str(detail["ctx"]["pattern"])
        meaning = (
            f"{_PATTERNS.get(pattern, pattern)}. {field.description if field and field.description else ''}".strip()
        )
        message = "the value does not have the form that is asked for"
    message = _WRONG_FORM.get(detail["type"], message)
    if detail["type"] in {"too_short", "too_long", "string_too_short"}:
        context = detail["ctx"]
        limit = f"at most {context['max_length']}" if "max_length" in context else f"at least {context['min_length']}"
        message = f"{limit} {'characters' if isinstance(value, str) else 'entries'} are expected, not {len(value)}"
    step = "Correct the value."
    if detail["type"] == "literal_error" and field is not None:
        options = choices(field.annotation) or [
            one for part in get_args(bare_type(field.annotation)) for one in choices(part)
        ]
        message = "the value is not one of the allowed ones"
        step = (did_you_mean(str(value), options) + "Choose one of: " + ", ".join(options) + ".") if options else step
    elif detail["type"] == "string_type" and isinstance(value, bool):
        # `no` and `off` are one value by now: which word was written is not known here.
        step = "Put the word in quotes, as you wrote it: YAML reads yes, no, on, off, true and false as truth values."
    elif detail["type"] == "string_type" and (isinstance(value, int | float) or type(value).__name__ == "date"):
        step = f"Put the value in quotes: '{value}' (YAML reads it as a {_YAML_READS[type(value).__name__]})."
    elif detail["type"] in {"float_parsing", "int_parsing"}:
        message = "a number is expected"
        if isinstance(value, str) and re.fullmatch(r"[+-]?\d+,\d+", value):
            step = f"Write a decimal point: {value.replace(',', '.')}."
    shown = repr(value)
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[:LONGEST_SHOWN]}…"
    return Problem(f"{message[0].lower()}{message[1:]}", f"{place}, value {shown}", meaning, step)
