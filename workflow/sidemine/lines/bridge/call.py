"""Mimics, opposes, no resemblance beyond the margin, or undetermined: the contract's rule for a bridge, and its sentence.

A bridge speaks of mechanism. Whether a drug has a side effect was not to be read from the likeness of profiles (see
`resources/prediction/`), so no call speaks of likelihood or risk, and none exonerates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS
from sidemine.lines.bridge.comparators import EXTREME, Place
from sidemine.lines.bridge.record import NO_RESEMBLANCE, Call
from sidemine.lines.bridge.statistic import FEWEST_GENES, ConcordanceEstimate

LARGEST_P = 0.05
LARGEST_MARGIN = 0.5
"""Where other perturbations reach more than this by themselves, to stay below them says nothing: a quarter of the variance."""
MECHANISM_ONLY = "A bridge speaks of mechanism, never of likelihood or risk: a likeness of profiles is no cause."
OF_WELLS = "the samples of {names} are wells of one culture: how another culture would answer is not in their error"
NOT_SAFETY = "This says nothing about safety."


@dataclass(frozen=True)
class Evidence:
    """What a call rests on.

    Attributes
    ----------
    total
        Concordance with the disease's total profile; None with too few genes.
    p_disease, p_drug
        Rotation p-values of the two sides.
    place
        Among the comparators.
    adjusted
        Concordance with the composition-adjusted profile, or None.
    not_adjusted
        Why there is no adjusted profile.
    wells
        Its contrasts whose samples are wells of one culture.
    """

    total: ConcordanceEstimate | None
    p_disease: float
    p_drug: float
    place: Place
    adjusted: ConcordanceEstimate | None
    not_adjusted: str = ""
    wells: Sequence[str] = ()

    @property
    def p_value(self) -> float:
        """The larger p; no number where one of the two is none."""
        known = not (math.isnan(self.p_disease) or math.isnan(self.p_drug))
        return max(self.p_disease, self.p_drug) if known else math.nan


def decide_call(evidence: Evidence) -> tuple[Call, str]:
    """Return the call and its reason, one branch of the rule.

    Mimics or opposes needs the larger p ≤ .05 and an interval without 0, an extreme percentile among at least 10 comparators
    that are at least a third as strong, and the same sign in the composition-adjusted profile. No resemblance beyond the margin needs that none is shown, and
    that the interval without noise lies inside the margin, which is the size that other perturbations have by themselves.
    Otherwise undetermined, as is everything on wells of one culture: p, interval and reliability know how wells differ, not cultures.

    Notes
    -----
    Each rotation leaves one side as it is, so where both are really changed, in ways that have nothing to do with each
    other, the larger p is liberal (`benchmarks/concordance.py`). The interval counts the chance of both sides; a call
    whose interval holds 0 is therefore not made.
    """
    estimate = evidence.total
    if estimate is None:
        return "undetermined", f"fewer than {FEWEST_GENES} shared genes"
    if evidence.wells:
        return "undetermined", OF_WELLS.format(names=", ".join(evidence.wells))
    if math.isnan(evidence.p_value):
        return "undetermined", "the p-value of a side is not known"
    place = evidence.place
    if unshown := _not_shown(evidence, estimate):
        if open_still := _not_excluded(estimate, place):
            return "undetermined", f"{unshown}, and that there is none cannot be said: {open_still}"
        limits = f"{estimate.corrected_ci_low:z.2f} to {estimate.corrected_ci_high:z.2f}"
        return NO_RESEMBLANCE, f"{unshown}, and the interval without noise ({limits}) lies within ±{place.margin:.2f}"
    call: Call = "mimics" if estimate.value > 0 else "opposes"
    if missing := _not_called(evidence, estimate.value):
        signs = "the same sign" if estimate.value > 0 else "opposite signs"
        return "undetermined", f"the profiles have {signs} (larger p {evidence.p_value:.2g}), but {missing}"
    return call, (
        f"p ≤ {LARGEST_P:g} on both sides, percentile {place.percentile:.0f} among {place.n} comparators{_counted(place)}, same sign after "
        "adjustment"
    )


def _not_shown(evidence: Evidence, estimate: ConcordanceEstimate) -> str:
    """Return why chance alone may have made the concordance; empty where it has not."""
    if evidence.p_value > LARGEST_P:
        side = "disease" if evidence.p_disease >= evidence.p_drug else "perturbation"
        return f"no resemblance is shown: larger p {evidence.p_value:.2g} ({side} side rotated) is above {LARGEST_P:g}"
    if estimate.ci_low <= 0 <= estimate.ci_high:
        return "no resemblance is shown: the interval, which counts the chance of both sides, holds 0"
    return ""


def _not_called(evidence: Evidence, value: float) -> str:
    """Return the first condition that a resemblance fails; empty where it is called."""
    place = evidence.place
    if place.percentile is None:
        return f"there are too few comparators to say more: {few_words(place)}"
    if place.percentile < EXTREME:
        return (
            f"they are no more alike than those of other perturbations: percentile {place.percentile:.0f} among {place.n}{_counted(place)}, "
            f"{EXTREME:g} is needed"
        )
    if evidence.adjusted is None:
        return evidence.not_adjusted or "there is no composition-adjusted profile"
    if evidence.adjusted.value * value <= 0:
        return "the sign turns after adjustment for the mix of cells"
    return ""


def _not_excluded(estimate: ConcordanceEstimate, place: Place) -> str:
    """Return the first reason why a resemblance is not excluded; empty where it is."""
    if place.margin is None:
        return f"too few comparators for a margin, {few_words(place)}"
    silent = [
        side
        for side, reliability in (
            ("perturbation's", estimate.reliability_drug),
            ("disease's", estimate.reliability_disease),
        )
        if reliability == 0
    ]
    if silent:
        return f"the {' and the '.join(silent)} profile does not stand out from noise on these genes"
    if place.margin > LARGEST_MARGIN:
        return f"other perturbations reach ±{place.margin:.2f} by themselves, so to stay below that says nothing"
    # Strictly, since the interval is cut to −1 and 1.
    if estimate.corrected_ci_low <= -place.margin or estimate.corrected_ci_high >= place.margin:
        return (
            f"the interval without noise ({estimate.corrected_ci_low:z.2f} to {estimate.corrected_ci_high:z.2f}) is not within "
            f"±{place.margin:.2f}"
        )
    return ""


def few_words(place: Place) -> str:
    """Return how many comparators count and how many are needed, in words."""
    weaker = (
        f"; {place.n_weak} that do not stand out from noise, or are less than a third as strong, do not count"
        if place.n_weak
        else ""
    )
    return f"{place.n} other perturbation{'' if place.n == 1 else 's'} where {FEWEST_COMPARATORS} are needed{weaker}"


def _counted(place: Place) -> str:
    """Return what a reader must know of the comparators that count: on how many genes, and how many do not."""
    weaker = f"; {place.n_weak} weak ones do not count" if place.n_weak else ""
    return f" (compared on {place.n_genes} genes{weaker})"


def call_sentence(call: Call, reason: str, evidence: Evidence, genes: str, expected: str = "either") -> str:
    """Return what the call means, in a few sentences.

    Parameters
    ----------
    call, reason
        From `decide_call`, or a refusal.
    evidence
        What it rests on.
    genes
        The genes in words, for example: the 98 shared genes of SET.
    expected
        Relation that the study declared: mimics, opposes or either.
    """
    estimate = evidence.total
    if call == "refused" or estimate is None:
        return f"Not compared: {reason}."
    figures = (
        f"concordance {estimate.value:z.2f} (95 % CI {estimate.ci_low:z.2f} to {estimate.ci_high:z.2f}, "
        f"larger p {evidence.p_value:.2g})"
    )
    place = evidence.place
    if call in {"mimics", "opposes"}:
        words = "the same sign" if call == "mimics" else "opposite signs"
        adjusted = f"{evidence.adjusted.value:z.2f}" if evidence.adjusted else "not known"
        said = (
            f"The perturbation's profile {call} the disease's: on {genes}, its change and the disease's difference have "
            f"{words}; {figures}, larger than {place.percentile:.0f} % of {place.n} other perturbations{_counted(place)}, "
            f"{adjusted} after adjustment for the mix of cells."
        )
    elif call == NO_RESEMBLANCE:
        said = (
            f"On {genes}, the perturbation shows no resemblance to the disease beyond the margin, in either direction: "
            f"{figures}; without noise the interval is {estimate.corrected_ci_low:z.2f} to {estimate.corrected_ci_high:z.2f}, within "
            f"±{place.margin:.2f}, below which {EXTREME:g} % of {place.n} other perturbations stay. {NOT_SAFETY}"
        )
    else:
        said = (
            f"On {genes}, it cannot be told whether the perturbation mimics or opposes the disease: {figures}. "
            f"Reason: {reason}. {NOT_SAFETY}"
        )
    return f"{said}{_expected_words(call, expected)} {MECHANISM_ONLY}"


def _expected_words(call: Call, expected: str) -> str:
    if expected == "either":
        return ""
    if call == expected:
        return " That was expected beforehand."
    return f" Expected beforehand: that it {expected} the disease."
