"""What would change the answer: the effect as it would be without a gene, a cohort, a hidden factor, and how that reads.

Whether a row changes the reading is decided by one rule (`reading_of`), the same for every row; the row's author gives the
figures alone.
"""

from __future__ import annotations

import math
from typing import Literal

from sidemine.considerations.judgement import Case, Sensitivity
from sidemine.effect.intervals import Effect
from sidemine.effect.pooled_effect import own_p
from sidemine.effect.pooling import COMMON_DEMAND
from sidemine.effect.record import Estimate, Margin, PooledEffect
from sidemine.effect.scale import scale_of

SPREAD, ONE_GENE, ONE_COHORT = "effects that differ between cohorts", "without its leading genes", "without one cohort"
HIDDEN_FACTORS, COMPOSITION = "adjusted for hidden factors", "adjusted for the mix of cells"
FLAGGED_SAMPLES, REUSED_CONTROLS = "without flagged samples", "without re-used controls"
NEAR_LIMIT = "near limit"
"""Name of a gate and a cap: p is so near .05 that a small part of the effect decides."""
ASKED = (SPREAD, ONE_GENE, ONE_COHORT, HIDDEN_FACTORS, COMPOSITION, FLAGGED_SAMPLES)
"""Names of the rows that every card has, in their order; what no consideration filled stands there with the reason."""
SENSITIVITY_P = 0.05
"""Two-sided p up to which an effect counts as shown."""
UNCHANGED, CHANGED = "this would not change the reading", "this would change the reading"
WEAKER = f"an effect would still be shown, but with a p above the {COMMON_DEMAND:g} that “supported” asks for"
ONE_LEFT = "an effect would still be shown, but by one cohort alone, which supports nothing by itself"

EffectReading = Literal["shown", "excluded", "open"]


def reading_of(
    estimate: Estimate,
    direction: str,
    margin: Margin,
    *,
    beyond_margin: bool = False,
    limit_factor: float = 1.0,
    contrast: str = "",
) -> EffectReading:
    """Tell how an effect reads towards what was declared.

    Parameters
    ----------
    estimate
        The effect, target minus reference.
    direction
        Declared direction: up, down or either.
    margin
        Smallest effect worth calling one.
    beyond_margin
        Whether an effect must be larger than the margin to be shown (experiments).
    limit_factor
        As the effect of the answer has it.
    contrast
        As in `Effect.excludes`; empty for a pooled effect.

    Returns
    -------
    str
        shown: the declared sign and a two-sided p of at most .05 (experiments: beyond the margin). Otherwise excluded: the
        one-sided 95 % limit in the declared direction (`either`: in both) lies below the margin, or the p is at most .05 on
        the other side. Otherwise open.
    """
    effect = Effect(estimate.effect, estimate.effect_se, estimate.df, limit_factor)
    significant = estimate.p_value <= SENSITIVITY_P
    signed = abs(effect.value) if direction == "either" else effect.value if direction == "up" else -effect.value
    if significant and signed > ((margin.value or 0.0) if beyond_margin else 0):
        return "shown"
    within = effect.excludes(margin, direction, contrast)
    return "excluded" if within or (significant and signed < 0) else "open"


def sensitivity_of(
    case: Case,
    name: str,
    condition: str,
    changed: Estimate,
    reference: Estimate | None = None,
    contrast: str = "",
    *,
    n_left: int | None = None,
) -> Sensitivity:
    """Return a row with its words; whether it changes the reading is decided here.

    Parameters
    ----------
    case
        The hypothesis.
    name
        Name of the row, as `ASKED` has them.
    condition
        Beginning of its sentence, for example "without IFI27 (71 % of the effect)".
    changed
        The effect under this condition.
    reference
        The effect as it is. None: the pooled one; experiments, which have no pooled answer, give that of the contrast.
    contrast
        That contrast.
    n_left
        Cohorts that the effect would rest on, where some are left out.
    """
    reference = reference or estimate_of(case.evidence.pooled)
    if reference is None:
        return no_sensitivity(name, "there is no effect that could change")

    def read(estimate: Estimate) -> EffectReading:
        margin, direction = case.evidence.margin, case.hypothesis.primary.direction
        factor = case.evidence.pooled.limit_factor
        found = reading_of(
            estimate, direction, margin, beyond_margin=not case.is_cohort, limit_factor=factor, contrast=contrast
        )
        return "open" if found == "excluded" and not (case.is_cohort or case.evidence.can_exclude) else found

    changes = read(changed) != read(reference)
    weakens = (
        case.is_cohort
        and not changes
        and read(reference) == "shown"
        and _is_firm(reference, case)
        and not _is_firm(changed, case)
    )
    corrected = (
        f", corrected for the study's questions {min(changed.p_value * case.family_factor, 1):.2g}"
        if weakens and case.family_factor > 1
        else ""
    )
    unchanged = ONE_LEFT if n_left == 1 and read(changed) == "shown" else UNCHANGED
    words = (
        f"{condition}, the effect would be {changed.effect:.2f} {scale_of(case.hypothesis.kind).short_unit} (95 % CI {changed.ci_low:.2f} to {changed.ci_high:.2f}), "
        f"p = {changed.p_value:.2g}{corrected}: {WEAKER if weakens else CHANGED if changes else unchanged}"
    )
    return Sensitivity(name, words, changed.effect, changed.ci_low, changed.ci_high, changed.p_value, changes, weakens)


def _is_firm(estimate: Estimate, case: Case) -> bool:
    return estimate.p_value * case.family_factor <= COMMON_DEMAND


def without_effect(case: Case) -> bool:
    """Tell whether the pooled effect has a two-sided p above .05: there is then nothing that a fault could explain."""
    estimate = estimate_of(case.evidence.pooled)
    return estimate is not None and estimate.p_value > SENSITIVITY_P


def no_sensitivity(name: str, reason: str) -> Sensitivity:
    """Return a row that could not be had, with the reason."""
    return Sensitivity(name, reason, missing=reason)


def estimate_of(pooled: PooledEffect) -> Estimate | None:
    """Return the pooled effect as an estimate; None where nothing was pooled."""
    numbers = (pooled.effect, pooled.se, pooled.ci_low, pooled.ci_high, own_p(pooled))
    effect, se, low, high, p_value = numbers
    if effect is None or se is None or low is None or high is None or p_value is None:
        return None
    return Estimate(effect, se, low, high, math.inf if pooled.df is None else pooled.df, p_value)
