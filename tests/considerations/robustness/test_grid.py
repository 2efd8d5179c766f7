"""Planted studies: each variant gives what its change must give, and says why where it gives nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import case
from planted_cohorts import GENES, SET, rows_of
from scipy import stats

from sidemine.considerations.robustness.judge import judge_robustness
from sidemine.considerations.robustness.record import Share
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import Margin, Refused

N = 60
CASES = np.arange(N) < 30


def plain(planted, name="a", effect=1.0, seed=1, **more):
    return planted.contrast(name, planted.samples(N, batch=np.arange(N) % 2), CASES, effect * CASES, seed=seed, **more)


def with_data(data, **changes):
    """A contrast with other values, none of which was fitted yet."""
    return replace(data, _designs={}, _fits={}, **changes)


def test_a_variant_that_changes_nothing_is_the_reference_exactly(planted):
    """Other probes with the same values, and another set of the same genes, give the same numbers to the last bit."""
    data = plain(planted)
    data.other_probes = {"mean_of_probes": (GENES, data.values)}
    sets = planted.gene_sets(("COPY", "target", SET))
    record = planted.ask(data, sets=sets, secondary=["COPY"], dimensions=["probe_rule", "set_version"])
    rows = rows_of(record)
    for name in ("probe_rule_mean_of_probes", "set_version_alternative_COPY"):
        for column in ("effect", "se", "ci_low", "ci_high", "p_value", "k", "n_genes", "direction"):
            assert getattr(rows[name], column) == getattr(rows["reference"], column), (name, column)
        assert rows[name].agrees is True


def test_the_reference_row_is_the_evidence(planted):
    data = [plain(planted), plain(planted, "b", seed=2)]
    pooled = planted.evidence_of(data).pooled
    row = rows_of(planted.ask(*data, dimensions=["seed"]))["reference"]
    assert (row.effect, row.p_value, row.k) == (pooled.effect, pooled.p, 2)
    assert row.full_data is True


def test_a_variant_that_changes_nothing_is_read_as_the_answer_is(planted):
    """By the same limit, which has no J in it, and beside the same cohorts that are too small to be pooled."""
    data = [plain(planted), plain(planted, "b", seed=2), plain(planted, "c", effect=-3.0, seed=3)]
    small = Refused("c", "has too few residual degrees of freedom", too_small=True)
    evidence = planted.evidence_of(data)
    evidence = replace(evidence, pooled=pool_contrasts(evidence.contrasts, [small]))
    sets = planted.gene_sets(("COPY", "target", SET))
    read = []

    def verdict(varied):
        read.append(varied.pooled)
        return "suggestive"

    planted.ask(*data, sets=sets, secondary=["COPY"], dimensions=["set_version"], evidence=evidence, verdict=verdict)
    reference, same = evidence.pooled, read[-1]
    assert reference.limit_factor > 1
    assert reference.too_small.effect < 0
    assert (same.effect, same.limit_factor, same.too_small, same.df) == (
        reference.effect,
        reference.limit_factor,
        reference.too_small,
        reference.df,
    )


def test_a_covariate_that_hides_the_effect_reverses_it_when_left_out(planted):
    """The batch works against the group: with it the set is higher, without it lower, and that is told."""
    batch = np.where(CASES, np.arange(N) % 10 != 0, np.arange(N) % 10 == 0).astype(int)
    shift = 1.5 * CASES - 5.0 * batch
    data = planted.contrast("a", planted.samples(N, batch=batch), CASES, shift, ["batch"])
    record = planted.ask(data, dimensions=["covariates"])
    rows = rows_of(record)
    assert rows["reference"].effect > 0
    assert rows["covariates_none"].effect < 0
    assert rows["covariates_none"].agrees is False
    assert record.reversed == ["covariates_none"]
    assert record.full_data.share == 0


def test_every_declared_covariate_is_left_out_alone_and_with_all(planted):
    table = planted.samples(N, batch=np.arange(N) % 2, age=20 + np.arange(N) % 7)
    data = planted.contrast("a", table, CASES, CASES, ["batch", "age"])
    names = set(rows_of(planted.ask(data, dimensions=["covariates"])))
    assert {"covariates_without_batch", "covariates_without_age", "covariates_none"} <= names


def test_reused_controls_that_make_the_effect_fail_the_run(planted):
    """Only the re-used controls are low: without them nothing is left, and the required run fails."""
    reused = [f"s{number}" for number in range(45, 60)]
    shift = np.where(np.arange(N) >= 45, -2.5, 0.0)
    data = planted.contrast("a", planted.samples(N, x=range(N)), CASES, shift, reused=frozenset(reused))
    record = planted.ask(data, dimensions=["reused_controls"])
    assert rows_of(record)["reference"].p_value < 0.05
    assert record.required_runs["no_reused_controls"] == "failed"
    assert rows_of(record)["reused_controls_dropped"].full_data is False
    assert record.full_data == Share(0, 0, None)


def test_a_second_cohort_of_reused_samples_alone_fails_the_run(planted):
    """Without the samples that were counted before, one cohort is left: whatever it shows, nothing confirms it."""
    copy = plain(planted, "b", effect=2.0, seed=1, reused=frozenset(f"s{number}" for number in range(N)))
    first = plain(planted, effect=2.0, reused=frozenset({"s40", "s41"}))
    record = planted.ask(first, copy, dimensions=["reused_controls"])
    row = rows_of(record)["reused_controls_dropped"]
    assert (row.k, row.agrees) == (1, True)
    assert record.required_runs["no_reused_controls"] == "failed"
    assert "nothing confirms" in record.required_details["no_reused_controls"]


def test_an_effect_of_age_fails_the_run_on_shared_ages(planted):
    """Half of the controls are young and low; among people of the same age nothing differs."""
    ages = np.where(np.arange(N) < 45, 50, 22)
    shift = np.where(ages == 22, -2.5, 0.0)
    shared = frozenset(f"s{number}" for number in range(45))
    table = planted.samples(N, age=ages)
    data = planted.contrast("a", table, CASES, shift, shared_ages=shared, age_column="age")
    record = planted.ask(data, dimensions=["age_overlap"])
    assert record.required_runs["age_overlap"] == "failed"
    assert "shared" in rows_of(record)["age_overlap_shared_range"].description or "share" in (
        rows_of(record)["age_overlap_shared_range"].description
    )


def test_a_sound_effect_passes_the_required_runs(planted):
    ages = 40 + np.arange(N) % 10
    shared = frozenset(f"s{number}" for number in range(N) if number % 10 < 8)
    data = planted.contrast(
        "a", planted.samples(N, age=ages), CASES, 2.0 * CASES, shared_ages=shared, age_column="age",
        reused=frozenset({"s40", "s41"}),
    )  # fmt: skip
    record = planted.ask(data)
    assert record.required_runs == {"age_overlap": "passed", "no_reused_controls": "passed"}
    assert record.share > 0.9


def aged(planted, name="a", effect=2.0, seed=1, ages=range(5, 55)):
    """A cohort in which `ages` are the samples within the ages that both groups share."""
    shared = frozenset(f"s{n}" for n in ages)
    return planted.contrast(
        name, planted.samples(N, age=[40] * N), CASES, effect * CASES, seed=seed, shared_ages=shared
    )


def test_a_cohort_without_recorded_ages_leaves_the_run_on_shared_ages(planted):
    """It cannot be restricted, so it must not lend its effect; and the one that is left is no answer of two cohorts."""
    record = planted.ask(aged(planted), plain(planted, "b", effect=2.0, seed=2), dimensions=["age_overlap"])
    row = rows_of(record)["age_overlap_shared_range"]
    assert (row.k, row.agrees) == (1, True)
    assert "b leaves: no age is recorded" in row.description
    assert record.required_runs["age_overlap"] == "not evaluated"
    told = record.required_details["age_overlap"]
    assert "b leaves: no age is recorded; a single dataset is left, which nothing confirms." in told
    assert "age_column in datasets.tsv" in told
    judged = judge_robustness(case("cohort"), record)
    assert judged.gates[0].status == "not evaluated"
    assert any("was not evaluated" in cap.reason and "b leaves" in cap.reason for cap in judged.caps)


def test_a_cohort_with_too_few_shared_ages_leaves_one_that_passes_nothing(planted):
    few = aged(planted, "b", seed=2, ages=range(28, 32))
    record = planted.ask(aged(planted), few, dimensions=["age_overlap"])
    assert rows_of(record)["age_overlap_shared_range"].k == 1
    assert record.required_runs["age_overlap"] == "not evaluated"
    told = record.required_details["age_overlap"]
    assert "b leaves: " in told
    assert "fewer than the minimum of 3" in told
    assert "age_column" not in told


def test_two_cohorts_of_three_that_have_ages_can_pass(planted):
    third = plain(planted, "c", effect=2.0, seed=3)
    record = planted.ask(aged(planted), aged(planted, "b", seed=2), third, dimensions=["age_overlap"])
    assert rows_of(record)["age_overlap_shared_range"].k == 2
    assert record.required_runs["age_overlap"] == "passed"


def test_the_one_cohort_with_ages_can_still_fail_the_run(planted):
    """Among people of one age its effect is gone: that speaks against the answer, whatever the other cohort shows."""
    ages = np.where(np.arange(N) < 45, 50, 22)
    shared = frozenset(f"s{number}" for number in range(45))
    shift = np.where(ages == 22, -2.5, 0.0)
    young = planted.contrast("a", planted.samples(N, age=ages), CASES, shift, shared_ages=shared)
    record = planted.ask(young, plain(planted, "b", effect=2.0, seed=2), dimensions=["age_overlap"])
    assert record.required_runs["age_overlap"] == "failed"


def test_a_dataset_left_out_leaves_the_other_one(planted):
    one, other = plain(planted), plain(planted, "b", seed=2)
    rows = rows_of(planted.ask(one, other, dimensions=["dataset_left_out"]))
    alone = rows_of(planted.ask(other, dimensions=["seed"]))["reference"]
    left = rows["dataset_left_out_d_a"]
    assert (left.k, left.effect, left.ci_low) == (1, alone.effect, alone.ci_low)
    assert left.full_data is False
    refused = rows_of(
        planted.ask(
            one, other, dimensions=["dataset_left_out"],
            verdict=lambda evidence: str([(row.contrast, row.reason) for row in evidence.pooled.refused]),
        )
    )  # fmt: skip
    assert refused["dataset_left_out_d_a"].verdict == "[('a', 'left out')]"
    assert refused["reference"].verdict == "[]"


@pytest.mark.parametrize(
    ("dimension", "variant", "reason"),
    [
        ("covariates", "covariates_none", "no covariates"),
        ("covariates", "covariates_with_sex", "no sex is recorded"),
        ("composition", "composition_adjusted", "no cell markers are declared"),
        ("filter", "filter_looser", "arrays are not filtered"),
        ("probe_rule", "probe_rule_highest_variance", "values are not by probe"),
        ("set_version", "set_version_without_confounder_genes", "shares no gene with a confounder set"),
        ("dataset_left_out", "dataset_left_out_d_a", "no other independent dataset"),
        ("reused_controls", "reused_controls_dropped", "no sample is known to be re-used"),
        ("age_overlap", "age_overlap_shared_range", "no age is recorded"),
        ("sex_mismatch", "sex_mismatch_dropped", "no recorded sex contradicts"),
    ],
)
def test_what_cannot_apply_says_why_and_does_not_count(planted, dimension, variant, reason):
    record = planted.ask(plain(planted), dimensions=[dimension])
    row = rows_of(record)[variant]
    assert reason in row.reason
    assert (row.effect, row.p_value, row.agrees, row.verdict) == (None, None, None, "")
    counted = [one for one in record.variants[1:] if one.agrees is not None]
    assert record.of == len(counted)


def test_too_few_samples_after_dropping_are_a_reason(planted):
    data = plain(planted, reused=frozenset(f"s{number}" for number in range(32, 60)))
    record = planted.ask(data, dimensions=["reused_controls"])
    assert "fewer than the minimum of 3" in rows_of(record)["reused_controls_dropped"].reason
    assert record.required_runs["no_reused_controls"] == "not evaluated"


def test_nothing_to_drop_is_not_applicable(planted):
    record = planted.ask(plain(planted))
    assert record.required_runs == {"age_overlap": "not evaluated", "no_reused_controls": "not applicable"}


def test_composition_that_makes_the_effect_is_taken_away_and_crossed(planted):
    """The set follows erythroid cells, and patients have more of them: adjusted, the effect is gone."""
    rng = np.random.default_rng(5)
    cells = rng.normal(size=N) + 1.5 * CASES
    data = planted.contrast("a", planted.samples(N, batch=np.arange(N) % 3), CASES, 1.5 * cells, ["batch"])
    markers = GENES[100:112]
    data.values[:, 100:112] += 4 * cells[:, None]
    data.markers = {"erythroid": markers}
    record = planted.ask(data, dimensions=["covariates", "composition", "crossed"])
    rows = rows_of(record)
    assert rows["reference"].p_value < 0.05
    assert rows["composition_adjusted"].p_value > 0.05
    assert rows["composition_adjusted"].agrees is False
    crossed = rows["crossed_covariates_none_and_composition_adjusted"]
    assert crossed.full_data is True
    assert crossed.agrees is False


def test_genes_of_confounders_are_left_out(planted):
    sets = planted.gene_sets(("HEME", "confounder", SET[:6]))
    row = rows_of(planted.ask(plain(planted), sets=sets, dimensions=["set_version"]))[
        "set_version_without_confounder_genes"
    ]
    assert row.n_genes == len(SET) - 6
    halves = rows_of(planted.ask(plain(planted), dimensions=["set_version"]))
    assert halves["set_version_half_1"].n_genes + halves["set_version_half_2"].n_genes == len(SET)


def test_crossed_variants_have_a_declared_maximum(planted):
    data = plain(planted, covariates=["batch"])
    data.other_probes = dict.fromkeys(("highest_variance", "mean_of_probes"), (GENES, data.values))
    few = planted.ask(data, dimensions=["covariates", "probe_rule", "filter", "crossed"], crossed_max=3)
    many = planted.ask(data, dimensions=["covariates", "probe_rule", "filter", "crossed"], crossed_max=99)
    crossed = [[row for row in one.variants if row.dimension == "crossed"] for one in (few, many)]
    assert [len(rows) for rows in crossed] == [3, 7]
    assert [row.variant for row in crossed[0]] == [row.variant for row in crossed[1]][:3]


def test_tests_of_a_cohort_change_the_p_and_not_the_effect(planted):
    record = planted.ask(plain(planted), plain(planted, "b", seed=2), dimensions=["test", "seed"])
    rows = rows_of(record)
    for name in ("test_fry", "test_rotation", "test_camera", "test_label_permutation", "seed_next"):
        assert rows[name].effect == rows["reference"].effect
        assert rows[name].agrees is True
    assert rows["test_rotation"].p_value != rows["seed_next"].p_value or rows["seed_next"].p_value < 1e-5


def test_the_rule_table_sees_what_the_row_tells(planted):
    """Effect and p of a variant, also where only the test is another one."""
    record = planted.ask(
        plain(planted), plain(planted, "b", seed=2), dimensions=["test", "seed", "statistic"],
        verdict=lambda evidence: f"{evidence.pooled.effect} {evidence.pooled.p}",
    )  # fmt: skip
    measured = [row for row in record.variants if not row.reason]
    assert {"test_camera", "seed_next", "statistic_median"} <= {row.variant for row in measured}
    assert [row.verdict for row in measured] == [f"{row.effect} {row.p_value}" for row in measured]


def test_the_rule_table_sees_every_contrast_in_its_order(planted):
    """Those of the reference run; one that could not be tested stands last, without numbers, in each variant."""
    data = [plain(planted, "b", seed=2), plain(planted)]
    reference = planted.evidence_of(data)
    refused = replace(reference.contrasts[0], contrast="c", testable=False, effect=None)
    record = planted.ask(
        *data, dimensions=["seed", "set_version"],
        evidence=replace(reference, contrasts=[refused, *reference.contrasts]),
        verdict=lambda evidence: "".join(row.contrast for row in evidence.contrasts),
    )  # fmt: skip
    assert {row.verdict for row in record.variants if not row.reason} == {"bac"}


def small_experiments(planted):
    """Three against three, in two experiments; the second measured all genes but five of the set."""
    n, cases = 6, np.arange(6) < 3
    first, second = (
        planted.contrast(name, planted.samples(n, x=range(n)), cases, 3.0 * cases, seed=seed)
        for name, seed in (("a", 1), ("b", 2))
    )
    return first, with_data(second, values=second.values[:, 5:], genes=GENES[5:])


def test_experiments_are_counted_by_the_one_with_the_fewest_genes(planted):
    """Each is measured on its own genes; the row tells the fewest, and too few of them refuse."""
    rows = rows_of(planted.ask(*small_experiments(planted), kind="experiment", dimensions=["statistic"]))
    assert rows["reference"].n_genes == rows["statistic_median"].n_genes == len(SET) - 5
    told = rows_of(
        planted.ask(
            *small_experiments(planted), kind="experiment", dimensions=["statistic"],
            verdict=lambda evidence: str([row.n_measured for row in evidence.contrasts]),
        )
    )  # fmt: skip
    assert told["statistic_median"].verdict == str([len(SET), len(SET) - 5])
    few = rows_of(
        planted.ask(*small_experiments(planted), kind="experiment", dimensions=["statistic"], min_set_size=16)
    )
    assert few["statistic_median"].reason == "15 measured genes are left, fewer than 16"


@pytest.mark.parametrize("lacking", [5, 17])
def test_a_cohort_that_is_not_pooled_takes_no_gene_from_a_variant(planted, lacking):
    """6 people without some genes of the set, beside two cohorts of 60: every row is as it is without them."""
    large = [plain(planted), plain(planted, "b", seed=2)]
    small = planted.contrast("c", planted.samples(6, batch=np.arange(6) % 2), np.arange(6) < 3, 0.0, seed=3)
    small = with_data(small, values=small.values[:, lacking:], genes=GENES[lacking:])
    alone, known = planted.evidence_of(large), planted.evidence_of([*large, small])
    pooled = pool_contrasts(known.contrasts, [Refused("c", "is small", too_small=True)])
    chosen = {
        "dimensions": ["statistic", "covariates"],
        "verdict": lambda found: str([row.contrast for row in found.contrasts]),
    }
    beside = rows_of(planted.ask(*large, small, evidence=replace(known, pooled=pooled), **chosen))
    without = rows_of(planted.ask(*large, evidence=alone, **chosen))
    assert {"statistic_median", "statistic_raw_mean"} & set(without)
    for name, row in without.items():
        assert (beside[name].effect, beside[name].p_value, beside[name].n_genes) == (
            row.effect,
            row.p_value,
            row.n_genes,
        )
    # Of three genes it has no effect; with fifteen it is measured beside them.
    assert beside["statistic_median"].verdict == str(["a", "b"] if lacking > 15 else ["a", "b", "c"])


def test_a_gene_that_never_varies_has_no_part_in_the_median(planted):
    """It has no z."""
    data = plain(planted)
    flat = data.values.copy()
    flat[:, 0] = 7.0
    row = rows_of(planted.ask(with_data(data, values=flat), dimensions=["statistic"]))["statistic_median"]
    assert 0.5 < row.effect < 3


@pytest.mark.parametrize("name", ["statistic_median", "reference"])
def test_level_and_scale_of_single_genes_do_not_count_in_cohorts(planted, name):
    """The median of z, like the mean of z: another unit of one gene is no other effect."""
    data = plain(planted)
    rng = np.random.default_rng(3)
    values = data.values * rng.uniform(0.5, 3, len(GENES)) + rng.normal(0, 50, len(GENES))
    other = with_data(data, values=values)
    one, two = (rows_of(planted.ask(cohort, dimensions=["statistic"]))[name] for cohort in (data, other))
    assert two.effect == pytest.approx(one.effect, rel=1e-9)
    assert 0.5 < one.effect < 3


def test_a_p_of_two_cohorts_weighs_each_by_the_root_of_its_size(planted):
    """Stouffer's sum of FRY's z, of 60 and 20 samples."""
    cases = np.arange(20) < 5
    small = planted.contrast("b", planted.samples(20, x=range(20)), cases, 0.2 * cases, seed=2)
    data = [plain(planted), small]
    own = planted.evidence_of(data).contrasts
    z = [stats.norm.isf(row.p_self_contained / 2) * (1 if row.direction == "up" else -1) for row in own]
    weights = np.sqrt([1 / (1 / row.n_target + 1 / row.n_reference) for row in own])
    expected = 2 * stats.norm.sf(abs(weights @ z) / np.linalg.norm(weights))
    row = rows_of(planted.ask(*data, dimensions=["test"]))["test_fry"]
    assert row.p_value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("covariate", "added", "refused"),
    [("sex_by_genes", "sex", True), ("sex", "sex", True), ("sex_by_genes", "age", False), ("age", "age", True)],
)
def test_a_covariate_is_not_added_twice(planted, covariate, added, refused):
    """Sex read from the genes is sex; it is no age."""
    columns = {"sex": np.arange(N) % 2, "sex_by_genes": np.arange(N) % 2, "age": 30 + np.arange(N) % 7}
    data = planted.contrast(
        "a", planted.samples(N, **columns), CASES, CASES, [covariate], sex_column="sex", age_column="age"
    )
    reason = rows_of(planted.ask(data, dimensions=["covariates"]))[f"covariates_with_{added}"].reason
    assert (reason == f"{added} is in the design already") is refused


def test_a_statistic_that_no_contrast_can_take_is_no_variant(planted):
    """Where one can, the other stays as it was, and that is told."""
    rng = np.random.default_rng(7)
    arrays = plain(planted)
    counted = [
        with_data(
            plain(planted, name, seed=seed), values=rng.poisson(200, (N, len(GENES))).astype(float), layer="counts"
        )
        for name, seed in (("b", 2), ("c", 3))
    ]
    assert rows_of(planted.ask(*counted, dimensions=["statistic"]))["statistic_median"].reason == (
        "medians of read counts have no voom weights"
    )
    row = rows_of(planted.ask(arrays, counted[0], dimensions=["statistic"]))["statistic_median"]
    assert (row.reason, row.k) == ("", 2)
    assert "b stays as it was: medians of read counts have no voom weights" in row.description


def test_an_experiment_of_three_against_three(planted):
    """CAMERA and permutation cannot speak there and say so; sets, statistics and filters do."""
    n, cases = 6, np.arange(6) < 3
    data = [
        planted.contrast(name, planted.samples(n, x=range(n)), cases, 3.0 * cases, seed=seed)
        for name, seed in (("a", 1), ("b", 2))
    ]
    record = planted.ask(*data, kind="experiment")
    rows = rows_of(record)
    assert rows["reference"].effect_scale.startswith("log2 fold change over")
    assert "uninformative with 4 residual degrees of freedom" in rows["test_camera"].reason
    assert "too few to permute" in rows["test_label_permutation"].reason
    assert rows["statistic_median"].effect == pytest.approx(3, abs=1)
    assert rows["statistic_no_complement"].effect != rows["reference"].effect
    assert rows["filter_stricter"].n_genes <= len(SET)
    assert "same cells" in rows["composition_adjusted"].reason
    assert record.required_runs["age_overlap"] == "not applicable"
    assert record.share == 1


def test_without_a_significant_reference_the_verdict_class_is_compared(planted):
    """A null stays a null: variants agree when sign and verdict are the same."""
    record = planted.ask(plain(planted, effect=0.0, seed=8), dimensions=["set_version", "filter"])
    reference = rows_of(record)["reference"]
    assert reference.p_value > 0.05
    for row in record.variants[1:]:
        if row.agrees is not None:
            same = row.direction == reference.direction and row.verdict == reference.verdict
            assert row.agrees is same


def test_same_seed_same_record_and_names_decide_not_order(planted):
    first, second = plain(planted), plain(planted, "b", seed=2)
    once = planted.ask(first, second, seed=11)
    again = planted.ask(plain(planted), plain(planted, "b", seed=2), seed=11)
    assert once == again


def test_added_covariates_are_read_in_one_spelling(planted):
    """`45 years` is a number, `F` a woman; a column that is aliased with the group leaves the contrast as it was."""
    table = planted.samples(N, age=[f"{30 + n % 9} years" for n in range(N)], sex=["F", "male"] * (N // 2))
    data = planted.contrast("a", table, CASES, CASES, age_column="age", sex_column="sex")
    rows = rows_of(planted.ask(data, dimensions=["covariates"]))
    assert rows["covariates_with_age"].agrees is True
    assert rows["covariates_with_sex"].agrees is True
    aliased = planted.contrast("a", planted.samples(N, sex=np.where(CASES, "F", "M")), CASES, CASES, sex_column="sex")
    assert "not of full rank" in rows_of(planted.ask(aliased, dimensions=["covariates"]))["covariates_with_sex"].reason


def test_nothing_testable_is_a_record_with_a_reason(planted):
    evidence = planted.evidence_of([plain(planted)])
    from sidemine.considerations.robustness.grid import vary_hypothesis

    empty = type(evidence)("h", [], None, Margin(0.4, "Hedges g", "declared"), pool_contrasts([]))
    record = vary_hypothesis(
        planted.hypothesis(["a"]), empty, {}, planted.gene_sets(), verdict=lambda _: "", settings=planted.settings()
    )
    assert (record.share, record.variants, record.of) == (None, [], 0)
    assert record.reason == "no contrast could be tested"


def test_samples_of_the_values_need_no_order_of_their_own(planted):
    """Dropping samples drops theirs, wherever they stand."""
    data = plain(planted, sex_mismatched=frozenset({"s3", "s50"}))
    row = rows_of(planted.ask(data, dimensions=["sex_mismatch"]))["sex_mismatch_dropped"]
    keep = np.array([number not in (3, 50) for number in range(N)])
    small = planted.contrast("a", planted.samples(N, batch=np.arange(N) % 2), CASES, 1.0 * CASES)
    small.values = small.values[keep]
    small.groups = type(small.groups)(
        pd.DataFrame(small.groups.samples[keep]), small.groups.target[keep], small.groups.reference[keep]
    )
    assert row.effect == pytest.approx(planted.evidence_of([small]).pooled.effect, rel=1e-12)
