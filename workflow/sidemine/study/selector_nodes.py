"""The syntax tree of a selector: comparisons of one column, joined by not, and, or."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sidemine.study.patterns import Pattern, compile_pattern

KEYWORDS = frozenset({"and", "or", "not", "in"})
BARE_WORD = r"""[^\s"'(),=~!]+"""
"""What may stand without quotes, as a regular expression."""

Operator = Literal["=", "!=", "~", "in"]


def normalise(value: object) -> str:
    """Return a metadata value as text, trimmed and with inner white space collapsed; absent values become ''."""
    # `value != value` is true of NaN only; pandas.NA refuses to be a truth value and is told by its name.
    if value is None or type(value).__name__ in {"NAType", "NaTType"} or (isinstance(value, float) and value != value):
        return ""
    return " ".join(str(value).split())


@dataclass(frozen=True)
class Comparison:
    """One column compared with one or several values."""

    column: str
    operator: Operator
    values: tuple[str, ...]

    def __str__(self) -> str:
        if self.operator == "in":
            return f"{_word(self.column)} in ({', '.join(quote(value) for value in self.values)})"
        return f"{_word(self.column)} {self.operator} {quote(self.values[0])}"

    @cached_property
    def _pattern(self) -> Pattern:
        return compile_pattern(self.values[0])

    def holds(self, value: str) -> bool:
        """Tell whether a normalised value satisfies the comparison."""
        if self.operator == "~":
            return self._pattern.found_in(value)
        return (value in self.values) is (self.operator != "!=")


@dataclass(frozen=True)
class Not:
    """Everything that `part` does not match."""

    part: Node

    def __str__(self) -> str:
        return f"not {_nested(self.part)}"


@dataclass(frozen=True)
class And:
    """What all parts match."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(_nested(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """What at least one part matches."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(_nested(part) for part in self.parts)


Node = Comparison | Not | And | Or


def _nested(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)


def quote(text: str) -> str:
    """Return text in double quotes, as a selector reads it back."""
    return '"' + text.replace('"', '""') + '"'


def _word(text: str) -> str:
    return text if re.fullmatch(BARE_WORD, text) and text.lower() not in KEYWORDS else quote(text)
