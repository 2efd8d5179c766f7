"""Multiplicity over the primary hypotheses of a study: Holm's step-down procedure as a gate."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.evidence.records import PooledEffect
from sidemine.verdict.rules import SUPPORTED_P, has_declared_sign


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


def holm_gate(pooled: PooledEffect, adjusted: float | None, n_hypotheses: int, direction: str) -> dict[str, str]:
    """Return the gate of a cohort hypothesis: pooled p, adjusted over the study, and the declared sign."""
    passed = adjusted is not None and adjusted <= SUPPORTED_P and has_declared_sign(pooled, direction)
    detail = (
        "nothing was pooled"
        if adjusted is None
        else f"p = {pooled.p:.2g}, Holm over {n_hypotheses} hypotheses: {adjusted:.2g}; {pooled.method}, k = {pooled.k}"
    )
    return {
        "gate": f"pooled effect: declared sign, two-sided p ≤ {SUPPORTED_P:g} after Holm over the study's hypotheses",
        "status": "not evaluated" if adjusted is None else "passed" if passed else "failed",
        "detail": detail,
    }
