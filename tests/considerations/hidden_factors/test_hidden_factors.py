"""Hidden factors: how many, how far the groups differ in them, and what is left of an effect."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from cases import case
from scipy import stats

from sidemine.considerations.hidden_factors.correlates import Samples, find_correlates, samples_of
from sidemine.considerations.hidden_factors.factors import (
    Factors,
    count_factors,
    find_factors,
    kept_by_loadings,
    largest_of_noise,
)
from sidemine.considerations.hidden_factors.judge import judge_hidden_factors
from sidemine.considerations.hidden_factors.measure import (
    adjust_for_factors,
    genes_to_search,
    measure_hidden_factors,
)
from sidemine.considerations.hidden_factors.record import HiddenFactors
from sidemine.considerations.judgement import DoubtWeight
from sidemine.considerations.sensitivity import HIDDEN_FACTORS
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.adjustment import adjusted_estimate

N_GENES, N, DF = 500, 100, 98
GENES = [f"G{number:03d}" for number in range(N_GENES)]
CASES = np.arange(N) < 50
SETS = pd.DataFrame(
    [("T", "target", gene) for gene in GENES[:30]]
    + [("M", "member", gene) for gene in GENES[30:40]]
    + [("QUALITY", "confounder", gene) for gene in GENES[40:60]],
    columns=["gene_set", "family", "gene"],
).assign(weight=1.0, version="1", source="own", licence="CC0")
PRIMARY = SETS[SETS["gene_set"] == "T"]


def noise(seed, n_genes=N_GENES, df=DF):
    """Standardised genes without any factor, genes × (1 + residual df)."""
    values = np.random.default_rng(seed).standard_normal((n_genes, 1 + df))
    return values / np.sqrt(np.mean(values[:, 1:] ** 2, axis=1, keepdims=True))


def fitted(difference=0.0, effect=0.0, seed=1, share=0.5):
    """A cohort in which a factor moves half of all genes and lifts the set, and differs between the groups by so much."""
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal(N) + difference * CASES
    loadings = rng.choice([-1.0, 1.0], N_GENES) * (rng.random(N_GENES) < share) * 0.7
    loadings[:30], loadings[30:40], loadings[40:60] = 0.5, 0, 0.7
    values = rng.standard_normal((N_GENES, N)) + np.outer(loadings, factor)
    values[:30] += 0.6 * rng.standard_normal(N) + effect * CASES
    table = pd.DataFrame(index=[f"s{number}" for number in range(N)])
    return fit_contrast(7 + 0.3 * values, GENES, build_design(table, CASES, ~CASES)), factor, 7 + 0.3 * values


@pytest.mark.parametrize(("n_genes", "df"), [(500, 98), (2000, 40), (120, 98)])
def test_noise_has_factors_in_about_one_of_twenty_studies_at_most(n_genes, df):
    """Parallel analysis at 5 %: of 60 noise matrices at most 8 show one (P = .0086 at 5 %)."""
    assert sum(len(find_factors(noise([seed, n_genes], n_genes, df)).scores) > 0 for seed in range(60)) <= 8


def test_the_limit_of_noise_is_the_point_of_tracy_and_widom_in_any_unit():
    """Johnstone 2001: 5 % of the largest squared singular values are .9793 scales above the edge; variances are in units of their own."""
    edge = (np.sqrt(500) + np.sqrt(98)) ** 2
    scale = (1 / np.sqrt(500) + 1 / np.sqrt(97)) ** (1 / 3) / (np.sqrt(500) + np.sqrt(97))
    limit = largest_of_noise(np.ones(500), 98)
    assert (limit / edge - 1) / scale == pytest.approx(0.9793, rel=1e-3)
    uneven = np.random.default_rng(2).uniform(0.2, 1.0, 300)
    for unit in (0.02, 50.0):
        assert largest_of_noise(unit * uneven, 40) == pytest.approx(unit * largest_of_noise(uneven, 40), rel=1e-6)


def test_factors_are_counted_one_after_the_other():
    """A weak factor is found beside a strong one that holds most of the variance."""
    rng = np.random.default_rng(3)
    strong, weak = (size * np.outer(rng.standard_normal(N_GENES), rng.standard_normal(DF)) for size in (3.0, 0.35))
    together = strong + weak + rng.standard_normal((N_GENES, DF))
    scaled = together / together.std(axis=1, keepdims=True)
    assert count_factors(scaled @ np.linalg.svd(scaled)[2].T) == 2


@pytest.mark.parametrize("seed", range(4))
def test_most_loadings_of_a_factor_are_positive(seed):
    """The sign of an eigenvector is arbitrary, and differs from machine to machine."""
    rng = np.random.default_rng(seed)
    values = noise(seed) + rng.choice([-1.0, 1.0]) * np.outer(rng.random(N_GENES), rng.standard_normal(1 + DF))
    for genes in (values, -values):
        loadings = find_factors(genes / np.sqrt(np.mean(genes[:, 1:] ** 2, axis=1, keepdims=True))).loadings
        assert loadings.shape[1] > 0
        assert (loadings.sum(axis=0) > 0).all()


def test_the_correction_is_that_of_white_noise_where_the_noise_is_white():
    """Gavish and Donoho 2017: the best singular value is √((y² − β − 1)² − 4β) / y, by the measured y in units of the noise."""
    rng = np.random.default_rng(8)
    size = np.sqrt(3.0 * N_GENES)
    ones = [vector / np.linalg.norm(vector) for vector in (rng.standard_normal(N_GENES), rng.standard_normal(DF))]
    values = np.linalg.svd(size * np.outer(*ones) + rng.standard_normal((N_GENES, DF)), compute_uv=False)
    beta, y2 = N_GENES / DF, values[0] ** 2 / DF
    expected = np.sqrt((y2 - beta - 1) ** 2 - 4 * beta) / y2
    assert kept_by_loadings(values**2, 1, N_GENES)[0] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("n_followers", "loading"), [(250, 0.3), (50, 0.5)])
def test_a_factor_of_few_genes_is_taken_out_as_wholly_as_one_of_many(n_followers, loading):
    """Without the correction a fifth to a third of its effect would be left (mean of 40 cohorts)."""
    left, uncorrected = [], []
    for seed in range(40):
        rng = np.random.default_rng([5, seed])
        loadings = np.where(np.arange(N_GENES) < n_followers, loading * rng.choice([-1, 1], N_GENES), 0)
        factor = rng.standard_normal(1 + DF)
        factor[0] = 5.0
        genes = rng.standard_normal((N_GENES, 1 + DF)) + np.outer(loadings, factor)
        target = rng.standard_normal(1 + DF) + 0.6 * factor
        found = find_factors(genes / np.sqrt(np.mean(genes[:, 1:] ** 2, axis=1, keepdims=True)))
        left.append(adjusted_estimate(target, found.scores, 1.0, None, found.variances).effect)
        raw = found.scores.copy()
        raw[:, 0] *= found.reliability
        uncorrected.append(adjusted_estimate(target, raw, 1.0).effect)
    # The planted difference is 3; the standard error of the mean is .17.
    assert abs(np.mean(left)) < 0.5
    assert np.mean(uncorrected) > np.mean(left) + 0.3


def test_adjusting_takes_a_gradient_away_and_leaves_an_effect():
    """A gradient that differs between the groups goes; the same effect without its difference stays."""
    gradient = adjust_for_factors("a", fitted(difference=1.2)[0], PRIMARY, SETS)
    assert gradient.total.p_value < 0.01
    assert gradient.adjusted.p_value > 0.05
    assert abs(gradient.adjusted.effect) < 0.5 * gradient.total.effect
    real = adjust_for_factors("a", fitted(effect=0.8)[0], PRIMARY, SETS)
    assert real.adjusted.p_value < 0.01
    assert real.adjusted.effect == pytest.approx(real.total.effect, rel=0.35)


def test_without_factors_the_effect_is_the_total_one():
    fit, _, _ = fitted(effect=0.5)
    rng = np.random.default_rng(2)
    values = 7 + rng.standard_normal((N_GENES, N))
    plain = fit_contrast(values, GENES, build_design(pd.DataFrame(index=fit.samples), CASES, ~CASES))
    found = adjust_for_factors("a", plain, PRIMARY, SETS)
    assert (found.factors, found.adjusted) == ([], found.total)


def test_sets_of_the_pathway_and_genes_close_to_the_score_show_no_factor():
    """Genes that follow the score by more than .5 may answer to the pathway: adjusting for them would adjust for it."""
    fit, _, values = fitted()
    score = values[:30].mean(axis=0)
    values[400:420] = (
        7 + 0.3 * (score - score.mean()) / score.std() + 0.1 * np.random.default_rng(4).standard_normal((20, N))
    )
    follows = fit_contrast(values, GENES, build_design(pd.DataFrame(index=fit.samples), CASES, ~CASES))
    before, after = (adjust_for_factors("a", one, PRIMARY, SETS) for one in (fit, follows))
    assert before.n_genes + before.n_close == N_GENES - 40
    assert after.n_close >= before.n_close + 19


def test_a_gene_is_close_by_its_residuals_beyond_one_half():
    """On either side; what lies in the sets is no candidate, what does not vary neither, and only candidates are counted."""
    along, across = np.array([0.8, 0.0, 0.6]), np.array([0.0, 1.0, 0.0])
    correlations = {"A": 0.49, "B": 0.51, "C": -0.49, "D": -0.51, "T": 0.1, "M": 0.9, "P": 0.9, "R": 0.1, "FLAT": 0.0}
    residuals = [0.2 * (r * along + np.sqrt(1 - r**2) * across) * (name != "FLAT") for name, r in correlations.items()]
    fit = SimpleNamespace(genes=list(correlations), score_effects=np.column_stack([np.full(9, 7.0), residuals]))
    sets = pd.DataFrame({"family": ["target", "member", "comparator"], "gene": ["T", "M", "R"]})
    rows, n_close = genes_to_search(fit, np.array([9.0, *(5 * along)]), pd.DataFrame({"gene": ["P"]}), sets)
    assert [fit.genes[row] for row in rows] == ["A", "C", "R"]
    assert n_close == 2


def test_a_factor_is_named_by_what_it_goes_with():
    """Confounder sets, recorded columns and figures of the values; what it does not go with is not named."""
    fit, factor, values = fitted(difference=1.0)
    rng = np.random.default_rng(6)
    columns = {
        "rin": [f"{number:.2f}" for number in 8 + factor],
        "site": [str(label) for label in np.where(factor > 0, "north", "south")],
        "coin": [str(label) for label in rng.integers(0, 2, N)],
        "title": [f"sample {number}" for number in range(N)],
    }
    samples = Samples(values, columns, {"median of the values": rng.standard_normal(N)})
    first = adjust_for_factors("a", fit, PRIMARY, SETS, samples).factors[0]
    assert {row.what for row in first.follows} == {"QUALITY", "rin", "site"}
    assert first.difference.p_value < 0.01
    assert {row.what: abs(row.correlation) > 0.9 for row in first.follows}["rin"]


def test_samples_are_read_in_the_order_of_the_fit():
    fit, _, values = fitted()
    shuffled = np.random.default_rng(1).permutation(N)
    data = AnnData(
        obs=pd.DataFrame({"site": [str(number) for number in shuffled]}, index=[f"s{number}" for number in shuffled]),
        var=pd.DataFrame(index=GENES[::-1]),
        layers={"log2": values[::-1, shuffled].T},
    )
    samples = samples_of(data, fit)
    assert np.array_equal(samples.values, values)
    assert samples.columns["site"] == [str(number) for number in range(N)]
    assert samples.figures["median of the values"] == pytest.approx(np.median(values, axis=0))


def test_counts_tell_of_a_sample_how_many_there_are_in_all():
    """Of all genes of the dataset, whichever are in the fit; other values have no total."""
    fit, _, values = fitted()
    counts = np.random.default_rng(5).negative_binomial(5, 0.1, (N, N_GENES + 3)).astype(float)
    names = [*GENES, "LOW1", "LOW2", "LOW3"]
    obs = pd.DataFrame(index=[f"s{number}" for number in range(N)])
    samples = samples_of(AnnData(obs=obs, var=pd.DataFrame(index=names), layers={"counts": counts}), fit)
    assert samples.figures["total counts (log)"] == pytest.approx(np.log(counts.sum(axis=1)))
    assert samples.values == pytest.approx(
        np.log2((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 1) * 1e6)[:, :N_GENES].T
    )
    plain = samples_of(AnnData(obs=obs, var=pd.DataFrame(index=GENES), layers={"log2": values.T}), fit)
    assert set(plain.figures) == {"median of the values", "spread of the values"}
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    assert plain.figures["spread of the values"] == pytest.approx(high - low)


FEW = [f"G{number}" for number in range(12)]
"""Genes of a small contrast of 24 samples."""


def small_fit():
    """A contrast of few genes of unequal spread, without anything in it."""
    rng = np.random.default_rng(9)
    effects = rng.standard_normal((12, 23)) * rng.uniform(1, 3, (12, 1))
    return SimpleNamespace(genes=FEW, residual_df=22, score_effects=effects)


def nothing(_):
    """No column and no figure."""
    return {}


def correlates(columns=nothing, figures=nothing, n_factors=1):
    """What factors in the last ten genes go with, among what is made of their amounts; and these, factors × samples."""
    rng, fit, rows = np.random.default_rng(8), small_fit(), np.arange(2, 12)
    values, ones = rng.standard_normal((12, 24)), np.ones(n_factors)
    loadings = np.linalg.qr(rng.standard_normal((10, n_factors)))[0]
    found = Factors(rng.standard_normal((n_factors, 23)), ones, ones, ones, loadings, 0)
    spread = np.sqrt(np.mean(fit.score_effects[rows, 1:] ** 2, axis=1, keepdims=True))
    amounts = loadings.T @ (values[rows] / spread)
    samples = Samples(values, columns(amounts), figures(amounts))
    return find_correlates(fit, found, rows, SETS.iloc[:0], samples), amounts


def near(amounts, weight, seed):
    """Numbers that go with the amounts of a factor, the more the larger the weight."""
    return weight * amounts / amounts.std() + np.random.default_rng(seed).standard_normal(len(amounts))


def test_numbers_go_with_a_factor_by_their_correlation():
    """Pearson's, over the samples that have a number, with its p."""

    def gappy(amounts):
        return {"figure": np.where(np.arange(24) < 4, np.nan, near(amounts[0], 2, 1))}

    ((row,),), amounts = correlates(figures=gappy)
    expected = stats.pearsonr(amounts[0][4:], gappy(amounts)["figure"][4:])
    assert (row.what, row.kind) == ("figure", "values")
    assert (row.correlation, row.p_value) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    ((column,),), _ = correlates(columns=lambda own: {"rin": [f"{number:.3f}" for number in 50 - own[0]]})
    assert (column.what, column.kind, column.correlation) == ("rin", "column", pytest.approx(-1, abs=1e-5))


