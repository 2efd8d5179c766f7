"""A hypothesis: its question and its pre-declared primary test."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidemine.study.choices import Direction, Score
from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName


class MarginOfControl(ClosedModel):
    """Margin of an experiment: a fraction of a positive control's effect on the same set."""

    fraction: float = Field(default=0.2, gt=0, lt=1, description="Fraction of the control's effect.")
    of_contrast: Identifier = Field(description="The positive control contrast.")
    direction: Literal["up", "down"] = Field(
        default="up",
        description="Direction in which the control must move the set significantly; otherwise there is no margin.",
    )


class PrimaryTest(ClosedModel):
    """What a hypothesis declares before any result is seen."""

    set: SetName = Field(description="The ONE primary gene set.")
    contrasts: list[Identifier] = Field(min_length=1, description="Contrasts that the answer rests on.")
    test: Literal["fry"] = Field(
        default="fry",
        description="Primary self-contained test: fry (directional rotation). CAMERA with estimated correlation is "
        "always shown as the competitive test.",
    )
    direction: Direction = Field(
        description="Declared direction of target minus reference; `either` caps at suggestive."
    )
    margin: float | MarginOfControl = Field(
        default=0.4,
        description="Smallest effect worth calling one. Cohorts: Hedges g. Experiments: log2 units, or a fraction of a "
        "positive control's effect.",
    )
    score: Score = Field(
        default="mean",
        description="Cohorts only: how the effect is measured from the people's set scores. mean: least squares. huber: "
        "Huber's regression, in which single people far from the others weigh less; for scores with heavy tails.",
    )
    discovery: list[Identifier] = Field(
        default_factory=list,
        description="Datasets declared as discovery; the others of the hypothesis are the replication. Both orders are "
        "reported. Empty: no split.",
    )

    @property
    def measured_contrasts(self) -> list[str]:
        """The contrasts and, where the margin is a fraction of a positive control, that control."""
        return [*self.contrasts, *([self.margin.of_contrast] if isinstance(self.margin, MarginOfControl) else [])]


HypothesisRole = Literal["question", "positive_control", "negative_control"]


class Hypothesis(ClosedModel):
    """A question, its pre-declared primary test, and how the answer is to be read."""

    id: Identifier = Field(description="Id of the hypothesis.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    kind: Literal["cohort", "experiment"] = Field(description="cohort: people compared. experiment: treated samples.")
    role: HypothesisRole = Field(
        default="question",
        description="question: Holm's adjustment runs over the study's questions. positive_control: the set must move in "
        "the declared direction; negative_control: it must not (`either`: in neither). Controls are judged at their own "
        "level and told as “behaved as expected” or not.",
    )
    primary: PrimaryTest
    expects_sign: Literal["up", "down", "none"] = Field(
        default="none", description="What the published study that is mirrored here reported; shown beside the answer."
    )
    requires: list[Identifier] = Field(
        default_factory=list,
        description="Controls that must behave as expected; otherwise this hypothesis is `not testable`, because its data "
        "could not have shown anything.",
    )
    secondary_sets: list[SetName] = Field(default_factory=list, description="Exploratory sets shown on the same card.")
    threats: list[str] = Field(default_factory=list, description="Threats to validity, in words, for the report.")
