"""k counts independent datasets, dependent contrasts are refused with a reason, and both orders are reported."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.pooled_columns import POOLED_GENES, POOLED_SETS
from sidemine.effect.pooled_effect import choose_independent, own_p, pool_contrasts
from sidemine.effect.pooled_tables import Study, pool_genes, pool_sets
from sidemine.effect.record import EXPERIMENT_UNIT, ContrastEvidence, HypothesisEvidence, Margin, Refused
from sidemine.enrichment.set_effect import gene_hedges_g, hedges_g
from sidemine.enrichment.set_membership import build_membership
from sidemine.records import as_json, as_record
from sidemine.study.hypotheses import Hypothesis
from sidemine.tables import check_table, read_table, write_table

GENES = [f"G{i:02d}" for i in range(40)]


def row(name: str, effect: float, se: float = 0.15, dataset: str = "") -> ContrastEvidence:
    return ContrastEvidence(
        name, dataset or f"data_{name}", "GSE1", 40, 30,
        testable=True, effect=effect, effect_se=se, effect_df=60.0, effect_weight=se**-2, effect_unit="Hedges g",
        ci_low=effect - 2 * se, ci_high=effect + 2 * se, p_self_contained=0.01,
    )  # fmt: skip


def independent(names, sources=None, units=None, paired=None):
    return choose_independent(
        names,
        sources or {name: f"GSE_{name}" for name in names},
        units or {name: frozenset({name}) for name in names},
        paired,
    )


def test_contrasts_of_one_source_are_pooled_once():
    """Two drugs that share the interferon arm of one experiment are not two experiments."""
    chosen, refused = independent(["a", "b", "c"], {"a": "gse1", "b": "gse1", "c": "gse2"})
    assert chosen == ["a", "c"]
    assert refused == [Refused("b", "comes from the same source as a, which was declared first")]


def test_shared_samples_or_units_are_refused():
    """Re-used controls in another series, or the same donors, make two datasets dependent."""
    units = {"a": frozenset({"GSM1", "GSM2"}), "b": frozenset({"GSM2", "GSM3"}), "c": frozenset({"GSM4"})}
    chosen, refused = independent(["a", "b", "c"], units=units)
    assert chosen == ["a", "c"]
    assert "shares 1 sample with a" in refused[0].reason


def test_paired_and_unpaired_cohorts_are_not_mixed():
    """Where a residual spread is the unit, that within pairs is another one; Hedges g has one unit, and may mix."""
    paired = {"a": False, "b": True}
    chosen, refused = independent(["a", "b"], paired=paired)
    assert chosen == ["a"]
    assert "scale within pairs" in refused[0].reason
    assert independent(["a", "b"])[0] == ["a", "b"]


def test_refused_and_untestable_contrasts_do_not_enter():
    """They stand in the record with their reasons, and k counts the others."""
    untestable = replace(row("c", 0.0), testable=False, effect=None)
    found = pool_contrasts([row("a", 0.5), row("b", 9.0), untestable], [Refused("b", "shared")])
    assert (found.k, found.contrasts, found.method) == (1, ["a"], "single dataset")
    assert found.effect == pytest.approx(0.5)
    assert {entry.contrast for entry in found.refused} == {"b", "c"}
    assert found.not_estimable["tau2"].startswith("a single dataset")
    assert pool_contrasts([untestable]).k == 0


def test_two_cohorts_are_pooled_honestly():
    """k = 2: the common effect carries, Hartung–Knapp is shown, τ² and prediction say why they are not there."""
    found = pool_contrasts([row("a", 0.6), row("b", 0.4)])
    assert (found.k, found.method) == (2, "common effect")
    assert found.effect == pytest.approx(0.5)
    assert found.se == pytest.approx(0.15 / np.sqrt(2))
    assert found.df == pytest.approx(120)
    assert (found.tau2, found.i2, found.prediction_low) == (None, None, None)
    assert "fewer than three" in found.not_estimable["i2"]
    assert found.hartung_knapp_p > found.p
    assert (found.leave_one_out_low, found.leave_one_out_high) == pytest.approx((0.4, 0.6))
    evidence = HypothesisEvidence("h", [row("a", 0.6)], None, Margin(0.4, "Hedges g", "declared"), pooled=found)
    assert as_record(HypothesisEvidence, json.loads(json.dumps(as_json(evidence)))) == evidence


@pytest.mark.parametrize("k", [2, 3, 5, 6])
def test_what_is_left_without_a_cohort_is_pooled_by_the_rule_for_its_own_number(k):
    """Of five, four are a common effect; the record holds what pooling the others alone gives, with its interval and p."""
    rows = [
        row(name, effect, se)
        for name, effect, se in zip(
            "abcdef"[:k], (0.2, 0.6, 0.4, 0.9, 0.1, 0.5), (0.2, 0.15, 0.3, 0.25, 0.1, 0.2), strict=False
        )
    ]
    found = pool_contrasts(rows).without_one
    assert [one.left_out for one in found] == [one.contrast for one in rows]
    for one in found:
        rest = pool_contrasts([other for other in rows if other.contrast != one.left_out])
        figures = (
            one.estimate.effect,
            one.estimate.effect_se,
            one.estimate.ci_low,
            one.estimate.ci_high,
            one.estimate.p_value,
        )
        assert figures == (rest.effect, rest.se, rest.ci_low, rest.ci_high, own_p(rest))
    assert pool_contrasts(rows[:1]).without_one == []


def test_no_single_figure_stands_for_effects_that_differ_too_much():
    """Two intervals that do not overlap, or Q's p < .001 with I² > 75 %: said in words; otherwise nothing."""
    assert pool_contrasts([row("a", 0.6), row("b", 0.4)]).sizes_differ is None
    assert pool_contrasts([row("a", 1.0)]).sizes_differ is None
    apart = pool_contrasts([row("a", 0.2, 0.05), row("b", 1.6)])
    assert apart.sizes_differ.words == "both up, the larger 8 times the smaller (in SD)"
    assert apart.p < 0.01
    assert (
        pool_contrasts([row("a", -0.2, 0.05), row("b", -1.6)]).sizes_differ.words
        == "both down, the larger 8 times the smaller (in SD)"
    )
    assert pool_contrasts([row("a", 0.8), row("b", -0.8)]).sizes_differ.words == "1 up, 1 down"
    of_cells = [replace(one, effect_unit=EXPERIMENT_UNIT) for one in (row("a", 1.21, 0.1), row("b", 4.2, 0.1))]
    # Beside per cents a ratio of log2 units would be read as one of them, and "from … to …" as an interval.
    assert pool_contrasts(of_cells).sizes_differ.words == "both up: the smaller 131 %, the larger 1,738 % higher"
    down = [replace(one, effect=-one.effect, ci_low=-one.ci_high, ci_high=-one.ci_low) for one in of_cells]
    assert pool_contrasts(down).sizes_differ.words == "both down: the smaller 57 %, the larger 95 % lower"
    three = pool_contrasts([row("a", 0.2), row("b", 0.3), row("c", 1.9)])
    assert three.sizes_differ.words == "all 3 effects up, the largest 9.5 times the smallest (in SD)"
    assert "I² is" in three.sizes_differ.reason
    assert pool_contrasts([row("a", 0.2), row("b", 0.3), row("c", 0.9)]).sizes_differ is None


