"""Multiplicity over the primary hypotheses of a study: one family, Holm's step-down procedure.

Every declared hypothesis brings one two-sided p: cohorts that of their pooled effect, experiments the smallest
self-contained one over their contrasts, times the number of contrasts (Bonferroni). `supported` asks cohorts for an
adjusted p of at most .01 (their rule's own figure) and experiments for .05 (their rule's one-sided .025): the contract
names Holm for the study, not for cohorts alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.evidence.records import HypothesisEvidence
from sidemine.verdict.readings import pooled_effect


def primary_p(kind: str, evidence: HypothesisEvidence) -> float | None:
    """Return the p that a hypothesis brings to its study's family; None where nothing could be tested."""
    if kind == "cohort":
        return pooled_effect(evidence).p
    return smallest_p([row.p_self_contained for row in evidence.contrasts])


def smallest_p(p_values: Sequence[float | None]) -> float | None:
    """Return the smallest p times their number (Bonferroni), at most 1; None where there is none."""
    known = [p_value for p_value in p_values if p_value is not None and p_value == p_value]
    return min(1.0, min(known) * len(known)) if known else None


def holm_p_values(p_values: Sequence[float | None]) -> list[float | None]:
    """Return Holm-adjusted p-values (Holm 1979) over all declared hypotheses, in the order given.

    A hypothesis without a p-value (nothing could be tested) stays without one, but counts: the family is what was
    declared, not what happened to be testable.
    """
    adjusted: list[float | None] = [None] * len(p_values)
    known = sorted((p_value, place) for place, p_value in enumerate(p_values) if p_value is not None)
    largest = 0.0
    for rank, (p_value, place) in enumerate(known):
        largest = max(largest, min(1.0, p_value * (len(p_values) - rank)))
        adjusted[place] = largest
    return adjusted
