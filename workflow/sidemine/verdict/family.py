"""Multiplicity over the primary hypotheses of a study: one family, Holm's step-down procedure.

Every declared hypothesis brings one two-sided p: cohorts that of their pooled effect, experiments the smallest
self-contained one over their contrasts, times the number of contrasts (Bonferroni). `supported` asks cohorts for an
adjusted p of at most .01 (their rule's own figure) and experiments for .05 (their rule's one-sided .025): the contract
names Holm for the study, not for cohorts alone.
"""

from __future__ import annotations

from sidemine.effect.record import HypothesisEvidence
from sidemine.stats.multiplicity import smallest_p


def primary_p(kind: str, evidence: HypothesisEvidence) -> float | None:
    """Return the p that a hypothesis brings to its study's family; None where nothing could be tested."""
    if kind == "cohort":
        return evidence.pooled.p
    return smallest_p([row.p_self_contained for row in evidence.contrasts])