def test_a_prior_on_the_spread_is_for_cohorts():
    """Two cohorts give it, wider than the common effect; one cohort, or experiments in log2, do not."""
    both = pool_contrasts([row("a", 0.6), row("b", 0.4)])
    assert both.spread_prior.ci_high - both.spread_prior.ci_low > 1.3 * (both.ci_high - both.ci_low)
    assert pool_contrasts([row("a", 0.6)]).spread_prior is None
    log2 = [replace(row(name, 0.5), effect_unit="log2 fold change over complement") for name in "ab"]
    assert pool_contrasts(log2).spread_prior is None


def test_both_orders_of_discovery_and_replication_are_reported():
    """A cohort found in one and absent in the other replicates in neither order; two that agree do in both."""
    agree = pool_contrasts([row("a", 0.6), row("b", 0.5)], discovery=["data_a"], direction="up")
    assert [(order.order, order.replicated) for order in agree.orders] == [("declared", True), ("reversed", True)]
    assert agree.orders[0].discovery.datasets == ["data_a"]
    differ = pool_contrasts([row("a", 0.6), row("b", 0.0)], discovery=["data_a"], direction="up")
    assert [order.replicated for order in differ.orders] == [False, False]
    wrong_way = pool_contrasts([row("a", 0.6), row("b", 0.5)], discovery=["data_a"], direction="down")
    assert not any(order.replicated for order in wrong_way.orders)
    assert pool_contrasts([row("a", 0.6)], discovery=["data_a"]).orders == []


