"""Effects of sets equal the regression of a per-sample score, done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.linear_model import WLS

from sidemine.differential.contrast import values_of_rows
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.counts import voom
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast, mean_sample_weights
from sidemine.differential.linear_model import common_space
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import FRY, fry, resistant_sd
from sidemine.enrichment.set_effect import (
    gene_spread,
    hedges_g,
    sample_score_effect,
    set_effects,
    small_sample_factor,
)
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.enrichment.unit_errors import p_of_blocks_over_others, p_of_units
from sidemine.study.choices import Score

GENES = [f"G{i:03d}" for i in range(60)]
WEIGHTS = {gene: [1.0, -2.0, 0.5][i % 3] for i, gene in enumerate(GENES[:12])}


def design_of(n: int = 12, block: str = "") -> Design:
    samples = pd.DataFrame(
        {"unit": [f"u{i}" for i in range(n)], "age": [str(30 + i * i % 17) for i in range(n)]},
        index=[f"S{i}" for i in range(n)],
    ).assign(pair=[f"p{i // 2}" for i in range(n)])
    target = np.arange(n) % 2 == 1
    return build_design(samples, target, ~target, covariates=[] if block else ["age"], block=block)


def membership() -> SetMembership:
    rows = [("signed", gene, weight) for gene, weight in WEIGHTS.items()]
    rows += [("plain", gene, 1.0) for gene in GENES[20:40]]
    table = pd.DataFrame(rows, columns=["gene_set", "gene", "weight"])
    return build_membership(table.assign(family="target", version="1", licence="none", source="here"), GENES)


def values_of(seed: int = 5, n: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (
        8
        + rng.normal(0, rng.uniform(0.2, 1, (60, 1)), (60, n))
        + 0.4 * (np.arange(n) % 2) * (np.arange(60) < 12)[:, None]
    )


def regress(score: np.ndarray, matrix: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float, float]:
    """Contrast, its standard error and the residual standard deviation, by the normal equations."""
    w = np.ones(len(score)) if weights is None else weights
    information = matrix.T @ (w[:, None] * matrix)
    beta = np.linalg.solve(information, matrix.T @ (w * score))
    variance = np.sum(w * (score - matrix @ beta) ** 2) / (len(score) - matrix.shape[1])
    return beta[-1], float(np.sqrt(variance * np.linalg.inv(information)[-1, -1])), float(np.sqrt(variance))


def hc2(score: np.ndarray, matrix: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """Contrast and its HC2 error, by statsmodels."""
    found = WLS(score, matrix, 1.0 if weights is None else weights).fit(cov_type="HC2")
    return float(found.params[-1]), float(found.bse[-1])


def signed_score(values: np.ndarray) -> np.ndarray:
    w = np.array([WEIGHTS.get(gene, 0.0) for gene in GENES])
    return w @ values / np.abs(w).sum()


def sd_of_gene(gene: np.ndarray, design: Design) -> float:
    """Residual SD with the difference as one more residual, no larger than its 95 % t quantile; from the gene's own t test."""
    effect, se, residual = regress(gene, design.matrix)
    t = min(abs(effect / se), stats.t.ppf(0.975, design.residual_df))
    return residual * np.sqrt((design.residual_df + t**2) / (design.residual_df + 1))


def test_effect_is_the_regression_of_the_score() -> None:
    """Effect and standard error are those of the per-sample score on the same design, robust to unequal variances (HC2)."""
    values, design = values_of(), design_of()
    row = set_effects(fit_contrast(values, GENES, design), membership()).set_index("gene_set").loc["signed"]
    effect, se = hc2(signed_score(values), design.matrix)
    assert (row["effect"], row["effect_se"]) == (pytest.approx(effect, rel=1e-9), pytest.approx(se, rel=1e-9))
    assert 5 < row["df"] < design.residual_df
    half = stats.t.ppf(0.975, row["df"]) * se
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(effect - half), pytest.approx(effect + half))
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(abs(effect / se), row["df"]))