@pytest.mark.parametrize(("n_known", "told"), [(3, 0), (4, 1)])
def test_three_numbers_go_with_nothing(n_known, told):
    """Any three lie near a line; nor does what is the same in all samples."""
    found, _ = correlates(
        figures=lambda own: {"few": np.where(np.arange(24) < n_known, own[0], np.nan), "flat": np.ones(24)}
    )
    assert [row.what for row in found[0]] == ["few"] * told


def test_groups_go_with_a_factor_by_what_they_explain():
    """The root of the share of variance between them, with the p of the analysis of variance; samples without one are out."""
    labels = np.array(["", "x", "y", "z"])

    def site(amounts):
        places = 1 + np.argsort(np.argsort(near(amounts[0], 2, 2))) // 8
        return {"site": [str(label) for label in labels[np.where(np.arange(24) < 3, 0, places)]]}

    ((row,),), amounts = correlates(columns=site)
    cells = np.array(site(amounts)["site"])
    own = [amounts[0][cells == label] for label in "xyz"]
    every = np.concatenate(own)
    within = sum(np.sum((part - part.mean()) ** 2) for part in own)
    assert row.correlation == pytest.approx(np.sqrt(1 - within / np.sum((every - every.mean()) ** 2)))
    assert (row.kind, row.p_value) == ("column", pytest.approx(stats.f_oneway(*own).pvalue))


