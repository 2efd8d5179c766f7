"""The effect without single genes: measured as the primary effect is, and read by one rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import case
from scipy import stats

from sidemine.considerations.influence.judge import holds, influence_words, judge_influence
from sidemine.considerations.influence.measure import MOST_KEPT, _held_back, _towards, count_few, measure_influence
from sidemine.considerations.influence.panel import MOST_GENES, influence_panel
from sidemine.considerations.influence.record import (
    FewHeldBack,
    Influence,
    InfluenceColumns,
    InfluenceOnEffect,
    WithoutGene,
)
from sidemine.considerations.judgement import DoubtWeight
from sidemine.considerations.sensitivity import NEAR_LIMIT, ONE_GENE
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.drawing.panel import Subject
from sidemine.effect.measure import measure_contrast
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence, Estimate, HypothesisEvidence, Margin
from sidemine.effect.scale import scale_of
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership, each_gene, weighed_less, without_each_gene
from sidemine.verdict.readings import as_effect

N_GENES = 120
GENES = [f"G{number:03d}" for number in range(N_GENES)]


def gene_set(size=10, weights=None):
    rows = [("S", "target", gene, 1.0, "1", "none") for gene in GENES[:size]]
    table = pd.DataFrame(rows, columns=["gene_set", "family", "gene", "weight", "version", "source"])
    return table if weights is None else table.assign(weight=weights)


def fitted(shift, n=(30, 25), seed=1, genes=GENES):
    """A contrast of two groups whose first genes are shifted by so many standard deviations."""
    rng = np.random.default_rng(seed)
    is_target = np.arange(sum(n)) < n[0]
    values = rng.standard_normal((N_GENES, sum(n)))
    values[:10] += 0.6 * rng.standard_normal(sum(n))
    values[: len(shift)] += np.asarray(shift, dtype=float)[:, None] * is_target
    samples = pd.DataFrame(index=[f"s{number}" for number in range(sum(n))])
    rows = [GENES.index(gene) for gene in genes]
    return fit_contrast(8 + values[rows], genes, build_design(samples, is_target, ~is_target))


def evidence_of(fits, rows, kind="cohort"):
    """The primary effects of these fits, as the effect stage measures them."""
    common = [gene for gene in rows["gene"] if all(gene in fit.genes for fit in fits.values())]
    found = []
    for name, fit in fits.items():
        shell = ContrastEvidence(name, f"d_{name}", f"GSE_{name}", 30, 25, testable=False)
        membership = build_membership(rows, fit.genes, 1)
        tests = [test(fit, membership) for test in (fry, camera)]
        found.append(measure_contrast(shell, fit, rows, *tests, scale_of(kind), common))
    return HypothesisEvidence("h", found, None, Margin(0.1, "Hedges g", "declared"), pool_contrasts(found))


def measured(fits, rows=None, kind="cohort"):
    rows = gene_set() if rows is None else rows
    return measure_influence("h", kind, evidence_of(fits, rows, kind), fits, rows)


ONE_MOVED = [6.0] + [0.0] * 9


def test_the_membership_without_each_gene_keeps_signs_and_weights():
    """Row j is the set without gene j, named for it."""
    weights = np.array([1.0, -2.0, 0.5, 1.0])
    rows = gene_set(4, weights)
    left = without_each_gene(build_membership(rows, GENES, min_size=0), GENES)
    dense = left.weights.toarray()[:, :4]
    assert left.gene_sets == GENES[:4]
    assert np.array_equal(dense, weights * ~np.eye(4, dtype=bool))
    assert left.n_measured.tolist() == [3] * 4


def test_each_gene_alone_and_genes_that_weigh_less_keep_signs_and_weights():
    """A gene of a set is a set of one; a factor falls on the named genes alone, and the set itself stays as it is."""
    weights = np.array([1.0, -2.0, 0.5, 1.0])
    whole = build_membership(gene_set(4, weights), GENES, min_size=0)
    alone = each_gene(whole, GENES)
    assert alone.gene_sets == GENES[:4]
    assert np.array_equal(alone.weights.toarray()[:, :4], np.diag(weights))
    assert (alone.n_measured.tolist(), alone.n_in_set.tolist()) == ([1] * 4, [1] * 4)
    less = weighed_less(whole, GENES, {"G001": 0.25, "G003": 0.0})
    assert less.weights.toarray()[0, :4].tolist() == [1.0, -0.5, 0.5, 0.0]
    assert whole.weights.toarray()[0, :4].tolist() == weights.tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_leaving_a_gene_out_equals_the_primary_effect_of_the_smaller_set(weighted):
    """Every figure is that of the whole effect stage, run again on the set without that gene; genes in another order too."""
    rows = gene_set(10, [1.0, -1.0, 2.0, *[1.0] * 7] if weighted else None)
    fits = {"a": fitted([0.5] * 10), "b": fitted([0.6] * 10, seed=2, genes=GENES[::-1])}
    entry = measured(fits, rows).effects[0]
    assert (entry.contrast, entry.n_genes, len(entry.genes)) == ("", 10, 10)
    whole = evidence_of(fits, rows).pooled
    assert (entry.reference.effect, entry.reference.p_value) == (whole.effect, whole.p)
    for left in entry.genes:
        again = evidence_of(fits, rows[rows["gene"] != left.gene]).pooled
        found = left.estimate
        assert (found.effect, found.effect_se, found.p_value) == pytest.approx((again.effect, again.se, again.p))
        assert (found.ci_low, found.ci_high) == pytest.approx((again.ci_low, again.ci_high))
        assert left.share == pytest.approx(1 - again.effect / whole.effect)


def test_leaving_a_gene_out_of_an_experiment_equals_fry_of_the_smaller_set():
    """Effect over the complement, which then holds the gene, and p of the self-contained test."""
    fits = {"a": fitted([0.5] * 10, n=(4, 4))}
    entry = measured(fits, kind="experiment").effects[0]
    rows = gene_set()
    for left in entry.genes:
        again = evidence_of(fits, rows[rows["gene"] != left.gene], "experiment").contrasts[0]
        assert left.estimate.effect == pytest.approx(again.effect)
        same_side = again.direction == ("up" if again.effect > 0 else "down")
        assert left.estimate.p_value == pytest.approx(again.p_self_contained if same_side else 1.0)


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_the_gene_that_moved_alone_is_named(kind):
    """It comes first, and nearly the whole effect goes with it; a set that moves together hangs on none."""
    alone = measured({"a": fitted(ONE_MOVED), "b": fitted(ONE_MOVED, seed=2)}, kind=kind)
    together = measured({"a": fitted([1.0] * 10), "b": fitted([1.0] * 10, seed=2)}, kind=kind)
    for entry in alone.effects:
        assert entry.genes[0].gene == "G000"
        assert entry.genes[0].share > 0.6
        assert not holds(entry)
    for entry in together.effects:
        assert entry.genes[0].share < 0.25
        assert holds(entry)


def test_a_falling_effect_is_weakest_without_its_largest_fall():
    """The direction of the effect counts, not the sign of the gene."""
    falling = measured({"a": fitted([-3.0, *[-0.3] * 9]), "b": fitted([-3.0, *[-0.3] * 9], seed=2)}).effects[0]
    assert falling.reference.effect < 0
    assert falling.genes[0].gene == "G000"


def test_a_large_set_keeps_its_most_influential_genes_only():
    """The record stays small; the first gene is the one of all."""
    entry = measured({"a": fitted([*[0.2] * 25, 4.0])}, gene_set(40)).effects[0]
    assert (entry.n_genes, len(entry.genes), entry.genes[0].gene) == (40, MOST_KEPT, "G025")


@pytest.mark.parametrize(("size", "number"), [(9, 0), (10, 2), (29, 2), (30, 3), (75, 7)])
def test_a_tenth_of_the_genes_and_at_least_two_are_a_few(size, number):
    """Of fewer than ten genes two are no small part."""
    assert count_few(size) == number
    few = measured({"a": fitted([0.5] * size)}, gene_set(size)).effects[0].few
    assert (0 if few is None else len(few.genes)) == number


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
@pytest.mark.parametrize("sign", [1, -1])
def test_two_genes_that_moved_alone_carry_no_answer(kind, sign):
    """Each hides the other where one is left out; with both held back nothing is left, and the card names both."""
    shift, weights = np.array([9.0, 9.0, *[0.0] * 13]), np.array([1.0, -1.0, *[1.0] * 13])
    fits = {"a": fitted(sign * shift * weights, seed=7), "b": fitted(sign * shift * weights, seed=8)}
    record = measured(fits, gene_set(15, weights), kind)
    for entry in record.effects:
        assert entry.genes[0].estimate.p_value <= 0.05
        assert set(entry.few.genes) == {"G000", "G001"}
        assert entry.few.estimate.p_value > 0.05
        assert not holds(entry)
    judged = judge_influence(case(kind, "a", "b"), record)
    assert judged.gates[0].status == ("failed" if kind == "cohort" or sign > 0 else "not evaluated")
    if judged.caps:
        assert judged.caps[0].reason.startswith("With G00")
        assert " counted as moving no more than the next gene surely does (" in judged.caps[0].reason
        assert judged.caps[0].reason.endswith("the answer may be that of 2 genes.")
        assert judged.sensitivity[0].effect == record.effects[0].few.estimate.effect


@pytest.mark.parametrize("kind", ["cohort", "experiment"])
def test_a_third_of_the_genes_is_more_than_a_few(kind):
    """Five genes of fifteen that move alike are an answer of the set: held back to the next of them, little is lost."""
    shift = [2.0] * 5 + [0.0] * 10
    for entry in measured({"a": fitted(shift), "b": fitted(shift, seed=2)}, gene_set(15), kind).effects:
        assert set(entry.few.genes) < set(GENES[:5])
        assert entry.few.share < 0.25
        assert holds(entry)


def test_genes_held_back_are_measured_as_the_primary_effect_of_the_reweighted_set():
    """No figure of its own: the effect stage on the set whose weights fell gives the same; another order of genes too."""
    rows = gene_set(12)
    fits = {"a": fitted([0.2] * 10 + [3.0, 2.0]), "b": fitted([0.2] * 10 + [3.0, 2.0], seed=2, genes=GENES[::-1])}
    entry = measured(fits, rows).effects[0]
    assert entry.few.genes == ["G010", "G011"]
    alone = {gene: evidence_one(fits, rows, gene) for gene in GENES[:12]}
    level = max(0.0, sorted(pooled.interval(0.80)[0] for pooled in alone.values())[-3])
    weights = [min(1.0, level / alone[gene].value) if gene in entry.few.genes else 1.0 for gene in GENES[:12]]
    again = evidence_of(fits, gene_set(12, weights)).pooled
    found = entry.few.estimate
    assert (found.effect, found.effect_se, found.p_value) == pytest.approx((again.effect, again.se, again.p))
    assert entry.few.share == pytest.approx(1 - again.effect / entry.reference.effect)


@pytest.mark.parametrize("n", [10, 15, 40, 75])
def test_known_without_error_the_few_are_winsorised_as_scipy_does(n):
    """What each gene then adds: the upper tail at the next value (Dixon 1960). With errors, at its limit, no program has it."""
    moved = np.random.default_rng(n).gamma(1.0, size=n)
    names = [f"G{place:02d}" for place in range(n)]
    held = _held_back(names, moved, np.zeros(n), np.full(n, 50.0))
    factors = np.array([held.get(name, 1.0) for name in names])
    theirs = stats.mstats.winsorize(moved, limits=(0, count_few(n) / n))
    assert factors * moved == pytest.approx(np.asarray(theirs))
    assert np.mean(factors * moved) < np.mean(moved)


def evidence_one(fits, rows, gene):
    """The pooled effect of one gene alone, as that of a set."""
    found = []
    for name, fit in fits.items():
        shell = ContrastEvidence(name, f"d_{name}", f"GSE_{name}", 30, 25, testable=False)
        own = rows[rows["gene"] == gene]
        tests = [test(fit, build_membership(own, fit.genes, 1)) for test in (fry, camera)]
        found.append(measure_contrast(shell, fit, own, *tests, scale_of("cohort"), [gene]))
    return as_effect(pool_contrasts(found))


def test_genes_that_one_cohort_lacks_do_not_count():
    """Hedges g rests on the common genes, and so does its influence."""
    entry = measured({"a": fitted([0.5] * 10), "b": fitted([0.5] * 10, seed=2, genes=GENES[2:])}).effects[0]
    assert entry.n_genes == 8
    assert not {"G000", "G001"} & {left.gene for left in entry.genes}


def test_without_an_effect_there_is_a_reason():
    """Nothing was tested: no figure, and the record says so."""
    nothing = HypothesisEvidence("h", [], None, Margin(0.4, "Hedges g", "declared"), pool_contrasts([]))
    record = measure_influence("h", "cohort", nothing, {}, gene_set())
    assert (record.effects, record.reason) == ([], "no effect of two genes or more was measured")


def effect(without=0.4, p=0.01, contrast="", whole=0.5):
    reference = Estimate(whole, 0.1, whole - 0.2, whole + 0.2, 60.0, 1e-5)
    left = replace(reference, effect=without, ci_low=without - 0.2, ci_high=without + 0.2, p_value=p)
    return InfluenceOnEffect(contrast, 10, reference, [WithoutGene("ISG15", left, 1 - without / whole)])


@pytest.mark.parametrize(
    ("without", "p", "whole", "capped"),
    [
        (0.4, 0.01, 0.5, ""),
        (0.4, 0.05, 0.5, ""),
        (0.4, 0.0501, 0.5, NEAR_LIMIT),
        (0.375, 0.0501, 0.5, "influence"),
        (-0.4, 0.01, 0.5, "influence"),
        (-0.4, 0.01, -0.5, ""),
        (-0.4, 0.06, -0.5, NEAR_LIMIT),
        (0.0, 0.01, 0.5, "influence"),
    ],
)
def test_an_effect_must_keep_its_sign_and_p_without_its_largest_gene(without, p, whole, capped):
    """The same sign and two-sided p of at most .05; the limit itself is enough. The answer is a gene's that holds a quarter of it."""
    entry = effect(without, p, whole=whole)
    assert holds(entry) is (not capped)
    judged = judge_influence(case("cohort", "a"), Influence("h", [entry]))
    assert (judged.gates[0].status, judged.gates[0].name) == ("failed" if capped else "passed", capped or "influence")
    assert [cap.cap for cap in judged.caps] == ([capped] if capped else [])
    weight = DoubtWeight.OF_FINDING if capped == NEAR_LIMIT else DoubtWeight.FAULT
    assert [doubt.weight for doubt in judged.doubts] == ([weight] if capped else [])


