"""The selector grammar: which samples form a group, written over metadata columns.

    selector   := conjunction ("or" conjunction)*
    conjunction:= negation ("and" negation)*
    negation   := "not" negation | "(" selector ")" | comparison
    comparison := column "=" value | column "!=" value | column "~" "regular expression"
                | column "in" "(" value ("," value)* ")"

A column or value is a bare word, or quoted with ' or " (a doubled quote stands for one quote; a backslash is an
ordinary character, so that regular expressions need no second escaping). Keywords ignore case. Values are compared
case-sensitively after trimming and collapsing white space; an absent value is the empty text. Nothing is evaluated
as code: the text is cut into tokens and parsed by recursive descent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

from sidemine.errors import InputError, Problem, StudyError
from sidemine.study.hints import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MAX_SELECTOR_LENGTH = 2000
MAX_REGEX_LENGTH = 200
MAX_VALUE_LENGTH = 500
"""A regular expression sees this many characters of a value, so that no pattern can keep it busy for long."""
MAX_DEPTH = 40

Operator = Literal["=", "!=", "~", "in"]
_KEYWORDS = frozenset({"and", "or", "not", "in"})
_GRAMMAR = (
    'column = value, column != value, column ~ "regular expression", column in ("a", "b"), joined by and, or, not '
    "and parentheses; quote values that hold spaces"
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<sign>!=|[=~(),])|(?P<word>[^\s"'(),=~!]+))"""
)
_BARE = re.compile(r"""[^\s"'(),=~!]+""")


class SelectorError(StudyError):
    """A selector does not follow the grammar."""


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
            return f"{_word(self.column)} in ({', '.join(_quote(value) for value in self.values)})"
        return f"{_word(self.column)} {self.operator} {_quote(self.values[0])}"

    def holds(self, value: str) -> bool:
        """Tell whether a normalised value satisfies the comparison."""
        if self.operator == "~":
            return re.search(self.values[0], value[:MAX_VALUE_LENGTH]) is not None
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


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) and text.lower() not in _KEYWORDS else _quote(text)


@dataclass(frozen=True)
class Selector:
    """A parsed selector; `str` gives its canonical text, equal selectors are equal objects.

    Attributes
    ----------
    node
        Root of the syntax tree.
    """

    node: Node

    def __str__(self) -> str:
        return str(self.node)

    @property
    def columns(self) -> frozenset[str]:
        """Names of the metadata columns that the selector reads."""
        return frozenset(comparison.column for comparison in _comparisons(self.node))

    def matches(self, samples: pd.DataFrame, where: str = "") -> np.ndarray:
        """Tell which samples the selector matches.

        Parameters
        ----------
        samples
            One row per sample, one column per metadata key; the index holds the sample ids and is known as the
            column `sample` where there is no column of that name.
        where
            File, row and column of the selector, for messages.

        Returns
        -------
        numpy.ndarray
            Boolean, shape (samples,), in row order.

        Raises
        ------
        InputError
            When the selector reads a column that the samples do not have.
        """
        unknown = sorted(name for name in self.columns if name not in samples.columns and name != "sample")
        if unknown:
            raise InputError([_unknown_column(name, samples, str(self), where) for name in unknown])
        values = {name: _column_values(samples, name) for name in self.columns}
        return _evaluate(self.node, values)

    def matches_row(self, row: Mapping[str, str]) -> bool:
        """Tell whether one sample, given as column → value, matches; an absent column is an empty value."""
        return _holds(self.node, {name: normalise(row.get(name)) for name in self.columns})


def _comparisons(node: Node) -> Iterator[Comparison]:
    if isinstance(node, Comparison):
        yield node
    else:
        for part in (node.part,) if isinstance(node, Not) else node.parts:
            yield from _comparisons(part)


def _holds(node: Node, row: Mapping[str, str]) -> bool:
    if isinstance(node, Comparison):
        return node.holds(row[node.column])
    if isinstance(node, Not):
        return not _holds(node.part, row)
    results = (_holds(part, row) for part in node.parts)
    return all(results) if isinstance(node, And) else any(results)


