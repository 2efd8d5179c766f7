"""The scores under an answer: what is drawn is the quantity that was tested, and what is known of each sample is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.set_effect import hedges_g, set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.report.blocks import contrast_block
from sidemine.report.collect import collect
from sidemine.report.covariates import covariate_rows
from sidemine.report.score_strip import FLAGS, NOT_FLAGGED, score_panel, scored_samples, set_scores

GENES = [f"G{number}" for number in range(60)]


@pytest.fixture(scope="module")
def fitted():
    """A fit without covariates of 60 genes in 9 v 7 samples, a signed set of eight, and what they were made of."""
    random = np.random.default_rng(3)
    is_target = np.arange(16) < 9
    values = random.normal(7, 1, (60, 16)) * random.uniform(0.5, 2, (60, 1))
    values[:8] += 0.8 * is_target
    fit = fit_contrast(
        values, GENES, build_design(pd.DataFrame(index=[f"s{n}" for n in range(16)]), is_target, ~is_target, [])
    )
    weights = np.zeros(60)
    weights[:8] = [1, 1, -1, 1, 2, 1, 1, -0.5]
    sets = pd.DataFrame(
        {"gene_set": "S", "gene": GENES[:8], "weight": weights[:8], "family": "target", "version": "1", "source": "x"}
    )
    return fit, build_membership(sets, GENES), values.T, weights, is_target


def test_difference_of_scores_is_the_effect_of_an_experiment(fitted):
    """Target minus reference of the drawn scores is the set's log2 fold change beyond the other genes, as the fit gives it."""
    fit, membership, values, weights, is_target = fitted
    score = set_scores(values, weights, is_target, standardised=False)
    assert score[is_target].mean() - score[~is_target].mean() == pytest.approx(
        set_effects(fit, membership)["over_complement"][0], abs=1e-9
    )
    assert score[~is_target].mean() == pytest.approx(0, abs=1e-12)


def test_difference_of_scores_is_hedges_g_of_a_cohort(fitted):
    """The same in SD between people: Hedges g before its small-sample factor."""
    fit, membership, values, weights, is_target = fitted
    score = set_scores(values, weights, is_target, standardised=True)
    found = hedges_g(fit, membership).iloc[0]
    df = 14
    factor = np.exp(_log_gamma(df / 2) - _log_gamma((df - 1) / 2)) / np.sqrt(df / 2)
    assert factor * (score[is_target].mean() - score[~is_target].mean()) == pytest.approx(found["g"], rel=0.005)


def _log_gamma(value):
    from scipy.special import gammaln

    return gammaln(value)


def test_every_sample_of_the_answer_is_drawn_once(example_results):
    """All samples of both groups of every testable comparison, and none of the others."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if len(card.evidence) == 2 and card.kind == "cohort")
    scored = scored_samples(study, card)
    for contrast, rows in scored.items():
        design = study.contrasts[contrast].design
        assert [row.sample for row in rows] == [*design.target_samples, *design.reference_samples]
    panel = score_panel(study, card)
    assert panel.leads
    assert len(panel.chart["data"]["values"]) == sum(map(len, scored.values()))
    assert "Before what the model adjusts for in vte_a" in panel.caption
    means = {point["group"]: point["score"] for point in panel.chart["layer"][2]["data"]["values"]}
    assert list(means.values())[1] == pytest.approx(0, abs=1e-9)


def test_cohorts_are_scored_by_the_genes_that_all_of_them_tested(example_results):
    """A gene that one cohort did not test counts in none; another gene of the set counts as before."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if len(card.evidence) == 2 and card.kind == "cohort")
    other = study.contrasts["vte_b"]
    table = other.differential
    fewer = replace(other, differential=table[table["gene"] != "STAT1"])
    sets = study.gene_sets
    without = replace(study, gene_sets=sets[(sets["gene"] != "STAT1") | (sets["gene_set"] != card.declared.set)])
    untested = replace(study, contrasts={**study.contrasts, "vte_b": fewer})
    scores = [[row.score for row in scored_samples(given, card)["vte_a"]] for given in (study, untested, without)]
    assert scores[1] == pytest.approx(scores[2])
    assert scores[0] != pytest.approx(scores[2])
    # Where only the other one is pooled, what this one lacks does not count; it keeps the genes that it has.
    alone = replace(card, pooled=replace(card.pooled, contrasts=["vte_a"]))
    assert [row.score for row in scored_samples(untested, alone)["vte_a"]] == pytest.approx(scores[0])
    assert len(scored_samples(untested, alone)["vte_b"]) == len(scored_samples(study, card)["vte_b"])
    single = replace(card, pooled=None)
    assert [row.score for row in scored_samples(untested, single)["vte_a"]] == pytest.approx(scores[0])


