"""Studies with a known truth, from files to verdict and page, through the real workflow."""

from __future__ import annotations

import json
import re

import pytest
from conftest import SEED, run_once
from planted_atlas import run_all

from sidemine.atlas.propose import propose_atlas
from sidemine.atlas.record import AtlasRecord
from sidemine.drawing.words import typeset
from sidemine.lines.bridge.record import CONCORDANCE
from sidemine.records import as_record
from sidemine.simulate.studies import PLANTED_KINDS, write_planted_together
from sidemine.tables import read_table

pytestmark = pytest.mark.workflow

# Truths that share a workflow run: a hypothesis each, with data of its own. The longest run comes first.
TOGETHER = {
    "blood_and_cells": (
        "null",
        "competitive_null",
        "composition_only",
        "one_gene",
        "hidden_gradient",
        "conflicting",
        "sign_flipped",
        "confounded",
        "too_small",
        "five_cohorts",
        "inhibitor_suppresses",
        "inhibitor_opposes",
        "inhibitor_conflicting",
        "inhibitor_null",
        "inhibitor_opposes_disease",
    ),
    "tissue": ("tissue_positive", "tissue_composition_only", "tissue_undeclared"),
}
ALONE = "inhibitor_mimics"  # whose one bridge an atlas repeats


@pytest.fixture(scope="session")
def run_of(workflow, tmp_path_factory):
    """The run that a planted truth is in, and the hypothesis that asks for it there."""

    def find(kind):
        if kind == ALONE:
            return run_once(
                tmp_path_factory, kind, lambda folder: workflow.run(folder, config=workflow.plant(kind, folder))
            ), "main"
        (group,) = (group for group, kinds in TOGETHER.items() if kind in kinds)

        def make(folder):
            kinds = {kind: kind for kind in TOGETHER[group]}
            config = write_planted_together(f"planted_{group}", kinds, folder, SEED)
            return workflow.run(folder, config=config)

        return run_once(tmp_path_factory, group, make), kind

    return find


def check(run, kind, hypothesis="main"):
    """Compare verdict, sign and page with what was planted."""
    plan = PLANTED_KINDS[kind]
    verdict = run.verdicts()[hypothesis]
    assert verdict["verdict"] in plan.verdicts, verdict["sentence"]
    assert verdict["opposite"] is plan.opposite
    page = run.page()
    card = page[page.index(f'id="card-{hypothesis}"') :]
    chip = re.search(r'<p class="chip[^>]*>(.*?)</p>', card, re.DOTALL)[1]
    assert verdict["verdict"] in chip
    assert ("opposite" in chip) is plan.opposite
    assert typeset(verdict["doubt"]) in page
    assert plan.truth in page  # the page says what was planted
    return verdict


@pytest.mark.parametrize("kind", [*(kind for kinds in TOGETHER.values() for kind in kinds), ALONE])
def test_planted_truth_is_found_and_nothing_else(kind, run_of):
    """Each planted truth gets a verdict that an honest rule may reach, with the right sign."""
    run, hypothesis = run_of(kind)
    verdict = check(run, kind, hypothesis)
    problems = [row["problem"] for row in verdict["evidence"]]
    if kind == "confounded":
        assert all("hybridisation_batch" in str(problem) for problem in problems)
        assert "hybridisation_batch" in run.page()
    elif kind == "too_small":
        assert all("2" in problem["what"] and problem["next_step"] for problem in problems)
    elif PLANTED_KINDS[kind].call:
        (bridge,) = json.loads((run.results() / "concordance.json").read_text())["bridges"]
        assert bridge["call"] == PLANTED_KINDS[kind].call, bridge["sentence"]
    else:
        assert problems == [None] * len(problems)
        if kind == "hidden_gradient":
            gates = {gate["name"]: gate for gate in verdict["gates"]}
            assert (gates["pooled p"]["status"], gates["replication"]["status"]) == ("passed", "passed")
            assert gates["hidden factors"]["status"] == "failed"
            assert "hidden factors" in {cap["cap"] for cap in verdict["caps"]}
            (row,) = (row for row in verdict["sensitivity"] if row["name"] == "adjusted for hidden factors")
            assert row["changes"]
            for entry in verdict["hidden_factors"]["contrasts"]:
                assert any(factor["difference"]["p_value"] < 0.01 for factor in entry["factors"])
        if kind == "one_gene":
            gene = (run.folder / "ten.gmt").read_text(encoding="utf-8").split("\t")[2]
            gates = {gate["name"]: gate for gate in verdict["gates"]}
            assert (gates["pooled p"]["status"], gates["replication"]["status"]) == ("passed", "passed")
            assert gates["influence"]["status"] == "failed"
            (cap,) = (cap for cap in verdict["caps"] if cap["cap"] == "influence")
            assert cap["reason"].startswith(f"Without {gene} (")
            (row,) = (row for row in verdict["sensitivity"] if row["name"] == "without its leading genes")
            assert (row["changes"], gene in row["words"]) == (True, True)
            assert gene in run.page()
        signs = [1 if row["effect"] > 0 else -1 for row in verdict["evidence"]]
        expected = {
            "conflicting": [1, -1],
            "sign_flipped": [-1, -1],
            "inhibitor_suppresses": [-1, -1],
            "inhibitor_opposes": [1, 1],
            "inhibitor_conflicting": [-1, 1],
        }
        assert signs == expected.get(kind, signs)