def fit_of(seed: int, genes: list[str], shift: float = 0.8) -> ContrastFit:
    rng = np.random.default_rng(seed)
    n = 16
    target = np.arange(n) % 2 == 1
    values = 8 + rng.normal(0, rng.uniform(0.3, 1, (len(genes), 1)), (len(genes), n))
    values += shift * target * (np.arange(len(genes)) < 10)[:, None]
    samples = pd.DataFrame({"unit": [f"u{i}" for i in range(n)]}, index=[f"S{i}" for i in range(n)])
    return fit_contrast(values, genes, build_design(samples, target, ~target), layer="log2")


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    return [Study("a", fit_of(1, GENES), 2.0), Study("b", fit_of(2, GENES[:5] + GENES[8:]), 2.0)]


def gene_sets() -> pd.DataFrame:
    rows = [("P", "target", gene) for gene in GENES[:10]] + [("S", "comparator", gene) for gene in GENES[4:20]]
    rows += [("C", "confounder", gene) for gene in GENES[20:30]] + [("X", "comparator", gene) for gene in GENES[9:30]]
    table = pd.DataFrame(rows, columns=["gene_set", "family", "gene"])
    return table.assign(weight=1.0, version="1", licence="none", source="here")


def question(kind: str) -> Hypothesis:
    primary = {"set": "P", "contrasts": ["a", "b"], "direction": "up"}
    return Hypothesis.model_validate(
        {"id": "h", "question": "Is it so, really?", "kind": kind, "primary": primary, "secondary_sets": ["S"]}
    )


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_gene_table_keeps_genes_that_one_study_lacks(studies, kind, tmp_path):
    """Genes of one study only have k = 1 and no q; the table keeps its contract on disk."""
    table = pool_genes(studies, kind)
    check_table(table, POOLED_GENES, "here")
    write_table(table, tmp_path / "genes.tsv.gz", POOLED_GENES)
    assert len(read_table(tmp_path / "genes.tsv.gz", POOLED_GENES)) == len(GENES)
    by_gene = table.set_index("gene")
    assert by_gene.loc["G06", "k"] == 1
    assert np.isnan(by_gene.loc["G06", "q_value"])
    assert by_gene.loc["G00", "k"] == 2
    assert by_gene.loc["G00", "family_size"] == len(GENES) - 3
    assert set(by_gene["effect_unit"]) == {"Hedges g" if kind == "cohort" else "log2 fold change"}


def test_a_gene_is_a_set_of_one(studies):
    """Hedges g of a gene equals that of the set that holds only it."""
    fit = studies[0].fit
    size = gene_hedges_g(fit)
    sets = gene_sets().assign(gene_set=lambda table: table["gene"], family="target").drop_duplicates("gene")
    single = hedges_g(fit, build_membership(sets, fit.genes, min_size=1)).set_index("gene_set")
    rows = [fit.genes.index(gene) for gene in single.index]
    for name, column in (("effect", "g"), ("se", "g_se"), ("df", "df"), ("p_value", "p_value"), ("weight", "weight")):
        np.testing.assert_allclose(getattr(size, name)[rows], single[column], rtol=1e-9)


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_set_table_holds_declared_and_control_sets(studies, kind):
    """Primary first, then secondary, then the other families; undeclared comparators stay out."""
    common = sorted(set(studies[0].fit.genes) & set(studies[1].fit.genes))
    table = pool_sets(studies, question(kind), gene_sets(), common=common, min_set_size=5, max_set_size=1000)
    check_table(table, POOLED_SETS, "here")
    assert list(table["gene_set"]) == ["P", "S", "C"]
    assert list(table["set_role"]) == ["primary", "secondary", "exploratory"]
    assert table["k"].eq(2).all()
    assert table["tau2"].isna().all()
    assert table.loc[0, "n_genes"] == 7
    assert table.loc[0, "effect"] > 0.5


def test_nothing_testable_gives_typed_empty_tables():
    """'Nothing to pool' is a table without rows, not a missing file."""
    assert len(pool_genes([], "cohort")) == 0
    empty = pool_sets([], question("cohort"), gene_sets(), common=[], min_set_size=5, max_set_size=9)
    check_table(empty, POOLED_SETS, "here")