def test_a_p_near_its_limit_is_not_told_as_few_genes():
    """An effect of .55 of 75 genes that move alike, p .04: seven of them hold 4 % of it, and .052 is left."""
    reference = replace(effect().reference, effect=0.55, p_value=0.04)
    one = WithoutGene("A", replace(reference, effect=0.547, p_value=0.041), 0.006)
    few = FewHeldBack(list("ABCDEFG"), replace(reference, effect=0.528, p_value=0.052), 0.04)
    near = InfluenceOnEffect("x", 75, reference, [one], few)
    judged = judge_influence(case("experiment", "x"), Influence("h", [near]))
    (cap,) = judged.caps
    assert cap.reason == (
        "With A, B, C and 4 more genes counted as moving no more than the next gene surely does (4% of the effect) in x, the effect of "
        "the set is 0.53 log2 units (p = 0.052); p = 0.04 with all genes lies so near .05 that a small part of the effect decides."
    )
    carried = replace(near, contrast="y", few=replace(few, share=0.6))
    both = judge_influence(case("experiment", "x", "y"), Influence("h", [near, carried]))
    assert both.gates[0].name == "influence"
    assert [cap.cap for cap in both.caps] == [NEAR_LIMIT, "influence"]
    assert both.caps[1].reason.endswith("the answer may be that of 7 genes.")


