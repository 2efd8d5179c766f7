"""Read the text of a selector: cut it into tokens, parse them by recursive descent, refuse with a caret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from sidemine.errors import Problem, StudyError
from sidemine.study.patterns import compile_pattern
from sidemine.study.selector_nodes import BARE_WORD, KEYWORDS, And, Comparison, Node, Not, Operator, Or, normalise

MAX_SELECTOR_LENGTH = 2000
MAX_REGEX_LENGTH = 200
MAX_DEPTH = 40

_GRAMMAR = (
    'column = value, column != value, column ~ "regular expression", column in ("a", "b"), joined by and, or, not '
    "and parentheses; quote values that hold spaces"
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<sign>!=|[=~(),])|(?P<word>""" + BARE_WORD + "))"
)


class SelectorError(StudyError):
    """A selector does not follow the grammar."""


def parse_nodes(text: str, where: str) -> Node:
    """Return the syntax tree of a selector; `where` says where the text stands.

    Raises
    ------
    SelectorError
        With the position and a caret under the first character that cannot be understood.
    """
    return _Parser(text, where).parse()


@dataclass(frozen=True)
class _Token:
    kind: Literal["quoted", "sign", "word", "end"]
    text: str
    position: int

    @property
    def keyword(self) -> str:
        return self.text.lower() if self.kind == "word" and self.text.lower() in KEYWORDS else ""


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
            compile_pattern(pattern)
        except ValueError as error:
            self.fail(f"the regular expression does not compile: {error}", position)
