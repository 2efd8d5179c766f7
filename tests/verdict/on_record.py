"""Judges that hold records made in process."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from sidemine.considerations.calibration.judge import judge_calibration
from sidemine.considerations.composition.judge import composition_judge
from sidemine.considerations.hidden_factors.judge import hidden_factors_judge
from sidemine.considerations.hidden_factors.record import AdjustedForFactors, HiddenFactors
from sidemine.considerations.influence.judge import influence_judge
from sidemine.considerations.influence.record import Influence, InfluenceOnEffect, WithoutGene
from sidemine.considerations.registry import judges_with
from sidemine.considerations.robustness.judge import robustness_judge
from sidemine.considerations.sensitivity import estimate_of
from sidemine.considerations.specificity.judge import specificity_judge
from sidemine.considerations.traps.judge import judge_traps
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import Estimate
from sidemine.stats.tails import two_sided_p
from sidemine.study.projections import ContrastWords
from sidemine.verdict.answer import answer_study


def steady(rows, hypothesis="h", kind="cohort", share=0.1):
    """What is on record of influence where the largest gene carries this share of every effect, and no more."""
    pooled = estimate_of(pool_contrasts(rows))
    whole = [("", pooled)] if kind == "cohort" and pooled else []
    if kind == "experiment":
        whole = [
            (
                row.contrast,
                Estimate(row.effect, row.effect_se, row.ci_low, row.ci_high, row.effect_df, row.p_self_contained),
            )
            for row in rows
            if row.testable
        ]
    effects = [
        InfluenceOnEffect(name, 10, found, [WithoutGene("LARGEST", _part(found, 1 - share), share)])
        for name, found in whole
    ]
    return {hypothesis: Influence(hypothesis, effects)}


def unmoved(rows, hypothesis="h", part=1.0):
    """What is on record of hidden factors where adjusting for them leaves this part of every cohort's effect."""
    entries = []
    for row in rows:
        if row.testable and math.isfinite(row.effect) and row.effect_se > 0:
            total = Estimate(row.effect, row.effect_se, row.ci_low, row.ci_high, row.effect_df, row.p_self_contained)
            entries.append(AdjustedForFactors(row.contrast, "", 500, 0, total, _part(total, part), [], 0))
    return {hypothesis: HiddenFactors(hypothesis, entries)}


def _part(whole, part):
    effect = part * whole.effect
    p_value = float(two_sided_p(np.array([effect / whole.effect_se]), whole.df)[0])
    return replace(whole, effect=effect, p_value=p_value)


_HOLDING = {
    "composition": ("composition", composition_judge),
    "hidden_factors": ("hidden_factors", hidden_factors_judge),
    "influence": ("influence", influence_judge),
    "specificity": ("specificity", specificity_judge),
    "calibration": ("calibration", lambda contrasts: partial(judge_calibration, contrasts=contrasts)),
    "checks": ("traps", lambda checks: partial(judge_traps, checks=checks)),
    "robustness": ("robustness", robustness_judge),
}


def judges_on(*, of_variants=False, **records):
    """Return all judges: of composition, hidden factors, influence, specificity, calibration, checks (of the traps) and robustness those that are
    given hold these records, the others have nothing on record."""
    held = [(_HOLDING[key], record) for key, record in records.items()]
    return judges_with({name: holding(record) for (name, holding), record in held}, of_variants=of_variants)


def answer_hypotheses(hypotheses, evidence, judges):
    """Return the answer cards of hypotheses, in their order: of a study without secondary sets, tables and further lines."""
    rows = [row for found in evidence.values() for row in (*found.contrasts, found.control) if row]
    none = pd.DataFrame(columns=["gene_set", "test"])
    return answer_study(
        study={},
        hypotheses=hypotheses,
        evidence=evidence,
        words={row.contrast: ContrastWords.of(row) for row in rows},
        judges=judges,
        enrichment={name: none for row in hypotheses for name in row.primary.contrasts},
        published=[],
        lines=[],
        measured={},
        simulated=False,
        planted=[],
    ).verdicts
