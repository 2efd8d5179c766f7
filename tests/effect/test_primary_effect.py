"""Margins from positive controls: only a control that moved the set the expected way gives one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.considerations.influence.measure import measure_influence
from sidemine.considerations.specificity.measure import measure_specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.differential.record import UntestableDesign
from sidemine.effect.adjustment import common_rows
from sidemine.effect.measure import ContrastResults, _margin, genes_of_answer, measure_hypothesis
from sidemine.effect.pooled_effect import NO_POOL_OF_ARMS, choose_independent
from sidemine.effect.record import ContrastEvidence
from sidemine.enrichment.camera import CAMERA
from sidemine.enrichment.fry import FRY
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.errors import Problem
from sidemine.lines.bridge.contrasts import source_of
from sidemine.prepare.sample_table import SAMPLES
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import ContrastOfRole, HypothesisOnSet, HypothesisToPlace
from sidemine.study.rows import Dataset
from sidemine.tables import empty_table


def control(effect: float, p_value: float) -> ContrastEvidence:
    return ContrastEvidence(
        contrast="stimulated", dataset="cells", accession="GSE1", platform="", role="stimulus", tissue="cells",
        status="verified", target_label="interferon", reference_label="none", n_target=3, n_reference=3, testable=True,
        effect=effect, effect_se=0.1, effect_df=4.0, p_self_contained=p_value, direction="up" if effect > 0 else "down",
    )  # fmt: skip


def hypothesis(direction: str) -> Hypothesis:
    margin = {"fraction": 0.2, "of_contrast": "stimulated", "direction": direction}
    primary = {"set": "S", "contrasts": ["drug"], "direction": "down", "margin": margin}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Does the drug lower them?", "kind": "experiment", "primary": primary}
    )


@pytest.mark.parametrize(
    ("effect", "p_value", "expected", "margin"),
    [(2.0, 0.001, "up", 0.4), (-2.0, 0.001, "up", None), (-2.0, 0.001, "down", 0.4), (2.0, 0.2, "up", None)],
)
def test_a_margin_needs_a_control_that_moved_the_expected_way(effect, p_value, expected, margin):
    """A control that is silent, or moved the set the other way, shows no working experiment and gives no margin."""
    found, _ = _margin(hypothesis(expected), {"stimulated": control(effect, p_value)}, {"drug": -0.5})
    assert found.value == (None if margin is None else pytest.approx(margin))
    assert margin is not None or "did not move the set" in found.rule
    assert found.unit == "log2 fold change over complement"
    assert (found.error is None) is (margin is None)
    if found.error:
        half = 0.2 * 0.1 * stats.t.ppf(0.975, 4)
        assert (found.error.se, found.error.df) == (pytest.approx(0.02), 4.0)
        assert (found.error.ci_low, found.error.ci_high) == pytest.approx((margin - half, margin + half))
        assert found.error.correlations == {"drug": -0.5}


def results_of(name, accession, source):
    """A contrast of its own accession that could not be tested, with what earlier stages found."""
    design = UntestableDesign(
        contrast=name, dataset=f"data_{name}", testable=False, problem=Problem("too small", "x", "3", "more"),
        n_genes_tested=0, target_samples=[], reference_samples=[], n_target=2, n_reference=2, design_columns=[],
        covariates=[], covariate_kinds=[], block="", blocking="none", dropped=[], residual_df=0, notes=[],
        further_problems=[],
    )  # fmt: skip
    dataset = Dataset(
        dataset=f"data_{name}", accession=accession, layout="table", file="x.tsv", identifiers="symbol", scale="log2",
        tissue="cells", licence="none", source=source,
    )  # fmt: skip
    return ContrastResults(name, dataset, None, design, empty_table(SET_TESTS), empty_table(SAMPLES))


@pytest.mark.parametrize(
    ("words", "joined"), [(("lab A", "lab A"), True), (("lab A", "lab B"), False), (("", ""), False)]
)
def test_a_declared_source_goes_from_the_sheet_to_pooling_and_bridges(words, joined):
    """Two accessions with one word are one source: in the evidence, its notes, pooling, and drug against disease."""
    results = [results_of(name, f"GSE{name}", word) for name, word in zip(("one", "two"), words, strict=True)]
    primary = {"set": "S", "contrasts": ["one", "two"], "direction": "down", "margin": 0.4}
    declared = Hypothesis.model_validate(
        {"id": "h", "question": "Does the drug lower them?", "kind": "experiment", "primary": primary}
    )
    sets = pd.DataFrame({"gene_set": ["S"], "family": ["target"], "gene": ["A"], "weight": [1.0]})
    found = measure_hypothesis(declared, results, sets, {})
    one, two = found.contrasts
    assert (one.source == two.source) is joined
    assert any("count as one" in note for note in found.notes) is joined
    sources = {}
    for entry in results:
        sources[entry.contrast] = source_of(
            ContrastOfRole(contrast=entry.contrast, dataset=entry.dataset.dataset, role="inhibitor"),
            entry.dataset, None, entry.design, empty_table(SAMPLES), {},
        )  # fmt: skip
    chosen, _ = choose_independent(
        ["one", "two"],
        {name: source.source for name, source in sources.items()},
        {name: frozenset({name}) for name in sources},
    )
    assert chosen == (["one"] if joined else ["one", "two"])


@pytest.mark.parametrize(
    ("accessions", "direction", "correlation"),
    [(("GSE1", "GSE1"), "up", -0.5), (("GSE1", "GSE1"), "down", 0.5), (("GSE1", "GSE2"), "up", None)],
)
def test_a_margin_knows_which_contrasts_share_samples_with_its_control(accessions, direction, correlation):
    """Three arms of four cultures, one of them in both: counted upwards, what chance lifts it by lifts the control and lowers the drug."""
    rng = np.random.default_rng(3)
    genes, arm = [f"G{number}" for number in range(60)], np.repeat([0, 1, 2], 4)
    sign = 1 if direction == "up" else -1
    level = np.array([0.0, 2.0 * sign, 1.0 * sign])[arm]
    values = 8 + 0.3 * rng.standard_normal((60, 12)) + np.outer(np.arange(60) < 10, level)
    sets = pd.DataFrame(
        {"gene_set": "S", "family": "target", "gene": genes[:10], "weight": 1.0, "version": "1", "source": "x"}
    )
    results = []
    for name, accession, target, reference in zip(("stimulated", "drug"), accessions, (1, 2), (0, 1), strict=True):
        used = (arm == target) | (arm == reference)
        cultures = pd.DataFrame(index=[f"s{at}" for at in np.flatnonzero(used)])
        design = build_design(cultures, arm[used] == target, arm[used] == reference)
        fit = fit_contrast(values[:, used], genes, design)
        tests = run_set_tests(fit, build_membership(sets, genes), rotations=1, seed=1, tests=(FRY, CAMERA))
        samples = pd.DataFrame({"sample": cultures.index, "unit": cultures.index, "fate": "used"})
        shell = results_of(name, accession, "")
        results.append(
            replace(shell, fit=fit, set_tests=tests, samples=samples, design=replace(shell.design, testable=True))
        )
    asked = hypothesis(direction)
    found = measure_hypothesis(asked, results, sets, {}).margin
    given, seen = found.error.correlations.get("drug", (None, None))
    assert given == (None if correlation is None else pytest.approx(correlation))
    assert seen is None or 0 < seen / correlation < 2  # by the residuals of four cultures
    assert found.error.se == pytest.approx(0.2 * measure_hypothesis(asked, results, sets, {}).control.effect_se)


def test_a_set_that_only_the_deeper_group_reads_is_not_testable_for_its_depth():
    """The next step is no other platform; genes that nobody reads are told as before."""
    shallow = "low expression: too few reads in the shallow libraries of one group"
    result, sets = fitted_results("middle")
    fit = fit_without(result.fit, 8)
    unread = replace(fit, dropped_genes=[f"G{at}" for at in range(8)], dropped_reasons=[shallow] * 8)
    (row,) = measured_up([replace(result, fit=unread)], sets).contrasts
    assert row.problem.what.endswith("a part of it, was sequenced far less deeply")
    assert row.problem.where.startswith(
        "2 of 10 in contrast middle (GSEmiddle); 8 more have reads in the deeper group alone"
    )
    low = replace(unread, dropped_reasons=["low expression"] * 8)
    assert "platform" in measured_up([replace(result, fit=low)], sets).contrasts[0].problem.next_step


SIZES = {"large": (30, 30), "other": (20, 25), "next": (22, 24), "small": (3, 3), "middle": (8, 9)}


def fitted_results(name):
    """A cohort of its own accession in which the set is higher, with three covariates in the model."""
    rng = np.random.default_rng([sum(SIZES[name]), 5])
    n = sum(SIZES[name])
    is_target = np.arange(n) < SIZES[name][0]
    genes = [f"G{number}" for number in range(60)]
    people = pd.DataFrame(
        {f"c{at}": rng.normal(size=n).astype(str) for at in range(3)}, index=[f"{name}{at}" for at in range(n)]
    )
    values = 8 + rng.normal(size=(60, n)) + 0.9 * np.outer(np.arange(60) < 10, is_target)
    fit = fit_contrast(values, genes, build_design(people, is_target, ~is_target, covariates=list(people)))
    shell = results_of(name, f"GSE{name}", "")
    sets = pd.DataFrame(
        {"gene_set": "S", "family": "target", "gene": genes[:10], "weight": 1.0, "version": "1", "source": "x"}
    )
    tests = run_set_tests(fit, build_membership(sets, genes), rotations=1, seed=1, tests=(FRY, CAMERA))
    samples = pd.DataFrame({"sample": people.index, "unit": people.index, "fate": "used"})
    facts = replace(shell.design, testable=True, n_target=SIZES[name][0], n_reference=SIZES[name][1])
    return replace(shell, fit=fit, design=facts, set_tests=tests, samples=samples), sets


@pytest.mark.parametrize(
    ("names", "pooled"),
    [
        (["large", "small", "other"], ["large", "other"]),
        (["small", "middle", "large", "other"], ["large", "other"]),
        (["large", "small"], ["large", "small"]),
        (["small", "middle"], ["small", "middle"]),
    ],
)
def test_a_small_cohort_does_not_keep_open_what_two_larger_ones_answer(names, pooled):
    """It is measured and told, and does not enter; where fewer than two are large, every cohort counts."""
    results, sets = zip(*map(fitted_results, names), strict=True)
    primary = {"set": "S", "contrasts": names, "direction": "up", "margin": 0.4}
    declared = Hypothesis.model_validate(
        {"id": "h", "question": "Is the set higher?", "kind": "cohort", "primary": primary}
    )
    found = measure_hypothesis(declared, results, sets[0], {})
    assert found.pooled.contrasts == pooled
    assert all(row.effect is not None for row in found.contrasts)
    left = [name for name in names if name not in pooled]
    assert [(entry.contrast, entry.too_small) for entry in found.pooled.refused] == [(name, True) for name in left]
    assert [f"{name} is not pooled: it has " in " ".join(found.notes) for name in left] == [True] * len(left)


def question_about(results):
    """Whether the set is higher in these cohorts."""
    primary = {"set": "S", "contrasts": [entry.contrast for entry in results], "direction": "up", "margin": 0.4}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Is the set higher?", "kind": "cohort", "primary": primary}
    )


def measured_up(results, sets):
    """The evidence of a question about these cohorts."""
    return measure_hypothesis(question_about(results), results, sets, {})


def test_a_small_cohort_of_a_pooled_source_is_no_witness_of_its_own():
    """It is left out for its size, and what it says contradicts nobody."""
    results, sets = zip(*map(fitted_results, ["small", "large", "other"]), strict=True)
    small, *large = results
    joined = replace(small, dataset=small.dataset.model_copy(update={"accession": "GSElarge"}))
    pooled = measured_up([joined, *large], sets[0]).pooled
    refused = pooled.refused
    assert [(entry.contrast, entry.too_small) for entry in refused] == [("small", False)]
    assert pooled.too_small is None
    assert "residual degrees of freedom" in refused[0].reason


def without_genes(result, n):
    """The same cohort on a platform that lacks the first n genes."""
    return replace(result, fit=fit_without(result.fit, n))


def fit_without(fit, n):
    """The fit of all genes but the first n."""
    return fit_of(fit, slice(n, None))


def fit_of(fit, genes):
    """The fit of some of its genes."""
    per_gene = {
        name: value[genes]
        for name, value in vars(fit).items()
        if isinstance(value, np.ndarray) and len(value) == len(fit.genes)
    }
    return replace(fit, genes=fit.genes[genes], **per_gene)


def test_a_cohort_beside_the_pooled_ones_takes_no_gene_from_them():
    """3 v 3 without five genes of the set: no figure of the answer changes, wherever genes are counted; its own effect rests on the rest."""
    results, sets = zip(*map(fitted_results, ["large", "other", "small"]), strict=True)
    *large, small = results
    lacking = without_genes(small, 5)
    alone, beside = measured_up(large, sets[0]), measured_up([*large, lacking], sets[0])
    assert replace(beside.pooled, refused=[], too_small=None) == alone.pooled
    assert beside.contrasts[:2] == alone.contrasts
    assert beside.n_common_genes == alone.n_common_genes == 10
    assert beside.pooled.too_small.effect == beside.contrasts[2].effect is not None
    assert (
        "small measured 5 of the 10 genes that the pooled effect rests on; its own effect rests on these."
        in beside.notes
    )
    assert not any("rests on" in note for note in measured_up(results, sets[0]).notes)

    fits = {entry.contrast: entry.fit for entry in (*large, lacking)}
    two = {entry.contrast: entry.fit for entry in large}
    assert genes_of_answer(beside, fits) == genes_of_answer(alone, two) == set(fits["large"].genes)
    asked = question_about([*large, lacking])
    rows = common_rows(HypothesisOnSet.of(asked), beside, fits, sets[0])
    assert list(rows["gene"]) == list(sets[0]["gene"])
    assert measure_influence("h", "cohort", beside, fits, sets[0]) == measure_influence(
        "h", "cohort", alone, two, sets[0]
    )
    settings = SpecificitySettings(matched_sets=10, min_set_size=5, max_set_size=500, seed=1)
    placed = [
        measure_specificity([HypothesisToPlace.of(question_about(given))], {"h": known}, having, sets[0], settings)[1][
            0
        ]
        for given, known, having in (([*large, lacking], beside, fits), (large, alone, two))
    ]
    assert placed[0].contrasts[:2] == placed[1].contrasts


def test_a_cohort_beside_the_pooled_ones_with_too_few_of_their_genes_is_not_tested():
    """Four of ten: it has no effect, its problem says so, and the large ones answer."""
    results, sets = zip(*map(fitted_results, ["large", "other", "small"]), strict=True)
    found = measured_up([*results[:2], without_genes(results[2], 6)], sets[0])
    assert [row.testable for row in found.contrasts] == [True, True, False]
    assert found.contrasts[2].problem.where.startswith("4 of 10 in contrast small")
    assert found.pooled.contrasts == ["large", "other"]
    assert found.pooled.too_small is None
    assert [entry.reason for entry in found.pooled.refused] == ["could not be tested"]
    assert not any("shown beside" in note for note in found.notes)


def test_a_large_cohort_that_lacks_the_genes_is_named_by_the_others():
    """It is pooled, so what it lacks does not count: too few are left for every one."""
    results, sets = zip(*map(fitted_results, ["large", "other", "next"]), strict=True)
    first, second, third = results
    found = measured_up([first, without_genes(second, 5), replace(third, fit=fit_of(third.fit, slice(5)))], sets[0])
    assert found.pooled.k == 0
    assert all(row.problem.where.endswith("0 that all pooled cohorts measured too") for row in found.contrasts)
    assert found.contrasts[0].problem.next_step.startswith("It measures enough")
    assert "other measured the fewest (5). Leave that one out, or this one" in found.contrasts[0].problem.next_step
    assert found.contrasts[1].problem.next_step.endswith("other measured the fewest (5). Leave that one out.")


def test_a_large_cohort_without_a_number_carries_nothing():
    """Every gene of its set is constant: one large cohort is left, and the small one counts beside it."""
    results, sets = zip(*map(fitted_results, ["large", "other", "small"]), strict=True)
    silent = replace(results[1].fit, score_effects=results[1].fit.score_effects * 0)
    found = measured_up([results[0], replace(results[1], fit=silent), results[2]], sets[0])
    assert found.pooled.contrasts == ["large", "small"]


def test_a_small_cohort_outweighs_no_large_one():
    """Three covariates and one residual degree of freedom: what they seem to explain is noise, and gives no weight."""
    small, large = (measure_one(*fitted_results(name)) for name in ("small", "large"))
    assert small.effect_weight < 2 / (1 / 3 + 1 / 3)
    assert large.effect_weight == pytest.approx(1 / (1 / 30 + 1 / 30), rel=0.2)
    # The interval has the error's one degree of freedom, not those of the unit.
    assert small.effect_df < 2


def measure_one(result, sets):
    """The effect of one cohort, as the effect stage measures it."""
    declared = Hypothesis.model_validate(
        {
            "id": "h", "question": "Is the set higher?", "kind": "cohort",
            "primary": {"set": "S", "contrasts": [result.contrast], "direction": "up", "margin": 0.4},
        }
    )  # fmt: skip
    return measure_hypothesis(declared, [result], sets, {}).contrasts[0]


def test_a_declared_source_stands_in_the_record():
    """With the word, the accession does not count; without it it does, and no tissue takes it apart."""
    assert control(1.0, 0.01).source == replace(control(1.0, 0.01), tissue="cord blood").source == "gse1"
    assert replace(control(1.0, 0.01), declared_source="X").source == "x"


def test_no_arm_of_a_panel_stands_for_the_others():
    """Arms share samples: the record pools none of them and says why, so that nobody reads the first one as the panel's effect."""
    results, sets = zip(*(fitted_results(name) for name in ("large", "other")), strict=True)
    arms = question_about(results).model_copy(update={"kind": "panel"})
    pooled = measure_hypothesis(arms, list(results), sets[0], {}).pooled
    assert (pooled.k, pooled.contrasts, pooled.effect) == (0, [], None)
    assert pooled.not_estimable == {"effect": NO_POOL_OF_ARMS}
