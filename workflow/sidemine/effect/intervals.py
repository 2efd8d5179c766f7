"""Confidence limits and one-sided p-values of one measured effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sidemine.effect.record import COHORT_UNIT, ContrastEvidence, Margin
from sidemine.enrichment.set_effect import small_sample_factor
from sidemine.stats.tails import t_quantile


@dataclass(frozen=True)
class Effect:
    """An effect with its standard error; positive means higher in the target.

    Attributes
    ----------
    value
        Estimate (Hedges g, or log2 units).
    se
        Standard error, same unit.
    df
        Degrees of freedom of the t distribution that (value − truth) / se follows.
    limit_factor
        What the one-sided limit is multiplied by: above 1 for Hedges g (`limit_factor`).
    """

    value: float
    se: float
    df: float
    limit_factor: float = 1.0

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided confidence interval at `level` (0.95, 0.90 …)."""
        half_width = self._quantile(0.5 + level / 2) * self.se
        return self.value - half_width, self.value + half_width

    def limit(self, direction: str) -> float:
        """Return the one-sided 95 % limit of the effect, counted positive in `direction` (`either`: on its own side).

        An effect larger than this limit, in this direction (`either`: in any), is excluded by the data.
        """
        signed = {"up": self.value, "down": -self.value, "either": abs(self.value)}[direction]
        return (signed + self._quantile(0.95) * self.se) * self.limit_factor

    def excludes(self, margin: Margin, direction: str, contrast: str = "") -> bool:
        """Tell whether an effect of the margin is excluded: its one-sided 95 % limit lies below the margin.

        A margin that was measured itself has an error, and the limit is that of the effect minus the margin.

        Parameters
        ----------
        margin, direction
            As declared; without a margin nothing is excluded.
        contrast
            Whose effect it is: it may share samples with the control that the margin comes from.
        """
        if margin.value is None:
            return False
        if margin.error is None:
            return self.limit(direction) < margin.value
        sides = ("up", "down") if direction == "either" else (direction,)
        return all(self.minus(margin, side, contrast).limit("up") < 0 for side in sides)

    def minus(self, margin: Margin, side: str, contrast: str) -> Effect:
        """Return the effect minus the margin, counted positive on a side, with the standard error of both and the smaller df.

        Satterthwaite's degrees of freedom are not taken: only a control with p ≤ .05 gives a margin, which makes weak ones look larger,
        and with these an effect of the margin would be excluded in 6 to 9 % (3 v 3, control of 2 to 3 standard deviations).

        Parameters
        ----------
        margin, contrast
            As in `excludes`.
        side
            up or down.
        """
        difference = (self.value if side == "up" else -self.value) - (margin.value or 0.0)
        added = 0.0 if margin.error is None else margin.error.beside(self.se, contrast, side)
        if margin.error is None or added == 0:
            return Effect(difference, self.se, self.df)
        return Effect(difference, math.hypot(self.se, math.sqrt(added)), min(self.df, margin.error.df))

    def signed_limit(self, direction: str) -> float:
        """Return `limit` as target minus reference, to stand beside the effect and its interval."""
        upwards = direction == "up" or (direction == "either" and self.value >= 0)
        return self.limit(direction) if upwards else -self.limit(direction)

    def excludes_zero(self) -> bool:
        """Tell whether the two-sided 95 % interval leaves 0 out."""
        low, high = self.interval(0.95)
        return low > 0 or high < 0

    @property
    def smallest_excludable(self) -> float:
        """Smallest effect that data of this precision exclude (one-sided, 95 %) when the estimate is exactly 0."""
        return self._quantile(0.95) * self.se * self.limit_factor

    def _quantile(self, level: float) -> float:
        return float(t_quantile(level, self.df))


def limit_factor(row: ContrastEvidence) -> float:
    """Return what a one-sided limit of a contrast's effect is multiplied by: 1 for experiments, 1 / J(n − 2) for Hedges g.

    J (Hedges 1981) makes the mean of g right. A limit must be right as often as it says: where the true effect is not 0 the t of a
    standardised difference d is noncentral, and the limit of the effect is c₄ times that of d (Johnson and Welch 1940,
    doi 10.1093/biomet/31.3-4.362), c₄ being the mean of an estimated standard deviation in true ones. J is smaller, so that
    limits of g lie too near 0; c₄ is at most 1, so that those of d do not. The two differ by .6 % in 133 people and 2.8 % in 30.
    """
    df = row.n_target + row.n_reference - 2
    return 1.0 if row.effect_unit != COHORT_UNIT or df <= 1 else 1 / small_sample_factor(df)


def one_sided(p_two_sided: float, observed: str, declared: str) -> float:
    """Return the one-sided p-value in the declared direction (up or down) from a two-sided one and what was seen.

    Parameters
    ----------
    p_two_sided
        The two-sided p-value.
    observed, declared
        Direction that was seen, and the declared one: up or down.
    """
    return p_two_sided / 2 if observed == declared else 1 - p_two_sided / 2


def measured_effect(row: ContrastEvidence) -> Effect | None:
    """Return the effect of a contrast with its precision; None when it could not be tested or is no number."""
    if not row.testable or row.effect is None or row.effect_se is None or row.effect_df is None:
        return None
    if not (math.isfinite(row.effect) and math.isfinite(row.effect_se) and row.effect_se > 0 and row.effect_df > 0):
        return None
    return Effect(row.effect, row.effect_se, row.effect_df, limit_factor(row))
