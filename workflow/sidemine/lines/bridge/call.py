"""Mimics, opposes, unrelated or undetermined: the contract's rule for a drug and a disease, and its sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sidemine.considerations.specificity.measure import FEWEST_COMPARATORS
from sidemine.lines.bridge.comparators import Place
from sidemine.lines.bridge.record import Call
from sidemine.lines.bridge.statistic import FEWEST_GENES, ConcordanceEstimate

LARGEST_P = 0.05
EXTREME = 90.0
"""Percentile among comparator perturbations that counts as extreme."""


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
    """

    total: ConcordanceEstimate | None
    p_disease: float
    p_drug: float
    place: Place
    adjusted: ConcordanceEstimate | None
    not_adjusted: str = ""

    @property
    def p_value(self) -> float:
        """The larger p; no number where one of the two is none."""
        known = not (math.isnan(self.p_disease) or math.isnan(self.p_drug))
        return max(self.p_disease, self.p_drug) if known else math.nan


def decide_call(evidence: Evidence, margin: float) -> tuple[Call, str]:
    """Return the call and its reason.

    Mimics or opposes needs the larger p ≤ .05, an extreme percentile among at least 10 comparators, and the same sign in
    the composition-adjusted profile. Unrelated needs an interval inside the margin. Otherwise undetermined.

    Notes
    -----
    Each rotation leaves one side as it is, so where both are really changed, in ways that have nothing to do with each
    other, the larger p is liberal (`benchmarks/concordance.py`). The interval counts the chance of both sides; a call
    whose interval holds 0 is therefore not made.
    """
    found = evidence.total
    if found is None:
        return "undetermined", f"fewer than {FEWEST_GENES} shared genes"
    missing = _missing(evidence, found.value)
    if not missing:
        call: Call = "mimics" if found.value > 0 else "opposes"
        return call, (
            f"p ≤ {LARGEST_P:g} on both sides, percentile {evidence.place.percentile:.0f} among "
            f"{len(evidence.place.names)} comparators, same sign after adjustment"
        )
    if found.corrected_ci_low >= -margin and found.corrected_ci_high <= margin:
        return "unrelated", f"the interval without noise lies within ±{margin:g}"
    return "undetermined", "; ".join([*missing, _not_unrelated(found, margin)])


def _missing(evidence: Evidence, value: float) -> list[str]:
    missing = []
    if math.isnan(evidence.p_value):
        missing.append("the p-value of a side is not known")
    elif evidence.p_value > LARGEST_P:
        side = "disease" if evidence.p_disease >= evidence.p_drug else "drug"
        missing.append(f"larger p {evidence.p_value:.2g} ({side} side rotated) is above {LARGEST_P:g}")
    elif evidence.total is not None and evidence.total.ci_low <= 0 <= evidence.total.ci_high:
        missing.append("the interval, which counts the chance of both sides, holds 0")
    place = evidence.place
    if place.percentile is None:
        missing.append(f"no valid comparator: {len(place.names)} perturbations, at least {FEWEST_COMPARATORS} needed")
    elif place.percentile < EXTREME:
        missing.append(f"percentile {place.percentile:.0f} among {len(place.names)} comparators is below {EXTREME:g}")
    if evidence.adjusted is None:
        missing.append(evidence.not_adjusted or "no composition-adjusted profile")
    elif evidence.adjusted.value * value <= 0:
        missing.append("the sign turns after adjustment for the mix of cells")
    return missing


def _not_unrelated(found: ConcordanceEstimate, margin: float) -> str:
    silent = [
        side
        for side, reliability in (("drug", found.reliability_drug), ("disease", found.reliability_disease))
        if reliability == 0
    ]
    if silent:
        return f"the {' and the '.join(silent)} profile does not stand out from noise on these genes"
    return (
        f"the interval without noise ({found.corrected_ci_low:.2f} to {found.corrected_ci_high:.2f}) is not within "
        f"±{margin:g}"
    )


def call_sentence(call: Call, reason: str, evidence: Evidence, genes: str, margin: float) -> str:
    """Return what the call means, in one or two sentences.

    Parameters
    ----------
    call, reason
        From `decide_call`, or a refusal.
    evidence
        What it rests on.
    genes
        The genes in words, for example: the 98 shared genes of SET.
    margin
        The declared margin.
    """
    found = evidence.total
    if call == "refused" or found is None:
        return f"Not compared: {reason}."
    figures = (
        f"concordance {found.value:.2f} (95 % CI {found.ci_low:.2f} to {found.ci_high:.2f}, "
        f"larger p {evidence.p_value:.2g})"
    )
    if call in {"mimics", "opposes"}:
        words = "the same sign" if call == "mimics" else "opposite signs"
        adjusted = f"{evidence.adjusted.value:.2f}" if evidence.adjusted else "not known"
        return (
            f"The drug's profile {call} the disease's: on {genes}, the drug's change and the disease's difference have "
            f"{words}; {figures}, more extreme than {evidence.place.percentile:.0f} % of {len(evidence.place.names)} "
            f"other perturbations, {adjusted} after adjustment for the mix of cells. A likeness of profiles is no cause."
        )
    if call == "unrelated":
        return (
            f"On {genes}, drug and disease go ways of their own: {figures}; without noise the interval is "
            f"{found.corrected_ci_low:.2f} to {found.corrected_ci_high:.2f}, within ±{margin:g}."
        )
    return f"On {genes}, it cannot be told whether the drug mimics or opposes the disease: {figures}. Reason: {reason}."