def test_an_atlas_of_a_finished_study_repeats_its_bridge(run_of, tmp_path):
    """Proposed from its bridge and run: the unit has the concordance of the bridge; with nothing to compare it with, no call."""
    study = run_of(ALONE)[0].results()
    check_atlas_of(study, tmp_path / "atlas", "mimics")


def check_atlas_of(study, folder, call):
    """Compare an atlas of one study, all of whose bridge's pairs are independent, with that bridge."""
    propose_atlas([study], folder)
    run_all(folder)
    record = as_record(AtlasRecord, json.loads((folder / "results/atlas.json").read_text()))
    (bridge,), (unit,) = record.bridges, record.units
    rows = read_table(study / "concordance.tsv", CONCORDANCE)
    first = rows["gene_set"] == rows.loc[rows["scope"] == "target", "gene_set"].iloc[0]
    chosen = first & (rows["estimand"] == "total") & (rows["disease_contrast"] == "pooled")
    single = rows.loc[chosen & (rows["drug_contrast"] != "pooled") & (rows["scope"] == "target"), "concordance"]
    assert (unit.n_drugs, unit.n_profiles) == (1, len(single)) == (1, 2)
    # All genes that drug and disease share are fewer in the bridge, whose drugs are centred together.
    assert unit.concordance == pytest.approx(single.mean(), abs=0.02)
    assert bridge.call == call
    assert unit.p_adjusted < 0.05
    assert unit.call == "no disease-specific signal"
    assert "too few to exchange" in record.test.sentence
    page = (folder / "results/index.html").read_text(encoding="utf-8")
    assert page.count("report.html") == 1
    assert "All of these studies are simulated" in page


def test_planted_signal_is_found(finished):
    """The positive study is called altered, in the planted direction, by both cohorts."""
    verdict = check(finished, "positive")
    assert verdict["agreeing"] == {"k": 2, "n": 2}
    assert all(row["effect"] > 0 for row in verdict["evidence"])


def test_the_grid_starts_from_the_measured_effect_and_agrees_with_a_planted_one(finished):
    """The reference row of the robustness grid is the pooled effect of the evidence; a real effect survives the grid."""
    results = finished.folder / "results/planted_positive"
    (record,) = json.loads((results / "robustness.json").read_text())["hypotheses"]
    pooled = json.loads((results / "evidence/main.json").read_text())["pooled"]
    reference = record["variants"][0]
    assert (reference["effect"], reference["p_value"], reference["k"]) == (pooled["effect"], pooled["p"], pooled["k"])
    evaluated = {row["dimension"] for row in record["variants"] if row["agrees"] is not None}
    assert {"covariates", "filter", "probe_rule", "statistic", "test", "set_version", "dataset_left_out"} <= evaluated
    assert record["full_data"]["share"] >= 0.75
    assert record["reversed"] == []
    lines = (results / "robustness.tsv").read_text().splitlines()
    assert len(lines) == len(record["variants"]) + 1
    assert finished.verdicts()["main"]["robustness_share"] == record["share"]


def test_every_planted_truth_is_run():
    """A new truth joins one of the runs."""
    assert {ALONE, *(kind for kinds in TOGETHER.values() for kind in kinds), "positive"} == {*PLANTED_KINDS}
