"""The primary set among matched random sets: matched in what it should be, and blind to what it should not see."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sidemine.considerations.specificity.matched_sets import (
    _neighbours,
    _smd,
    _strata,
    _Stratum,
    _take,
    count_distinct,
    draw_matched_sets,
    largest,
    mean_correlation,
    neighbour_limit,
)
from sidemine.considerations.specificity.measure import _common_genes, measure_specificity, percentile
from sidemine.considerations.specificity.record import Specificity
from sidemine.considerations.specificity.specification import SpecificitySettings
from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.record import HypothesisEvidence, Margin, PooledEffect
from sidemine.study.hypotheses import Hypothesis
from sidemine.tables import check_table

N_GENES, MODULE = 1500, 60
GENES = [f"G{number:04d}" for number in range(N_GENES)]
TARGET, OTHER = GENES[:20], GENES[14:34]


def expression(shifted=(), effect=0.0, correlation=0.3, seed=3):
    """Log2 values of 20 modules of 60 co-expressed genes and 300 others; 30 cases, then 30 controls."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((N_GENES, 60))
    for start in range(0, 20 * MODULE, MODULE):
        rows = slice(start, start + MODULE)
        values[rows] = np.sqrt(1 - correlation) * values[rows] + np.sqrt(correlation) * rng.standard_normal(60)
    values[list(shifted), :30] += effect
    return 7 + rng.uniform(-2, 2, (N_GENES, 1)) + 0.5 * values


def fitted(**options):
    samples = pd.DataFrame(index=[f"s{number}" for number in range(60)])
    cases = np.arange(60) < 30
    return fit_contrast(expression(**options), GENES, build_design(samples, cases, ~cases))


def gene_sets():
    sets = {"TARGET": ("target", TARGET), "OTHER": ("target", OTHER), "HEME": ("confounder", GENES[120:140])}
    sets |= {f"C{k:02d}": ("comparator", GENES[60 * k : 60 * k + 20]) for k in range(3, 18)}
    rows = [(name, family, gene) for name, (family, genes) in sets.items() for gene in genes]
    table = pd.DataFrame(rows, columns=["gene_set", "family", "gene"])
    return table.assign(weight=1.0, version="1", licence="none", source="none")


def hypothesis(direction="up", kind="cohort"):
    primary = {"set": "TARGET", "contrasts": ["a"], "direction": direction, "margin": 0.4}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Is it special?", "kind": kind, "primary": primary, "secondary_sets": ["OTHER"]}
    )


def measured(fit, direction="up", kind="cohort", seed=5, sets=None):
    return measure_specificity(
        [hypothesis(direction, kind)],
        {
            "h": HypothesisEvidence(
                "h", [], None, Margin(0.4, "Hedges g", "declared"), PooledEffect(1, ["a"], [], "one")
            )
        },
        {"a": fit},
        gene_sets() if sets is None else sets,
        SpecificitySettings(matched_sets=300, min_set_size=5, max_set_size=500, seed=seed),
    )


@pytest.fixture(scope="module")
def shifted_fit():
    return fitted(shifted=range(20), effect=1.2)


def test_random_sets_match_in_expression_and_correlation(shifted_fit):
    """Sets keep size, mean expression and mean correlation; targets and their neighbours are never drawn."""
    members = np.arange(20)
    drawn = draw_matched_sets(shifted_fit, members, np.ones(20), np.zeros(N_GENES, dtype=bool), 300, [1])
    assert drawn.reason == ""
    assert drawn.members.shape == (drawn.quality.n_sets, 20) == (300, 20)
    assert drawn.quality.n_pool + drawn.quality.n_excluded == N_GENES
    assert all(len(set(row)) == 20 for row in drawn.members.tolist())
    assert not np.isin(drawn.members, members).any()
    assert abs(drawn.quality.smd_expression) < 0.25
    assert abs(drawn.quality.smd_correlation) < 0.25
    assert drawn.quality.correlation_matched == pytest.approx(drawn.quality.correlation, abs=0.06)


def test_a_gene_that_one_pooled_cohort_lacks_takes_no_part():
    """The place is that of the effect, which rests on the genes that all pooled cohorts measured."""
    hypothesis = SimpleNamespace(id="h", kind="cohort", primary=SimpleNamespace(set="S"))
    evidence = {"h": SimpleNamespace(pooled=SimpleNamespace(contrasts=["a", "b"]))}
    sets = pd.DataFrame({"gene_set": ["S", "S", "other"], "gene": ["A", "B", "C"]})
    fits = {
        name: SimpleNamespace(genes=genes) for name, genes in (("a", ["A", "B", "C"]), ("b", ["A", "C"]), ("c", []))
    }
    assert _common_genes(hypothesis, evidence, fits, sets) == ["A"]
    assert _common_genes(SimpleNamespace(kind="experiment"), evidence, fits, sets) is None


