"""Weights and marks of the forest plot: shares of the effect that carries the answer, and what the checks of each comparison say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence
from sidemine.report.collect import collect
from sidemine.report.forest import forest, forest_rows, pooled_weights
from sidemine.report.lights import CLEAR, TOLD, UNKNOWN, lights_of


def cohort(number, effect, weight):
    return ContrastEvidence(
        f"c{number}", f"d{number}", f"GSE{number}", 40, 30, testable=True, effect=effect, effect_se=weight**-0.5, effect_df=60.0,
        effect_weight=weight, effect_unit="Hedges g", ci_low=effect - 0.4, ci_high=effect + 0.4, residual_df=68.0,
    )  # fmt: skip


@pytest.mark.parametrize("effects", [(0.4, 0.6), (0.1, 0.4, 0.5), (0.1, 0.9, 0.5, 0.4, 0.6)])
def test_effects_times_weights_are_the_effect_that_carries_the_answer(effects):
    """Common effect below five cohorts, random effects from five on."""
    evidence = [cohort(number, effect, 10.0 + 7 * number) for number, effect in enumerate(effects)]
    pooled = pool_contrasts(evidence)
    shares = pooled_weights(evidence, pooled)
    assert sum(shares.values()) == pytest.approx(100)
    assert sum(shares[row.contrast] / 100 * row.effect for row in evidence) == pytest.approx(pooled.effect, abs=1e-9)
    rows = forest_rows(evidence, pooled)
    assert all(f"weight {shares[row.contrast]:.0f} %" in row.facts for row in rows[:-1])
    areas = {row["contrast"]: row["area"] for row in forest(rows, "Hedges g", 0.3)["data"]["values"]}
    assert areas["c1"] > areas["c0"]


def test_without_a_single_figure_there_are_no_weights_and_no_diamond():
    """Two cohorts whose intervals do not meet."""
    evidence = [cohort(0, 0.2, 100.0), cohort(1, 3.0, 100.0)]
    evidence = [replace(row, ci_low=row.effect - 0.2, ci_high=row.effect + 0.2) for row in evidence]
    pooled = pool_contrasts(evidence)
    assert pooled.sizes_differ
    assert pooled_weights(evidence, pooled) == {}
    assert [row.contrast for row in forest_rows(evidence, pooled)] == ["c0", "c1"]


def test_marks_say_what_the_checks_of_the_comparison_found(example_results):
    """A re-used side, an age in the model, and what nobody looked at; experiments carry none."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    marks = {light.name: light for light in lights_of(study, card, "vte_a")}
    assert list(marks) == ["re-use", "age", "sex", "batch", "cells", "hidden factors"]
    assert marks["re-use"].status == TOLD
    assert "20 of 63" in marks["re-use"].words
    assert marks["age"].status == CLEAR
    assert marks["age"].words.startswith("in the model")
    assert marks["sex"].status == UNKNOWN
    assert marks["batch"].status == UNKNOWN
    drawn = forest(forest_rows(card.evidence), "Hedges g", 0.4, {"vte_a": list(marks.values())})
    layer = next(
        layer
        for layer in drawn["layer"]
        if layer.get("data", {}).get("values") and "glyph" in layer["data"]["values"][0]
    )
    assert [mark["glyph"] for mark in layer["data"]["values"]][:2] == ["▲", "●"]
    experiment = next(card for card in study.verdicts.verdicts if card.kind != "cohort" and card.evidence)
    assert lights_of(study, experiment, experiment.evidence[0].contrast) == []
