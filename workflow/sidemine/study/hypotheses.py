"""A hypothesis: its question and its pre-declared primary test."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sidemine.study.choices import Direction, Kind, Score
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


PanelQuestion = Literal["class_wide", "dose", "time"]


class CompoundArm(ClosedModel):
    """One arm of a panel: a contrast, and what was given in it."""

    contrast: Identifier = Field(description="The arm against its vehicle, a row of contrasts.tsv.")
    compound: str = Field(min_length=1, description="The compound, by the name that the card tells.")
    of_class: bool = Field(
        default=True,
        description="no: a compound of another class. Such arms guard against a vehicle that is off: what is claimed of the "
        "class must hold against their mean too.",
    )
    cell: str = Field(default="", description="The cells, where a panel has several kinds.")
    dose: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="Dose, a number in `dose_unit`.")
    time: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="Time, a number in `time_unit`.")


class CompoundPanel(ClosedModel):
    """Arms of one dataset that are fitted together, and what is asked of them."""

    asks: PanelQuestion = Field(
        description="class_wide: do at least two thirds of the compounds act (one primary contrast per compound)? dose: does "
        "the change depend on the dose (the primary contrasts are doses of one compound)? time: likewise for times."
    )
    dose_unit: str = Field(default="", description="Unit of the doses.")
    time_unit: str = Field(default="", description="Unit of the times.")
    arms: list[CompoundArm] = Field(
        min_length=2,
        description="All arms of the panel: those of the primary contrasts, other doses or cells (shown in the table), and "
        "compounds of another class.",
    )

    @property
    def contrasts(self) -> list[str]:
        """The contrasts of all arms."""
        return [arm.contrast for arm in self.arms]

    def arm(self, contrast: str) -> CompoundArm:
        """Return the arm of a contrast."""
        return next(arm for arm in self.arms if arm.contrast == contrast)

    def position(self, contrast: str) -> float:
        """Return the dose or the time of an arm, whichever is asked for; 0 where it has none."""
        arm = self.arm(contrast)
        return (arm.time if self.asks == "time" else arm.dose) or 0.0


HypothesisRole = Literal["question", "positive_control", "negative_control"]


class Hypothesis(ClosedModel):
    """A question, its pre-declared primary test, and how the answer is to be read."""

    id: Identifier = Field(description="Id of the hypothesis.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    kind: Kind = Field(
        description="cohort: people compared. experiment: treated samples. panel: several compounds, doses or times of one "
        "dataset, see `compounds`."
    )
    role: HypothesisRole = Field(
        default="question",
        description="question: Holm's adjustment runs over the study's questions. positive_control: the set must move in "
        "the declared direction; negative_control: it must not (`either`: in neither). Controls are judged at their own "
        "level and told as “behaved as expected” or not.",
    )
    primary: PrimaryTest
    compounds: CompoundPanel | None = Field(
        default=None,
        description="Kind panel: its arms, fitted together in one linear model, and what is asked of them.",
    )
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
