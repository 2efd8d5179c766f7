"""A declared score is the score of everything that measures the effect again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sidemine.considerations.composition.measure import adjust_effect, measure_composition
from sidemine.considerations.hidden_factors.measure import adjust_for_factors
from sidemine.considerations.influence.measure import measure_influence
from sidemine.considerations.robustness.contrast_data import ContrastData
from sidemine.considerations.robustness.grid import vary_hypothesis
from sidemine.considerations.robustness.specification import RobustnessSettings
from sidemine.considerations.specificity.measure import measure_specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.differential.groups import Groups
from sidemine.effect.measure import measure_contrast
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.pooled_tables import pool_sets, studies_of
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin
from sidemine.effect.scale import scale_of
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import ContrastToFit, HypothesisToPlace, HypothesisToPool

if TYPE_CHECKING:
    from sidemine.study.choices import Score

N, GENES = 90, [f"G{number:03d}" for number in range(400)]
SET, CELLS = GENES[:20], GENES[50:62]
CASES = np.arange(N) < 45
SETS = pd.DataFrame([("S", "target", gene) for gene in SET], columns=["gene_set", "family", "gene"]).assign(
    weight=1.0, version="1", source="none", licence="CC0"
)
WILD = (0, 1, 80)
"""Two patients and a control whose whole set is far off, against the effect of all others."""


def cohort() -> ContrastData:
    rng = np.random.default_rng(3)
    values = rng.normal(7, 0.3, (len(GENES), N))
    values[50:62] += 0.4 * rng.normal(size=N)
    values[:20] += 0.2 * rng.normal(size=N) + 0.15 * CASES
    values[:20, WILD] += np.array([-3.0, -3.0, 3.0])
    row = ContrastToFit(
        contrast="a", dataset="d", target="made in process", reference="made in process", covariates=[], block="",
        blocking="auto", array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
    )  # fmt: skip
    table = pd.DataFrame(index=pd.Index([f"s{number}" for number in range(N)], dtype=object))
    return ContrastData(row, Groups(table, CASES, ~CASES), values.T, GENES)


def hypothesis(score: Score) -> Hypothesis:
    primary = {"set": "S", "contrasts": ["a"], "direction": "up", "score": score}
    return Hypothesis.model_validate({"id": "h", "question": "Does it change?", "kind": "cohort", "primary": primary})


def evidence(data: ContrastData, score: Score) -> HypothesisEvidence:
    fit = data.reference().fit
    tests = [test(fit, build_membership(SETS, fit.genes, 1)) for test in (fry, camera)]
    shell = ContrastEvidence(
        contrast="a", dataset="d", accession="d", n_target=45, n_reference=45, testable=False
    )  # fmt: skip
    row = measure_contrast(shell, fit, SETS, *tests, scale_of("cohort", score), SET)
    return HypothesisEvidence(
        "h", [row], None, Margin(0.4, "Hedges g", "declared"), n_common_genes=len(SET), pooled=pool_contrasts([row])
    )


def test_huber_finds_what_three_wild_people_hide() -> None:
    data = cohort()
    mean, robust = (evidence(data, score).contrasts[0] for score in ("mean", "huber"))
    assert float(mean.effect or 0) < 0 < 0.2 < float(robust.effect or 0)


@pytest.mark.parametrize("score", ["mean", "huber"])
def test_every_measure_of_the_effect_takes_the_declared_score(score: Score) -> None:
    """Composition, hidden factors, influence, specificity, the pooled table and the grid start from the figure of the card."""
    data, asked = cohort(), hypothesis(score)
    fit, known = data.reference().fit, evidence(data, score)
    (row,) = known.contrasts
    figure = pytest.approx(row.effect, rel=1e-9)
    mixed = measure_composition(fit, SETS, {"cells": CELLS}, {}, [7], score=score)
    hidden = adjust_for_factors("a", fit, SETS, SETS, score=score)
    assert mixed.total.effect == hidden.total.effect == figure
    assert adjust_effect(fit, SETS, {"cells": CELLS}, {}, score)[0] == mixed.adjusted  # type: ignore[union-attr]
    (influence,) = measure_influence("h", "cohort", known, {"a": fit}, SETS, score).effects
    assert influence.reference.effect == figure
    assert all(abs(one.estimate.effect - influence.reference.effect) < 0.15 for one in influence.genes)
    settings = SpecificitySettings(matched_sets=50, seed=1, min_set_size=5, max_set_size=500)
    _, (placed,) = measure_specificity([HypothesisToPlace.of(asked)], {"h": known}, {"a": fit}, SETS, settings)
    assert placed.contrasts[0].effect == figure
    table = pool_sets(
        studies_of(known, {"a": fit}), HypothesisToPool.of(asked), SETS, common=SET, min_set_size=5, max_set_size=500
    )
    assert table["effect"].iloc[0] == figure


@pytest.mark.parametrize(("score", "other"), [("mean", "huber"), ("huber", "mean")])
def test_the_grid_asks_with_the_other_score(score: Score, other: Score) -> None:
    """What it changes keeps the declared score; one variant has the other one, whose figure is that of its own declaration."""
    data = cohort()
    settings = RobustnessSettings(
        robustness=["statistic", "filter"], robustness_crossed=0, probe_rule="highest_mean",
        min_group_size=3, min_set_size=5, rotations=99, seed=1,
    )  # fmt: skip
    record = vary_hypothesis(
        HypothesisToPlace.of(hypothesis(score)), evidence(data, score), {"a": data}, SETS,
        verdict=lambda _: "suggestive", settings=settings, skip=["statistic_array_weights"],
    )  # fmt: skip
    rows = {row.variant: row for row in record.variants}
    assert f"statistic_{score}" not in rows
    assert rows[f"statistic_{other}"].effect == pytest.approx(evidence(data, other).contrasts[0].effect, rel=1e-9)
    declared, changed = evidence(data, score).contrasts[0].effect, rows["filter_stricter"].effect
    assert changed == pytest.approx(declared, abs=0.1)
