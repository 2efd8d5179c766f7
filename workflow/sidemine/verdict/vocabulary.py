"""The closed vocabulary of verdicts, and of what a control did: mark and meaning of each; its class has colours in `page.css`."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Verdict(StrEnum):
    """An answer, from the strongest to none.

    Attributes
    ----------
    rank
        A cap bites when the verdict without caps ranks higher. A positive control must rank above 0.
    mark
        Sign that stands beside the word, so that colour is never alone.
    meaning
        What it says, in one sentence.
    """

    rank: int
    mark: str
    meaning: str

    def __new__(cls, value: str, rank: int, mark: str, meaning: str) -> Self:
        """Make one member."""
        member = str.__new__(cls, value)
        member._value_, member.rank, member.mark, member.meaning = value, rank, mark, meaning
        return member

    SUPPORTED = "supported", 2, "●", "All declared conditions are met: an association, no proof of a cause."
    SUGGESTIVE = (
        "suggestive",
        1,
        "◐",
        "A hint, not proof: there is a change, but not every condition of “supported” is met or evaluated.",
    )
    NOT_SUPPORTED = (
        "not supported",
        0,
        "○",
        "The data exclude an effect of the declared size in the declared direction.",
    )
    CONFLICTING = "conflicting", 0, "⇄", "Datasets point in opposite directions."
    NOT_TESTABLE = "not testable", 0, "∅", "No answer: these data cannot tell, in either direction."

    @classmethod
    def of(cls, word: str) -> Verdict:
        """Return the verdict that a word means."""
        return next(verdict for verdict in cls if verdict.value == word)

    @property
    def css_class(self) -> str:
        """Class of its style on the page."""
        return "verdict-" + self.value.replace(" ", "-")


class Behaviour(StrEnum):
    """What a control did, judged at its own level: mark, brief word, class on the page, and meaning."""

    mark: str
    brief: str
    css_class: str
    meaning: str

    def __new__(cls, value: str, mark: str, brief: str, css_class: str, meaning: str) -> Self:
        """Make one member."""
        member = str.__new__(cls, value)
        member._value_, member.mark, member.brief = value, mark, brief
        member.css_class, member.meaning = css_class, meaning
        return member

    EXPECTED = (
        "behaved as expected",
        "✓",
        "passed",
        "verdict-supported",
        "A positive control moved as it must; of a negative one such a change is excluded.",
    )
    TURNED = (
        "moved the other way",
        "!",
        "passed, with care",
        "verdict-suggestive",
        "Of a negative control the change asked about is excluded, but its genes moved clearly the other way: it fails no question,"
        " and effects of that size in its data need care.",
    )
    UNEXPECTED = (
        "did not behave as expected",
        "✗",
        "failed",
        "verdict-conflicting",
        "A control did what it must not: doubt every answer that hangs on it.",
    )
    UNKNOWN = (
        "could not be judged",
        "⊘",
        "not judged",
        "verdict-not-testable",
        "The data of a control are too few to tell.",
    )