def test_the_few_are_told_where_they_and_not_the_one_carry_an_effect():
    """Neither is enough; one gene holds a tenth of the effect, the few half of it."""
    one = effect(0.45, 0.06)
    entry = replace(one, few=FewHeldBack(["A", "B"], replace(one.reference, effect=0.25, p_value=0.2), 0.5))
    judged = judge_influence(case("cohort", "a"), Influence("h", [entry]))
    assert judged.caps[0].reason.endswith("the answer may be that of 2 genes.")


@pytest.mark.parametrize(("left", "p", "kept"), [(0.3, 0.05, True), (0.3, 0.0501, False), (-0.3, 0.01, False)])
def test_an_effect_must_keep_its_sign_and_p_with_its_few_genes_held_back(left, p, kept):
    """The same demand; what is told is the gene where one takes the effect away, the few where only these do."""
    one = effect(0.4, 0.01)
    held = FewHeldBack(list("ABCDE"), replace(one.reference, effect=left, p_value=p), 0.4)
    entry = replace(one, few=held)
    assert holds(entry) is kept
    judged = judge_influence(case("cohort", "a"), Influence("h", [entry]))
    assert judged.gates[0].status == ("passed" if kept else "failed")
    if not kept:
        assert judged.caps[0].reason.startswith("With A, B, C and 2 more genes counted as moving no more than the next")
        assert judged.caps[0].reason.endswith("the answer may be that of 5 genes.")
    alone = judge_influence(case("cohort", "a"), Influence("h", [replace(effect(0.1, 0.3), few=held)]))
    assert alone.caps[0].reason.endswith("the answer may be that of one gene.")


