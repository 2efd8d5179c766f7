"""The short cuts of the grid give what the long way gives."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from planted_cohorts import GENES, SET, gene_sets, settings
from scipy import stats

from sidemine.considerations.composition.measure import adjust_effect, measure_composition
from sidemine.considerations.robustness.contrast_data import NOT_REUSED, NotApplicable, Refit
from sidemine.considerations.robustness.grid import _direction
from sidemine.considerations.robustness.measure import (
    Measured,
    _by_test,
    _grouped,
    _refit_all,
    _refuse_few,
    _replaced,
    self_contained_p,
)
from sidemine.considerations.robustness.measure_study import OFF, ONE_MODEL, contrasts_to_vary, vary_study
from sidemine.considerations.robustness.read_data import _other_probes
from sidemine.considerations.robustness.record import ROBUSTNESS
from sidemine.considerations.robustness.set_p_values import PERMUTATIONS, SetP, combine_stouffer, set_p, smallest_of_all
from sidemine.considerations.robustness.variant_rows import Row, summarise_rows
from sidemine.considerations.robustness.variants import REFERENCE, Change, Variant, cross_variants, declare_variants
from sidemine.differential.contrast_fit import restrict_genes
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast, moderate_robustly
from sidemine.differential.linear_model import common_space
from sidemine.effect.record import ContrastEvidence, Estimate, PooledEffect
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.label_permutation import label_permutation_test
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_effect import gene_spread, hedges_g, sample_score_effect
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.unit_errors import p_of_blocks_over_others, p_of_units
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.settings import Settings
from sidemine.tables import read_table, table_of, write_table

N = 24
CASES = np.arange(N) < 12


def design():
    table = pd.DataFrame({"batch": list("xy") * 12}, index=[f"s{number}" for number in range(N)])
    return build_design(table, CASES, ~CASES, ["batch"])


def log2(seed=3):
    return np.random.default_rng(seed).normal(8, 1, (len(GENES), N))


def counts(seed=4):
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(4, 1.5, (len(GENES), 1)))
    return rng.negative_binomial(5, 5 / (5 + level), (len(GENES), N)).astype(float)


@pytest.mark.parametrize("layer", ["log2", "counts"])
@pytest.mark.parametrize("array_weights", [False, True])
def test_scores_of_a_few_genes_are_those_of_the_whole_fit(layer, array_weights):
    """Voom's and array weights come from all genes, whichever of them are asked for."""
    values = counts() if layer == "counts" else log2()
    whole = fit_contrast(values, GENES, design(), layer=layer, array_weights=array_weights)
    few = fit_contrast(values, GENES, design(), layer=layer, array_weights=array_weights, only=SET)
    rows = [whole.genes.index(gene) for gene in few.genes]
    assert set(few.genes) == set(SET) & set(whole.genes)
    np.testing.assert_allclose(few.score_effects, whole.score_effects[rows], rtol=1e-12, atol=1e-12)
    assert few.score_stdev_unscaled == pytest.approx(whole.score_stdev_unscaled, rel=1e-12)


def test_filters_of_counts_can_be_stricter_and_looser():
    tested = [
        len(fit_contrast(counts(), GENES, design(), layer="counts", min_count=least).genes) for least in (5, 10, 20)
    ]
    assert tested[0] > tested[1] > tested[2]