def _evaluate(node: Node, values: Mapping[str, Sequence[str]]) -> np.ndarray:
    import numpy as np

    if isinstance(node, Comparison):
        column = values[node.column]
        known = {value: node.holds(value) for value in set(column)}
        return np.array([known[value] for value in column], dtype=bool)
    if isinstance(node, Not):
        return ~_evaluate(node.part, values)
    combine = np.logical_and if isinstance(node, And) else np.logical_or
    return np.asarray(combine.reduce([_evaluate(part, values) for part in node.parts]), dtype=bool)


def _column_values(samples: pd.DataFrame, column: str) -> list[str]:
    found = samples[column] if column in samples.columns else samples.index
    return [normalise(value) for value in found.tolist()]


def describe_values(samples: pd.DataFrame, column: str, limit: int = 12) -> str:
    """Return the values of a column with their counts, commonest first, as one line for a message."""
    counts = Counter(_column_values(samples, column))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{_quote(value) if value else '(empty)'} × {count}" for value, count in ordered[:limit]]
    more = f", and {len(ordered) - limit} further values" if len(ordered) > limit else ""
    return ", ".join(shown) + more if shown else "no samples"


def matches_nothing(selector: Selector, samples: pd.DataFrame, where: str) -> Problem:
    """Return the problem of a selector without samples, with the values that exist in the columns it reads."""
    exists = "; ".join(f"{name}: {describe_values(samples, name)}" for name in sorted(selector.columns))
    return Problem(
        "the selector matches no sample",
        f"{where}, selector: {selector}",
        f"values that exist, with the number of samples: {exists}",
        "Choose among these values; `sidemine inspect ACCESSION` prints all columns of the series.",
    )


def _unknown_column(name: str, samples: pd.DataFrame, text: str, where: str) -> Problem:
    existing = [str(column) for column in samples.columns]
    return Problem(
        f"the selector reads a column {name!r} that the samples do not have",
        f"{where + ', ' if where else ''}selector: {text}",
        "columns that exist: " + ", ".join(["sample", *(column for column in existing if column != "sample")]),
        did_you_mean(name, existing) + "`sidemine inspect ACCESSION` prints the columns of a series with their values.",
    )


def parse_selector(text: str, where: str = "selector") -> Selector:
    r"""Parse a selector.

    Parameters
    ----------
    text
        The selector, by the grammar of this module.
    where
        File, row and column that it comes from, for messages.

    Raises
    ------
    SelectorError
        With the position and a caret under the first character that cannot be understood.

    Examples
    --------
    >>> str(parse_selector('tissue = "whole  blood" AND not title ~ "_rep[12]$"'))
    'tissue = "whole blood" and not title ~ "_rep[12]$"'
    """
    return Selector(_Parser(text, where).parse())


@dataclass(frozen=True)
class _Token:
    kind: Literal["quoted", "sign", "word", "end"]
    text: str
    position: int

    @property
    def keyword(self) -> str:
        return self.text.lower() if self.kind == "word" and self.text.lower() in _KEYWORDS else ""


