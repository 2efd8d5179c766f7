"""The answer card of one hypothesis, and `verdicts.json`: their writer and their reader.

Each consideration fills columns of its own. On disk they stand beside the card's own columns, in memory they are one record
per consideration (`Card.columns_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

from pydantic import JsonValue

from sidemine.considerations.judgement import Gate, Sensitivity
from sidemine.effect.record import ContrastEvidence, Interval, Margin, PooledEffect
from sidemine.lines.evidence import Call, LayerEvidence
from sidemine.lines.published.record import DescribedTable
from sidemine.records import as_json, as_record, fields_of
from sidemine.study.choices import Score
from sidemine.study.hypotheses import HypothesisRole
from sidemine.tables import write_json
from sidemine.verdict.vocabulary import Behaviour, Verdict

Columns = TypeVar("Columns")


@dataclass(frozen=True)
class Declared:
    """What was declared before any result was seen, and the margin as it came about."""

    set: str
    contrasts: list[str]
    test: str
    direction: str
    margin: Margin
    expects_sign: str
    score: Score


@dataclass(frozen=True)
class CardContrast(ContrastEvidence):
    """A contrast's evidence and how it reads.

    Attributes
    ----------
    p_declared_direction
        One-sided self-contained p in the declared direction.
    competitive_reading
        What the competitive p says, in words.
    smallest_excludable
        Smallest effect that data of this precision exclude; None of wells of one culture, which exclude none.
    one_sided_limit
        One-sided 95 % limit in the declared direction, target minus reference: effects beyond it are excluded.
    agrees
        Declared sign with z > 1; None where it could not be tested.
    """

    p_declared_direction: float | None = None
    competitive_reading: str = ""
    smallest_excludable: float | None = None
    one_sided_limit: float | None = None
    agrees: bool | None = None


@dataclass(frozen=True)
class Agreeing:
    """k of n independent sources agree."""

    k: int
    n: int


@dataclass(frozen=True)
class CardCap:
    """What keeps the answer at suggestive, why, and whether the verdict would be higher without caps.

    `takes_back`: it was measured, and leaves the answer's own p no evidence.
    """

    cap: str
    reason: str
    bites: bool
    takes_back: bool = False


@dataclass(frozen=True)
class SecondarySet:
    """FRY of an exploratory set in one contrast."""

    contrast: str
    gene_set: str
    effect: float | None
    direction: str
    p_value: float | None
    q_value: float | None


@dataclass(frozen=True, kw_only=True)
class EvidenceRow(LayerEvidence):
    """One row of `evidence.tsv` as it is told: what was measured, and the words of its declaration.

    Attributes
    ----------
    hypothesis, source, licence, status
        As declared; of the contrasts of the hypothesis, and of layers that are not available, without source.
    in_line
        Id of the line that it belongs to: the id of the row that speaks for it. Empty where nothing was declared.
    """

    hypothesis: str
    source: str
    licence: str
    status: str
    in_line: str


@dataclass(frozen=True)
class IndependentLine:
    """One line of evidence.

    Attributes
    ----------
    line
        Id of the row that speaks for it, declared beforehand.
    layers
        Words of all its layers, its own first.
    call, p_declared
        As that row reads.
    """

    line: str
    layers: list[str]
    call: Call
    p_declared: float | None


@dataclass(frozen=True)
class Synthesis:
    """What all layers say of one question.

    Attributes
    ----------
    rows
        Every layer, the hypothesis' own contrasts first; layers that are not available last.
    lines
        The independent lines, in that order.
    n_tested, n_shown
        Lines that could be tested, and of how many of them it is shown that they point in the declared direction.
    conflicting
        Whether one line is in favour and another one against.
    sentence
        The one sentence of it.
    downgrades
        Why the lines weigh less, each in one clause.
    """

    rows: list[EvidenceRow]
    lines: list[IndependentLine]
    n_tested: int
    n_shown: int
    conflicting: bool
    sentence: str
    downgrades: list[str]


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
    """One reason to rate down: in a sentence, and in a word or three."""

    domain: Domain
    reason: str
    brief: str


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
    not_rated_down: list[Downgrade]


@dataclass(frozen=True)
class Card:
    """The answer to one hypothesis.

    Attributes
    ----------
    hypothesis, question, kind, role, declared, threats
        As declared.
    behaviour
        What a control did; None of a question.
    verdict, opposite, rule, sentence, scope, doubt
        The answer; whether the data point significantly the other way; the branch of the rules that was met, the effect,
        what the answer is about, and the strongest reason to doubt, in words.
    evidence, control, pooled, agreeing
        The contrasts, the positive control of the margin, the pooled effect (None below two datasets), and how many
        independent sources agree.
    p_self_contained, p_competitive, p_holm, smallest_excludable
        Smallest p over the contrasts times their number; the p after Holm (questions only); what the data could have excluded.
    one_sided_limit
        One-sided 95 % limit in the declared direction, target minus reference: effects beyond it are excluded. Of several
        contrasts that each must exclude, that of the one that excludes least.
    gates, caps
        All gates, and what keeps the answer at suggestive.
    not_computed
        For each column that is null: why.
    sensitivity
        What would change the answer, one row per question.
    synthesis
        What all declared layers of evidence say; None of a control.
    certainty
        In GRADE's levels, with its reasons; None where there is no answer to be certain of.
    would_change
        What would change the answer, in a sentence or two.
    secondary, notes
        Exploratory sets; what a reader should know beside.
    considered
        Columns of the considerations, one record each.
    """

    hypothesis: str
    question: str
    kind: str
    role: HypothesisRole
    behaviour: Behaviour | None
    verdict: Verdict
    opposite: bool
    rule: str
    sentence: str
    scope: str
    declared: Declared
    evidence: list[CardContrast]
    control: CardContrast | None
    agreeing: Agreeing | None
    pooled: PooledEffect | None
    not_computed: dict[str, str]
    p_self_contained: float | None
    p_competitive: float | None
    p_holm: float | None
    smallest_excludable: float | None
    one_sided_limit: float | None
    doubt: str
    caps: list[CardCap]
    gates: list[Gate]
    sensitivity: list[Sensitivity]
    synthesis: Synthesis | None
    certainty: Certainty | None
    would_change: str
    secondary: list[SecondarySet]
    notes: list[str]
    threats: list[str]
    considered: tuple[object, ...] = field(default=(), metadata={"columns": True})

    @property
    def is_control(self) -> bool:
        """Whether it is a control: it is told by what it did."""
        return self.role != "question"

    @property
    def word(self) -> Verdict | Behaviour:
        """What stands on the card: the verdict of a question, what a control did."""
        return self.behaviour or self.verdict

    @property
    def estimated(self) -> list[tuple[CardContrast, Interval]]:
        """The contrasts with an effect, and their effects."""
        return [(row, row.interval) for row in self.evidence if row.interval is not None]

    @property
    def main_effect(self) -> Interval | None:
        """The effect that the answer rests on: the pooled one, or that of the only contrast with one.

        None where the datasets' sizes differ so much that no single figure stands for them.
        """
        if self.pooled:
            return None if self.pooled.sizes_differ else self.pooled.interval
        return self.estimated[0][1] if len(self.estimated) == 1 else None

    @property
    def competitive_is_uninformative(self) -> bool:
        """Whether no contrast has the samples for a competitive p to say anything."""
        readings = [row.competitive_reading for row in self.evidence if row.competitive_reading]
        return bool(readings) and all(reading.startswith("uninformative") for reading in readings)

    def columns_of(self, kind: type[Columns]) -> Columns:
        """Return the columns of one consideration.

        Raises
        ------
        KeyError
            When this consideration filled none.
        """
        for columns in self.considered:
            if isinstance(columns, kind):
                return columns
        raise KeyError(kind.__name__)


@dataclass(frozen=True)
class Verdicts:
    """`verdicts.json`.

    Attributes
    ----------
    study
        Its section of the configuration.
    rules_version
        Of the rule table.
    simulated, planted
        Whether any input is simulated, and what the simulator planted, in sentences.
    verdicts
        The answer cards, in declared order.
    published_tables
        Descriptions of the published tables.
    """

    study: dict[str, JsonValue]
    rules_version: str
    simulated: bool
    planted: list[str]
    verdicts: list[Card]
    published_tables: list[DescribedTable]


def write_verdicts(verdicts: Verdicts, path: Path) -> None:
    """Write `verdicts.json`."""
    write_json(verdicts_json(verdicts), path)


def verdicts_json(verdicts: Verdicts) -> dict[str, JsonValue]:
    """Return the content of `verdicts.json`."""
    plain = _object(verdicts)
    plain["verdicts"] = [card_json(card) for card in verdicts.verdicts]
    return plain


def card_json(card: Card) -> dict[str, JsonValue]:
    """Return a card as it stands in `verdicts.json`: the columns of the considerations beside its own."""
    plain = _object(card)
    del plain["considered"]
    for columns in card.considered:
        plain |= _object(columns)
    return plain


def verdicts_of(content: JsonValue, kinds: Sequence[type[object]], where: str) -> Verdicts:
    """Read `verdicts.json` from its parsed JSON.

    Parameters
    ----------
    content
        What the file holds.
    kinds
        The columns of the considerations (`considerations.registry.columns_of_considerations`).
    where
        The file, for messages.

    Raises
    ------
    InputError
        When it is not what the verdict stage writes.
    """
    parts = as_record(dict[str, JsonValue], content, where)
    cards = as_record(list[dict[str, JsonValue]], parts.get("verdicts"), where)
    shell = as_record(Verdicts, parts | {"verdicts": []}, where)
    return replace(shell, verdicts=[read_card(card, kinds, where) for card in cards])


def read_card(content: dict[str, JsonValue], kinds: Sequence[type[object]], where: str = "a card") -> Card:
    """Read one card from its JSON; see `verdicts_of`.

    Parameters
    ----------
    content
        JSON of the card.
    kinds
        Records of the considerations, whose columns stand among those of the card.
    where
        The file, for messages.
    """
    card_columns = dict(content)
    considered = []
    for kind in kinds:
        columns = {name: card_columns.pop(name) for item in fields(kind) if (name := item.name) in card_columns}  # type: ignore[arg-type]
        considered.append(as_record(kind, columns, where))
    return Card(
        **{**fields_of(as_record(Card, {"considered": [], **card_columns}, where)), "considered": tuple(considered)}
    )


def _object(record: object) -> dict[str, JsonValue]:
    plain = as_json(record)
    if not isinstance(plain, dict):
        raise TypeError("a record is an object")
    return plain
