"""Copies among libraries of any depth, and arrays of any quality; what is no copy; answers."""

from __future__ import annotations

import numpy as np
import pytest

from sidemine.quality import near_copies
from sidemine.quality.near_copies import (
    PEOPLE_NOT_FOUND,
    answer_copies,
    differences_within,
    find_copies,
    flag_copies,
    variance_without_noise,
)
from sidemine.quality.record import NearCopy
from sidemine.quality.reuse import Comparable, find_copies_between
from sidemine.study.models import IndependentPair

GENES = 4000


def libraries(depths, cv=0.15, copy=None, seed=1, moved=0.0):
    """Counts, genes × samples: lognormal biology of one coefficient of variation, a moved second half, Poisson reads."""
    rng = np.random.default_rng(seed)
    base = np.sort(rng.lognormal(2, 2, GENES))[:, None]
    biology = cv * rng.normal(0, 1, (GENES, len(depths)))
    biology[:, len(depths) // 2 :] += moved * (rng.random((GENES, 1)) < 0.3) * rng.normal(0, 1, (GENES, 1))
    if copy:
        biology[:, copy[1]] = biology[:, copy[0]]
    mean = base * np.exp(biology)
    return rng.poisson(mean / mean.sum(axis=0) * np.asarray(depths)).astype(float)


def log2(counts):
    return np.log2((counts + 0.5) / (counts.sum(axis=0) + 1) * 1e6)


def copies_in(values, counts=None):
    found = find_copies(differences_within(values, counts), [f"s{n}" for n in range(values.shape[1])])
    return [(pair.first, pair.second) for pair in found]


DEPTHS = {
    "all deep": [2e7] * 8,
    "all shallow": [1e6] * 8,
    "1 to 50 million": [1e6, 5e7, 2e6, 3e7, 4e6, 2e7, 8e6, 1e7],
    "two deep among shallow": [5e7, 5e7, *[1e6] * 6],
    "two shallow among deep": [1e6, 1e6, *[4e7] * 6],
}


@pytest.mark.parametrize("moved", [0.0, 0.5])
@pytest.mark.parametrize("depths", DEPTHS)
def test_a_library_that_was_sequenced_twice_is_found_at_any_depth_and_nothing_else(depths, moved):
    """Independent libraries are no copies, however deep they are beside the others; a second run of one is."""
    counts = libraries(DEPTHS[depths], moved=moved)
    assert copies_in(log2(counts), counts) == []
    counts = libraries(DEPTHS[depths], copy=(0, 1), moved=moved)
    assert copies_in(log2(counts), counts) == [("s0", "s1")]


@pytest.mark.parametrize(
    "depths", [[2e7] * 90, [5e7, 1e6, *[2e7] * 88], [1e6, 1e6, *[4e7] * 88]], ids=["even", "one", "both"]
)
def test_a_large_dataset_is_compared_where_it_matters_only(monkeypatch, depths):
    """Beyond a number of samples not every pair is measured; copies of any depth are found all the same, and nothing else."""
    for name, value in (("EVERY_PAIR", 40), ("N_NEAREST", 6), ("N_PANEL", 8)):
        monkeypatch.setattr(near_copies, name, value)
    for copy in (None, (0, 1)):
        counts = libraries(depths, copy=copy, moved=0.5)
        for given in (counts, None):
            within = differences_within(log2(counts), given)
            measured = np.isfinite(within.variance).sum(axis=1)
            assert (within.variance == within.variance.T).all()
            assert measured.min() >= near_copies.N_NEAREST
            assert measured.mean() < 40
        assert copies_in(log2(counts), counts) == ([("s0", "s1")] if copy else [])


def test_of_a_pool_with_more_aliquots_than_nearest_ones_one_stays(monkeypatch):
    """On every plate of a large dataset stands one: each is compared with each, so that all but the first are named."""
    for name, value in (("EVERY_PAIR", 40), ("N_NEAREST", 3), ("N_PANEL", 8)):
        monkeypatch.setattr(near_copies, name, value)
    n, pool = 120, range(7, 120, 6)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        values = rng.normal(8, 1.5, (600, 1)) + rng.normal(0, 0.4, (600, n))
        values[:, pool] = values[:, [7]] + rng.normal(0, 0.08, (600, len(pool)))
        names = [f"s{sample:03d}" for sample in range(n)]
        within = differences_within(values)
        assert np.isfinite(within.variance).sum(axis=1).mean() < 40
        pairs = find_copies(within, names)
        assert len(pairs) == len(pool) * (len(pool) - 1) // 2
        assert flag_copies(within, pairs, "drop").samples == tuple(names[sample] for sample in pool[1:])


def test_a_sample_split_in_two_is_found():
    """Halves of the reads of one library: each half has its own Poisson noise."""
    rng = np.random.default_rng(3)
    counts = libraries([2e7] * 6)
    half = rng.binomial(counts[:, 2].astype(int), 0.3).astype(float)
    counts = np.column_stack([counts, half])
    counts[:, 2] -= half
    assert copies_in(log2(counts), counts) == [("s2", "s6")]


def test_two_lanes_of_every_library_are_found_and_close_replicates_are_not():
    """Then the nearest sample is usually a copy; log2 values alone cannot tell that, and say so."""
    rng = np.random.default_rng(6)
    whole = libraries([4e7] * 8)
    lane = rng.binomial(whole.astype(int), 0.5).astype(float)
    counts = np.column_stack([lane, whole - lane])
    assert copies_in(log2(counts), counts) == [(f"s{n}", f"s{n + 8}") for n in range(8)]
    assert copies_in(log2(counts)) == []
    assert (
        "had most samples a copy, these values would not show it"
        in flag_copies(differences_within(log2(counts)), [], "warn").evidence
    )
    close = libraries([4e7] * 8, cv=0.02, moved=0.5)
    assert copies_in(log2(close), close) == []


def test_libraries_that_are_too_shallow_are_told_and_never_called_copies():
    """A few thousand reads: nothing is claimed of them."""
    depths = [3e3, 3e3, *[2e7] * 6]
    counts = libraries(depths, copy=(0, 1))
    within = differences_within(log2(counts), counts)
    assert find_copies(within, range(8)) == []
    flag = flag_copies(within, [], "warn")
    assert flag.status == "ok"
    assert "too shallow to tell" in flag.evidence


def test_the_variance_without_noise_is_that_of_biology():
    """Twice the variance of one library's biology in log2 units, whatever the depths; none between runs of one library."""
    cv = 0.2
    for depths in ([1e6, 1e6], [1e6, 3e7], [3e7, 3e7]):
        for copy, expected in ((None, 2 * (cv / np.log(2)) ** 2), ((0, 1), 0.0)):
            counts = libraries(depths, cv=cv, copy=copy, seed=5)[-2000:]
            sizes = counts.sum(axis=0)
            variance, error = variance_without_noise(counts[:, 0], counts[:, [1]].T, sizes[0], sizes[[1]])
            assert abs(variance[0] - expected) < 4 * error[0]


def test_two_arrays_of_better_quality_are_no_copies():
    """They lie closer to each other than poor arrays do, and differ from one another as much as from these."""
    rng = np.random.default_rng(8)
    noise = np.array([0.1, 0.1, *[0.6] * 8])
    values = rng.normal(8, 1.5, (600, 1)) + rng.normal(0, 1, (600, 10)) * noise
    within = differences_within(values)
    assert within.variance[0, 1] < 0.38**2 * within.usual
    assert copies_in(values) == []
    values[:, 1] = values[:, 0] + rng.normal(0, 0.02, 600)
    assert copies_in(values) == [("s0", "s1")]


def comparable(values, counts=None, prefix="a"):
    return Comparable(
        [f"{prefix}{n}" for n in range(values.shape[1])],
        values,
        counts,
        None if counts is None else counts.sum(axis=0),
        lambda of_counts: differences_within(values, counts if of_counts else None),
    )


def test_a_library_is_found_again_in_another_dataset_at_another_depth():
    """Between datasets as within one; and as log2 values of another normalisation."""
    both = libraries([2e7] * 6 + [1.5e6] * 6, copy=(1, 8))
    first, second = both[:, :6], both[:, 6:]
    one, other = comparable(log2(first), first), comparable(log2(second), second, "b")
    assert [(pair.first, pair.second) for pair in find_copies_between(one, other)] == [("a1", "b2")]
    none = libraries([2e7] * 6 + [1.5e6] * 6, seed=2)
    one, other = comparable(log2(none[:, :6]), none[:, :6]), comparable(log2(none[:, 6:]), none[:, 6:], "b")
    assert find_copies_between(one, other) == []
    gene_lengths = np.random.default_rng(4).normal(0, 2, (GENES, 1))
    deep = libraries([2e7] * 20, copy=(1, 12))
    renormalised = comparable(log2(deep[:, 10:]) + gene_lengths, None, "b")
    found = find_copies_between(comparable(log2(deep[:, :10]), deep[:, :10]), renormalised)
    assert [(pair.first, pair.second) for pair in found] == [("a1", "b2")]


def scaled(values, columns=slice(None)):
    """Return z-scores by gene of some samples."""
    return (values[:, columns] - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)


@pytest.mark.parametrize("n", [6, 12])
def test_a_copy_in_z_scores_is_found(n):
    """A dataset that was scaled by gene, over other samples too, holds the same samples as its log2 values; independent ones are none."""
    rng = np.random.default_rng(n)
    sds = rng.gamma(4, 0.1, (1500, 1))
    values = rng.normal(8, 2, (1500, 1)) + sds * (
        rng.normal(size=(1500, n)) + rng.normal(size=(1500, 3)) @ rng.normal(size=(3, n)) / 2
    )
    one, half = comparable(values), n // 2 if n // 2 >= 6 else n
    for other, expected in ((scaled(values), n), (scaled(values, slice(half)), half), (values / 3 - 2, n)):
        pairs = [(pair.first, pair.second) for pair in find_copies_between(one, comparable(other, prefix="b"))]
        assert pairs == [(f"a{place}", f"b{place}") for place in range(expected)]
    alone = rng.normal(8, 2, (1500, 1)) + sds * rng.normal(size=(1500, n))
    for other in (alone, scaled(alone)):
        assert find_copies_between(one, comparable(other, prefix="b")) == []
    assert find_copies_between(comparable(values[:, :5]), comparable(scaled(values[:, :5]), prefix="b")) == []


def test_one_odd_sample_of_each_of_two_small_datasets_is_no_copy():
    """In its standard deviation a lone sample of another tissue stands as far out in every gene, whatever it is."""
    rng = np.random.default_rng(5)
    level, tissue = rng.normal(8, 2, (3000, 1)), rng.normal(0, 1.5, 3000)
    drawn = [level + 0.25 * rng.normal(size=(3000, 6)) for _ in range(2)]
    for values in drawn:
        values[:, 0] += tissue
    first, second = (comparable(values, prefix=prefix) for values, prefix in zip(drawn, "ab", strict=True))
    assert find_copies_between(first, second) == []


def test_one_design_in_two_laboratories_is_no_copy():
    """Strong treatments, the same in both: standardised genes follow the treatment, and samples of one arm are near within a dataset, too."""
    rng = np.random.default_rng(3)
    arms = np.repeat(np.eye(3), 3, axis=1)
    effects = rng.normal(0, 2, (1500, 3))
    first, second = (rng.normal(8, 2, (1500, 1)) + effects @ arms + rng.normal(0, 0.3, (1500, 9)) for _ in range(2))
    assert find_copies_between(comparable(first), comparable(scaled(second), prefix="b")) == []


def test_answers_stay_with_their_pairs_and_idle_ones_are_told():
    pairs = [NearCopy("s1", "s2", 0.1), NearCopy("s1", "s4", 0.2)]
    answer = IndependentPair(samples=["s2", "s1"], independent_because="two cultures of one clone.")
    answered, idle = answer_copies(pairs, [answer], "key independent_pairs.d")
    assert [pair.independent_because for pair in answered] == ["two cultures of one clone.", ""]
    assert idle == []
    _, (problem,) = answer_copies(
        pairs, [answer.model_copy(update={"samples": ["s1", "s9"]})], "key independent_pairs.d"
    )
    assert "s1 and s9 were not found to be nearly identical" in problem.what
    assert "s1 and s2, s1 and s4" in problem.allowed


def test_an_answered_pair_is_told_and_neither_drops_nor_stops():
    """The other pairs are treated as declared; that people are not found is said with every answer of the check."""
    counts = libraries([2e7] * 8)
    within = differences_within(log2(counts), counts)
    answered = NearCopy("s1", "s2", 0.1, "two cultures of one clone.")
    flag = flag_copies(within, [answered], "drop")
    assert (flag.trap, flag.status, flag.samples) == ("answered_copies", "warn", ())
    assert "two cultures of one clone" in flag.evidence
    both = flag_copies(within, [answered, NearCopy("s4", "s5", 0.2)], "drop")
    assert (both.trap, both.samples) == ("duplicated_samples", ("s5",))
    assert "two cultures of one clone" in both.evidence
    for told in (flag, both, flag_copies(within, [], "warn"), flag_copies(None, [], "warn")):
        assert PEOPLE_NOT_FOUND in told.evidence + told.consequence
