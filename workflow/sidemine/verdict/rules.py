"""The closed rule table: evidence, gates and caps in, one of five verdicts out; the first rule that matches wins.

The rules are those of the study's statistical contract. Cohorts (`cohorts.py`) are judged by the effect pooled over
independent datasets, experiments (`experiments.py`) one by one. In this order:

1. *not testable*: a required control that did not behave as expected (`decide.py`), a consideration that refuses, no margin,
   no contrast that could be tested.
2. *conflicting*: two datasets of opposite sign, each 90 % interval excluding 0 (of more datasets, a wider one: `pooling.conflict_level`).
3. *supported*: every required gate is passed and nothing caps the answer.
4. *suggestive* or *not supported*. Cohorts: *not supported* (the one-sided 95 % limit in the declared direction lies
   below the margin, or the 95 % interval excludes 0 on the other side) precedes *suggestive* (pooled p ≤ .05 in the
   declared sign). Experiments: *suggestive* (one experiment passes, none is opposite), then *not supported*.
5. *not testable*: undecided.

A p-value above .05 is never `not supported` by itself: that needs a confidence limit inside the margin. A gate that was
not evaluated is never passed: it caps. Every decision says in words the one branch that was met.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.judgement import Cap, DoubtWeight, Gate, Judgement, as_sentence
from sidemine.considerations.sensitivity import NEAR_LIMIT
from sidemine.effect.pooling import conflict_level
from sidemine.effect.record import HypothesisEvidence
from sidemine.study.projections import HypothesisToJudge
from sidemine.verdict.card import CardCap
from sidemine.verdict.readings import Reading, independent_readings, opposite_sides, read_contrasts
from sidemine.verdict.vocabulary import Behaviour, Verdict

RULES_VERSION = "2027.10"


@dataclass(frozen=True)
class Decision:
    """A verdict and the branch of the rule table that gave it.

    Attributes
    ----------
    verdict
        One of the closed vocabulary.
    rule
        The branch that was met, in words.
    opposite
        True when the data point significantly against the declared direction.
    unspecial
        True when an experiment would pass, were it not that many other sets changed as much.
    """

    verdict: Verdict
    rule: str
    opposite: bool = False
    unspecial: bool = False


@dataclass(frozen=True)
class Level:
    """The p that a hypothesis is judged by.

    Attributes
    ----------
    p
        A question's after Holm over the questions of the study, a control's own; None where nothing could be tested.
    n_questions
        Questions of the study, answered or not; 0 for a control, which stands outside their family.
    """

    p: float | None
    n_questions: int

    def factor_of(self, p_value: float | None) -> float:
        """Return by how much the family multiplied this p of its own (capped where the corrected p is 1); 1 without one."""
        return max(self.p / p_value, 1.0) if self.p and p_value else 1.0

    @property
    def demand(self) -> str:
        """What the gate says of this level."""
        return (
            "after Holm over the study's questions" if self.n_questions else "(a control's own, outside Holm's family)"
        )

    @property
    def corrected(self) -> str:
        """The figure, and for how many questions it was corrected."""
        over = f", corrected for {self.n_questions} questions (Holm)," if self.n_questions > 1 else ""
        return f"{over} is {self.p:.2g}"

    def above(self, limit: float, whose: str) -> str:
        """Return the figure, by whose limit it is too large, and why the interval beside it may say otherwise.

        Parameters
        ----------
        limit
            Largest p that counts.
        whose
            What needs it: cohorts, experiments.
        """
        alone = "; the interval is for this question alone" if self.n_questions > 1 else ""
        return f"{self.corrected}: above the {limit:g} that {whose} need{alone}."

    @property
    def told(self) -> str:
        """The figure with its family."""
        family = (
            f"Holm over {self.n_questions} question{'s' * (self.n_questions > 1)}" if self.n_questions else "own level"
        )
        return f"{family}: {self.p:.2g}"


class Rules(ABC):
    """The rule table of one kind of hypothesis.

    Attributes
    ----------
    noun
        What is counted.
    beyond_margin
        Whether each contrast must answer by itself (`readings.read_contrast`).
    """

    noun: str
    beyond_margin: bool

    @property
    def alone(self) -> str:
        """What is missing where one dataset stands alone."""
        return f"Only one {self.noun}; two are needed."

    @abstractmethod
    def primary_p(self, evidence: HypothesisEvidence) -> float | None:
        """Return the two-sided p that a hypothesis brings to Holm's family; None where nothing could be tested."""

    @abstractmethod
    def declared_p(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the same p one-sided in the declared direction, before Holm: what a line of evidence counts by.

        Parameters
        ----------
        evidence
            Of the hypothesis.
        direction
            Declared direction; `either`: the p stays two-sided.
        """

    @abstractmethod
    def gates(
        self, readings: Sequence[Reading], evidence: HypothesisEvidence, direction: str, level: Level
    ) -> list[Gate]:
        """Return the gates that measured effects must pass.

        Parameters
        ----------
        readings
            One per contrast that could be tested.
        evidence
            Of the hypothesis.
        direction
            Declared direction: up, down or either.
        level
            The p that decides.
        """

    def carrying(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:
        """Return the readings of the contrasts that the answer rests on: one per independent source."""
        return independent_readings(readings, evidence.pooled)

    @abstractmethod
    def compared(self, readings: Sequence[Reading], evidence: HypothesisEvidence) -> Sequence[Reading]:
        """Return the readings between which a conflict counts."""

    @abstractmethod
    def weigh(
        self, evidence: HypothesisEvidence, readings: Sequence[Reading], direction: str, missing: Sequence[str] | None
    ) -> Decision:
        """Return the decision on evidence with a margin that does not conflict.

        Parameters
        ----------
        evidence, readings, direction
            As in `gates`.
        missing
            What keeps the answer from `supported`, one sentence each, the first of which is told; None: gates were not
            evaluated.
        """

    @abstractmethod
    def excludable(self, evidence: HypothesisEvidence) -> float | None:
        """Return the smallest effect that the data could have excluded."""

    @abstractmethod
    def limit(self, evidence: HypothesisEvidence, direction: str) -> float | None:
        """Return the one-sided 95 % limit, target minus reference: effects beyond it in the declared direction are excluded.

        Parameters
        ----------
        evidence, direction
            As in `gates`. Of several contrasts or arms that each must exclude, the limit of the one that excludes least.
        """

    @abstractmethod
    def remaining_doubt(self, decided: Decided) -> str:
        """Return the strongest doubt of this kind of answer where nothing was found against it."""

    @abstractmethod
    def scope(self, k: int, direction: str) -> str:
        """Say what an answer over k independent datasets is about; empty where it may speak of others too."""

    def read(self, evidence: HypothesisEvidence, direction: str) -> list[Reading]:
        """Return how each contrast that could be tested reads."""
        return read_contrasts(evidence, direction, beyond_margin=self.beyond_margin)

    def apply(
        self,
        evidence: HypothesisEvidence,
        readings: Sequence[Reading],
        direction: str,
        gates: Sequence[Gate] | None = None,
        caps: Sequence[Cap] = (),
    ) -> Decision:
        """Apply the rule table to one hypothesis.

        Parameters
        ----------
        evidence, readings, direction
            As in `gates`.
        gates
            Those of the effect and of all considerations. None: they were not evaluated, so nothing is above suggestive.
        caps
            What keeps the answer at suggestive.
        """
        if evidence.margin.value is None:
            return Decision(Verdict.NOT_TESTABLE, f"No margin could be set: {evidence.margin.rule}.")
        if not readings:
            problems = [row.problem.what for row in evidence.contrasts if row.problem]
            of_several = f"None of the {len(evidence.contrasts)} contrasts could be tested; of the first one: "
            start = "Its only contrast could not be tested: " if len(evidence.contrasts) == 1 else of_several
            return Decision(Verdict.NOT_TESTABLE, f"{start}{problems[0] if problems else 'its effect is no number'}.")
        compared = self.compared(readings, evidence)
        higher, lower = opposite_sides(compared)
        if higher and lower:
            rule = f"{names(higher)} is higher and {names(lower)} is lower, each with a {100 * conflict_level(len(compared)):.3g} % interval that excludes 0."
            return Decision(Verdict.CONFLICTING, rule)
        return self.weigh(
            evidence, readings, direction, None if gates is None else list(shortfalls(gates, caps).values())
        )


@dataclass(frozen=True)
class Decided:
    """Everything that the rule table made of one hypothesis.

    Attributes
    ----------
    rules, hypothesis, evidence, readings
        The rule table of its kind; as declared; what was measured, with places among comparator sets; how each contrast reads.
    level
        The p that it was judged by.
    judgements
        Of the considerations, in their order.
    gates, caps
        All gates, required or shown; what keeps the answer at suggestive.
    bites
        Whether the verdict would be higher without caps.
    decision
        The verdict and its rule.
    failed_controls
        Required controls that did not behave as expected, or could not be judged, in words; the answer was taken back.
    unexpected
        Other controls of its kind in the study that did not behave as expected.
    """

    rules: Rules
    hypothesis: HypothesisToJudge
    evidence: HypothesisEvidence
    readings: list[Reading]
    level: Level
    judgements: list[Judgement]
    gates: list[Gate]
    caps: list[Cap]
    bites: bool
    decision: Decision
    failed_controls: str = ""
    unexpected: tuple[str, ...] = ()

    @property
    def p_of_line(self) -> float | None:
        """One-sided p by which its own contrasts count as a line of evidence.

        None where they say nothing: they could not be tested, a required control failed, or a consideration refuses them.
        """
        refused = any(judgement.refusal for judgement in self.judgements)
        if not self.readings or self.failed_controls or refused:
            return None
        return self.rules.declared_p(self.evidence, self.hypothesis.primary.direction)

    @property
    def behaviour(self) -> Behaviour | None:
        """What a control did; None of a question.

        A positive control must come out suggestive or better. Of a negative one the effect must be excluded: one that moved
        the other way excludes it too, and is told apart. A change that many other sets share is a change.
        """
        verdict, role = self.decision.verdict, self.hypothesis.role
        if role == "question":
            return None
        shown, excluded = verdict.rank > 0, verdict is Verdict.NOT_SUPPORTED
        if shown if role == "positive_control" else excluded:
            return Behaviour.TURNED if excluded and self.decision.opposite else Behaviour.EXPECTED
        moved = role == "negative_control" and self.decision.unspecial
        if shown or excluded or moved or verdict is Verdict.CONFLICTING:
            return Behaviour.UNEXPECTED
        return Behaviour.UNKNOWN

    def first_doubt(self, *weights: DoubtWeight) -> str:
        """Return the first doubt of the considerations of the strongest of these weights; empty without any."""
        doubts = [doubt for judgement in self.judgements for doubt in judgement.doubts if doubt.weight in weights]
        return min(doubts, key=lambda doubt: doubt.weight).sentence if doubts else ""

    @property
    def first_change(self) -> str:
        """What would change the answer, in one sentence: the first such row of the considerations; empty without any.

        A row that changes it by a small part of the effect, since p is near .05, comes after the others.
        """
        by_little = [any(cap.cap == NEAR_LIMIT for cap in judgement.caps) for judgement in self.judgements]
        order = sorted(zip(by_little, self.judgements, strict=True), key=lambda pair: pair[0])
        rows = [row for _, judgement in order for row in judgement.sensitivity if row.changes]
        return as_sentence(rows[0].words) if rows else ""


def shortfalls(gates: Sequence[Gate], caps: Sequence[Cap | CardCap]) -> dict[str, str]:
    """Return what keeps an answer from `supported`, one sentence for each name: a missing direction, gates, other caps."""
    capped: dict[str, str] = {}
    for cap in caps:
        capped.setdefault(cap.cap, cap.reason)
    reasons = {name: reason for name, reason in capped.items() if name == "direction"}
    for gate in gates:
        if gate.required and gate.status != "passed":
            status = "not met" if gate.status == "failed" else "not evaluated"
            generic = f"A condition is {status}: {gate.gate} ({gate.detail})."
            reasons.setdefault(gate.name, capped.get(gate.name) or gate.shortfall or generic)
    return reasons | {name: reason for name, reason in capped.items() if name not in reasons}


def hint(seen: str, missing: Sequence[str] | None) -> Decision:
    """Return `suggestive`: what was seen, the first thing that is missing, and how many more are."""
    first, *others = ["The gates were not evaluated."] if missing is None else missing
    conditions = "condition is" if len(others) == 1 else "conditions are"
    more = f" {len(others)} more {conditions} not met." if others else ""
    return Decision(Verdict.SUGGESTIVE, f"{seen}. {first}{more}")


def names(readings: Sequence[Reading]) -> str:
    """Return the contrasts by name."""
    return ", ".join(reading.evidence.contrast for reading in readings)


def declared_way(direction: str) -> str:
    """Return where the change was declared to go, in words."""
    return "in one direction" if direction == "either" else "in the declared direction"