@pytest.mark.parametrize("block", ["pair", ""])
def test_pairs_and_equal_groups_have_the_ordinary_error(block: str) -> None:
    """There the robust error is that of the t test, on its degrees of freedom."""
    values = values_of()
    design = design_of(block=block)
    if not block:
        target = np.arange(12) % 2 == 1
        design = build_design(pd.DataFrame(index=[f"S{i}" for i in range(12)]), target, ~target)
    row = set_effects(fit_contrast(values, GENES, design), membership()).set_index("gene_set").loc["signed"]
    effect, se, _ = regress(signed_score(values), design.matrix)
    assert (row["effect"], row["effect_se"]) == (pytest.approx(effect, rel=1e-9), pytest.approx(se, rel=1e-9))
    assert row["df"] == pytest.approx(design.residual_df)


def test_complement_and_difference() -> None:
    """The complement is every measured gene outside; the difference is fitted as one score."""
    values, design = values_of(), design_of()
    row = set_effects(fit_contrast(values, GENES, design), membership()).set_index("gene_set").loc["plain"]
    inside = np.isin(GENES, GENES[20:40])
    complement = hc2(values[~inside].mean(axis=0), design.matrix)
    over = hc2(values[inside].mean(axis=0) - values[~inside].mean(axis=0), design.matrix)
    assert (row["complement_effect"], row["complement_se"]) == (
        pytest.approx(complement[0]),
        pytest.approx(complement[1]),
    )
    assert (row["over_complement"], row["over_complement_se"]) == (pytest.approx(over[0]), pytest.approx(over[1]))


def test_sample_weights_enter_the_score() -> None:
    """With array weights the score is fitted with the same weights as the genes."""
    values, design = values_of(), design_of()
    fit = fit_contrast(values, GENES, design, array_weights=True)
    row = set_effects(fit, membership()).set_index("gene_set").loc["signed"]
    effect, se = hc2(signed_score(values), design.matrix, np.array(fit.facts.sample_weights))
    assert (row["effect"], row["effect_se"]) == (pytest.approx(effect, rel=1e-9), pytest.approx(se, rel=1e-9))


def test_counts_use_log_cpm_and_weights_by_sample() -> None:
    """Under voom the score is mean log-CPM, fitted with voom's weights averaged over genes."""
    rng = np.random.default_rng(3)
    depth = np.tile([1, 4, 2], 4)
    counts = rng.negative_binomial(5, 0.02 / (0.02 + depth / 20), (60, 12)).astype(float)
    design = design_of()
    fit = fit_contrast(counts, GENES, design, layer="counts")
    assert fit.genes == GENES
    observed = voom(counts, design.matrix)
    row = set_effects(fit, membership()).set_index("gene_set").loc["signed"]
    effect, se = hc2(signed_score(observed.log_cpm), design.matrix, mean_sample_weights(observed.weights))
    assert (row["effect"], row["effect_se"]) == (pytest.approx(effect, rel=1e-9), pytest.approx(se, rel=1e-9))


def test_hedges_g_is_its_definition() -> None:
    """z by the gene's SD with its difference, score by its own regression, in the SD within groups without the age; robust error, J, g²/2ν."""
    values, design = values_of(), design_of()
    fit = fit_contrast(values, GENES, design)
    common = GENES[2:]
    row = hedges_g(fit, membership(), common).set_index("gene_set").loc["signed"]
    sd = np.array([sd_of_gene(gene, design) for gene in values])
    w = np.array([WEIGHTS.get(gene, 0.0) if gene in common else 0.0 for gene in GENES])
    score = w @ (values / sd[:, None]) / np.abs(w).sum()
    effect, ordinary, _ = regress(score, design.matrix)
    spread = regress(score, np.delete(design.matrix, 1, axis=1))[2]
    j = small_sample_factor(10)
    assert design.columns[1] == "age"
    assert design.residual_df == 9
    assert row["n_genes"] == 10
    assert row["g"] == pytest.approx(j * effect / spread)
    # One covariate: 9 of 10 degrees of freedom tell what it explains, the tenth says nothing.
    unscaled = ordinary / regress(score, design.matrix)[2]
    assert row["weight"] == pytest.approx(1 / (j**2 * (0.9 * (ordinary / spread) ** 2 + 0.1 * unscaled**2)))
    x = design.matrix
    inverse = np.linalg.inv(x.T @ x)
    residuals = score - x @ inverse @ x.T @ score
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    hc2 = np.sqrt((inverse @ (x.T * (residuals**2 / (1 - leverage))) @ x @ inverse)[-1, -1])
    assert row["g_se"] == pytest.approx(np.sqrt((j * hc2 / spread) ** 2 + row["g"] ** 2 / 20))