@pytest.mark.parametrize(("n_levels", "told"), [(1, 0), (12, 1), (13, 0)])
def test_a_column_with_more_levels_than_half_its_samples_names_samples(n_levels, told):
    """And one with a single level tells nothing."""

    def by_rank(amounts):
        ranks = np.argsort(np.argsort(amounts[0]))
        return {"site": [f"site {chr(97 + place)}" for place in ranks * n_levels // 24]}

    assert len(correlates(columns=by_rank)[0][0]) == told


def members(names, family="confounder", n=4):
    """Confounder sets of so many genes each, beginning with the first ones of the small contrast."""
    rows = [(name, family, f"G{gene}") for place, name in enumerate(names) for gene in range(place, place + n)]
    return pd.DataFrame(rows, columns=["gene_set", "family", "gene"]).assign(weight=1.0, version="1")


def test_a_set_goes_with_a_factor_by_its_residuals():
    """Of genes in their standard deviations, within the groups, with the p of as many residual degrees of freedom."""
    sets = members(["QUALITY"])
    fit = small_fit()
    residuals = fit.score_effects[:4, 1:]
    score = (residuals / np.sqrt(np.mean(residuals**2, axis=1, keepdims=True))).mean(axis=0)
    own = score + 0.4 * score.std() * np.random.default_rng(3).standard_normal(len(score))
    one = np.ones(1)
    factor = Factors(np.array([[9.0, *own]]), one, one, one, np.ones((10, 1)), 0)
    ((row,),) = find_correlates(fit, factor, np.arange(2, 12), sets)
    r = own @ score / np.linalg.norm(own) / np.linalg.norm(score)
    p = 2 * stats.t.sf(r * np.sqrt((fit.residual_df - 1) / (1 - r**2)), fit.residual_df - 1)
    assert (row.what, row.kind, row.correlation, row.p_value) == ("QUALITY", "set", pytest.approx(r), pytest.approx(p))
    for other in (members(["FEW"], n=3), members(["C"], family="comparator"), sets.iloc[:0]):
        assert find_correlates(fit, factor, np.arange(2, 12), other) == [[]]


def test_a_gene_that_never_varies_within_the_groups_adds_nothing_to_the_score_of_a_set():
    """Its residuals have no standard deviation to stand in."""
    fit, one = small_fit(), np.ones(1)
    factor = Factors(np.random.default_rng(4).standard_normal((1, 23)), one, one, one, np.ones((10, 1)), 0)
    fit.score_effects[2] = [3.0, *np.zeros(22)]
    factor.scores[0, 1:] += fit.score_effects[[0, 1, 3], 1:].sum(axis=0)
    ((row,),) = find_correlates(fit, factor, np.arange(2, 12), members(["QUALITY"]))
    others = fit.score_effects[[0, 1, 3], 1:]
    score = (others / np.sqrt(np.mean(others**2, axis=1, keepdims=True))).sum(axis=0)
    own = factor.scores[0, 1:]
    assert row.correlation == pytest.approx(own @ score / np.linalg.norm(own) / np.linalg.norm(score))


def test_every_comparison_counts_and_four_are_told():
    """p is multiplied by all comparisons of all factors; the largest correlations stand first, on either side."""

    def figures(amounts):
        signs = {"a": 2.0, "b": -9.0, "c": 5.0, "d": -3.0, "e": 20.0}
        return {name: near(amounts[1], weight, place) for place, (name, weight) in enumerate(signs.items())}

    found, amounts = correlates(figures=figures, n_factors=2)
    assert [row.what for row in found[1]] == ["e", "b", "c", "d"]
    tests = figures(amounts)
    for row in found[1]:
        assert row.p_value == pytest.approx(10 * stats.pearsonr(amounts[1], tests[row.what]).pvalue)
    weak = {"weak": near(amounts[1], 0.8, 4)}
    p = stats.pearsonr(amounts[1], weak["weak"]).pvalue
    assert 0.005 < p < 0.025
    coins = {f"coin {seed}": np.random.default_rng(seed).standard_normal(24) for seed in range(4)}
    for figures_told, told in ((weak, ["weak"]), (weak | coins, [])):
        found, _ = correlates(figures=lambda _, made=figures_told: made, n_factors=2)
        assert [row.what for row in found[1]] == told


@pytest.mark.parametrize(
    ("n_samples", "n_genes", "reason"), [(14, 500, "14 samples"), (100, 120, "80 genes outside the pathway's sets")]
)
def test_what_cannot_be_looked_for_is_told_and_caps(n_samples, n_genes, reason):
    """Too few samples, too few genes: not passed, not hidden."""
    rows = np.r_[0 : n_samples // 2, 50 : 50 + n_samples // 2]
    values = fitted()[2][:n_genes, rows]
    design = build_design(pd.DataFrame(index=[f"s{row}" for row in rows]), CASES[rows], ~CASES[rows])
    fit = fit_contrast(values, GENES[:n_genes], design)
    record = measure_hidden_factors("h", {"a": fit}, PRIMARY, SETS)
    assert reason in record.contrasts[0].reason
    judged = judge_hidden_factors(case("cohort", "a"), record)
    assert [gate.status for gate in judged.gates] == ["not evaluated"]
    assert reason in judged.caps[0].reason
    assert judged.sensitivity[0].missing


@pytest.mark.parametrize(("truth", "passes"), [({"effect": 0.8}, True), ({"difference": 1.2}, False)])
def test_the_gate_holds_for_an_effect_and_fails_for_a_gradient(truth, passes):
    """With words that say what it may be; the row of the table carries the adjusted effect."""
    fits = {name: fitted(seed=seed, **truth)[0] for seed, name in enumerate("ab", start=11)}
    judged = judge_hidden_factors(case("cohort", "a", "b"), measure_hidden_factors("h", fits, PRIMARY, SETS))
    assert [gate.status for gate in judged.gates] == ["passed" if passes else "failed"]
    assert bool(judged.caps) is not passes
    assert [doubt.weight for doubt in judged.doubts] == [DoubtWeight.REMAINS if passes else DoubtWeight.FAULT]
    assert all("the data cannot tell which" in cap.reason for cap in judged.caps)
    assert judged.columns.hidden_factors.adjusted.k == 2
    assert judged.sensitivity[0].name == HIDDEN_FACTORS


def test_a_cohort_that_was_not_looked_at_keeps_the_gate_open():
    record = measure_hidden_factors("h", {"a": fitted(effect=0.8)[0]}, PRIMARY, SETS)
    judged = judge_hidden_factors(case("cohort", "a", "b"), record)
    assert judged.caps[0].reason == "Hidden factors are not adjusted for in every cohort (b: not looked for)."
    assert judge_hidden_factors(case("cohort", "a"), None).caps


def test_an_adjusted_effect_that_is_no_number_never_passes():
    record = measure_hidden_factors("h", {"a": fitted(effect=0.8)[0]}, PRIMARY, SETS)
    (entry,) = record.contrasts
    broken = HiddenFactors("h", [replace(entry, adjusted=replace(entry.adjusted, effect=float("nan")))])
    assert judge_hidden_factors(case("cohort", "a"), broken).gates[0].status == "failed"


def test_nothing_is_asked_of_experiments():
    judged = judge_hidden_factors(case("experiment", "a"), None)
    assert (judged.gates, judged.caps) == ((), ())
    # Nobody can promise that nothing hidden goes with a treatment.
    assert judged.sensitivity[0].missing.endswith("a batch that falls together with it would stay unseen")