def test_the_batch_that_is_in_the_model_colours_the_samples(example_results):
    """Of two recorded batches; a check that found nothing flags nobody."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    item, dataset = study.contrasts["vte_a"], study.datasets["cohort_a"]
    plate = next(row for row in item.quality.associations if row.column == "plate")
    names = item.design.target_samples
    fine = replace(item.quality.flags[0], trap="sex_mismatch", status="ok", samples=names)
    quality = replace(item.quality, associations=[plate, replace(plate, column="lab", in_design=True)], flags=[fine])
    samples = dataset.samples.assign(lab=[f"L{place % 2}" for place in range(len(dataset.samples))])
    changed = replace(
        study,
        contrasts={**study.contrasts, "vte_a": replace(item, quality=quality)},
        datasets={**study.datasets, "cohort_a": replace(dataset, samples=samples)},
    )
    rows = scored_samples(changed, card)["vte_a"]
    assert {row.batch for row in rows} == {"lab: L0", "lab: L1"}
    assert {row.flag for row in rows} == {NOT_FLAGGED}


def test_levels_that_begin_alike_are_two_and_are_shown_whole(example_results):
    """Two laboratories of one hospital, their names equally long, stay two colours, and the legend shows where they differ."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    item, dataset = study.contrasts["vte_a"], study.datasets["cohort_a"]
    plate = next(row for row in item.quality.associations if row.column == "plate")
    quality = replace(item.quality, associations=[replace(plate, column="lab", in_design=True)])
    labs = [f"University hospital of the northern district, laboratory {name}" for name in ("one", "two")]
    samples = dataset.samples.assign(lab=[labs[place % 2] for place in range(len(dataset.samples))])
    changed = replace(
        study,
        contrasts={**study.contrasts, "vte_a": replace(item, quality=quality)},
        datasets={**study.datasets, "cohort_a": replace(dataset, samples=samples)},
    )
    panel = score_panel(changed, card)
    assert panel is not None
    assert panel.chart is not None
    color = panel.chart["layer"][1]["encoding"]["color"]
    assert {f"lab: {lab}" for lab in labs} <= set(color["scale"]["domain"])
    lines = json.loads(color["legend"]["labelExpr"].removesuffix("[datum.label]"))
    assert [" ".join(lines[f"lab: {lab}"]) for lab in labs] == [f"lab: {lab}" for lab in labs]
    assert max(len(line) for level in lines.values() for line in level) <= 26
    table = next(
        row for row in covariate_rows(changed.datasets["cohort_a"], changed.contrasts["vte_a"]) if row.column == "lab"
    )
    assert all(lab in table.target for lab in labs)


def test_a_flagged_sample_has_a_shape_of_its_own(example_results):
    """A sample that a check names says so when hovered over, by its shape and in the caption."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    dataset = study.datasets["cohort_a"]
    named = study.contrasts["vte_a"].design.target_samples[0]
    flag = replace(dataset.quality.flags[0], trap="sex_mismatch", samples=[named])
    quality = replace(dataset.quality, flags=[flag])
    swapped = replace(study, datasets={**study.datasets, "cohort_a": replace(dataset, quality=quality)})
    panel = score_panel(swapped, card)
    flagged = [point["sample"] for point in panel.chart["data"]["values"] if point["flag"] == FLAGS["sex_mismatch"]]
    assert flagged == [named]
    assert FLAGS["sex_mismatch"] in panel.caption


def test_without_values_there_is_no_panel(example_results):
    """A card whose comparisons could not be tested has no scores and no empty box."""
    study = collect(example_results)
    cards = [card for card in study.verdicts.verdicts if not any(row.effect is not None for row in card.evidence)]
    assert cards
    assert [score_panel(study, card) for card in cards] == [None] * len(cards)


def test_counts_are_said_to_be_drawn_per_million(example_results):
    """The model weighs counts; what is drawn are their log2 per million, and axis and caption say so. Others are not said to."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.kind == "experiment" and score_panel(study, card))
    shown = {row.contrast for row in card.evidence}
    panels = {
        engine: score_panel(
            replace(
                study,
                contrasts={
                    key: _fitted_by(item, engine) if key in shown else item for key, item in study.contrasts.items()
                },
            ),
            card,
        )
        for engine in ("voom", "limma")
    }
    titles = {engine: panel.chart["layer"][1]["encoding"]["x"]["axis"]["title"] for engine, panel in panels.items()}
    assert "log2 counts per million beyond the other genes" in titles["voom"]
    assert "Counts are drawn as log2 counts per million" in panels["voom"].caption
    assert "log2 units beyond the other genes" in titles["limma"]
    assert "counts" not in panels["limma"].caption.lower()


def _fitted_by(item, engine):
    if not item.design.testable:
        return item
    return replace(item, design=replace(item.design, fit=replace(item.design.fit, engine=engine)))


def test_the_level_of_counts_is_named_on_the_page(example_results):
    """The axis of a gene's samples says log2 counts per million of counts, and log2 expression of arrays."""
    study = collect(example_results)
    item = study.contrasts["vte_a"]
    every = np.ones(len(item.differential), dtype=bool)
    levels = {
        engine: contrast_block(replace(study, contrasts={"vte_a": _fitted_by(item, engine)}), "vte_a", every).level
        for engine in ("voom", "limma")
    }
    assert levels == {"voom": "log2 counts per million", "limma": None}


def test_a_row_begins_with_its_number_of_samples(example_results):
    """A long name is cut at its end; how many samples there are must stay."""
    study = collect(example_results)
    card = next(card for card in study.verdicts.verdicts if card.evidence and card.evidence[0].contrast == "vte_a")
    keys = score_panel(study, card).chart["layer"][1]["encoding"]["y"]["scale"]["domain"]
    rows = [key.partition("|")[2] for key in keys if not key.endswith("⟶")]
    assert rows
    assert all(re.match(r"n = \d+: ", row) for row in rows)