def test_neighbours_of_targets_are_not_drawn():
    """Genes whose residuals follow a target gene (|r| > .5) are excluded even when no set names them."""
    fit = fitted(correlation=0.8)
    drawn = draw_matched_sets(fit, np.arange(30), np.ones(30), np.zeros(N_GENES, dtype=bool), 200, [1])
    assert not np.isin(drawn.members, np.arange(MODULE)).any()


@pytest.mark.parametrize("n_genes", [4096, 4097, 9000])
def test_every_gene_is_looked_at_for_a_member_that_it_follows(n_genes):
    """On either side, beyond the limit, the first and the last of each block of genes included."""
    residuals = np.random.default_rng(2).standard_normal((n_genes, 6))
    residuals[[0, 4095, -1]] = residuals[10]
    residuals[20] = -residuals[10]
    residuals /= np.linalg.norm(residuals, axis=1, keepdims=True)
    members = np.array([10, 30])
    expected = np.abs(residuals @ residuals[members].T).max(axis=1) > 0.9
    assert expected[[0, 4095, -1, 20]].all()
    np.testing.assert_array_equal(_neighbours(residuals, members, 0.9), expected)


def test_few_residual_df_raise_the_neighbour_limit():
    """With 4 residual degrees of freedom |r| > .5 is chance; with 100 it is not."""
    assert neighbour_limit(50, 100) == 0.5
    assert neighbour_limit(50, 4) > 0.98