@pytest.mark.parametrize(("gene", "few", "told"), [(0.24, 0.25, "5 genes"), (0.25, 0.9, "one gene"), (0.1, 0.24, None)])
def test_of_one_gene_and_the_few_the_one_that_carries_a_quarter_is_told(gene, few, told):
    """Neither is enough for the effect to hold without it; where a single gene carries it, that is told."""
    one = effect(0.4, 0.2)
    entry = replace(
        one,
        genes=[replace(one.genes[0], share=gene)],
        few=FewHeldBack(list("ABCDE"), replace(one.reference, effect=0.3, p_value=0.2), few),
    )
    (cap,) = judge_influence(case("cohort", "a"), Influence("h", [entry])).caps
    assert cap.cap == ("influence" if told else NEAR_LIMIT)
    assert told is None or cap.reason.endswith(f"the answer may be that of {told}.")


def test_the_card_names_the_gene_and_its_share():
    """In the cap, in the gate and in the table of what would change the answer."""
    judged = judge_influence(case("cohort", "a"), Influence("h", [effect(0.1, 0.3)]))
    assert judged.caps[0].reason == (
        "Without ISG15 (80% of the effect), the effect of the other 9 genes is 0.10 SD (p = 0.3): the answer may be that of one "
        "gene."
    )
    assert judged.gates[0].detail.startswith("Without ISG15 (80% of the effect)")
    assert influence_words(effect(0.6)) == "without ISG15"
    assert influence_words(effect(0.494)) == "without ISG15 (1% of the effect)"
    assert influence_words(effect(0.496)) == "without ISG15 (less than 1% of the effect)"


