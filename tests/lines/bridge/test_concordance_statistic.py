"""Concordance of two profiles: what it is, how sure it is, and what its rotations say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lines.bridge.planted_profiles import GENES, N_GENES, fit_study
from scipy.stats import pearsonr, spearmanr

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership
from sidemine.lines.bridge.profiles import FrozenProfile, build_side
from sidemine.lines.bridge.rotation import Question, rotation_p_values
from sidemine.lines.bridge.statistic import measure_concordance_of, noise_spread
from sidemine.lines.interaction.record import POOLED

ALL = np.ones(N_GENES, dtype=bool)
BLOCK = np.arange(N_GENES) < 40


def side_of(fit, name="one", seed=3):
    return build_side({name: fit}, GENES, [name], seed=seed, what="test")


def p_value(side, weights, observed, n_rotations=999, cutoff=0.0):
    question = {side.whole.name: {"asked": Question(weights, observed, cutoff)}}
    return rotation_p_values(side, question, n_rotations)[side.whole.name]["asked"]


def measured(drug_fit, disease_fit, chosen=ALL):
    return measure_concordance_of(side_of(drug_fit).whole, side_of(disease_fit).whole, chosen)


def test_over_all_genes_it_is_the_correlation_of_the_normal_deviates():
    """With every shared gene chosen, concordance is Pearson's correlation of the two profiles."""
    drug, disease = side_of(fit_study(1, 3, 3)).whole, side_of(fit_study(2, 20, 20)).whole
    found = measure_concordance_of(drug, disease, ALL)
    assert found.value == pytest.approx(pearsonr(drug.deviates, disease.deviates)[0], rel=1e-12)
    assert found.product == pytest.approx(float(drug.deviates @ disease.deviates))


def test_standard_error_is_that_of_repeated_studies():
    """The closed form, from one pair of studies each, is the spread of the product over 120 pairs of studies."""
    rng = np.random.default_rng(7)
    shift = np.where(rng.random(N_GENES) < 0.1, 2.0, 0.0)
    found = []
    for number in range(120):
        drug, disease = side_of(fit_study(1000 + number, 4, 4, shift)), side_of(fit_study(5000 + number, 15, 15))
        one = measure_concordance_of(drug.whole, disease.whole, ALL)
        found.append((one.product, one.se * one.product / one.value))
    product, se = np.array(found).T
    assert np.sqrt(np.mean(se**2)) == pytest.approx(product.std(), rel=0.2)
    assert abs(product.mean()) < 3 * product.std() / np.sqrt(120)


def test_in_a_set_of_like_genes_the_interval_is_as_wide_as_chance():
    """Genes that move together give a concordance near 1 or −1 by chance alone: the interval has to hold 0."""
    drug = fit_study(3, 3, 3, np.where(BLOCK, -4.0, 0.0))
    extreme, excluded = 0, 0
    for seed in range(40):
        found = measured(drug, fit_study(100 + seed, 30, 30, correlation=0.8), BLOCK)
        extreme += abs(found.value) > 0.6
        excluded += not found.ci_low <= 0 <= found.ci_high
    assert extreme > 15  # the trap is really there
    assert excluded <= 5


def test_noise_is_never_unrelated():
    """Two studies that show nothing correlate by 0 with great confidence, which says nothing: reliability 0."""
    found = measured(fit_study(4, 3, 3), fit_study(5, 20, 20))
    assert abs(found.value) < 0.2
    assert 0 in (found.reliability_drug, found.reliability_disease)
    assert np.isinf(found.corrected_ci_low)
    assert np.isinf(found.corrected_ci_high)


def test_interval_without_noise_holds_the_true_correlation():
    """With signal on both sides the corrected interval covers the correlation of what was planted."""
    rng = np.random.default_rng(8)
    covered, width = 0, []
    for seed in range(40):
        one = rng.standard_normal(N_GENES)
        other = 0.5 * one + np.sqrt(0.75) * rng.standard_normal(N_GENES)
        found = measured(fit_study(200 + seed, 4, 4, 3 * one), fit_study(300 + seed, 40, 40, other))
        truth = pearsonr(one, other)[0]
        covered += found.corrected_ci_low <= truth <= found.corrected_ci_high
        width.append(found.corrected_ci_high - found.corrected_ci_low)
    assert covered >= 36
    assert np.mean(width) < 0.6


def test_fewer_than_ten_genes_give_nothing():
    """A correlation of a handful of genes is not computed."""
    assert measured(fit_study(1, 3, 3), fit_study(2, 20, 20), np.arange(N_GENES) < 9) is None