def test_cohorts_with_and_without_a_covariate_are_on_one_scale() -> None:
    """An age that explains most of the spread lowers the standard error, and does not blow up the effect."""
    rng = np.random.default_rng(4)
    target = np.arange(60) % 2 == 1
    age = rng.normal(size=60)
    samples = pd.DataFrame(
        {"unit": [f"u{i}" for i in range(60)], "age": (50 + 10 * age).astype(str)}, index=[f"S{i}" for i in range(60)]
    )
    values = 0.8 * target + 2 * age + rng.normal(0, 0.5, (60, 60)) + rng.normal(0, 0.3, 60)
    plain, adjusted = (
        hedges_g(fit_contrast(values, GENES, build_design(samples, target, ~target, covariates=names)), membership())
        .set_index("gene_set").loc["plain"]
        for names in ([], ["age"])
    )  # fmt: skip
    unit = np.sqrt(2**2 + 0.3**2 + 0.5**2 / 20)
    assert adjusted["g"] == pytest.approx(0.8 / unit, abs=0.12)
    assert adjusted["g_se"] < 0.4 * plain["g_se"]


def test_pairs_are_counted_in_standard_deviations_between_people() -> None:
    """The effect is that of the pairs, its unit the spread between people, its p that of the paired t test."""
    values, design = values_of(n=24), design_of(24, block="pair")
    row = hedges_g(fit_contrast(values, GENES, design), membership()).set_index("gene_set").loc["signed"]
    sd = np.array([sd_of_gene(gene, design) for gene in values])
    score = signed_score(values / sd[:, None])
    d = score[design.is_target] - score[~design.is_target]
    spread = np.sqrt((score[design.is_target].var(ddof=1) + score[~design.is_target].var(ddof=1)) / 2)
    assert row["g"] == pytest.approx(small_sample_factor(22) * d.mean() / spread)
    assert row["p_value"] == pytest.approx(stats.ttest_1samp(d, 0).pvalue)


def test_many_pairs_weigh_what_they_tell_and_few_do_not() -> None:
    """Pairs take half of all degrees of freedom: with many of them their spread is known, with three it is noise."""

    def of_pairs(people: int) -> pd.Series:
        rng = np.random.default_rng(6)
        persons = 2 * np.repeat(rng.normal(size=people), 2)
        values = persons + rng.normal(size=2 * people) + rng.normal(0, 0.3, (60, 2 * people))
        fit = fit_contrast(values, GENES, design_of(2 * people, block="pair"))
        return hedges_g(fit, membership()).set_index("gene_set").loc["plain"]

    many, few = of_pairs(40), of_pairs(3)
    precision = 1 / (many["g_se"] ** 2 - many["g"] ** 2 / (2 * 78) * (1 + 0.8**2))
    assert 0.75 * precision < many["weight"] < precision
    # At most twice that of six people who are no pairs.
    assert few["weight"] < 2 * 1.5 / small_sample_factor(4) ** 2


def test_hedges_g_without_common_genes_is_missing() -> None:
    """A set that shares no gene with the other cohorts has no g, and no warning."""
    fit: ContrastFit = fit_contrast(values_of(), GENES, design_of())
    table = hedges_g(fit, membership(), ["elsewhere"])
    assert table["g"].isna().all()
    assert (table["n_genes"] == 0).all()


