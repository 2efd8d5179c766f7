r"""Regular expressions of users: matched in time that grows with the text only, whatever the expression (RE2).

Python's own engine tries a pattern such as `a*a*a*a*b` in so many ways that it runs practically for ever. RE2 has no
look-around and no back-references, which are refused with words; letters, digits and spaces of any script count as
such (`\w`, `\d`, `\s`), as in Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

MAX_PATTERN_LENGTH = 1000
_LONGEST_KNOWN = 80

_OUTSIDE = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"[\p{L}\p{N}_]",
    "W": r"[^\p{L}\p{N}_]",
    "s": r"[\s\v\x1c-\x1f\x85\p{Z}]",
    "S": r"[^\s\v\x1c-\x1f\x85\p{Z}]",
    "Z": r"\z",
}
_INSIDE = {name: _OUTSIDE[name].strip("[]") for name in "dDws"}

_TOKEN = re.compile(r"\\(?P<escape>.)|(?P<class>\[\^?\]?)|(?P<open>\{,\d)|.", re.DOTALL)
_IN_CLASS = re.compile(r"\\(?P<escape>.)|(?P<posix>\[:\^?\w+:\])|(?P<end>\])|.", re.DOTALL)

_NOT_IN_RE2 = (
    (re.compile(r"\(\?<?[=!]"), "looks ahead or behind ((?=, (?!, (?<=, (?<!)"),
    (re.compile(r"\(\?P=|(?<!\\)(?:\\\\)*\\[1-9]"), "refers back to a group (\\1, (?P=name))"),
    (re.compile(r"\(\?>|[*+?}]\+"), "holds a possessive repeat or an atomic group (a++, (?>…))"),
    (re.compile(r"\(\?\("), "holds a condition ((?(1)…))"),
)


@dataclass(frozen=True)
class Pattern:
    """A compiled regular expression.

    Attributes
    ----------
    text
        As the user wrote it.
    """

    text: str

    @cached_property
    def _compiled(self) -> Any:
        import re2

        options = re2.Options()
        options.log_errors = False
        try:
            return re2.compile(_translate(self.text), options)
        except (re2.error, UnicodeError) as error:
            raise ValueError(_explain(self.text, error)) from error

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self._compiled.groups)

    def found_in(self, value: str) -> bool:
        """Tell whether the expression matches anywhere in a value."""
        return self._compiled.search(_encodable(value)) is not None

    def first_group(self, value: str) -> str | None:
        """Return what the first group took when the expression matches a value as a whole; None when it does not.

        A group that took no part gives ''.
        """
        match = self._compiled.fullmatch(_encodable(value))
        return None if match is None else match[1] or ""


def compile_pattern(text: str) -> Pattern:
    r"""Compile a regular expression.

    Raises
    ------
    ValueError
        When it is too long, is no expression, or holds what the engine cannot match in linear time; the words are for
        the user.

    Examples
    --------
    >>> compile_pattern(r"(D\d+)_.*").first_group("D12_ctrl")
    'D12'
    >>> compile_pattern("a*a*a*a*a*a*b").found_in("a" * 10_000)
    False
    """
    if len(text) > MAX_PATTERN_LENGTH:
        raise ValueError(f"it is longer than {MAX_PATTERN_LENGTH} characters")
    pattern = Pattern(text)
    _ = pattern.groups
    return pattern


def _translate(text: str) -> str:
    """Return the expression with classes of all scripts, which RE2 names otherwise than Python."""
    parts, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        assert token is not None  # noqa: S101 - any character is a token
        position = token.end()
        if token["class"]:
            translated, position = _translate_class(text, token["class"], position)
            parts.append(translated)
        elif token["open"]:
            raise ValueError("a repeat without a lower bound: write {0,n} for {,n}")
        else:
            parts.append(_OUTSIDE.get(token["escape"] or "", token[0]))
    return "".join(parts)


def _translate_class(text: str, opening: str, position: int) -> tuple[str, int]:
    """Return a class in brackets that starts with `opening`, and where it ends."""
    parts, besides = [opening.replace("]", r"\]")], list[str]()
    while position < len(text):
        token = _IN_CLASS.match(text, position)
        assert token is not None  # noqa: S101 - any character is a token
        position = token.end()
        escape = token["escape"] or ""
        if token["end"]:
            whole = "".join(parts) + "]"
            if not besides:
                return whole, position
            if opening.startswith("[^"):
                raise ValueError(r"\W or \S within [^…]: name what is meant, for example [\p{L}\p{N}] for [^\W_]")
            alternatives = besides if whole == "[]" else [whole, *besides]
            return f"(?:{'|'.join(alternatives)})", position
        if escape in {"W", "S"}:
            besides.append(_OUTSIDE[escape])
        else:
            parts.append(_INSIDE.get(escape, token[0]))
    return "".join(parts), position


def _explain(text: str, error: Exception) -> str:
    for sign, words in _NOT_IN_RE2:
        if sign.search(text):
            return f"it {words}, which takes practically for ever on some texts: write it without"
    reason = error.args[0] if error.args else error
    return (reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason))[:_LONGEST_KNOWN]


def _encodable(value: str) -> str:
    """Return a value without lone surrogates, which have no UTF-8."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
