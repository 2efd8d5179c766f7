"""How certain an answer is, as it stands in `verdicts.json`; the rule is in `certainty.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

HIGHEST = 4
"""Place of GRADE's level `high`, where every answer starts."""


class Level(StrEnum):
    """A level of certainty: its place from 1, and what it means."""

    place: int
    meaning: str

    def __new__(cls, value: str, place: int, meaning: str) -> Self:
        """Make one member."""
        member = str.__new__(cls, value)
        member._value_, member.place, member.meaning = value, place, meaning
        return member

    HIGH = "high", 4, "Further data are very unlikely to change the answer."
    MODERATE = "moderate", 3, "Further data may change the answer."
    LOW = "low", 2, "Further data are very likely to change the answer."
    VERY_LOW = "very low", 1, "The answer is very uncertain."

    @property
    def mark(self) -> str:
        """GRADE's sign."""
        return "⊕" * self.place + "◯" * (HIGHEST - self.place)


class Domain(StrEnum):
    """What GRADE rates a body of evidence down for."""

    BIAS = "risk of bias"
    INCONSISTENCY = "inconsistency"
    INDIRECTNESS = "indirectness"
    IMPRECISION = "imprecision"


@dataclass(frozen=True)
class Downgrade:
    """One reason to rate down."""

    domain: Domain
    reason: str


@dataclass(frozen=True)
class Certainty:
    """The level of an answer.

    Attributes
    ----------
    level
        One of GRADE's four.
    downgrades
        Every reason why it is not higher.
    not_rated_down
        Serious findings that took no step, since the effect without them reads the same.
    """

    level: Level
    downgrades: list[Downgrade]
    not_rated_down: list[str]