@pytest.mark.parametrize("floors_follow", ["group", "batch"])
def test_a_gene_at_the_floor_of_its_group_does_not_count(floors_follow: str) -> None:
    """Background that differs by .1 between two runs of arrays: nothing but rounding varies within them."""
    rng = np.random.default_rng(12)
    n, n_genes = 45, 60
    is_target, batch = np.arange(n) < 20, np.arange(n) % 2
    values = rng.normal(7.3, 0.4, (n_genes, n))
    genes = [f"G{number}" for number in range(n_genes)]
    samples = pd.DataFrame({"batch": [f"b{one}" for one in batch]}, index=[f"s{one}" for one in range(n)])
    design = build_design(samples, is_target, ~is_target, ["batch"])
    values[:3] = np.where(is_target if floors_follow == "group" else batch == 1, 4.1, 4.0)
    fit = fit_contrast(values, genes, design)
    sets = pd.DataFrame({"gene_set": "T", "gene": genes[:20], "weight": 1.0, "family": "x", "version": ""})
    everything, expressed = (hedges_g(fit, build_membership(rows, genes)).iloc[0] for rows in (sets, sets[3:]))
    for figure in ("g", "g_se", "p_value"):
        assert everything[figure] == pytest.approx(expressed[figure], rel=1e-8)
    assert abs(everything["g"]) < 1
    assert set(genes[:3]) <= set(fit.genes)  # they are tested all the same, with moderated variances


def test_g_is_nearly_unbiased() -> None:
    """With the factor J the mean of g over many small studies is the true difference."""
    rng = np.random.default_rng(8)
    design = design_of(8)
    score = rng.normal(size=(4000, 8)) + 0.8 * design.matrix[:, -1]
    q, r = np.linalg.qr(design.matrix, mode="complete")
    rotated = score @ q[:, len(design.columns) - 1 :] * np.sign(r[-1, -1] if r.shape[0] == r.shape[1] else r[2, 2])
    d = rotated[:, 0] / abs(r[2, 2]) / np.sqrt(np.mean(rotated[:, 1:] ** 2, axis=1))
    assert np.mean(d * small_sample_factor(design.residual_df)) == pytest.approx(0.8, abs=0.05)
    assert small_sample_factor(10) == pytest.approx(1 - 3 / (4 * 10 - 1), abs=1e-3)
    assert np.isnan(small_sample_factor(1))


@pytest.mark.parametrize(("n", "most"), [(3, 0.075), (6, 0.065), (15, 0.056)])
@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_scores_of_small_cohorts_hold_their_size(n: int, most: float, correlation: float) -> None:
    """10,000 sets of 10 genes that do not differ: with residuals alone in their SD p ≤ .05 in up to 12, 8 and 6 %."""
    sets, genes = 10_000, 10
    rng = np.random.default_rng([7, n, int(10 * correlation)])
    own, shared = rng.standard_normal((sets, genes, 2 * n)), rng.standard_normal((sets, 1, 2 * n))
    values = (np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own).reshape(-1, 2 * n)
    target = np.arange(2 * n) < n
    space = common_space(values, np.column_stack([np.ones(2 * n), target]))
    scores = (space.effects / gene_spread(space.effects)[:, None]).reshape(sets, genes, -1).mean(axis=1)
    found = sample_score_effect(replace(space, effects=scores, covariate_effects=scores[:, :0]), [], fixed_blocks=False)
    assert 0.04 < np.mean(found.p_value <= 0.05) < most


def test_a_gene_that_moves_keeps_its_weight() -> None:
    """In 70 v 63 a gene that moves by 3 SD is divided by at most 1.2 % more than its residuals say; one without residuals by nothing."""
    rng = np.random.default_rng(3)
    target = np.arange(133) < 70
    values = rng.standard_normal((50, 133)) + 3 * target
    values[0] = 1.0
    effects = common_space(values, np.column_stack([np.ones(133), target])).effects
    residual = np.sqrt(np.mean(effects[:, 1:] ** 2, axis=1))
    assert gene_spread(effects)[0] == pytest.approx(0, abs=1e-12)
    assert np.all(gene_spread(effects)[1:] / residual[1:] < 1.012)