def test_a_set_without_its_like_has_no_valid_comparator():
    """Where nothing else is as co-expressed as the target, there is a reason instead of a percentile."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((N_GENES, 60))
    values[:20] = 0.3 * values[:20] + rng.standard_normal(60)
    samples = pd.DataFrame(index=[f"s{number}" for number in range(60)])
    cases = np.arange(60) < 30
    fit = fit_contrast(7 + values, GENES, build_design(samples, cases, ~cases))
    _, (record,) = measured(fit)
    assert record.contrasts[0].matched.percentile is None
    assert "no valid comparator" in record.contrasts[0].matched.reason
    assert "less co-expressed" in record.contrasts[0].matched.reason
    assert record.contrasts[0].matched.percentile_less_alike == record.contrasts[0].matched.percentile_against
    assert 0 <= record.contrasts[0].matched.percentile_against <= 100


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_a_planted_set_stands_on_top_and_the_sign_counts(shifted_fit, kind):
    """A shifted set is above all others when declared up, and below all of them when declared down."""
    table, (record,) = measured(shifted_fit, kind=kind)
    check_table(table, SPECIFICITY, "test")
    entry = record.contrasts[0]
    assert entry.matched.percentile > 95
    assert (entry.comparators.percentile, entry.comparators.rank) == (100, 1)
    _, (record,) = measured(shifted_fit, "down", kind)
    assert record.contrasts[0].matched.percentile < 5
    assert record.contrasts[0].comparators.rank == 16


def test_percentile_of_null_sets_is_even():
    """Without any effect the percentile is spread over 0 to 100: it does not call sets special by itself."""
    records = [measured(fitted(seed=seed))[1][0] for seed in range(100, 124)]
    matched = [record.contrasts[0].matched.percentile for record in records]
    found = [value for value in matched if value is not None]
    assert len(found) > 18
    assert 35 < np.mean(found) < 65
    assert np.ptp(found) > 40


def test_shared_genes_are_told_from_own_genes(shifted_fit):
    """OTHER shares 6 of its 20 genes with the shifted target: without them nothing of its change is left."""
    _, (record,) = measured(shifted_fit)
    rows = {(row.gene_set, row.without): row for row in record.contrasts[0].overlaps}
    assert rows["OTHER", "TARGET"].n_measured == 14
    assert rows["OTHER", "TARGET"].p_value > 0.01
    assert rows["TARGET", "OTHER"].p_value < 1e-4
    assert [row.gene_set for row in record.contrasts[0].beside] == ["HEME"]


def test_seed_and_contrast_alone_decide(shifted_fit):
    """The same seed gives the same percentiles whatever else is asked; another seed draws other sets."""
    assert measured(shifted_fit)[1] == measured(shifted_fit)[1]
    other = measured(shifted_fit, seed=6)[1][0].contrasts[0].matched.quantiles
    assert other != measured(shifted_fit)[1][0].contrasts[0].matched.quantiles


@pytest.mark.parametrize(("kind", "scale"), [("cohort", "Hedges g"), ("experiment", "log2 over complement")])
def test_the_table_holds_what_the_record_tells(shifted_fit, kind, scale):
    """One row for every set and for what is left without shared genes; only the primary set stands among random sets."""
    table, (record,) = measured(shifted_fit, kind=kind)
    entry = record.contrasts[0]
    assert set(table["effect_scale"]) == {scale}
    assert len(table) == len(gene_sets()["gene_set"].unique()) + 2
    assert [row.without for row in entry.overlaps] == table.loc[table["without"] != "", "without"].tolist()
    rows = table[table["without"] == ""].set_index("gene_set")
    assert rows["percentile_matched"].dropna().to_dict() == {"TARGET": entry.matched.percentile}
    assert rows.loc["TARGET", ["effect", "percentile_comparators"]].tolist() == [
        entry.effect,
        entry.comparators.percentile,
    ]
    assert rows["p_value"].dropna().index.tolist() == ["TARGET"]
    assert rows.loc["HEME", "percentile_comparators"] == pytest.approx(
        percentile(rows.loc["HEME", "effect"], rows.loc[rows["family"] == "comparator", "effect"].to_numpy(), 1.0)
    )


@pytest.mark.parametrize("n", [9, 10])
def test_ten_comparator_sets_make_a_rank(shifted_fit, n):
    """With nine there is a reason, and no percentile of any set."""
    few = gene_sets()
    few = few[(few["family"] != "comparator") | few["gene_set"].isin([f"C{k:02d}" for k in range(3, 3 + n)])]
    table, (record,) = measured(shifted_fit, sets=few)
    found = record.contrasts[0].comparators
    assert (found.n, found.rank) == (n, 1)
    reason = "no valid comparator: 9 comparator sets, fewer than 10"
    assert (found.percentile, found.reason) == ((None, reason) if n == 9 else (100, ""))
    assert table["percentile_comparators"].notna().any() == (n == 10)


def test_untestable_contrasts_and_unmeasured_sets_give_no_entry(shifted_fit):
    """No fit, or too few measured genes: an empty, typed table and a record without contrasts."""
    without = replace(shifted_fit, genes=[f"X{gene}" for gene in shifted_fit.genes])
    for fit in (None, without):
        table, (record,) = measured(fit)
        assert record == Specificity("h", [])
        check_table(table, SPECIFICITY, "test")


@pytest.mark.parametrize("direction", ["up", "down", "either"])
def test_the_comparators_ahead_are_named_from_the_largest_down(direction):
    """Up to five, by their effect in the declared direction; the rank counts all of them."""
    table, (record,) = measured(fitted(shifted=range(180, 560), effect=-1.2 if direction == "down" else 1.2), direction)
    found = record.contrasts[0].comparators
    effect = table[table["family"] == "comparator"].set_index("gene_set")["effect"]
    size = {"up": effect, "down": -effect, "either": effect.abs()}[direction]
    own = {"up": 1, "down": -1}.get(direction, np.sign(record.contrasts[0].effect)) * record.contrasts[0].effect
    ahead = size[size >= own].sort_values(ascending=False).index.tolist()
    assert len(ahead) > 1
    assert (found.ahead, found.rank) == (ahead[:5], len(ahead) + 1)


def test_a_set_that_shares_no_gene_has_no_overlap(shifted_fit):
    """The table is whole without it."""
    table, (record,) = measured(shifted_fit, sets=gene_sets().query("gene_set != 'OTHER'"))
    assert record.contrasts[0].overlaps == []
    assert list(table.columns) == SPECIFICITY.names
    check_table(table, SPECIFICITY, "test")


def test_overlaps_are_those_of_target_and_secondary_sets_that_share_genes(shifted_fit):
    """Each without the other, both ways; a set within the primary one leaves nothing of itself."""
    more = {
        "APART": ("target", GENES[100:120]),
        "BESIDE": ("target", GENES[10:30]),
        "NOISE": ("confounder", GENES[10:30]),
        "WITHIN": ("target", GENES[:12]),
        "SINGLE": ("target", GENES[:1]),
    }
    rows = pd.DataFrame(
        [(name, family, gene) for name, (family, genes) in more.items() for gene in genes],
        columns=["gene_set", "family", "gene"],
    ).assign(weight=1.0, version="1", licence="none", source="none")
    sets = pd.concat([gene_sets().replace({"family": {"target": "member"}}), rows]).reset_index(drop=True)
    sets.loc[sets["gene_set"] == "TARGET", "family"] = "target"
    _, (record,) = measured(shifted_fit, sets=sets)
    found = {(row.gene_set, row.without): row.n_measured for row in record.contrasts[0].overlaps}
    assert found == {
        ("BESIDE", "TARGET"): 10, ("OTHER", "TARGET"): 14, ("TARGET", "BESIDE"): 10, ("TARGET", "OTHER"): 14, ("TARGET", "WITHIN"): 8,
        ("TARGET", "SINGLE"): 19,
    }  # fmt: skip


def test_a_set_of_the_same_genes_leaves_nothing_of_either(shifted_fit):
    """No row, and the table is whole."""
    sets = gene_sets().query("gene_set != 'OTHER'")
    copy = sets[sets["gene_set"] == "TARGET"].assign(gene_set="COPY")
    table, (record,) = measured(shifted_fit, sets=pd.concat([sets, copy]).reset_index(drop=True))
    assert record.contrasts[0].overlaps == []
    check_table(table, SPECIFICITY, "test")


def test_percentile_counts_ties_by_half():
    """Ties count half; without a declared direction signs do not count."""
    others = np.array([-2.0, 0.0, 1.0, 1.0])
    assert percentile(1.0, others, 1.0) == 75.0
    assert percentile(1.0, others, -1.0) == 25.0
    assert percentile(1.5, others, 0.0) == 75.0


def test_count_distinct_counts_sets_that_differ():
    """Copies and near-copies count once."""
    members = np.array([[0, 1, 2, 3], [3, 2, 1, 0], [0, 1, 2, 9], [5, 6, 7, 8]])
    assert count_distinct(members, 10) == 2


@pytest.mark.parametrize(("n_columns", "size"), [(20, 20), (300, 40), (640, 10), (5000, 10)])
@pytest.mark.parametrize("n_values", [6, 10**6])
def test_largest_takes_the_largest_and_of_equal_ones_the_first(n_columns, size, n_values):
    """Short cuts for long rows, ties and values that are out give what sorting everything gives."""
    rng = np.random.default_rng(n_columns)
    values = rng.integers(0, n_values, size=(30, n_columns)).astype(np.float32)
    values[:, rng.random(n_columns) < 0.1] = -np.inf
    expected = np.sort(np.argsort(-values, axis=1, kind="stable")[:, :size], axis=1)
    np.testing.assert_array_equal(largest(values, size), expected)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_genes_are_drawn_without_replacement_by_their_weights(sign):
    """Two of three genes of weights 1, 2 and 5: the odd third gene too, whose number shares no draw of bits."""
    weights = np.array([1.0, 2.0, 5.0])
    n = 40000
    attraction = np.tile((sign * np.log(weights)).astype(np.float32), (n, 1))
    drawn = _take(attraction, np.arange(3), [_Stratum(0, 3, sign, np.ones(2))], np.random.default_rng(4))
    left_out = np.bincount(3 - drawn.sum(axis=1), minlength=3) / n
    share = weights / 8
    first, second = share[[1, 2, 0]], share[[2, 0, 1]]
    expected = first * second / (1 - first) + second * first / (1 - second)
    np.testing.assert_allclose(left_out, expected, atol=5 * np.sqrt(0.25 / n))


def test_a_number_that_is_rounded_to_one_draws_no_gene_for_certain():
    """About one of 33 million is: its noise would be infinite, and its gene taken whatever it weighs."""
    ones = SimpleNamespace(integers=lambda _, size, dtype: np.full(size, 2**64 - 1, dtype=dtype))
    attraction = np.array([[0.0, 9.0, 5.0]], dtype=np.float32)
    drawn = _take(attraction, np.arange(3), [_Stratum(0, 3, 1.0, np.ones(2))], ones)
    assert sorted(drawn[0]) == [1, 2]


def test_count_distinct_takes_sets_in_order():
    rng = np.random.default_rng(3)
    members = np.array([np.sort(rng.choice(9, size=4, replace=False)) for _ in range(40)])
    taken: list[set[int]] = []
    for genes in map(set, members.tolist()):
        if all(len(genes & other) / len(genes | other) < 0.5 for other in taken):
            taken.append(genes)
    assert 1 < len(taken) < 40
    assert count_distinct(members, 9) == len(taken)


def strata_of(available, weights=None, beyond=()):
    """Strata of a set of 12 genes at 0, 1 … 11, two in each of six; so many others around each pair, and some beyond."""
    others = [2 * at + 0.5 for at, n in enumerate(available) for _ in range(n)]
    expression = np.array([*range(12), *others, *beyond], dtype=float)
    weights = np.ones(12) if weights is None else weights
    strata, kept = _strata(expression, np.arange(12), weights, np.arange(12, len(expression)))
    return [(one.start, one.stop, one.sign, len(one.weights)) for one in strata], expression[kept]


@pytest.mark.parametrize(
    ("available", "strata"),
    [
        ([4] * 6, [(4, 2)] * 6),
        ([4, 10, 0, 30, 4, 4], [(4, 2), (10, 2), (30, 4), (4, 2), (4, 2)]),
        ([4, 30, 0, 10, 4, 4], [(4, 2), (30, 4), (10, 2), (4, 2), (4, 2)]),
        ([0, 10, 5, 5, 5, 30], [(10, 4), (5, 2), (5, 2), (5, 2), (30, 2)]),
        ([30, 5, 5, 5, 10, 0], [(30, 2), (5, 2), (5, 2), (5, 2), (10, 4)]),
        ([24, 0, 0, 0, 0, 0], [(24, 12)]),
        ([23, 0, 0, 0, 0, 0], []),
    ],
)
def test_poor_strata_of_expression_are_joined_with_the_richer_neighbour(available, strata):
    """Two genes for each place of the set; with fewer in all, nothing can be drawn."""
    found, _ = strata_of(available)
    assert [(stop - start, n) for start, stop, _, n in found] == strata
    assert [start for start, *_ in found] == [0, *(stop for _, stop, *_ in found)][: len(found)]


def test_random_genes_lie_no_further_out_than_a_tenth_of_the_range():
    """Of 0 to 11: from −1.1 to 12.1."""
    _, kept = strata_of([4] * 6, beyond=[-1.2, -1.0, 12.0, 12.2])
    assert (kept.min(), kept.max()) == (-1.0, 12.0)


def test_genes_that_go_up_and_down_share_a_stratum():
    """Each sign has its own places."""
    found, _ = strata_of([4] * 6, np.tile([1.0, -2.0], 6))
    assert [(sign, n) for *_, sign, n in found] == [(1.0, 1), (-1.0, 1)] * 6


def test_genes_of_the_set_are_never_drawn(shifted_fit):
    """Not even one that has no residuals to be like."""
    flat = shifted_fit.score_effects.copy()
    flat[0] = 0.0
    drawn = draw_matched_sets(
        replace(shifted_fit, score_effects=flat), np.arange(20), np.ones(20), np.zeros(N_GENES, dtype=bool), 100, [1]
    )
    assert drawn.members.size
    assert not np.isin(drawn.members, np.arange(20)).any()


def test_the_correlation_of_a_set_is_that_of_its_pairs():
    """The mean over all pairs of genes; a gene that counts the other way round turns its correlations."""
    rng = np.random.default_rng(2)
    residuals = rng.standard_normal((6, 8)) + rng.standard_normal(8)
    residuals /= np.linalg.norm(residuals, axis=1, keepdims=True)
    for weights in (np.ones(4), np.array([1.0, -1.0, 1.0, -1.0])):
        own = residuals[[5, 0, 2, 3]] * weights[:, None]
        pairs = (own @ own.T)[np.triu_indices(4, 1)]
        found = mean_correlation(residuals, np.array([[5, 0, 2, 3]]), weights[None])
        assert found == pytest.approx([pairs.mean()])


def test_no_gene_is_drawn_twice_for_a_set_with_both_signs(shifted_fit):
    """What the one sign took is not there for the other."""
    weights = np.repeat([1.0, -1.0], 10)
    drawn = draw_matched_sets(shifted_fit, np.arange(20), weights, np.zeros(N_GENES, dtype=bool), 100, [1])
    assert len(drawn.members) == 100
    assert all(len(set(row)) == 20 for row in drawn.members.tolist())


def test_a_standardised_difference_is_in_pooled_standard_deviations():
    """Own minus others; nothing where neither varies."""
    assert _smd(np.array([0.0, 2.0]), np.array([1.0, 3.0])) == pytest.approx(-1)
    assert _smd(np.array([0.0, 4.0]), np.array([1.0, 1.0])) == pytest.approx(1 / np.sqrt(2))
    assert _smd(np.array([2.0, 2.0]), np.array([1.0, 1.0])) == 0.0
