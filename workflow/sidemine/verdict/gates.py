"""The gates that measured effects must pass for `supported`; each consideration brings its own."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.judgement import Gate, make_gate
from sidemine.effect.pooling import COMMON_DEMAND
from sidemine.effect.record import ContrastEvidence, PooledEffect
from sidemine.verdict.readings import REPLICATION_Z, Reading, has_declared_sign, independent_readings, replicates

SUPPORTED_P = COMMON_DEMAND
"""Two-sided p-value of the pooled effect, Holm-adjusted over the study, that `supported` demands of cohorts."""
FAMILY_P = 0.05
"""Holm-adjusted two-sided p-value that `supported` demands of experiments: their rule's one-sided .025, in a family."""
COMPETITIVE_P = 0.05
FEWEST_EXPERIMENTS = 2
"""Independent experiments (different cell source or laboratory) that must pass."""


def cohort_gates(
    readings: Sequence[Reading], pooled: PooledEffect, direction: str, p_holm: float | None, n_hypotheses: int
) -> list[Gate]:
    """Return the gates of a cohort hypothesis: pooled p, self-contained test, replication, competitive test.

    Parameters
    ----------
    readings
        One per cohort that could be tested.
    pooled
        The pooled effect.
    direction
        Declared direction: up, down or either.
    p_holm
        Two-sided p of the pooled effect after Holm; None where nothing was pooled.
    n_hypotheses
        Hypotheses of the study, for the words.
    """
    independent = independent_readings(readings, pooled)
    tested = f"{len(independent)} independent cohorts"
    any_cohort = None if not independent else any(reading.passes for reading in independent)
    competitive = [reading for reading in independent if is_competitive(reading.evidence, direction)]
    replicated, detail = replicates(independent, pooled, direction)
    sign = "the same sign" if direction == "either" else "the declared sign"
    declared = "" if direction == "either" else " in the declared direction"
    significant = p_holm is not None and p_holm <= SUPPORTED_P and has_declared_sign(pooled, direction)
    return [
        make_gate(
            "pooled p",
            f"pooled effect: declared sign, two-sided p ≤ {SUPPORTED_P:g} after Holm over the study's hypotheses",
            None if p_holm is None else significant,
            "nothing was pooled"
            if p_holm is None
            else f"p = {pooled.p:.2g}, Holm over {n_hypotheses} hypotheses: {p_holm:.2g}; {pooled.method}, "
            f"k = {pooled.k}",
        ),
        make_gate(
            "self-contained test",
            f"self-contained test, two-sided p ≤ .05{declared}, in at least one contrast",
            any_cohort,
            f"{sum(reading.passes for reading in independent)} of {tested}",
            # The pooled p is a self-contained test itself; the contract asks for no other.
            required=False,
        ),
        make_gate(
            "replication",
            f"replication: cohorts show {sign} with z > {REPLICATION_Z:g} (up to two: all; more: two thirds, none "
            "significantly opposite)",
            replicated if independent else None,
            detail,
        ),
        make_gate(
            "competitive test",
            _competitive_demand(direction),
            bool(competitive) if independent else None,
            f"{len(competitive)} of {tested}",
        ),
    ]


def experiment_gates(
    readings: Sequence[Reading], pooled: PooledEffect, direction: str, p_holm: float | None, n_hypotheses: int
) -> list[Gate]:
    """Return the gates of an experiment hypothesis: two independent experiments, none opposite, Holm; others shown.

    Contrasts of one cell source in one laboratory count as one experiment: the one that was declared first.

    Parameters
    ----------
    readings
        One per contrast that could be tested.
    pooled
        The pooled effect.
    direction
        Declared direction: up, down or either.
    p_holm
        Smallest p after Bonferroni over the contrasts and Holm over the hypotheses; None where nothing was tested.
    n_hypotheses
        Hypotheses of the study, for the words.
    """
    tested = f"{len(readings)} testable contrasts"
    passing = sum(reading.passes for reading in readings)
    independent = independent_readings(readings, pooled)
    whole = sum(reading.passes and reading.proven_special for reading in independent)
    # Without a place among comparator sets a passing experiment is neither: the cap says why.
    open_still = sum(reading.passes for reading in independent)
    enough = True if whole >= FEWEST_EXPERIMENTS else None if open_still >= FEWEST_EXPERIMENTS else False
    opposite = sum(reading.opposite for reading in readings)
    agreeing = sum(reading.agrees for reading in readings)
    competitive = sum(is_competitive(reading.evidence, direction) for reading in readings)
    sign = "same" if direction == "either" else "declared"
    declared = "" if direction == "either" else " in the declared direction"

    def evaluated(passed: bool) -> bool | None:
        return passed if readings else None

    return [
        make_gate(
            "one experiment",
            f"self-contained test, one-sided p ≤ .025{declared}, and effect beyond the margin, in at least one contrast",
            evaluated(passing > 0),
            f"{passing} of {tested}",
        ),
        make_gate(
            "two experiments",
            "the same, and the 90th percentile among comparator sets, in at least two independent experiments "
            "(different cell source or laboratory)",
            enough if readings else None,
            f"{whole} of {len(independent)} independent experiments",
        ),
        make_gate(
            "none opposite",
            "no experiment is significant in the other direction",
            evaluated(not opposite),
            f"{opposite} of {tested} opposite",
        ),
        make_gate(
            "Holm",
            f"smallest self-contained p over the contrasts (Bonferroni), two-sided, ≤ {FAMILY_P:g} after Holm over the "
            "study's hypotheses",
            None if p_holm is None else p_holm <= FAMILY_P and passing > 0,
            "nothing was tested" if p_holm is None else f"Holm over {n_hypotheses} hypotheses: {p_holm:.2g}",
        ),
        make_gate(
            "same sign",
            f"every testable contrast has the {sign} sign with z > 1",
            evaluated(agreeing == len(readings)),
            f"{agreeing} of {tested}",
            required=False,
        ),
        make_gate(
            "competitive test",
            _competitive_demand(direction),
            evaluated(competitive > 0),
            f"{competitive} of {tested}",
            required=False,
        ),
    ]


def _competitive_demand(direction: str) -> str:
    side = "either direction" if direction == "either" else "the declared direction"
    return f"competitive test (CAMERA, estimated correlation) p ≤ .05 in {side} in at least one contrast"


def is_competitive(row: ContrastEvidence, direction: str) -> bool:
    """Tell whether the competitive test is significant in the declared direction (`either`: in any)."""
    if row.p_competitive is None or not row.p_competitive <= COMPETITIVE_P:
        return False
    return direction == "either" or row.competitive_direction == direction