def test_huber_scores_are_those_of_a_robust_regression() -> None:
    """One wild patient hides the effect from the mean and not from the Huber score; without him both agree."""
    rng = np.random.default_rng(9)
    target = np.arange(60) % 2 == 1
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(60)]}, index=[f"S{i}" for i in range(60)])
    design = build_design(samples, target, ~target)
    values = 0.8 * target + rng.normal(0, 1, 60) + rng.normal(0, 0.5, (60, 60))
    wild = values.copy()
    wild[:, 0] += 15

    def g_of(expression: np.ndarray, score: Score) -> pd.Series:
        table = hedges_g(fit_contrast(expression, GENES, design), membership(), score=score)
        return table.set_index("gene_set").loc["plain"]

    clean, robust = g_of(values, "mean"), g_of(values, "huber")
    assert robust["g"] == pytest.approx(clean["g"], abs=0.15)
    assert robust["g_se"] == pytest.approx(clean["g_se"], rel=0.15)
    assert g_of(wild, "huber")["p_value"] < 0.01 < 0.05 < g_of(wild, "mean")["p_value"]


def test_the_huber_effect_solves_the_equation_of_huber() -> None:
    """Iteratively reweighted least squares on the design, scale by the median absolute residual, finds the same contrast."""
    rng = np.random.default_rng(4)
    matrix = np.column_stack([np.ones(40), rng.normal(size=40), np.arange(40) < 15])
    score = rng.standard_t(3, 40) + 0.7 * matrix[:, 2]
    beta = np.linalg.lstsq(matrix, score, rcond=None)[0]
    for _ in range(500):
        left = score - matrix @ beta
        weights = np.minimum(1, 1.345 * np.median(np.abs(left)) / 0.6745 / np.abs(left))
        beta = np.linalg.solve(matrix.T * weights @ matrix, matrix.T * weights @ score)
    space = common_space(score[None], matrix)
    found = {
        name: sample_score_effect(space, [], fixed_blocks=False, score=name).effect[0] for name in ("mean", "huber")
    }
    least_squares = np.linalg.lstsq(matrix, score, rcond=None)[0]
    assert found["huber"] / found["mean"] == pytest.approx(beta[2] / least_squares[2], rel=1e-3)


@pytest.mark.parametrize(
    ("groups", "controls_sd", "tails"),
    [((107, 25), 1.0, 0), ((107, 25), 1.5, 0), ((25, 107), 1.5, 0), ((70, 63), 1.0, 3)],
)
def test_huber_scores_hold_their_size(groups: tuple[int, int], controls_sd: float, tails: int) -> None:
    """Without any effect p ≤ .05 in about 5 % of cohorts (4,000: ± 1), where the groups vary unequally, too."""
    rng = np.random.default_rng([11, *groups, tails])
    target = np.repeat([1.0, 0.0], groups)
    noise = rng.standard_t(tails, (4000, len(target))) if tails else rng.standard_normal((4000, len(target)))
    space = common_space(noise * np.where(target > 0, 1, controls_sd), np.column_stack([np.ones(len(target)), target]))
    found = sample_score_effect(space, [], fixed_blocks=False, score="huber")
    assert 0.035 < np.mean(found.p_value <= 0.05) < 0.062


