"""What every failure of sidemine says: what, where, what is allowed, what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace


def _hang(text: str) -> str:
    """Indent the further lines of a text that bring no indentation of their own: tables under `where:`, for example."""
    return re.sub(r"\n(?=\S)", "\n           ", text)


_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Show what a terminal would obey or hide: messages hold text of study folders and public records."""
    return _UNSEEN.sub(lambda match: ascii(match[0])[1:-1], text)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, told so that its reader can mend it.

    Attributes
    ----------
    what
        What is wrong, in one sentence.
    where
        File, row, column and value, as far as they are known.
    allowed
        What would have been right.
    next_step
        What to do now.
    """

    what: str
    where: str
    allowed: str
    next_step: str

    def __str__(self) -> str:
        parts = {"where": self.where, "allowed": self.allowed, "next": self.next_step}
        return visible(self.what + "".join(f"\n  {name + ':':<8} {_hang(part)}" for name, part in parts.items()))

    def within(self, place: str) -> Problem:
        """Return the same problem with `place` before its where."""
        return replace(self, where=f"{place}: {self.where}")

    def to_dict(self) -> dict[str, str]:
        """Return the four parts as a JSON-ready mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, parts: Mapping[str, str]) -> Problem:
        """Rebuild a problem that `to_dict` wrote."""
        return cls(parts["what"], parts["where"], parts["allowed"], parts["next_step"])


class SidemineError(Exception):
    """One or several problems, all told at once.

    Parameters
    ----------
    problems
        A single problem or several; the message numbers them when there is more than one.
    """

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self._message())

    def _message(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        numbered = (f"[{number}] {problem}" for number, problem in enumerate(self.problems, start=1))
        return f"{len(self.problems)} problems\n" + "\n".join(numbered)


class StudyError(SidemineError):
    """The study's own files are wrong: found before any work, all at once."""


class RetrievalError(SidemineError):
    """An input could not be had, or is not what it should be."""


class InputError(SidemineError):
    """A file that was retrieved cannot be read for what it is declared to be."""


class SheetMismatch(InputError):
    """The sheets ask something of a file that the file, read without trouble, does not hold: a column, value or sample.

    It stops the run where the row is `verified`. Where it is `unverified`, only its contrasts are `not testable`.
    """


class Untestable(SidemineError):
    """A fact of one dataset that makes its contrasts `not testable`, while the rest of the study goes on."""