@pytest.mark.parametrize("layer", ["log2", "counts"])
def test_robust_moderation_alone_equals_a_robust_fit(layer):
    values = counts() if layer == "counts" else log2()
    again = moderate_robustly(fit_contrast(values, GENES, design(), layer=layer))
    whole = fit_contrast(values, GENES, design(), layer=layer, robust=True)
    for name in ("t", "df", "p_value", "prior_variance", "posterior_variance"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert again.facts == whole.facts


def test_a_fit_of_the_genes_of_a_set_gives_the_same_test():
    fit = fit_contrast(log2(), GENES, design())
    inside = restrict_genes(fit, np.flatnonzero(np.isin(fit.genes, SET)))
    whole = fry(fit, build_membership(gene_sets(), fit.genes, 1))
    few = fry(inside, build_membership(gene_sets(), inside.genes), mixed=False)
    assert few["p_value"].iloc[0] == pytest.approx(whole["p_value"].iloc[0], rel=1e-12)


def test_a_score_per_sample_gives_the_effect_of_its_genes():
    """The mean of z as one number per sample has the Hedges g of the set."""
    fit = fit_contrast(log2(), GENES, design())
    rows = [fit.genes.index(gene) for gene in SET]
    score = (log2()[rows] / gene_spread(fit.effects[rows])[:, None]).mean(axis=0)
    found = sample_score_effect(common_space(score[None], design().matrix), [], fixed_blocks=False)
    expected = hedges_g(fit, build_membership(gene_sets(), fit.genes, 1)).iloc[0]
    assert found.effect[0] == pytest.approx(expected["g"], rel=1e-10)
    assert found.p_value[0] == pytest.approx(expected["p_value"], rel=1e-8)


def test_a_mean_of_log2_lets_variable_genes_weigh_more():
    """Without standardising, the one gene that varies ten times as much decides."""
    values = log2()
    values[0] = 10 * values[0]
    fit = fit_contrast(values, GENES, design())
    membership = build_membership(gene_sets(), fit.genes, 1)
    alone = hedges_g(fit, build_membership(gene_sets().iloc[:1], fit.genes, 1))["g"].iloc[0]
    log2_mean, usual = (hedges_g(fit, membership, standardise=how)["g"].iloc[0] for how in (False, True))
    assert abs(log2_mean - alone) < abs(usual - alone)


def test_the_adjusted_effect_alone_is_that_of_the_record():
    fit = fit_contrast(log2(), GENES, design())
    values = log2()
    values[100:112] += 3 * np.random.default_rng(1).normal(size=N)
    fit = fit_contrast(values, GENES, design())
    markers = {"erythroid": GENES[100:112]}
    adjusted, reason = adjust_effect(fit, gene_sets(), markers, {})
    assert reason == ""
    assert adjusted == measure_composition(fit, gene_sets(), markers, {}, [1]).adjusted
    nothing, reason = adjust_effect(fit, gene_sets(), {}, {})
    assert nothing is None
    assert "no usable cell proxy" in reason


def two_groups(n_cases, n_controls, spread=1.0, **blocks):
    """A contrast in which the set goes down a little; the cases may vary more, and samples may lie in blocks."""
    n = n_cases + n_controls
    cases = np.arange(n) < n_cases
    values = np.random.default_rng(7).normal(8, np.where(cases, spread, 1.0), (len(GENES), n))
    values[: len(SET), cases] -= 0.4
    table = pd.DataFrame(
        {name: [str(label) for label in labels] for name, labels in blocks.items()},
        index=[f"s{row}" for row in range(n)],
    )
    found = build_design(table, cases, ~cases, block=next(iter(blocks), ""))
    return Refit(fit_contrast(values, GENES, found), found)


def asked(refit, test):
    """The set by one test, with 99 rotations."""
    return set_p(refit, gene_sets(), test, 99, 5)


def test_each_test_of_a_set_is_what_its_name_says():
    """On the genes of the set, or among all; movement either way has the direction of rotations."""
    refit = two_groups(8, 8)
    inside = restrict_genes(refit.fit, np.arange(len(SET)))
    membership = build_membership(gene_sets(), inside.genes)
    options = {"n_rotations": 99, "seed": 5, "competitive": False}
    rotated, either = (rotation_test(inside, membership, **options, mixed=mixed).iloc[0] for mixed in (False, True))
    permuted = label_permutation_test(inside, refit.design, membership, n_permutations=PERMUTATIONS, seed=5).iloc[0]
    known = {
        "fry": fry(inside, membership).iloc[0]["p_value"],
        "camera": camera(refit.fit, build_membership(gene_sets(), GENES)).iloc[0]["p_value"],
        "rotation": rotated["p_value"],
        "mean_absolute_t": either["p_mixed"],
        "label_permutation": permuted["p_value"],
    }
    assert len({round(p, 6) for p in known.values()}) == len(known)
    for test, p_value in known.items():
        assert asked(refit, test) == SetP(pytest.approx(p_value), "down"), test


@pytest.mark.parametrize("test", ["camera", "mean_absolute_t"])
def test_ten_residual_degrees_of_freedom_are_enough(test):
    """With nine these tests tell nothing; FRY and rotations still do."""
    assert 0 < asked(two_groups(6, 6), test).p_value < 1
    nine = two_groups(6, 5)
    with pytest.raises(NotApplicable, match=r"^uninformative with 9 residual degrees of freedom$"):
        asked(nine, test)
    assert asked(nine, "fry").direction == asked(nine, "rotation").direction == "down"


def test_labels_are_permuted_from_six_samples_an_arm():
    """In both arms; what else speaks against it is told in the words of the test."""
    assert asked(two_groups(6, 6), "label_permutation").direction == "down"
    for groups in ((5, 7), (7, 5)):
        with pytest.raises(NotApplicable, match=r"^fewer than 6 samples in an arm are too few to permute$"):
            asked(two_groups(*groups), "label_permutation")
    dishes = two_groups(9, 9, dish=np.repeat(np.arange(6), 3))
    with pytest.raises(NotApplicable, match=r"^labels cannot be permuted: the samples are not exchangeable$"):
        asked(dishes, "label_permutation")


def test_no_p_is_smaller_than_with_errors_by_unit():
    """Four cases that vary thrice as much: FRY and rotations take the larger p, of an absolute change there is none."""
    refit = two_groups(4, 16, spread=3.0)
    inside = restrict_genes(refit.fit, np.arange(len(SET)))
    membership = build_membership(gene_sets(), inside.genes)
    of_units = p_of_units(inside, membership)[0]
    assert fry(inside, membership)["p_value"].iloc[0] < of_units
    assert asked(refit, "fry").p_value == asked(refit, "rotation").p_value == of_units


def test_the_competitive_p_is_no_smaller_than_with_blocks_as_units():
    """Three and three dishes of three wells."""
    refit = two_groups(9, 9, dish=np.repeat(np.arange(6), 3))
    whole = build_membership(gene_sets(), GENES)
    both = camera(refit.fit, whole)["p_value"].iloc[0], p_of_blocks_over_others(refit.fit, whole)[0]
    assert both[0] < both[1]
    assert asked(refit, "camera").p_value == both[1]


def test_p_values_are_combined_with_their_signs():
    """Two equal ones support, two opposite ones cancel; the smallest counts as often as there are contrasts."""
    same = combine_stouffer([SetP(0.05, "up"), SetP(0.05, "up")], [1.0, 1.0])
    assert same.direction == "up"
    assert same.p_value == pytest.approx(0.00557, abs=1e-4)
    assert combine_stouffer([SetP(0.05, "up"), SetP(0.05, "down")], [1.0, 1.0]).p_value == pytest.approx(1)
    assert combine_stouffer([SetP(1e-200, "up"), SetP(1e-200, "up")], [1.0, 1.0]).p_value > 0
    # A test without a direction leans to neither side, and weakens the other.
    none = combine_stouffer([SetP(0.05, "up"), SetP(1e-9, "none")], [1.0, 1.0])
    assert (none.direction, none.p_value) == ("up", pytest.approx(2 * stats.norm.sf(stats.norm.isf(0.025) / 2**0.5)))
    assert combine_stouffer([SetP(0.05, "none")], [1.0]) == SetP(1.0, "none")
    assert smallest_of_all([SetP(0.02, "down"), SetP(0.4, "up")]) == SetP(0.04, "down")


def test_changes_are_taken_apart_and_joined():
    change = Change(without=("age",), filter="stricter")
    first, second = change.parts()
    assert first.joined(second) == change
    assert Change().parts() == []
    assert change.refits()
    assert not Change(composition=True, set_version="half_1").refits()


def test_the_grid_does_not_depend_on_results():
    """The same declaration gives the same variants in the same order; pairs are crossed before triples."""
    variants = declare_variants(
        "cohort", ["age"], ["a"], {"half_1": "half"}, "highest_mean", ["covariates", "filter", "probe_rule"]
    )
    crossed = cross_variants(variants, 99)
    sizes = [one.name.count("_and_") for one in crossed]
    assert sizes == sorted(sizes)
    assert {variant.dimension for variant in variants} == {"covariates", "filter", "probe_rule"}
    assert len({variant.name for variant in [*variants, *crossed]}) == len(variants) + len(crossed)


def test_the_table_is_typed_also_when_empty(tmp_path: Path):
    path = tmp_path / "robustness.tsv"
    write_table(table_of([], ROBUSTNESS), path, ROBUSTNESS)
    assert list(read_table(path, ROBUSTNESS).columns) == ROBUSTNESS.names


def test_the_grid_can_be_switched_off():
    hypothesis = Hypothesis.model_validate(
        {"id": "h", "question": "Does it change?", "kind": "cohort",
         "primary": {"set": "S", "contrasts": ["a"], "direction": "up"}}
    )  # fmt: skip
    (record,) = vary_study([hypothesis], {}, {}, gene_sets(), {}, settings(dimensions=[]))
    assert record.reason == OFF
    assert record.share is None


def test_the_grid_does_not_vary_a_panel():
    """All its arms stand in one model; it needs no data of its contrasts then."""
    (record,) = vary_study([SimpleNamespace(id="h", kind="panel")], {}, {}, gene_sets(), {}, settings())
    assert (record.reason, record.variants, record.share) == (ONE_MODEL, [], None)


@pytest.mark.parametrize(("written", "n"), [("all", 13), ("off", 0), (False, 0), (["filter", "seed"], 2)])
def test_the_setting_takes_words_and_lists(written, n):
    """YAML reads a bare off as false."""
    assert len(Settings.model_validate({"robustness": written}).robustness) == n


@pytest.mark.parametrize(("effect", "side"), [(0.4, "up"), (-0.4, "down"), (0.0, "none")])
def test_a_variant_replaces_what_it_measured_and_holds_the_rest(effect, side):
    """Effect, precision, interval, p, side and sizes are the variant's; the competitive p stays that of the reference."""
    row = ContrastEvidence(
        "a", "d", "GSE1", 20, 30, testable=True, effect=9.0, effect_se=9.0, effect_df=9.0, ci_low=9.0, ci_high=9.0,
        p_self_contained=0.9, direction="up", p_competitive=0.02, residual_df=48.0, comparator_percentile=80.0,
    )  # fmt: skip
    refit = SimpleNamespace(design=SimpleNamespace(n_target=11, n_reference=12), fit=SimpleNamespace(residual_df=21))
    found = _replaced(row, Estimate(effect, 0.1, effect - 0.2, effect + 0.3, 21.0, 0.5), refit, 0.03)
    assert found == replace(
        row, effect=effect, effect_se=0.1, effect_df=21.0, ci_low=effect - 0.2, ci_high=effect + 0.3, p_self_contained=0.03,
        direction=side, n_target=11, n_reference=12, residual_df=21.0,
    )  # fmt: skip


def test_reasons_are_told_once_with_their_contrasts_where_they_differ():
    """One reason for all needs no names."""
    assert _grouped({"a": "no age", "b": "no age"}) == "no age"
    assert _grouped({"a": "no age", "b": "no sex", "c": "no age"}) == "no age (a, c); no sex (b)"


def test_a_contrast_that_is_not_pooled_is_no_reason():
    """A second row of one accession, all of whose samples are "re-used", does not make the run of the first one unknown."""

    def data(reason):
        return SimpleNamespace(applicable=lambda _: (Change(), [reason]), refit=lambda *_: object())

    question = SimpleNamespace(
        kind="cohort",
        needed=None,
        pooled=["a"],
        testable=[SimpleNamespace(contrast="a"), SimpleNamespace(contrast="again")],
        contrasts={"a": data(NOT_REUSED), "again": data("the target has 0 independent units")},
    )
    with pytest.raises(NotApplicable) as caught:
        _refit_all(question, Change(samples="no_reused_controls"))
    assert str(caught.value) == NOT_REUSED, "which `summarise_rows` reads as: not applicable"


@pytest.mark.parametrize(("kind", "reason"), [("cohort", "few rows"), ("experiment", "a: few rows")])
def test_a_test_is_made_in_the_pooled_cohorts_and_in_every_experiment(kind, reason):
    """Why one cannot be tested is told with its name where there are several."""

    def refuse(_):
        raise NotApplicable("few rows")

    question = SimpleNamespace(
        kind=kind,
        versions={"": None},
        seed=1,
        pooled=["a"],
        testable=[SimpleNamespace(contrast="a"), SimpleNamespace(contrast="beside")],
        contrasts=dict.fromkeys(["a", "beside"], SimpleNamespace(refit=refuse)),
    )
    with pytest.raises(NotApplicable) as caught:
        _by_test(question, Change(test="rotation"))
    assert str(caught.value) == reason


def test_values_are_read_again_only_for_another_rule_of_probes_and_only_of_arrays():
    """Reading an array takes longer than all other variants together."""
    rows = [SimpleNamespace(dataset=name) for name in ("array", "counts")]
    for dimensions, raw in (("filter", {"array": {}}), ("probe_rule", {})):
        asked = SimpleNamespace(robustness=[dimensions], probe_rule="max_mean")
        assert _other_probes(rows, SimpleNamespace(raw=raw), asked) == {}
    with pytest.raises(KeyError, match="samples"):  # what it then reads first
        _other_probes(rows, SimpleNamespace(raw={"array": {}}), asked)


def test_too_few_genes_are_no_set():
    """The smallest set itself is one."""
    question = SimpleNamespace(min_set_size=5)
    _refuse_few(5, question)
    with pytest.raises(NotApplicable, match="4 measured genes are left, fewer than 5"):
        _refuse_few(4, question)


def test_the_self_contained_p_of_experiments_is_the_smallest_times_their_number():
    """Contrasts without one do not count; without any there is none."""
    row = ContrastEvidence("a", "d", "GSE1", 3, 3, testable=True, p_competitive=1e-9)
    rows = [replace(row, p_self_contained=p, direction=side) for p, side in ((0.03, "up"), (0.01, "down"))]
    assert self_contained_p([*rows, row]) == SetP(pytest.approx(0.02), "down")
    assert self_contained_p([row]) is None


@pytest.mark.parametrize(("effect", "direction"), [(0.01, "up"), (-0.01, "down"), (0.0, "none"), (None, "none")])
def test_the_side_of_a_pooled_effect(effect, direction):
    """Without an effect there is no side."""
    assert _direction(SimpleNamespace(effect=effect)) == direction


def row_of(effect=0.5, low=0.2, high=0.8, *, direction="up", p=0.01, verdict="suggestive", measured=True):
    """One variant as the grid reads it."""
    estimate = SimpleNamespace(effect=effect, ci_low=low, ci_high=high)
    return Row(REFERENCE, SimpleNamespace() if measured else None, estimate, p, direction, verdict)


@pytest.mark.parametrize(
    ("reference", "interval", "reverses"),
    [
        ("down", (0.5, 0.2, 0.8), True), ("down", (0.5, 0.0, 1.0), False), ("down", (0.5, -0.1, 1.1), False),
        ("up", (-0.5, -0.8, -0.2), True), ("up", (-0.5, -1.0, 0.0), False), ("up", (0.5, 0.2, 0.8), False),
        ("down", (-0.5, -0.8, -0.2), False), ("up", (None, None, None), False), ("up", (-0.5, None, -0.2), False),
        ("up", (-0.5, -0.8, None), False),
    ],
)  # fmt: skip
def test_a_variant_reverses_with_the_other_sign_and_an_interval_off_zero(reference, interval, reverses):
    """An end of exactly 0 does not leave 0 out."""
    assert row_of(*interval).reverses(row_of(direction=reference)) is reverses


@pytest.mark.parametrize(
    ("reference", "own", "agrees"),
    [
        ({"p": 0.05}, {"p": 0.05}, True), ({"p": 0.05}, {"p": 0.0501}, False), ({"p": 0.05}, {"p": None}, False),
        ({"p": 0.05}, {"direction": "down"}, False), ({"p": 0.05}, {"verdict": "conflicting"}, True),
        ({"p": 0.0501}, {"p": 0.5}, True), ({"p": None}, {"p": 0.5}, True), ({"p": None}, {"direction": "down"}, False),
        ({"p": 0.0501}, {"verdict": "conflicting"}, False), ({}, {"measured": False}, None),
    ],
)  # fmt: skip
def test_a_variant_agrees_by_sign_and_p_or_where_nothing_was_found_by_sign_and_verdict(reference, own, agrees):
    """What was not measured neither agrees nor disagrees."""
    assert row_of(**own).agrees(row_of(**reference)) is agrees


@pytest.mark.parametrize(("dimensions", "asked"), [(["seed"], ["a", "b"]), ([], [])])
def test_data_are_asked_for_of_contrasts_that_could_be_tested(dimensions, asked):
    """Each once, in their order; of none where the grid is off."""
    rows = [ContrastEvidence(name, "d", "G", 3, 3, testable=name != "c") for name in "acba"]
    found = {"h": SimpleNamespace(contrasts=rows), "i": SimpleNamespace(contrasts=rows[:1])}
    hypotheses = [SimpleNamespace(id="h", kind="cohort"), SimpleNamespace(id="i", kind="cohort")]
    assert contrasts_to_vary(hypotheses, found, settings(dimensions=dimensions)) == asked


@pytest.mark.parametrize(
    ("effect", "p_value", "modelled", "status"),
    [
        (0.30, 0.07, True, "passed"),
        (0.30, 0.07, False, "failed"),
        (0.20, 0.07, True, "failed"),
        (0.20, 0.04, False, "passed"),
        (-0.40, 0.01, True, "failed"),
    ],
)
def test_on_shared_ages_two_thirds_of_the_effect_are_enough_where_age_is_in_the_model(
    effect, p_value, modelled, status
):
    """Fewer people need not reach the p of all, where the model holds age; where it does not, they must."""

    def row(variant, size, p):
        pooled = PooledEffect(k=2, contrasts=["a", "b"], refused=[], method="", effect=size, ci_low=size - 0.3, ci_high=size + 0.3)  # fmt: skip
        return Row(variant, Measured([], 10), pooled, p, "up" if size > 0 else "down")

    shared = Variant("age_overlap_shared_range", "age_overlap", "only shared ages", Change())
    rows = [row(REFERENCE, 0.42, 0.003), row(shared, effect, p_value)]
    hypothesis = SimpleNamespace(id="h", kind="cohort")
    record = summarise_rows(hypothesis, rows, "", ages_modelled=modelled)
    assert record.required_runs["age_overlap"] == status
    assert ("% of the effect is left" in record.required_details["age_overlap"]) == (modelled and p_value > 0.05)
    # It stands by itself on the card, so its figures have their unit.
    assert re.search(r": [-.\d]+ SD \(95 % CI [-.\d]+ to [-.\d]+ SD; ", record.required_details["age_overlap"])
