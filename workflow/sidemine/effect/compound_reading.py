"""How a panel reads: how many compounds act, whether a response depends on dose or time, and what is excluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sidemine.effect.compound_record import ArmEffect, CompoundEvidence, SidedP
from sidemine.effect.intervals import Effect
from sidemine.effect.record import Margin
from sidemine.stats.multiplicity import holm
from sidemine.stats.partial_conjunction import partial_conjunction_p
from sidemine.stats.tails import two_sided_p

ONE_SIDED_P = 0.025
"""One-sided p, in the declared direction, up to which something is shown: that of every experiment."""
EXCLUDED_P = 0.05
"""One-sided p at which an effect of the margin is excluded."""
VEHICLE_ALONE = "not told apart from the other compounds"
"""Pattern of what holds against the vehicle, and not against the compounds of another class, where the vehicle drops out."""
_ORDERED = {"dose": "doses", "time": "times"}
_LATER = {"dose": "higher", "time": "later"}


@dataclass(frozen=True)
class PanelReading:
    """A panel towards what was declared.

    Attributes
    ----------
    p
        One-sided p that decides, in the declared direction (`either`: twice that of the better side), vehicle guard included;
        None where there is no model.
    p_vehicle, p_guard
        The same against the vehicle alone, and against the compounds of another class; None without any.
    needed, k
        How many arms must act (class_wide), of how many in the model; dose and time: one, of how many.
    beyond
        Arms whose effect lies beyond the margin in the declared direction.
    acting
        Arms that are shown to act, Holm over the arms.
    opposed
        Arms that are shown to act the other way, Holm over the arms.
    excluded
        Arms in which an effect of the margin is excluded: against the vehicle, and no effect is shown against the compounds of
        another class. `either`: on both sides.
    p_trend
        One-sided p of the trend among treated arms (dose, time).
    shown
        Whether the claim is shown: p, and enough arms beyond the margin.
    refuted
        Whether it is excluded: too few arms can have an effect of the margin.
    at_least
        Of how many compounds at least it is shown that they act, where the claim of a class is shown; else 0.
    pattern
        What was found, in a few words; empty without a model.
    """

    p: float | None
    p_vehicle: float | None
    p_guard: float | None
    needed: int
    k: int
    beyond: tuple[str, ...] = ()
    acting: tuple[str, ...] = ()
    opposed: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    p_trend: float | None = None
    shown: bool = False
    refuted: bool = False
    at_least: int = 0
    pattern: str = ""


def needed_of(k: int) -> int:
    """Return how many of k compounds must act for "class-wide": two thirds, rounded up."""
    return -(-2 * k // 3)


def read_panel(evidence: CompoundEvidence, margin: Margin) -> PanelReading:
    """Return how a panel reads.

    Parameters
    ----------
    evidence
        The panel in one model.
    margin
        Smallest effect worth calling one; where it could not be had, nothing can be beyond it.
    """
    # An arm that could not be tested counts among those asked for: it is not shown to act, and nothing is excluded of it.
    arms = [arm for arm in evidence.arms if arm.carries]
    needed = needed_of(len(arms)) if evidence.asks == "class_wide" else 1
    if evidence.problem is not None or margin.value is None:
        return PanelReading(None, None, None, needed, len(arms))
    if evidence.direction != "either":
        return _read_side(evidence, arms, evidence.direction, margin, needed)
    sides = [_read_side(evidence, arms, side, margin, needed, sides=2) for side in ("up", "down")]
    better = min(sides, key=lambda reading: reading.p if reading.p is not None else 1.0)
    return replace(better, refuted=all(side.refuted for side in sides))


@dataclass(frozen=True)
class _Side:
    """The arms towards one side: one-sided p against the vehicle, against the other compounds, and the larger one."""

    vehicle: list[float]
    others: list[float]
    guarded: list[float]
    beyond: tuple[str, ...]
    acting: tuple[str, ...]
    within: list[float]


def _side_of(evidence: CompoundEvidence, arms: Sequence[ArmEffect], side: str, margin: Margin, sides: int) -> _Side:
    vehicle = [min(1.0, sides * _on_side(arm.tested, side)) for arm in arms]
    others = [min(1.0, sides * _on_side(arm.over_others, side)) for arm in arms] if evidence.others else []
    guarded = [max(both) for both in zip(vehicle, others, strict=True)] if others else vehicle
    beyond = tuple(arm.contrast for arm in arms if _signed(arm, side) > (margin.value or 0.0))
    acting = tuple(
        arm.contrast
        for arm, p in zip(arms, holm(guarded), strict=True)
        if p is not None and p <= ONE_SIDED_P and arm.contrast in beyond
    )
    within = [_p_within(arm, side, margin) if evidence.can_exclude else 1.0 for arm in arms]
    # Where an arm differs from the other compounds, the vehicle may be what hides its effect: nothing is excluded.
    within = [1.0 if over <= ONE_SIDED_P else p for p, over in zip(within, others, strict=True)] if others else within
    return _Side(vehicle, others, guarded, beyond, acting, within)


def _read_side(
    evidence: CompoundEvidence, arms: Sequence[ArmEffect], side: str, margin: Margin, needed: int, sides: int = 1
) -> PanelReading:
    k = len(arms)
    here = _side_of(evidence, arms, side, margin, sides)
    away = _side_of(evidence, arms, "down" if side == "up" else "up", margin, sides)
    vehicle, guarded, beyond, within = here.vehicle, here.guarded, here.beyond, here.within
    both = here.within if sides == 1 else [max(each) for each in zip(here.within, away.within, strict=True)]
    excluded = tuple(arm.contrast for arm, p in zip(arms, both, strict=True) if p <= EXCLUDED_P)
    reading = PanelReading(None, None, None, needed, k, beyond, here.acting, away.acting, excluded)
    if evidence.asks == "class_wide":
        p_vehicle = partial_conjunction_p(vehicle, needed)
        p = partial_conjunction_p(guarded, needed)
        shown = p <= ONE_SIDED_P and len(beyond) >= needed
        # "Fewer than `needed` have an effect of the margin": at least k − needed + 1 have none.
        refuted = partial_conjunction_p(within, k - needed + 1) <= EXCLUDED_P
        reading = replace(
            reading,
            p=p,
            p_vehicle=p_vehicle,
            p_guard=partial_conjunction_p(here.others, needed) if here.others else None,
            shown=shown,
            refuted=refuted and not shown,
        )
        names = {arm.contrast: arm.compound for arm in arms}
        reading = replace(reading, at_least=_at_least(reading, guarded) if shown else 0)
        return replace(reading, pattern=_with_opposed(_pattern_of_class(reading, arms), reading, names))
    response = evidence.response
    if response is None:
        return reading
    p_vehicle = min(1.0, sides * (response.p_up if side == "up" else response.p_down))
    guard = response.over_others
    p_guard = None if guard is None else min(1.0, sides * _on_side(guard, side))
    p = p_vehicle if p_guard is None else max(p_vehicle, p_guard)
    trends = [response.trend, *([response.trend_over_others] if response.trend_over_others else [])]
    p_trend = min(1.0, sides * max(_on_side(trend, side) for trend in trends))
    reading = replace(
        reading,
        p=p,
        p_vehicle=p_vehicle,
        p_guard=p_guard,
        p_trend=p_trend,
        shown=p <= ONE_SIDED_P and len(beyond) >= needed,
        refuted=len(excluded) == k,
    )
    pattern = _pattern_of_response(reading, evidence.asks)
    return replace(
        reading, pattern=_with_opposed(pattern, reading, {arm.contrast: evidence.amount(arm) for arm in arms})
    )


def _on_side(sided: SidedP | None, side: str) -> float:
    return 1.0 if sided is None else sided.on_side(side)


def _signed(arm: ArmEffect, side: str) -> float:
    """Return an effect, counted positive on a side; −∞ where there is none."""
    return -np.inf if arm.effect is None else arm.effect if side == "up" else -arm.effect


def arm_limit(arm: ArmEffect, direction: str) -> float | None:
    """Return the one-sided 95 % limit of an arm, target minus reference; None where the arm is not in the model.

    Parameters
    ----------
    arm
        The arm.
    direction
        Declared direction of its panel.
    """
    if arm.effect is None or arm.effect_se is None or arm.df is None:
        return None
    return Effect(arm.effect, arm.effect_se, arm.df).signed_limit(direction)


def _p_within(arm: ArmEffect, side: str, margin: Margin) -> float:
    """Return the one-sided p of "the effect is the margin or more": small where such an effect is excluded."""
    if arm.effect is None or arm.effect_se is None or arm.df is None or arm.effect_se <= 0:
        return 1.0
    over = Effect(arm.effect, arm.effect_se, arm.df).minus(margin, side, arm.contrast)
    t = over.value / over.se
    half = float(two_sided_p(np.array([t]), over.df)[0]) / 2
    return half if t < 0 else 1 - half


def _at_least(reading: PanelReading, guarded: Sequence[float]) -> int:
    """Return of how many compounds at least it is shown that they act.

    By asking for one more at a time, from `needed` on: the order is fixed beforehand, so none of these claims costs another.
    """
    steps = range(reading.needed, reading.k + 1)
    failed = [u for u in steps if partial_conjunction_p(guarded, u) > ONE_SIDED_P or len(reading.beyond) < u]
    return (failed[0] - 1) if failed else reading.k


def _pattern_of_class(reading: PanelReading, arms: Sequence[ArmEffect]) -> str:
    """Return what was found of a class, in words; the first that fits."""
    k, needed = reading.k, reading.needed
    compound_of = {arm.contrast: arm.compound for arm in arms}
    names = [compound_of[name] for name in reading.acting]
    if reading.shown:
        named = f": {', '.join(names)}" if len(names) == reading.at_least else ""
        return f"class-wide ({reading.at_least} of {k} compounds{named})"
    if reading.p_vehicle is not None and reading.p_vehicle <= ONE_SIDED_P and len(reading.beyond) >= needed:
        return VEHICLE_ALONE
    others_excluded = set(reading.excluded) >= compound_of.keys() - set(reading.acting)
    if len(names) == 1 and others_excluded and reading.refuted and not reading.opposed:
        return f"not class-wide, this compound only ({names[0]})"
    if names:
        return f"shown for {len(names)} of {k} compounds ({', '.join(names)})"
    if reading.refuted:
        return "no compound" if len(reading.excluded) == k else "not class-wide"
    return "open"


def _with_opposed(pattern: str, reading: PanelReading, names: Mapping[str, str]) -> str:
    """Add which arms are shown to act the other way: "no compound" alone would say that they do nothing."""
    return (
        f"{pattern}; the other way: {', '.join(names[name] for name in reading.opposed)}"
        if reading.opposed
        else pattern
    )


def _pattern_of_response(reading: PanelReading, asks: str) -> str:
    noun = _ORDERED[asks]
    if not reading.shown:
        if reading.p_vehicle is not None and reading.p_vehicle <= ONE_SIDED_P and len(reading.beyond) >= reading.needed:
            return VEHICLE_ALONE
        return f"none of the {noun}" if reading.refuted else "open"
    if reading.p_trend is not None and reading.p_trend <= ONE_SIDED_P:
        return f"{asks}-dependent"
    return f"acts, but is not shown to do more at {_LATER[asks]} {noun}"
