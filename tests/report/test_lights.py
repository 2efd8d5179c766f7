"""Weights and marks of the forest plot: shares of the effect that carries the answer, and what the checks of each comparison say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidemine.drawing.panel import CLEAR, TOLD, UNKNOWN
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence, Refused
from sidemine.quality.flags import Flag
from sidemine.quality.record import Association
from sidemine.report.collect import collect
from sidemine.report.forest import forest, forest_rows, pooled_weights
from sidemine.report.lights import lights_of
from sidemine.report.subject import subject_of


def cohort(number, effect, weight):
    return ContrastEvidence(
        f"c{number}", f"d{number}", f"GSE{number}", 40, 30, testable=True, effect=effect, effect_se=weight**-0.5, effect_df=60.0,
        effect_weight=weight, effect_unit="Hedges g", ci_low=effect - 0.4, ci_high=effect + 0.4, residual_df=68.0,
    )  # fmt: skip


@pytest.mark.parametrize("effects", [(0.4, 0.6), (0.1, 0.4, 0.5), (0.1, 0.9, 0.5, 0.4, 0.6)])
def test_effects_times_weights_are_the_effect_that_carries_the_answer(effects):
    """Common effect below five cohorts, random effects from five on."""
    evidence = [cohort(number, effect, 30.0 + 21 * number) for number, effect in enumerate(effects)]
    pooled = pool_contrasts(evidence)
    assert len(effects) < 5 or pooled.tau2 > 0.01  # else it would move no weight
    shares = pooled_weights(evidence, pooled)
    assert sum(shares.values()) == pytest.approx(100)
    assert sum(shares[row.contrast] / 100 * row.effect for row in evidence) == pytest.approx(pooled.effect, abs=1e-9)
    rows = forest_rows(evidence, pooled)
    assert all(f"weight {shares[row.contrast]:.0f} %" in row.facts for row in rows[:-1])
    areas = {row["contrast"]: row["area"] for row in forest(rows, "Hedges g", 0.3)["data"]["values"]}
    assert areas["c1"] > areas["c0"]


def test_where_a_weight_is_not_known_the_standard_errors_give_the_shares():
    """Of all of them."""
    evidence = [cohort(0, 0.4, 30.0), replace(cohort(1, 0.6, 90.0), effect_weight=None)]
    assert pooled_weights(evidence, pool_contrasts(evidence)) == pytest.approx({"c0": 25.0, "c1": 75.0})


def test_the_pooled_row_holds_what_is_drawn_of_it():
    """The range with one dataset left out and, from three datasets on, the prediction interval."""
    three = pool_contrasts([cohort(number, effect, 40.0) for number, effect in enumerate((0.3, 0.5, 0.6))])
    *_, row = forest_rows([], three)
    assert (row.out_low, row.out_high) == (three.leave_one_out_low, three.leave_one_out_high)
    assert (row.prediction_low, row.prediction_high) == (three.prediction_low, three.prediction_high)
    assert row.prediction_low < three.ci_low < three.ci_high < row.prediction_high
    *_, row = forest_rows([], pool_contrasts([cohort(0, 0.3, 40.0), cohort(1, 0.5, 40.0)]))
    assert (row.prediction_low, row.prediction_high) == (None, None)


def test_a_cohort_that_is_shown_and_not_pooled_says_so_in_its_row():
    """No weight would leave open whether it counts."""
    evidence = [cohort(number, 0.5, 30.0) for number in range(3)]
    pooled = pool_contrasts(evidence, [Refused("c2", "is small", too_small=True)])
    assert ["not pooled" in row.facts for row in forest_rows(evidence, pooled)] == [False, False, True, False]


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
    marks = {light.name: light for light in lights_of(study, subject_of(card), "vte_a")}
    assert list(marks) == ["re-use", "age", "sex", "batch", "cells", "hidden factors"]
    assert marks["re-use"].status == TOLD
    assert "20 of 63" in marks["re-use"].words
    assert marks["age"].status == CLEAR
    assert marks["age"].words.startswith("in the model")
    assert marks["sex"].status == UNKNOWN
    assert marks["batch"].status == UNKNOWN
    assert (marks["cells"].status, marks["hidden factors"].status) == (TOLD, TOLD)
    assert marks["hidden factors"].words == "the groups differ in 2 of 2 hidden factors"
    drawn = forest(forest_rows(card.evidence), "Hedges g", 0.4, {"vte_a": list(marks.values())})
    layer = next(
        layer
        for layer in drawn["layer"]
        if layer.get("data", {}).get("values") and "glyph" in layer["data"]["values"][0]
    )
    assert [mark["glyph"] for mark in layer["data"]["values"]][:2] == ["!", "✓"]
    (facts,) = [layer["mark"] for layer in drawn["layer"] if layer["encoding"].get("text") == {"field": "facts"}]
    assert facts["limit"] == {"expr": "width - 94"}  # six marks of 15 pixels, and 4 before them
    experiment = next(card for card in study.verdicts.verdicts if card.kind != "cohort" and card.evidence)
    assert lights_of(study, subject_of(experiment), experiment.evidence[0].contrast) == []


@pytest.fixture
def mark_of(example_results):
    """A mark of one comparison, where its checks found something else."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    item, dataset = study.contrasts["vte_a"], study.datasets["cohort_a"]

    def mark(name, *, flags=(), of_dataset=(), associations=()):
        quality = replace(item.quality, flags=[*flags], associations=[*associations])
        told = replace(dataset, quality=replace(dataset.quality, flags=[*of_dataset]))
        changed = replace(
            study,
            contrasts={**study.contrasts, "vte_a": replace(item, quality=quality)},
            datasets={**study.datasets, "cohort_a": told},
        )
        return next(light for light in lights_of(changed, subject_of(card), "vte_a") if light.name == name)

    return mark, item