class _Parser:
    """Recursive descent over the tokens of one selector."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        if len(text) > MAX_SELECTOR_LENGTH:
            self.fail(f"the selector is longer than {MAX_SELECTOR_LENGTH} characters", MAX_SELECTOR_LENGTH)
        self.tokens = list(self.tokenize())
        self.next = 0
        self.depth = 0

    def fail(self, what: str, position: int, next_step: str = "") -> NoReturn:
        # Long selectors are cut around the caret so that it stays under its character.
        start = max(0, position - 60)
        shown = self.text[start : position + 60].replace("\n", " ").replace("\t", " ")
        caret = " " * (position - start) + "^"
        raise SelectorError(
            Problem(
                what,
                f"{self.where}, character {position + 1}\n    {shown}\n    {caret}",
                _GRAMMAR,
                next_step or "Correct the selector at the caret; config/README.md explains the grammar with examples.",
            )
        )

    def tokenize(self) -> Iterator[_Token]:
        position = 0
        end = len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                character = self.text[start]
                if character in "\"'":
                    self.fail("a quote is opened and never closed", start, "Close it with the same kind of quote.")
                self.fail(f"{character!r} cannot stand here", start)
            name = match.lastgroup
            token = match.group(name)
            start = match.start(name)
            if name == "quoted":
                quote = token[0]
                yield _Token("quoted", token[1:-1].replace(quote * 2, quote), start)
            else:
                yield _Token("sign" if name == "sign" else "word", token, start)
            position = match.end()
        yield _Token("end", "", end)

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def take(self) -> _Token:
        token = self.token
        self.next += 1
        return token

    def sign(self, text: str) -> bool:
        """Take the sign when it comes next."""
        if self.token.kind == "sign" and self.token.text == text:
            self.next += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.sign(text):
            self.fail(f"{text!r} is expected here", self.token.position)

    def parse(self) -> Node:
        if not self.text.strip():
            self.fail("the selector is empty", 0)
        node = self.selector()
        rest = self.token
        if rest.kind != "end":
            step = "" if rest.kind == "sign" else "Values that hold spaces need quotes; join comparisons by and / or."
            self.fail(f"{rest.text!r} is not expected here", rest.position, step)
        return node

    def selector(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"parentheses and nots are nested deeper than {MAX_DEPTH}", self.token.position)
        parts = [self.conjunction()]
        while self.token.keyword == "or":
            self.next += 1
            parts.append(self.conjunction())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Node:
        parts = [self.negation()]
        while self.token.keyword == "and":
            self.next += 1
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self) -> Node:
        if self.token.keyword == "not":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.fail(f"parentheses and nots are nested deeper than {MAX_DEPTH}", self.token.position)
            self.next += 1
            node: Node = Not(self.negation())
            self.depth -= 1
            return node
        if self.sign("("):
            node = self.selector()
            self.expect(")")
            return node
        return self.comparison()

    def comparison(self) -> Comparison:
        column = self.take_text("a column name")
        if not column:
            self.fail("a column name cannot be empty", self.tokens[self.next - 1].position)
        if self.token.keyword == "in":
            self.next += 1
            return Comparison(column, "in", self.values())
        operators: tuple[Operator, ...] = ("!=", "=", "~")
        for operator in operators:
            if self.sign(operator):
                position = self.token.position
                value = self.take_text("a value")
                if operator == "~":
                    self.check_regex(value, position)
                    return Comparison(column, operator, (value,))
                return Comparison(column, operator, (normalise(value),))
        return self.fail(f"after column {column!r} one of = != ~ in is expected", self.token.position)

    def values(self) -> tuple[str, ...]:
        self.expect("(")
        values = [normalise(self.take_text("a value"))]
        while self.sign(","):
            values.append(normalise(self.take_text("a value")))
        self.expect(")")
        return tuple(values)

    def take_text(self, expected: str) -> str:
        token = self.token
        if token.kind not in {"word", "quoted"} or token.keyword:
            step = "Quote the word when it is a name or a value." if token.keyword else ""
            self.fail(f"{expected} is expected here", token.position, step)
        return self.take().text

    def check_regex(self, pattern: str, position: int) -> None:
        if len(pattern) > MAX_REGEX_LENGTH:
            self.fail(f"the regular expression is longer than {MAX_REGEX_LENGTH} characters", position)
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            self.fail(f"the regular expression does not compile: {error}", position)
        if _repeats_a_repeat(pattern):
            self.fail(
                "the regular expression repeats a group that itself holds a repeat or an alternative: "
                "this can run practically for ever",
                position,
                "Write it without nested repeats, for example [AB]+ instead of (A|B)+, or with several comparisons.",
            )


def _repeats_a_repeat(pattern: str) -> bool:
    """Tell whether a group that holds a quantifier or `|` is itself repeated: the shape that backtracks for ever."""
    plain = re.sub(r"\\.", "x", pattern, flags=re.DOTALL)
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "x", plain)
    holds = [False]
    position = 0
    while position < len(plain):
        character = plain[position]
        if character == "(":
            holds.append(False)
            position += 1 + (plain[position + 1 : position + 2] == "?")
            continue
        if character == ")":
            inner = holds.pop()
            if inner and re.match(r"[*+]|\{[0-9]*,?[0-9]*\}", plain[position + 1 :]):
                return True
            holds[-1] = holds[-1] or inner
        elif character in "*+?|" or (character == "{" and re.match(r"\{[0-9]*,?[0-9]*\}", plain[position:])):
            holds[-1] = True
        position += 1
    return False