def test_pooled_profile_is_the_common_effect():
    """Gene by gene: standardised differences weighted by their inverse variances, as a normal deviate."""
    fits = {"a": fit_study(11, 30, 20), "b": fit_study(12, 40, 40)}
    side = build_side(fits, GENES, ["a", "b"], seed=1, what="test")
    assert [profile.name for profile in side.profiles] == ["a", "b", POOLED]
    precision = np.array([1 / fit.score_stdev_unscaled**2 for fit in fits.values()])
    sizes = [side.profile(name).deviates / np.sqrt(p) for name, p in zip(fits, precision, strict=True)]
    expected = np.average(sizes, axis=0, weights=precision) * np.sqrt(precision.sum())
    np.testing.assert_allclose(side.whole.deviates, expected, rtol=1e-10)
    assert np.std(side.whole.deviates) == pytest.approx(1, abs=0.25)


def test_rotation_is_the_set_test_of_a_weighted_set():
    """Σ x·z under rotation is ROAST with the other profile as weights: the p-values of two engines agree."""
    drug = side_of(fit_study(21, 3, 3)).whole
    shift = 0.12 * drug.deviates
    fit = fit_study(22, 15, 15, shift)
    weights = np.where(BLOCK, drug.deviates, 0)
    weights -= weights.mean()  # the engine of set tests knows no centring
    side = side_of(fit)
    own = p_value(side, weights, float(weights @ side.whole.deviates), 4999)
    from scipy.sparse import csr_array

    size = np.array([N_GENES])
    membership = SetMembership(["set"], ["target"], ["1"], size, size, csr_array(weights[None]), [], np.array([False]))
    theirs = rotation_test(fit, membership, n_rotations=4999, seed=9, competitive=False, mixed=False)["p_value"][0]
    assert own == pytest.approx(theirs, abs=4 * np.sqrt(0.25 / 5000) + 0.002)


def test_both_sided_rotation_holds_its_size_where_gene_level_correlation_does_not():
    """Two unrelated null studies of co-expressed genes: Spearman over genes calls too many, the larger p does not."""
    n_pairs, ours, one_sided, spearman = 120, 0, 0, 0
    for number in range(n_pairs):
        fits = fit_study(2000 + number, 3, 3, correlation=0.4), fit_study(7000 + number, 12, 12, correlation=0.4)
        drug, disease = (side_of(fit, seed=number + 1) for fit in fits)
        x, y = drug.whole.deviates, disease.whole.deviates
        ps = p_value(disease, x, float(x @ y), 199), p_value(drug, y, float(x @ y), 199)
        ours += max(ps) <= 0.05
        one_sided += ps[0] <= 0.05
        spearman += spearmanr(x, y)[1] <= 0.05
    assert spearman > 0.2 * n_pairs
    assert ours <= 0.05 * n_pairs + 1
    assert one_sided <= 0.05 * n_pairs + 3 * np.sqrt(0.05 * 0.95 * n_pairs)


def test_genes_chosen_for_their_response_are_chosen_again_in_every_rotation():
    """Under a null drug and a real disease, weighting the strongest genes as if given would call the drug too often."""
    shift = np.where(np.arange(N_GENES) < 60, 1.0, 0.0)
    naive, honest = 0, 0
    for number in range(60):
        drug, disease = side_of(fit_study(3000 + number, 3, 3)), side_of(fit_study(9000 + number, 20, 20, shift))
        x, y = drug.whole.deviates, disease.whole.deviates
        cutoff = np.sort(np.abs(x))[-30]
        chosen = np.abs(x) >= cutoff
        product = float(x[chosen] @ y[chosen])
        naive += p_value(drug, np.where(chosen, y, 0), product, 199) <= 0.05
        honest += p_value(drug, y, product, 199, cutoff * (1 - 1e-6)) <= 0.05
    assert naive > 12
    assert honest <= 8


def test_rotations_depend_on_seed_and_name_only():
    """The same seed and contrast give the same p; another contrast has other rotations."""
    fit = fit_study(31, 5, 5)
    weights = np.random.default_rng(1).standard_normal(N_GENES)
    first, again, other = (side_of(fit, name) for name in ("one", "one", "two"))
    observed = float(weights @ first.whole.deviates)
    assert p_value(first, weights, observed) == p_value(again, weights, observed)
    rotated = [next(side.rotations(10))[side.whole.name] for side in (first, again, other)]
    np.testing.assert_array_equal(rotated[0], rotated[1])
    assert not np.allclose(rotated[0], rotated[2])


def test_frozen_weights_have_no_noise():
    """A frozen set is known exactly: only the disease makes its concordance uncertain."""
    weights = np.where(BLOCK, 2.0, 0.0)
    disease = side_of(fit_study(41, 20, 20)).whole
    found = measure_concordance_of(FrozenProfile("set", weights, 1.0), disease, BLOCK)
    assert found.reliability_drug == 1
    spread = np.sqrt(sum(np.sum((weights @ factor) ** 2) for factor, _ in disease.noises))
    assert found.se == pytest.approx(spread / np.linalg.norm(weights[BLOCK]) / np.linalg.norm(disease.deviates[BLOCK]))


