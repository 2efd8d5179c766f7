"""What one linear model says of a panel of compounds, doses or times, before a verdict is given."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidemine.errors import Problem
from sidemine.study.choices import Direction
from sidemine.study.hypotheses import PanelQuestion


def amount_words(value: float | None, unit: str) -> str:
    """Return a dose or a time with its unit; nothing where there is none."""
    return "" if value is None else f"{value:g} {unit}".rstrip()


@dataclass(frozen=True)
class SidedP:
    """A directional test of the primary set: its two-sided p, never 0, and the direction that it found."""

    p_value: float
    direction: str

    def on_side(self, side: str) -> float:
        """Return the one-sided p of up or down."""
        return self.p_value / 2 if self.direction == side else 1 - self.p_value / 2


@dataclass(frozen=True)
class ArmEffect:
    """One arm of a panel against its reference, in the model of all arms; positive means higher in the target.

    Attributes
    ----------
    contrast, compound, of_class, cell, dose, time
        As declared.
    carries
        Whether the answer rests on it: a primary contrast of the hypothesis. The others are shown, or stand on the other side
        of the vehicle guard.
    n_target, n_reference
        Independent biological units on each side.
    problem
        Why the arm is not in the model; None where it is, and then there are figures.
    effect, effect_se, df, ci_low, ci_high
        Log2 fold change of the set over its measured complement, standard error, residual degrees of freedom, 95 % interval.
    tested
        FRY of the primary set.
    over_others
        FRY against the mean of the compounds that are not of the class, where there are some; the reference drops out of this
        comparison.
    """

    contrast: str
    compound: str
    of_class: bool
    cell: str
    dose: float | None
    time: float | None
    carries: bool
    n_target: int
    n_reference: int
    problem: Problem | None = None
    effect: float | None = None
    effect_se: float | None = None
    df: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    tested: SidedP | None = None
    over_others: SidedP | None = None


@dataclass(frozen=True)
class ShapeStatistic:
    """One shape over doses or times.

    Attributes
    ----------
    shape
        Its word.
    weights
        Of the arms' changes, in rising order.
    statistic
        Mean signed normal deviate of the set along this contrast.
    """

    shape: str
    weights: list[float]
    statistic: float


@dataclass(frozen=True)
class Response:
    """What doses or times say together.

    Attributes
    ----------
    shapes
        All shapes that were looked at.
    p_up, p_down
        One-sided p of the largest of them on either side, by rotation of all together.
    trend
        FRY of a rise from treated arm to treated arm; the reference drops out.
    over_others
        FRY of the treated arms' mean against that of the compounds that are not of the class; None without any.
    trend_over_others
        FRY of the same rise in the differences from those compounds: where each time has a vehicle of its own, the trend
        rests on these vehicles. None without any.
    """

    shapes: list[ShapeStatistic]
    p_up: float
    p_down: float
    trend: SidedP
    over_others: SidedP | None
    trend_over_others: SidedP | None = None


@dataclass(frozen=True)
class CompoundEvidence:
    """A panel in one linear model.

    Attributes
    ----------
    asks, direction
        class_wide, dose or time; up, down or either: as declared.
    dose_unit, time_unit
        Units of doses and times, in words.
    arms
        All declared arms, in their order.
    n_samples, n_coefficients
        Of the model; 0 where it could not be fitted.
    others
        Compounds that are not of the class and share the reference of the arms that carry the answer: the other side of the
        vehicle guard. Empty: nothing stands against a vehicle that is off.
    response
        What doses or times say together; None where compounds are asked for, or the model could not be fitted.
    problem
        Why there is no model, or not the one that the question needs.
    n_references
        Different references of the arms that carry the answer.
    notes
        What a reader should know of the model, in sentences.
    can_exclude
        Whether an effect can be excluded: not by wells of one culture.
    """

    asks: PanelQuestion
    direction: Direction
    dose_unit: str
    time_unit: str
    arms: list[ArmEffect]
    n_samples: int
    n_coefficients: int
    others: list[str]
    response: Response | None = None
    problem: Problem | None = None
    n_references: int = 1
    notes: list[str] = field(default_factory=list)
    can_exclude: bool = True

    def amount(self, arm: ArmEffect) -> str:
        """Return the dose or the time of an arm, whichever is asked for, with its unit."""
        value, unit = (arm.time, self.time_unit) if self.asks == "time" else (arm.dose, self.dose_unit)
        return amount_words(value, unit)

    @property
    def carrying(self) -> list[ArmEffect]:
        """The arms that the answer rests on, those that stand in the model."""
        return [arm for arm in self.arms if arm.carries and arm.effect is not None]
