"""The tests of a set of genes: rotation by hand, its ties, what covariates take, places among matched sets, loci."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.lines.genetics.competitive import Correlations, Rotation, loci, percentile_among_matched


def by_hand(z: np.ndarray, covariates: np.ndarray, members: np.ndarray) -> list[tuple[float, float]]:
    """Return effect and t-like statistic of every shift by ordinary regression."""
    found = []
    for shift in range(len(z)):
        shifted = np.roll(members, shift).astype(float)
        design = np.column_stack([np.ones(len(z)), covariates, shifted])
        beta = np.linalg.lstsq(design, z, rcond=None)[0]
        found.append((beta[-1], beta[-1] / np.sqrt(np.linalg.inv(design.T @ design)[-1, -1])))
    return found


def test_rotation_is_regression_on_every_shift() -> None:
    rng = np.random.default_rng(5)
    z, covariates = rng.normal(size=60), rng.normal(size=(60, 2))
    members = rng.random(60) < 0.2
    result, inflation = Rotation(z, covariates).test(members)
    shifts = by_hand(z, covariates, members)
    effects, statistics = np.array(shifts).T
    assert result.effect == pytest.approx(effects[0])
    assert result.p_value == pytest.approx((statistics >= statistics[0] - 1e-9).mean())
    assert result.ci_high - result.effect == pytest.approx(1.959964 * effects.std(), rel=1e-6)
    assert 0.5 < inflation < 2


def test_rotation_with_correlations_is_generalised_regression_on_every_shift() -> None:
    """Every shift is fitted anew with the correlations of where it came to lie; a set may come to lie across two chromosomes."""
    rng = np.random.default_rng(6)
    z, covariates = rng.normal(size=60), rng.normal(size=(60, 2))
    members = np.isin(np.arange(60), [3, 4, 5, 8, 20, 41, 42, 59])
    distance = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    blocks = [0.7**distance, 0.4**distance]
    whole = np.linalg.cholesky(np.block([[blocks[0], np.zeros((30, 30))], [np.zeros((30, 30)), blocks[1]]]))
    found = []
    for shift in range(60):
        design = np.column_stack([np.ones(60), covariates, np.roll(members, shift)])
        design, response = np.linalg.solve(whole, design), np.linalg.solve(whole, z)
        beta = np.linalg.lstsq(design, response, rcond=None)[0]
        found.append((beta[-1], beta[-1] / np.sqrt(np.linalg.inv(design.T @ design)[-1, -1])))
    effects, statistics = np.array(found).T
    result, _ = Rotation(z, covariates, Correlations(blocks)).test(members)
    assert result.effect == pytest.approx(effects[0])
    assert result.p_value == pytest.approx((statistics >= statistics[0] - 1e-9).mean())
    assert result.ci_high - result.effect == pytest.approx(1.959964 * effects.std(), rel=1e-6)


def test_every_pair_of_genes_counts_at_every_shift() -> None:
    """Blocks of any size and correlations without a pattern: the sums are those of the whole inverse, rotated by hand."""
    rng = np.random.default_rng(4)
    blocks = [(np.eye(n) + np.corrcoef(rng.normal(size=(n, n + 3)))) / 2 for n in (7, 2)]
    blocks.append(1 / (1 + np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))))  # its inverse fades slowly
    inverse, start = np.zeros((21, 21)), 0
    for block in blocks:
        inverse[start : start + len(block), start : start + len(block)] = np.linalg.inv(block)
        start += len(block)
    members = rng.random(21) < 0.4
    shifts = [np.roll(members, shift).astype(float) for shift in range(21)]
    assert Correlations(blocks).form(members) == pytest.approx(
        [labels @ inverse @ labels for labels in shifts], abs=1e-5
    )


def test_students_p_is_one_sided_and_of_the_residuals_of_the_whole_model() -> None:
    """Against ordinary regression: both tails, and a set that explains much of the variance."""
    from scipy import stats

    rng = np.random.default_rng(8)
    members = np.arange(40) < 8
    for shift in (3.0, -3.0):
        z = rng.normal(size=40) + shift * members
        expected = stats.ttest_ind(z[members], z[~members], alternative="greater")
        found = Rotation(z, np.zeros((40, 0))).by_student(members)
        assert found.p_value == pytest.approx(expected.pvalue)
        assert found.statistic == pytest.approx(expected.statistic)
        assert (found.ci_low, found.ci_high) == pytest.approx(
            tuple(stats.ttest_ind(z[members], z[~members]).confidence_interval())
        )


def test_a_set_that_repeats_along_the_genome_ties_with_its_shifts() -> None:
    z = np.tile([2.0, 0.0, 0.0, 0.0], 30)
    members = np.tile([True, False, False, False], 30)
    result, _ = Rotation(z, np.zeros((120, 0))).test(members)
    assert result.p_value == pytest.approx(0.25)


def test_p_is_never_zero() -> None:
    z = np.zeros(50)
    z[:5] = 100
    members = z > 0
    assert Rotation(z, np.zeros((50, 0))).test(members)[0].p_value == pytest.approx(1 / 50)
    known = Rotation(z + np.linspace(0, 1e-6, 50), np.zeros((50, 0)), Correlations([np.eye(50)]))
    assert known.test(members)[0].p_value == pytest.approx(1 / 50)
    assert 0 < known.by_student(members).p_value < 1e-30


def test_neighbours_that_share_a_signal_inflate_the_spread_of_a_clustered_set() -> None:
    rng = np.random.default_rng(1)
    z = np.convolve(rng.normal(size=2009), np.ones(10) / np.sqrt(10), "valid")
    clustered, scattered = np.zeros(2000, bool), np.zeros(2000, bool)
    clustered[300:320] = True
    scattered[rng.choice(2000, 20, replace=False)] = True
    rotation = Rotation(z, np.zeros((2000, 0)))
    assert rotation.test(clustered)[1] > 4
    assert rotation.test(scattered)[1] < 2


def test_matched_sets_follow_gene_size() -> None:
    rng = np.random.default_rng(2)
    size = np.exp(rng.normal(size=3000))
    z = 5.0 * (size > np.quantile(size, 0.9)) + rng.normal(size=3000)
    large = np.zeros(3000, bool)
    large[np.argsort(size)[-300::3]] = True
    rotation = Rotation(z, np.zeros((3000, 0)))
    assert percentile_among_matched(rotation, large, np.ones(3000), None, [1]) == 100
    assert 5 < percentile_among_matched(rotation, large, size, None, [1]) < 95
    first, again = (percentile_among_matched(rotation, large, size, size, [1]) for _ in range(2))
    assert first == again


def test_correlations_that_are_none_are_drawn_towards_zero() -> None:
    block = np.array([[1, 0.99, -0.99], [0.99, 1, 0.99], [-0.99, 0.99, 1]])
    with pytest.raises(ValueError, match="no correlations"):
        Correlations([block * 3])
    nearly = np.full((30, 30), 1.0)
    assert Correlations([nearly]).shrinkage == 0.01


def test_loci() -> None:
    chromosome = np.array([1, 1, 1, 1, 2, 2])
    start = np.array([1e6, 1.5e6, 5e6, 9e6, 1e6, 2.5e6])
    stop = np.array([4.5e6, 1.6e6, 5.1e6, 9.1e6, 1.1e6, 2.6e6])
    assert loci(chromosome, start, stop, np.ones(6, bool)).tolist() == [0, 0, 0, 1, 2, 3]
    assert loci(chromosome, start, stop, np.array([0, 1, 0, 0, 1, 0], bool)).tolist() == [0, 1]
    assert loci(chromosome, start, stop, np.zeros(6, bool)).tolist() == []