def age(pattern, p_value, in_design=False, column="age"):
    return Association(column, "numbers", 60, pattern, p_value, 0.3, False, True, in_design, f"{column} is {pattern}")


@pytest.mark.parametrize(
    ("ages", "status", "words"),
    [
        ([], UNKNOWN, "no age is recorded"),
        ([age("varies", 0.4)], CLEAR, "no difference found: age is varies"),
        ([age("varies", 0.0001)], TOLD, "not in the model: age is varies"),
        ([age("aliased", 0.5)], TOLD, "not in the model: age is aliased"),
        ([age("missing in one group", None)], UNKNOWN, "age is missing in one group"),
        ([age("varies", 0.4, column="gestational_age"), age("varies", 0.0001, True)], CLEAR, "in the model: age is varies"),
        ([age("varies", 0.4, column="gestational_age"), age("varies", 0.0001)], TOLD, "not in the model: age is varies"),
    ],
)  # fmt: skip
def test_an_age_that_cannot_be_compared_is_not_alike(mark_of, ages, status, words):
    """Recorded in one group only, or apart completely: neither is "nothing found". The words are those of the column that counts."""
    mark, _ = mark_of
    light = mark("age", associations=ages)
    assert (light.status, light.words) == (status, words)


def test_batches_that_separate_the_groups_are_the_worst_of_all(mark_of):
    """Not "not looked at"; without any batch the mark says that none is recorded."""
    mark, _ = mark_of
    light = mark("batch", flags=[Flag("batch_aliased", "batch", "problem", "plate separates the groups completely")])
    assert (light.status, light.words) == (TOLD, "plate separates the groups completely")
    assert mark("batch", flags=[Flag("", "batch", "ok", "no batch")]).words == "no batch is recorded"


def test_samples_of_other_comparisons_are_none_of_this_one(mark_of):
    """A data set holds re-used samples, and none of them takes part here."""
    mark, item = mark_of
    none = Flag("reused_samples", "reuse", "ok", "none takes part")
    elsewhere = Flag("reused_samples", "reuse", "warn", "2 of 80", samples=("somebody", "else"))
    assert mark("re-use", flags=[none], of_dataset=[elsewhere]).status == CLEAR
    here = replace(elsewhere, samples=("somebody", item.design.target_samples[0]))
    assert mark("re-use", flags=[none], of_dataset=[here]).status == TOLD
