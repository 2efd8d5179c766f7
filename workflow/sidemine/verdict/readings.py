"""How each testable contrast, and the pooled effect, stand towards what was declared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.judgement import COMPARATOR_PERCENTILE
from sidemine.effect.intervals import Effect, measured_effect, one_sided
from sidemine.effect.pooling import conflict_level
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin, PooledEffect

FEWEST_TO_POOL = 2
"""Independent datasets that it takes to pool, and to confirm each other."""
REPLICATION_Z = 0.5
"""Effect over its standard error, in the sign that counts, from which on a cohort replicates."""
FEW_COHORTS = 2
"""Up to this number, every cohort must replicate; beyond it, two thirds of them."""
ONE_SIDED_P = 0.025
"""One-sided self-contained p-value, in the declared direction, up to which a contrast passes."""


@dataclass(frozen=True)
class Reading:
    """How one testable contrast stands towards the declared direction.

    Attributes
    ----------
    passes
        Significant in the declared direction, its effect on the same side and, in experiments, beyond the margin and
        not below the 90th percentile among comparator sets.
    agrees
        Declared sign with z > 1; where none is declared, the sign of the contrast with the smallest p.
    opposite
        Significant on the other side, by the test and by the sign of the effect.
    excluded
        The one-sided 95 % limit (both of them for `either`) lies below the margin, the error of a measured margin counted.
    unspecial
        Would pass, were it not for its percentile among comparator sets.
    """

    evidence: ContrastEvidence
    effect: Effect
    passes: bool
    agrees: bool
    opposite: bool
    excluded: bool
    unspecial: bool = False

    @property
    def has_units(self) -> bool:
        """Tell whether its error knows how another culture would answer; wells of one culture do not."""
        return self.evidence.has_units

    @property
    def proven_special(self) -> bool:
        """Tell whether the percentile among comparator sets is known and high enough for an experiment."""
        place = self.evidence.comparator_percentile
        return place is not None and place >= COMPARATOR_PERCENTILE


def read_contrasts(evidence: HypothesisEvidence, direction: str, *, beyond_margin: bool) -> list[Reading]:
    """Return the readings of all contrasts that could be tested, in the declared order; none without a margin.

    Parameters
    ----------
    evidence
        Evidence of the hypothesis.
    direction
        Declared direction: up, down or either.
    beyond_margin
        As in `read_contrast`.
    """
    if evidence.margin.value is None:
        return []
    side = _side(evidence, direction)
    readings = [
        read_contrast(row, direction, side, evidence.margin, beyond_margin=beyond_margin) for row in evidence.contrasts
    ]
    return [reading for reading in readings if reading is not None]


def read_contrast(
    row: ContrastEvidence, direction: str, side: str, margin: Margin, *, beyond_margin: bool
) -> Reading | None:
    """Return how one contrast reads, or None when it could not be tested.

    Parameters
    ----------
    row
        Evidence of the contrast.
    direction
        Declared direction of target minus reference: up, down or either.
    side
        The direction that counts as agreement: the declared one, or for `either` the one of the smallest p.
    margin
        Smallest effect worth calling one, in the unit of the effect.
    beyond_margin
        Whether each contrast must answer by itself (experiments): beyond the margin, and not below the 90th percentile
        among comparator sets.
    """
    effect, p_value = measured_effect(row), row.p_self_contained
    if effect is None or p_value is None or math.isnan(p_value):
        return None
    signed = effect.value if side == "up" else -effect.value
    p_side, p_against = (one_sided(p_value, row.direction, way) for way in (side, "down" if side == "up" else "up"))
    passes = p_side <= ONE_SIDED_P and signed > ((margin.value or 0.0) if beyond_margin else 0)
    place = row.comparator_percentile
    unspecial = passes and beyond_margin and place is not None and place < COMPARATOR_PERCENTILE
    return Reading(
        row,
        effect,
        passes=passes and not unspecial,
        agrees=signed > effect.se,
        opposite=p_against <= ONE_SIDED_P and signed < 0,
        excluded=effect.excludes(margin, direction, row.contrast),
        unspecial=unspecial,
    )


def independent_readings(readings: Sequence[Reading], pooled: PooledEffect) -> list[Reading]:
    """Return the readings that count as independent: those that the pooled effect rests on, one per source."""
    first: dict[str, Reading] = {}
    for reading in readings:
        if reading.evidence.contrast in pooled.contrasts:
            first.setdefault(reading.evidence.source, reading)
    return list(first.values())


def as_effect(pooled: PooledEffect) -> Effect | None:
    """Return the pooled effect with its limits, or None where nothing was pooled."""
    if pooled.effect is None or pooled.se is None:
        return None
    df = math.inf if pooled.df is None else pooled.df
    return Effect(pooled.effect, pooled.se, df, pooled.limit_factor)


def has_declared_sign(pooled: PooledEffect, direction: str) -> bool:
    """Tell whether the pooled effect points where it was declared to (`either`: anywhere)."""
    if pooled.effect is None:
        return False
    return direction == "either" or (pooled.effect > 0) == (direction == "up")


def replicates(readings: Sequence[Reading], pooled: PooledEffect, direction: str) -> tuple[bool, str]:
    """Tell whether the cohorts replicate each other, and how many show the effect.

    Up to two cohorts: every one has z > .5 in the declared sign (`either`: in the sign of the pooled effect). More: at
    least two thirds of them, and none is significantly opposite. A single cohort replicates nothing.

    Parameters
    ----------
    readings
        One per independent cohort.
    pooled
        The pooled effect.
    direction
        Declared direction: up, down or either.
    """
    if pooled.effect is None:
        return False, "nothing was pooled"
    sign = _sign(pooled.effect, direction)
    z_values = [sign * reading.effect.value / reading.effect.se for reading in readings]
    showing = sum(z > REPLICATION_Z for z in z_values)
    opposite = sum(_is_against(reading.effect, sign) for reading in readings)
    k = len(readings)
    needed = -(-2 * k // 3)  # up to two: every one
    detail = f"{showing} of {k} cohorts have z > {REPLICATION_Z:g} in that sign, {needed} needed; {opposite} significantly opposite"
    if k < FEW_COHORTS:
        return False, f"a single cohort cannot replicate itself; {detail}"
    return showing >= needed and not opposite, detail


def too_small_to_pool(readings: Sequence[Reading], pooled: PooledEffect) -> list[Reading]:
    """Return the readings of independent cohorts that only their size keeps out of the pooled effect."""
    small = {entry.contrast for entry in pooled.refused if entry.too_small}
    return [reading for reading in readings if reading.evidence.contrast in small]


def contradiction(readings: Sequence[Reading], pooled: PooledEffect, direction: str) -> str:
    """Tell of the cohorts too small to be pooled that are significantly opposite, each alone or all together; empty without any.

    Parameters
    ----------
    readings, pooled, direction
        As in `replicates`, of all contrasts.
    """
    small = too_small_to_pool(readings, pooled)
    if pooled.effect is None or not small:
        return ""
    sign = _sign(pooled.effect, direction)
    found = pooled.too_small
    together = None if found is None else Effect(found.effect, found.effect_se, found.df)
    against = [_told_against(reading) for reading in small if _shows_against(reading, sign)]
    if not against and together is not None and _is_against(together, sign):
        against = [f"{', '.join(reading.evidence.contrast for reading in small)} together {_with_interval(together)}"]
    return "; ".join(against)


def _shows_against(reading: Reading, sign: int) -> bool:
    """Tell whether a small cohort is significant on the other side, by its interval or by its self-contained test.

    The unit of g rests on the same few people: of 3 v 3 the interval would exclude 0 from 10 SD on.
    """
    row, effect = reading.evidence, reading.effect
    p_value = 1.0 if row.p_self_contained is None else row.p_self_contained
    by_test = one_sided(p_value, row.direction, "down" if sign > 0 else "up") <= ONE_SIDED_P
    return _is_against(effect, sign) or (sign * effect.value < 0 and by_test)


def _told_against(reading: Reading) -> str:
    row, effect = reading.evidence, reading.effect
    by_test = "" if effect.excludes_zero() else f", self-contained test p = {row.p_self_contained:.2g}"
    return f"{row.contrast} {_with_interval(effect)}{by_test}"


def _sign(pooled: float, direction: str) -> int:
    return 1 if direction == "up" or (direction == "either" and pooled > 0) else -1


def _is_against(effect: Effect, sign: int) -> bool:
    return sign * effect.value < 0 and effect.excludes_zero()


def _with_interval(effect: Effect) -> str:
    low, high = effect.interval(0.95)
    return f"{effect.value:z.2f} SD (95 % CI {low:z.2f} to {high:z.2f})"


def opposite_sides(readings: Sequence[Reading]) -> tuple[list[Reading], list[Reading]]:
    """Return the contrasts that are surely higher, and those surely lower: their intervals leave 0 out (of two: 90 %)."""
    level = conflict_level(len(readings))
    intervals = [(reading, reading.effect.interval(level)) for reading in readings]
    return [reading for reading, (low, _) in intervals if low > 0], [
        reading for reading, (_, high) in intervals if high < 0
    ]


def smallest_excludable(effects: Sequence[Effect]) -> float | None:
    """Return the smallest effect that all contrasts together could exclude: `not supported` needs every one of them."""
    return max((effect.smallest_excludable for effect in effects), default=None)


def _side(evidence: HypothesisEvidence, direction: str) -> str:
    if direction != "either":
        return direction
    tested = [
        (row.p_self_contained, effect.value)
        for row in evidence.contrasts
        if (effect := measured_effect(row)) is not None
        and row.p_self_contained is not None
        and not math.isnan(row.p_self_contained)
    ]
    return "down" if tested and min(tested)[1] < 0 else "up"
