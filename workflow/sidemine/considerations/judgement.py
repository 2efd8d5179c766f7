"""What every consideration returns of a hypothesis, and what it is asked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, TypeVar

from sidemine.effect.record import HypothesisEvidence
from sidemine.study.projections import HypothesisToPlace
from sidemine.text.phrases import capitalised

COMPARATOR_PERCENTILE = 90.0
"""Percentile among comparator sets, in the declared direction, that an experiment must reach."""

GateStatus = Literal["passed", "failed", "not evaluated"]


@dataclass(frozen=True)
class Gate:
    """A condition of `supported`.

    Attributes
    ----------
    name, gate
        Two words, and the demand in words.
    status, detail
        passed, failed or not evaluated; the figures behind it.
    required
        `supported` needs it; otherwise it is shown only.
    shortfall
        What is missing, in one sentence; empty where it was passed, and where a cap of this name says it.
    """

    name: str
    gate: str
    status: GateStatus
    detail: str
    required: bool = True
    shortfall: str = ""


def make_gate(
    name: str, demand: str, passed: bool | None, detail: str, *, required: bool = True, shortfall: str = ""
) -> Gate:
    """Return a gate.

    Parameters
    ----------
    name
        Short name of the gate.
    demand
        What must hold, in words.
    passed
        Whether it holds; None: not evaluated.
    detail
        What was seen.
    required
        False: the gate is shown and does not decide.
    shortfall
        What is missing where it does not hold, in one sentence.
    """
    status: GateStatus = "not evaluated" if passed is None else "passed" if passed else "failed"
    words = demand + ("" if required else " (shown, not required)")
    return Gate(name, words, status, detail, required, "" if passed else shortfall)


@dataclass(frozen=True)
class Cap:
    """What keeps an answer at suggestive, and why; `takes_back`: it was measured, and leaves the answer's own p no evidence."""

    cap: str
    reason: str
    takes_back: bool = False


class DoubtWeight(IntEnum):
    """How much a doubt weighs: the strongest one stands on the card."""

    DATA = 1
    """A serious finding in data or design."""
    SIZE = 2
    """The tests reject too often."""
    FAULT = 3
    """The consideration speaks against the answer."""
    OPEN = 4
    """What would have to be looked at could not be."""
    OF_FINDING = 5
    """Matters only where an effect was found."""
    REMAINS = 6
    """What remains of the best of answers."""


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt the answer, in one sentence."""

    weight: DoubtWeight
    sentence: str


@dataclass(frozen=True)
class Sensitivity:
    """One row of the card's table "what would change the answer"; `considerations.sensitivity` makes it.

    Attributes
    ----------
    name
        What was taken away or adjusted for, in a few words (`considerations.sensitivity.ASKED` for those of every card).
    words
        What the effect would be and whether that changes the reading, in one sentence without its full stop; or why
        nobody can tell.
    effect, ci_low, ci_high, p_value
        The effect as it would be (target minus reference, in the unit of the hypothesis), its 95 % interval and two-sided p.
    changes
        Whether the reading would be another one; None where the row could not be had.
    weakens
        Whether an effect of cohorts would still be shown, but no longer at the p that `supported` needs.
    missing
        Why the row could not be had; empty where it was.
    """

    name: str
    words: str
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    changes: bool | None = None
    weakens: bool = False
    missing: str = ""


@dataclass(frozen=True)
class Found:
    """What speaks against the certainty of an answer, where no cap says it already.

    Attributes
    ----------
    name
        Its concern (`verdict.certainty.CONCERNS`).
    reason
        In one sentence.
    answered_by
        Name of the sensitivity row that gives the effect without it: where that row changes nothing, it is no concern.
    """

    name: str
    reason: str
    answered_by: str = ""


@dataclass(frozen=True)
class Case:
    """One hypothesis as it is put to a consideration.

    Attributes
    ----------
    hypothesis
        As declared.
    evidence
        The measured primary effects.
    carrying
        The independent contrasts that the answer rests on, one per source.
    family_factor
        By how much the family of questions multiplies the p of this one (Holm).
    """

    hypothesis: HypothesisToPlace
    evidence: HypothesisEvidence
    carrying: tuple[str, ...]
    family_factor: float = 1.0

    @property
    def is_cohort(self) -> bool:
        """Whether people are compared; otherwise treated samples."""
        return self.hypothesis.kind == "cohort"


@dataclass(frozen=True)
class Judgement:
    """What one consideration says of one hypothesis.

    Attributes
    ----------
    columns
        A record whose fields are the columns of `verdicts.json` that this consideration fills.
    missing
        For each of these columns that is null: why.
    gates, caps, doubts
        Conditions, what keeps the answer at suggestive, and reasons to doubt it.
    sentence, notes
        What joins the sentence of the effect, and what a reader should know beside.
    refusal
        The rule, in one sentence, by which nothing may carry a verdict; empty where that is not so.
    places
        Per contrast: percentile of the primary set among comparator sets, None without a valid comparator.
    sensitivity
        Its rows of the table "what would change the answer".
    found
        What speaks against the certainty of the answer, beside its caps.
    """

    columns: object
    missing: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    caps: tuple[Cap, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    sentence: str = ""
    notes: tuple[str, ...] = ()
    refusal: str = ""
    places: Mapping[str, float | None] = field(default_factory=dict)
    sensitivity: tuple[Sensitivity, ...] = ()
    found: tuple[Found, ...] = ()


Judge = Callable[[Case], Judgement]
"""A consideration that holds its record of a study."""

Record = TypeVar("Record")


def judge_by_hypothesis(
    judge: Callable[[Case, Record], Judgement], records: Mapping[str, Record], unmeasured: Record
) -> Judge:
    """Return the judge that looks up its record of the hypothesis that it is asked of.

    Parameters
    ----------
    judge
        Judges a hypothesis by its record.
    records
        By hypothesis.
    unmeasured
        What it is given of one without a record.

    Returns
    -------
    Judge
        The judge with its record of a study.
    """
    return lambda case: judge(case, records.get(case.hypothesis.id, unmeasured))


def ordinal(value: float) -> str:
    """Return a rank or percentile as a reader says it.

    >>> ordinal(1), ordinal(22.4), ordinal(13), ordinal(100)
    ('1st', '22nd', '13th', '100th')
    """
    whole = round(value)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th") if whole % 100 not in {11, 12, 13} else "th"
    return f"{whole}{ending}"


def as_sentence(text: str) -> str:
    """Return a clause with a capital and a full stop."""
    return f"{capitalised(text)}."