def test_only_experiments_that_show_the_effect_must_keep_it():
    """One that shows nothing hangs on nothing; without any, the gate is open and nothing is capped."""
    shown, weak = effect(0.4, 0.01, "a", whole=0.5), effect(0.1, 0.6, "b", whole=0.2)
    judged = judge_influence(case("experiment", "a", "b"), Influence("h", [shown, weak]))
    assert (judged.gates[0].status, judged.caps) == ("passed", ())
    hanging = judge_influence(case("experiment", "a", "b"), Influence("h", [shown, effect(0.1, 0.6, "b")]))
    assert hanging.gates[0].status == "failed"
    assert "in b" in hanging.caps[0].reason
    both = judge_influence(case("experiment", "a", "b"), Influence("h", [effect(0.1, 0.6, "a"), effect(0.1, 0.6, "b")]))
    assert [len(both.caps), len(both.doubts)] == [2, 1]
    nothing = judge_influence(case("experiment", "a", "b"), Influence("h", [weak]))
    assert (nothing.gates[0].status, nothing.caps) == ("not evaluated", ())


def test_what_was_not_measured_caps_and_says_so():
    """No record, or one without an effect."""
    judged = judge_influence(case("cohort", "a"), None)
    assert judged.missing == {"influence": "the effect without single genes was not measured"}
    assert judged.gates[0].status == "not evaluated"
    assert [cap.cap for cap in judged.caps] == ["influence"]
    assert judged.sensitivity[0].missing == "the effect without single genes was not measured"
    empty = judge_influence(case("cohort", "a"), Influence("h", [], "why"))
    assert empty.sensitivity[0].missing == "why"