def test_blocks_that_enter_as_a_correlation_are_the_units_of_a_score() -> None:
    """Nothing differs between 3 and 3 dishes of 3 wells, and the set's genes move together from dish to dish.

    Every gene has the same correlation within a dish; that of their mean is larger, so p ≤ .05 came out in a third of such draws.
    """
    rng, dish = np.random.default_rng(8), np.repeat(np.arange(6), 3)
    samples = pd.DataFrame({"dish": [f"d{i}" for i in dish]}, index=[f"S{i}" for i in range(18)])
    samples["unit"] = samples["dish"]
    design = build_design(samples, dish < 3, dish >= 3, block="dish")
    assert design.blocking == "correlation"
    called = {"fry": 0, "blocks": 0, "interval": 0, "camera": 0, "table": 0}
    sets = membership()
    for _ in range(150):
        dishes = rng.normal(size=(60, 6))
        dishes[20:40] = 0.6 * dishes[20:40] + 0.8 * rng.normal(size=6)
        fit = fit_contrast(8 + dishes[:, dish] + rng.normal(size=(60, 18)), GENES, design)
        row = set_effects(fit, sets).set_index("gene_set").loc["plain"]
        p_value = dict(zip(sets.gene_sets, p_of_units(fit, sets), strict=True))["plain"]
        assert row["df"] == pytest.approx(4)
        called["blocks"] += p_value <= 0.05
        called["fry"] += fry(fit, sets, mixed=False).set_index("gene_set").loc["plain", "p_value"] <= 0.05
        called["interval"] += row["over_complement_ci_low"] > 0 or row["over_complement_ci_high"] < 0
        called["camera"] += camera(fit, sets).set_index("gene_set").loc["plain", "p_value"] <= 0.05
        # The table of set tests holds none of these small p, of whichever test.
        table = run_set_tests(fit, sets, rotations=19, seed=1)
        called["table"] += table.loc[table["gene_set"] == "plain", "p_value"].min() <= 0.05
    assert min(called["fry"], called["camera"]) > 20
    assert max(called["blocks"], called["interval"], called["table"]) <= 15
    # Without blocks CAMERA stands alone.
    alone = fit_contrast(values_of(), GENES, design_of())
    assert p_of_blocks_over_others(alone, membership()).tolist() == [0.0, 0.0]


def test_huber_scores_of_pairs_are_as_sure_as_the_mean() -> None:
    """30 pairs, a column each: in normal noise the standard errors of both scores agree, and p ≤ .05 in about 5 % without an effect."""
    rng = np.random.default_rng(12)
    target = np.arange(60) % 2
    matrix = np.column_stack([np.repeat(np.eye(30), 2, axis=0), target])
    space = common_space(rng.standard_normal((4000, 60)), matrix)
    mean, robust = (sample_score_effect(space, [], fixed_blocks=True, score=name) for name in ("mean", "huber"))
    assert np.median(robust.se / mean.se) == pytest.approx(1, abs=0.05)
    assert 0.035 < np.mean(robust.p_value <= 0.05) < 0.065


@pytest.mark.parametrize("covariates", [[], ["factor(dose)"]])
def test_cultures_of_one_donor_in_fixed_blocks_are_no_units_of_their_own(covariates: list[str]) -> None:
    """Nothing differs, and three donors answer differently, with three cultures each: all that is read is that of three donors.

    Cultures of one dose are one row; where their doses differ they stay rows, and errors take the donors as units.
    """
    rng, donor, target = np.random.default_rng(9), np.repeat(np.arange(3), 6), np.tile(np.repeat([False, True], 3), 3)
    samples = pd.DataFrame({"donor": [f"d{i}" for i in donor]}, index=[f"S{i}" for i in range(18)])
    samples["dose"] = [str(i % 3) for i in range(18)]
    known = build_design(samples, target, ~target, covariates, "donor")
    design = build_design(samples, target, ~target, covariates, "donor", samples_in_block="repeats")
    assert (design.blocking, len(design.samples)) == ("fixed", 18 if covariates else 6)
    called = {"known": 0, "p": 0, "interval": 0}
    sets = membership()
    for _ in range(150):
        answers = rng.normal(size=(60, 3))
        answers[20:40] = 0.6 * answers[20:40] + 0.8 * rng.normal(size=3)
        values = 8 + 2 * answers[:, donor] * target + rng.normal(size=(60, 18))
        rows = values_of_rows(values.T, samples.index, design, "log2")
        fit, alone = fit_contrast(rows, GENES, design), fit_contrast(values, GENES, known)
        row = set_effects(fit, sets).set_index("gene_set").loc["plain"]
        assert row["df"] == pytest.approx(2)
        p_value = run_set_tests(fit, sets, rotations=19, seed=1, tests=(FRY,)).query("gene_set == 'plain'")
        called["p"] += p_value["p_value"].iloc[0] <= 0.05
        called["known"] += fry(alone, sets, mixed=False).set_index("gene_set").loc["plain", "p_value"] <= 0.05
        called["interval"] += row["over_complement_ci_low"] > 0 or row["over_complement_ci_high"] < 0
    assert called["known"] > 30
    assert max(called["p"], called["interval"]) <= 15


