"""A hypothesis as it is put to a consideration."""

from __future__ import annotations

from sidemine.considerations.judgement import Case
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import HypothesisEvidence, Margin
from sidemine.study.hypotheses import Hypothesis


def case(kind="cohort", *carrying, evidence=()):
    """Return a case whose answer rests on the contrasts named."""
    primary = {"set": "T", "contrasts": list(carrying) or ["a"], "direction": "up", "margin": 0.4}
    declared = Hypothesis.model_validate(
        {"id": "h", "question": "Is it what was planted?", "kind": kind, "primary": primary}
    )
    found = HypothesisEvidence(
        "h", list(evidence), None, Margin(0.4, "Hedges g", "declared"), pool_contrasts(list(evidence))
    )
    return Case(declared, found, carrying)