def test_the_row_of_the_table_tells_whether_the_reading_changes():
    """Of several experiments the one that hangs most on a gene is told."""
    entries = [effect(0.45, 0.02, "a"), effect(0.41, 0.2, "b")]
    row = judge_influence(case("experiment", "a", "b"), Influence("h", entries)).sensitivity[0]
    assert (row.name, row.effect, row.p_value, row.changes) == (ONE_GENE, 0.41, 0.2, True)
    assert "in b" in row.words
    assert row.words.endswith("this would change the reading")


def subject(**missing):
    return Subject("h", "S", True, "Hedges g", [], missing)


def test_the_panel_draws_the_effect_with_and_without_its_genes():
    """The whole set first, then the genes; no more than the plot holds, in words with the unit as well."""
    entry = effect()
    many = replace(
        entry,
        genes=[replace(entry.genes[0], gene=f"X{n}") for n in range(MOST_GENES + 3)],
        few=FewHeldBack(["X0", "X1"], replace(entry.reference, effect=0.3), 0.4),
    )
    panel = influence_panel(InfluenceColumns(Influence("h", [many])), subject())
    told = panel.chart["description"]
    assert "all 10 genes" in told
    assert f"without X{MOST_GENES - 1}" in told
    assert f"without X{MOST_GENES} " not in told
    assert panel.facts[0].startswith("all 10 genes: 0.50 SD (Hedges g). Without one gene: X0 0.40 (p = 0.010); X1 ")
    assert f"X{MOST_GENES - 1} " in panel.facts[0]
    assert panel.facts[0].endswith("Held back together: X0, X1: 0.30 (p = 1.0 × 10⁻⁵).")
    assert "2 held back" in told
    assert f"X{MOST_GENES} " not in panel.facts[0]
    empty = influence_panel(InfluenceColumns(None), subject(influence="not measured"))
    assert (empty.chart, empty.why_empty) == (None, "not measured")


def test_a_test_that_points_elsewhere_has_shown_nothing():
    """Its p is 1; an effect of 0 points nowhere."""
    effects, found = np.array([0.5, -0.5, 0.0, 0.5, -0.5]), np.array(["up", "down", "none", "down", "up"])
    assert _towards(np.full(5, 0.01), found, effects).tolist() == [0.01, 0.01, 0.01, 1.0, 1.0]