def test_unequal_groups_of_unequal_variance_make_neither_interval_nor_p_too_small() -> None:
    """3 v 12, the smaller group 2.5 times as variable, no difference: both leave chance out in about 5 %, not 20 %."""
    rng, target = np.random.default_rng(3), np.arange(15) < 3
    samples = pd.DataFrame(index=[f"S{i}" for i in range(15)])
    design = build_design(samples, target, ~target)
    called = dict.fromkeys(("ordinary", "fry", "interval", "units", "table"), 0)
    sets = membership()
    for _ in range(200):
        shared = rng.normal(size=15) * np.where(target, 2.5, 1)
        values = 8 + rng.normal(size=(60, 15)) * np.where(target, 2.5, 1)
        values[20:40] += shared
        fit = fit_contrast(values, GENES, design)
        row = set_effects(fit, sets).set_index("gene_set").loc["plain"]
        called["interval"] += row["over_complement_ci_low"] > 0 or row["over_complement_ci_high"] < 0
        over = values[20:40].mean(axis=0) - np.delete(values, np.s_[20:40], axis=0).mean(axis=0)
        called["ordinary"] += stats.ttest_ind(over[target], over[~target]).pvalue <= 0.05
        called["fry"] += fry(fit, sets, mixed=False).set_index("gene_set").loc["plain", "p_value"] <= 0.05
        called["units"] += p_of_units(fit, sets)[sets.gene_sets.index("plain")] <= 0.05
        table = run_set_tests(fit, sets, rotations=19, seed=1, tests=(FRY,)).query("gene_set == 'plain'")
        called["table"] += table["p_value"].iloc[0] <= 0.05
    assert min(called["ordinary"], called["fry"]) > 30
    assert max(called["interval"], called["units"], called["table"]) <= 26
    rotated = (
        run_set_tests(fit, sets, rotations=999, seed=1).query("test == 'rotation'").set_index("gene_set")["p_value"]
    )
    assert (rotated.loc[sets.gene_sets].to_numpy() >= p_of_units(fit, sets)).all()


@pytest.mark.parametrize("block", ["", "pair"])
def test_groups_of_one_size_and_pairs_keep_the_p_of_fry(block: str) -> None:
    target = np.arange(12) % 2 == 1
    plain = build_design(pd.DataFrame(index=[f"S{i}" for i in range(12)]), target, ~target)
    fit = fit_contrast(values_of(), GENES, design_of(block=block) if block else plain)
    assert p_of_units(fit, membership()) == pytest.approx(fry(fit, membership(), mixed=False)["p_value"], rel=1e-9)


def test_the_p_of_units_is_that_of_the_standardised_score_with_hc2_errors() -> None:
    values, design = values_of(), design_of()
    fit = fit_contrast(values, GENES, design)
    w = np.array([WEIGHTS.get(gene, 0.0) for gene in GENES])
    effect, se = hc2(w @ (values / resistant_sd(fit)[:, None]), design.matrix)
    df = set_effects(fit, membership())["df"].iloc[0]
    found = p_of_units(fit, membership())[membership().gene_sets.index("signed")]
    assert found == pytest.approx(2 * stats.t.sf(abs(effect / se), df), rel=1e-9)