def test_a_gene_at_the_floor_of_its_groups_leaves_the_others_their_noise():
    """Constant in either group, and not the same: it has no residual; p, interval and reliability are those of the other genes."""
    is_target = np.arange(12) < 5
    values = 7 + np.random.default_rng(6).standard_normal((N_GENES, 12)) + np.outer(3 * BLOCK, is_target)
    values[-1] = np.where(is_target, 7.1, 7.0)
    design = build_design(pd.DataFrame(index=[f"s{number}" for number in range(12)]), is_target, ~is_target)
    drug, disease = fit_contrast(values, GENES, design), fit_study(31, 20, 20, np.where(BLOCK, 0.8, 0.0))
    found = measured(drug, disease, BLOCK)
    assert np.isfinite([found.se, found.ci_low, found.ci_high, found.reliability_drug]).all()
    assert p_value(side_of(drug), np.where(BLOCK, side_of(disease).whole.deviates, 0), found.product) < 0.05


def test_a_small_group_that_varies_more_is_no_resemblance():
    """3 v 12, the 3 vary 2.5 times as much, no effect: p and interval; with one variance for all samples a quarter were called."""
    disease = side_of(fit_study(31, 20, 20, np.where(BLOCK, 0.8, 0.0)))
    shown = np.array([_shown(fit_study(500 + seed, 3, 12, target_sd=2.5), disease) for seed in range(100)])
    assert shown.sum(axis=0).max() <= 12
    moved = [fit_study(700 + seed, 3, 12, np.where(BLOCK, 6.0, 0.0), target_sd=2.5) for seed in range(5)]
    assert all(all(_shown(fit, disease)) for fit in moved)


def _dishes(seed, effect=0.0):
    """Fit 3 v 3 dishes of 3 wells; the 40 genes of BLOCK move together from dish to dish, the others hardly do."""
    rng = np.random.default_rng(seed)
    dish = np.repeat(np.arange(6), 3)
    is_target = dish < 3
    values = rng.standard_normal((N_GENES, 18))
    values[BLOCK] = np.sqrt(0.4) * values[BLOCK] + np.sqrt(0.6) * rng.standard_normal(6)[dish] + effect * is_target
    samples = pd.DataFrame({"dish": [f"d{number}" for number in dish]}, index=[f"s{number}" for number in range(18)])
    samples["unit"] = samples["dish"]
    return fit_contrast(
        7 + 0.3 * values, GENES, build_design(samples, is_target, ~is_target, [], "dish", "correlation")
    )


def _shown(drug_fit, disease):
    drug = side_of(drug_fit)
    found = measure_concordance_of(drug.whole, disease.whole, BLOCK)
    weights = np.where(BLOCK, disease.whole.deviates, 0)
    return p_value(drug, weights, found.product, 199) <= 0.05, not found.ci_low <= 0 <= found.ci_high


def test_wells_of_a_dish_are_no_replicates():
    """Blocks as a correlation: p and interval of a drug without any effect; by rotation alone a third were called."""
    disease = side_of(fit_study(31, 20, 20, np.where(BLOCK, 0.8, 0.0)))
    shown = np.array([_shown(_dishes(seed), disease) for seed in range(60)])
    assert shown.sum(axis=0).max() <= 8
    assert all(all(_shown(_dishes(seed, effect=4.0), disease)) for seed in range(5))


def test_the_error_of_blocks_under_voom_is_in_the_unit_of_the_deviates():
    """Read counts: the score's own basis, scaled gene by gene; the noise is as large as the deviates of genes that do not move."""
    rng = np.random.default_rng(4)
    dish = np.repeat(np.arange(8), 3)
    counts = rng.poisson(200 * np.exp(0.2 * rng.standard_normal((N_GENES, 8)))[:, dish]).astype(float)
    samples = pd.DataFrame({"dish": [f"d{number}" for number in dish]}, index=[f"s{number}" for number in range(24)])
    samples["unit"] = samples["dish"]
    design = build_design(samples, dish < 4, dish >= 4, [], "dish", "correlation")
    profile = side_of(fit_contrast(counts, GENES, design, layer="counts")).whole
    (noise, df), squares = profile.noises[0], np.mean(profile.deviates**2)
    assert np.mean(np.sum(noise**2, axis=1)) == pytest.approx(squares, rel=0.3)
    assert 4 < df < 6.5


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_the_spread_of_noise_is_that_of_studies_in_which_nothing_differs(correlation):
    """From the residuals of one study: how far the mean square of other ones scatters, where genes go together and where they do not."""
    n = 40 * (N_GENES // 40)
    known = np.sqrt(2 * (1 + 39 * correlation**2))
    of_one = [noise_spread(side_of(fit_study(70 + seed, 40, 40, correlation=correlation)).whole) for seed in range(5)]
    assert np.mean(of_one) == pytest.approx(known, rel=0.1)
    mean_squares = [
        side_of(fit_study(500 + seed, 20, 20, correlation=correlation)).whole.strength ** 2 for seed in range(150)
    ]
    assert np.sqrt(n) * np.std(mean_squares) == pytest.approx(known, rel=0.25)
