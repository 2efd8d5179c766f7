"""Two estimands: composition that mimics an effect goes with adjustment, an effect of its own stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import case
from scipy import stats

from sidemine.considerations.composition.cell_proxies import (
    build_proxies,
    find_contaminated,
    read_markers,
)
from sidemine.considerations.composition.judge import judge_composition
from sidemine.considerations.composition.measure import find_differing, measure_composition
from sidemine.considerations.composition.measure_study import adjust_cohorts
from sidemine.considerations.composition.record import CompositionOfContrast, NotWithDropped, entries_by_hypothesis
from sidemine.considerations.composition.specification import AdjustComposition, CellsOfContrast
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.adjustment import pool_estimates, standardised
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.effect.record import ContrastEvidence, HypothesisEvidence, Margin
from sidemine.enrichment.set_effect import hedges_g
from sidemine.enrichment.set_membership import build_membership
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.markers import parse_composition
from sidemine.study.projections import HypothesisOnSet

RESOURCES = Path(__file__).resolve().parents[3] / "resources" / "gene_sets"
N_GENES, N = 400, 80
GENES = [f"G{number:03d}" for number in range(N_GENES)]
TARGET = GENES[:30]
MARKERS = {"erythroid": GENES[50:62], "platelet": GENES[70:82], "flat": GENES[300:312]}
CASES = np.arange(N) < 40
PANELS = {"blood": {"erythroid": MARKERS["erythroid"]}, "own.tsv": {"platelet": MARKERS["platelet"]}}


def pooled_over(*names):
    """The evidence of question h: these cohorts could be tested and are pooled."""
    rows = [
        ContrastEvidence(
            contrast=name, dataset=name, accession=name, n_target=40, n_reference=40, testable=True,
            effect=0.5, effect_se=0.2, effect_df=70, effect_unit="Hedges g",
        )
        for name in names
    ]  # fmt: skip
    return {"h": HypothesisEvidence("h", rows, None, Margin(0.4, "Hedges g", "declared"), pool_contrasts(rows))}


def asked(rows, **cells):
    """What is asked of the cohorts a and b: panel blood, unless another cell of the sheet is given."""
    declared = {name: parse_composition(cells.get(name, "blood")) for name in "ab"}
    return AdjustComposition(
        hypotheses=[HypothesisOnSet.of(row) for row in rows],
        contrasts={
            name: CellsOfContrast(dataset=f"data_{name}", panel=row.panel, not_needed=row.not_needed)
            for name, row in declared.items()
        },
        stimuli={"stimulated": "blood"},
        own_markers={"own.tsv": PANELS["own.tsv"]},
        seed=3,
    )


def design(covariate=None):
    samples = pd.DataFrame(index=[f"s{number}" for number in range(N)])
    if covariate is not None:
        samples["age"] = covariate
    return build_design(samples, CASES, ~CASES, [] if covariate is None else ["age"])


def values(effect=0.0, shift=0.0, slope=0.0, seed=1):
    """Log2 values: `effect` on the target, `shift` of erythroid cells, `slope` of the target on them."""
    rng = np.random.default_rng(seed)
    cells = {name: rng.standard_normal(N) for name in ("erythroid", "platelet")}
    cells["erythroid"] += shift * CASES
    found = rng.standard_normal((N_GENES, N))
    found[:30] = 0.8 * found[:30] + 0.6 * rng.standard_normal(N) + effect * CASES + slope * cells["erythroid"]
    for name, fraction in cells.items():
        rows = [GENES.index(gene) for gene in MARKERS[name]]
        found[rows] += 1.5 * fraction
    return 7 + 0.3 * found


FIGURES = {
    "drawn": [0.2422413, 0.8515561, 0.1721267, 1.4387483],
    "corrected": 0.7967571,
    "corrected_se": 0.3262443,
    "single": {"erythroid": [1.1091986, 1.0790817, 0.4850747], "platelet": [0.1314731, 1.5565117, 0.0076447]},
}
"""Of `test_figures_of_one_fit_are_kept`: what this code gave once, checked against no other source. Another number is another method."""


def fitted(**options):
    return fit_contrast(values(**options), GENES, design())


def primary():
    columns = {"gene_set": "T", "family": "target", "gene": TARGET, "weight": 1.0}
    return pd.DataFrame({**columns, "version": "1", "source": "none"})


def measured(fit, markers=MARKERS, contaminated=None):
    return measure_composition(fit, primary(), markers, contaminated or {}, [7])


def test_total_is_the_primary_effect():
    """The total estimand is Hedges g as the evidence stage measures it: one number, two places."""
    fit = fitted(effect=0.5)
    g = hedges_g(fit, build_membership(primary(), fit.genes)).iloc[0]
    total = measured(fit).total
    assert (total.effect, total.effect_se) == pytest.approx((g["g"], g["g_se"]), rel=1e-9)
    assert total.p_value == pytest.approx(g["p_value"], rel=1e-9)


def test_adjusted_equals_the_regression_with_proxies_as_covariates():
    """In the effect space and by least squares with the proxies in the design: the same robust t."""
    expression = values(effect=0.4, shift=0.8, slope=0.5)
    base = design()
    fit = fit_contrast(expression, GENES, base)
    found = measured(fit)
    spread = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1))
    rows = [[GENES.index(gene) for gene in fact.markers] for fact in found.proxies if fact.used]
    scores = [(expression[row] / spread[row, None]).mean(axis=0) for row in rows]
    target = (expression[:30] / spread[:30, None]).mean(axis=0)
    matrix = np.column_stack([np.ones(N), *scores, CASES])
    inverse = np.linalg.inv(matrix.T @ matrix)
    coefficients = inverse @ matrix.T @ target
    leverage = np.einsum("ij,jk,ik->i", matrix, inverse, matrix)
    squares = (target - matrix @ coefficients) ** 2 / (1 - leverage)
    hc2 = np.sqrt((inverse @ (matrix.T * squares) @ matrix @ inverse)[-1, -1])
    own = np.sqrt(found.adjusted.effect_se**2 - found.adjusted.effect**2 / (2 * (N - 2)))
    assert found.adjusted.effect / own == pytest.approx(coefficients[-1] / hc2, rel=1e-8)


def test_composition_alone_is_taken_away():
    """A target that follows a shifted cell type loses its effect; the diagnosis names the cell type."""
    found = measured(fitted(shift=1.0, slope=0.8))
    assert found.total.p_value < 1e-3
    assert abs(found.adjusted.effect) < 0.5 * abs(found.total.effect)
    assert found.difference.ci_low > 0
    assert found.could_explain is True
    worst = max(found.single, key=lambda row: abs(row.difference))
    assert worst.cell_type == "erythroid"


def test_an_effect_of_its_own_is_retained():
    """A real effect beside a shift of composition stays, with the retained share and a difference around 0."""
    found = measured(fitted(effect=0.9, shift=0.8))
    assert found.adjusted.p_value < 1e-3
    assert found.could_explain is False
    assert found.retained_percent == pytest.approx(100, abs=35)
    assert found.difference.ci_low < 0 < found.difference.ci_high


def test_retained_share_only_where_the_total_excludes_zero():
    """A share of nothing is not a number."""
    assert measured(fitted()).retained_percent is None
    for effect in (0.6, -0.6):
        found = measured(fitted(effect=effect))
        assert 0 < min(abs(found.total.ci_low), abs(found.total.ci_high)) < 1
        assert found.retained_percent == pytest.approx(100, abs=35)


def test_bound_at_reliability_07_goes_beyond_the_adjustment():
    """With a confounding shift, assuming noisier proxies moves the effect further from the total one."""
    found = measured(fitted(shift=1.0, slope=0.8))
    assert found.corrected.effect < found.adjusted.effect < found.total.effect


def test_figures_of_one_fit_are_kept():
    """Difference, bound and single proxies of one planted contrast: 2,000 draws, 95 %, reliability .7, one seed."""
    found = measured(fitted(effect=0.4, shift=0.8, slope=0.5))
    assert found.n_bootstrap == 2000
    assert found.difference.effect == pytest.approx(found.total.effect - found.adjusted.effect)
    drawn = np.r_[found.difference.ci_low, found.difference.ci_high, found.corrected.ci_low, found.corrected.ci_high]
    assert drawn == pytest.approx(FIGURES["drawn"], abs=1e-6)
    assert (found.corrected.reliability, found.corrected.effect) == (0.7, pytest.approx(FIGURES["corrected"], abs=1e-6))
    assert found.corrected.effect_se == pytest.approx(FIGURES["corrected_se"], abs=1e-6)
    single = {row.cell_type: (row.shift.effect, row.adjusted.effect, row.difference) for row in found.single}
    for cell, expected in FIGURES["single"].items():
        assert single[cell] == pytest.approx(expected, abs=1e-6)
        assert single[cell][2] == pytest.approx(found.total.effect - single[cell][1])
    half = found.adjusted.effect_se * stats.t.ppf(0.975, found.adjusted.df)
    assert found.adjusted.ci_low == pytest.approx(found.adjusted.effect - half)
    assert found.adjusted.ci_high == pytest.approx(found.adjusted.effect + half)
    assert found.retained_percent == pytest.approx(100 * found.adjusted.effect / found.total.effect)


def test_a_proxy_differs_between_the_groups_from_p_five_percent_on():
    """Markers that differ a little (p = .1 to .5) are no reason to adjust for them; those with p < .05 are."""
    seen = set()
    for shift in (0.0, 0.1, 0.2, 0.22, 0.24, 0.26, 0.3, 0.5):
        fit = fitted(shift=float(shift))
        alone = measured(fit, {"erythroid": MARKERS["erythroid"]}).single[0].shift.p_value
        assert (find_differing(fit, primary(), MARKERS, CONTAMINATED) == ["erythroid"]) is (alone <= 0.05)
        seen.add("below" if alone <= 0.05 else "between" if alone <= 0.5 else "above")
    assert {"below", "between"} <= seen


def test_same_seed_same_numbers():
    """The bootstrap is seeded."""
    fit = fitted(effect=0.5)
    assert measured(fit) == measured(fit)


def test_unusable_cell_types_say_why():
    """Markers that do not vary together, too few markers, contamination: each leaves its reason."""
    fit = fitted()
    markers = {**MARKERS, "few": GENES[90:92]}
    found = measured(fit, markers, {"platelet": "contaminated: its markers move in blood_ifn (log2 0.5, p = 0.001)"})
    reasons = {fact.cell_type: fact.reason for fact in found.proxies}
    assert found.adjusted_for == ["erythroid"]
    assert "contaminated" in reasons["platelet"]
    assert "do not vary together" in reasons["flat"]
    assert "fewer than 4" in reasons["few"]
    nothing = measured(fit, {"flat": MARKERS["flat"]})
    assert "no usable cell proxy" in nothing.reason


def test_a_marker_that_follows_the_target_is_no_marker():
    """A target-like gene in a marker list is left out of the proxy."""
    fit = fitted(effect=0.5)
    target = standardised(fit)[:30].mean(axis=0)
    proxies = build_proxies(fit, {"erythroid": [*MARKERS["erythroid"], GENES[3]]}, {}, target)
    assert proxies.facts[0].left_out == [GENES[3]]


def test_proxies_that_cannot_be_told_apart_are_joined():
    """Two lists that measure the same cells count as one covariate."""
    fit = fitted()
    halves = {"one": MARKERS["erythroid"][:6], "two": MARKERS["erythroid"][6:], "platelet": MARKERS["platelet"]}
    assert measured(fit, halves).adjusted_for == ["one+two", "platelet"]


def test_markers_that_move_in_stimulated_blood_are_contaminated():
    """Hours of stimulation bring no cells: what moves then is no marker, and the evidence is told."""
    expression = values()
    expression[50:62, :40] += 0.5
    found = find_contaminated(MARKERS, {"blood_ifn": fit_contrast(expression, GENES, design())})
    assert list(found) == ["erythroid"]
    assert "blood_ifn" in found["erythroid"]


def test_markers_leave_out_target_genes():
    """Genes of the study's target and member sets are no markers, whatever the lists say."""
    markers = read_markers(
        [RESOURCES / "erythroid.tsv", RESOURCES / "t_cell.tsv"],
        pd.DataFrame({"family": ["target", "member"], "gene": ["ALAS2", "CD3D"]}),
    )
    assert set(markers) == {"erythroid", "t_cell"}
    assert "ALAS2" not in markers["erythroid"]
    assert "CD3D" not in markers["t_cell"]
    assert len(markers["t_cell"]) > 10


def test_records_name_every_hypothesis_of_a_contrast():
    """composition.json holds one entry per cohort hypothesis; contrasts that cannot be tested hold none."""
    declared = {"set": "T", "contrasts": ["a", "b"], "direction": "up"}
    rows = [
        Hypothesis.model_validate({"id": "h", "question": "Is it really so?", "kind": "cohort", "primary": declared})
    ]
    records = adjust_cohorts(asked(rows), pooled_over("a"), {"a": fitted(), "b": None}, {}, primary(), PANELS)
    assert [entry.hypothesis for entry in records["a"].hypotheses] == ["h"]
    assert records["b"].hypotheses == []


def test_a_cohort_without_an_effect_is_not_adjusted():
    """It was fitted, but measured too few of the genes that count."""
    declared = {"set": "T", "contrasts": ["a", "b"], "direction": "up"}
    row = Hypothesis.model_validate({"id": "h", "question": "Is it really so?", "kind": "cohort", "primary": declared})
    known = pooled_over("a")["h"]
    beside = replace(known, contrasts=[*known.contrasts, replace(known.contrasts[0], contrast="b", testable=False)])
    records = adjust_cohorts(asked([row]), {"h": beside}, {"a": fitted(), "b": fitted(seed=2)}, {}, primary(), PANELS)
    assert [len(records[name].hypotheses) for name in "ab"] == [1, 0]


CONTAMINATED = {"erythroid": "contaminated: its markers move in blood_ifn (log2 0.5, p = 0.001)"}


def judged(records):
    """What the card shows of a hypothesis over the cohorts a and b."""
    return judge_composition(case("cohort", "a", "b"), entries_by_hypothesis(records)["h"]).columns.composition


def read(found):
    """What the card shows of two cohorts that were measured alike, checked in a stimulus contrast."""
    entry = replace(found, hypothesis="h")
    return judged([CompositionOfContrast(name, {}, ["stimulated"], [entry]) for name in "ab"])


def test_a_dropped_proxy_that_differs_between_the_groups_is_adjusted_for_as_well():
    """The surviving proxies know nothing of the cells that make the effect; with the dropped ones it goes."""
    fit = fitted(shift=1.0, slope=0.8)
    assert find_differing(fit, primary(), MARKERS, CONTAMINATED) == ["erythroid"]
    found = measured(fit, contaminated=CONTAMINATED)
    assert found.adjusted_for == ["platelet"]
    assert found.adjusted.p_value < 1e-3
    beside = found.with_dropped
    assert (beside.cells, beside.adjusted_for, beside.reason) == (
        ["erythroid"],
        ["erythroid", "platelet"],
        "",
    )
    clean = measured(fit)
    assert beside.effect == pytest.approx(clean.adjusted.effect)
    assert beside.corrected.effect == pytest.approx(clean.corrected.effect)
    assert beside.single[0].shift.p_value < 0.05


def test_a_dropped_cell_that_could_be_the_effect_caps_and_is_named():
    """Any surviving proxy is not enough: the gate fails, and cap and doubt name the cells that nobody adjusted for."""
    card = read(measured(fitted(shift=1.0, slope=0.8), contaminated=CONTAMINATED))
    assert card.gate.status == "failed"
    (cap,) = card.caps
    assert cap.cap == "composition"
    for words in (cap.reason, card.doubt):
        assert "arkers of erythroid differ between the groups and were dropped" in words
    assert "With the dropped markers of erythroid" in card.sentence
    assert "adjusts for too much" in card.sentence


def test_an_effect_that_stands_with_the_dropped_proxy_passes():
    """A real effect beside a shift of a dropped cell type is told twice and not capped."""
    card = read(measured(fitted(effect=1.2, shift=0.8), contaminated=CONTAMINATED))
    assert card.with_dropped.p_value < 0.05
    assert (card.gate.status, card.caps) == ("passed", ())


def test_a_dropped_proxy_that_does_not_differ_changes_nothing():
    """No shift, nothing to adjust for: no second adjustment, no words."""
    found = measured(fitted(effect=0.9), contaminated=CONTAMINATED)
    assert found.with_dropped is None
    assert "dropped" not in read(found).sentence


def test_a_shift_seen_in_one_cohort_is_looked_at_in_all():
    """A cohort may be too small to see its own shift: what differs is decided over the question's cohorts."""
    fit = fitted(effect=0.9)
    found = measure_composition(fit, primary(), MARKERS, CONTAMINATED, [7], {"erythroid"})
    assert found.with_dropped.cells == ["erythroid"]


def test_a_dropped_cell_that_cannot_be_adjusted_for_caps():
    """Too few degrees of freedom for one proxy more is a reason, not a pass."""
    found = measured(fitted(effect=1.2, shift=0.8), contaminated=CONTAMINATED)
    card = read(replace(found, with_dropped=NotWithDropped(["erythroid"], [], "too few degrees of freedom")))
    assert card.gate.status == "failed"
    assert "erythroid" in card.caps[0].reason


@pytest.mark.parametrize("checked", [False, True])
def test_markers_that_nobody_checked_are_told(checked):
    """Without a stimulus contrast of the panel no proxy was checked: sentence, doubt and note say so, and nothing is capped."""
    declared = {"set": "T", "contrasts": ["a", "b"], "direction": "up"}
    rows = [
        Hypothesis.model_validate({"id": "h", "question": "Is it really so?", "kind": "cohort", "primary": declared})
    ]
    fits = {"a": fitted(effect=1.2), "b": fitted(effect=1.2, seed=2)}
    stimuli = {"stimulated": fitted(seed=3) if checked else None}
    records = adjust_cohorts(asked(rows), pooled_over("a", "b"), fits, stimuli, primary(), PANELS)
    assert records["a"].contamination_checked_in == (["stimulated"] if checked else [])
    card = judged(records.values())
    assert card.gate.status == "passed"
    assert card.caps == ()
    for words in (card.sentence, card.doubt, " ".join(card.notes)):
        assert ("was not checked" in words) is not checked


def recorded(**cells):
    """Return the records of the cohorts a and b with these cells of column composition."""
    declared = {"set": "T", "contrasts": ["a", "b"], "direction": "up"}
    row = Hypothesis.model_validate({"id": "h", "question": "Is it really so?", "kind": "cohort", "primary": declared})
    fits, stimuli = {"a": fitted(effect=1.2), "b": fitted(effect=1.2, seed=2)}, {"stimulated": fitted(seed=3)}
    return adjust_cohorts(asked([row], **cells), pooled_over("a", "b"), fits, stimuli, primary(), PANELS)


def judgement(records):
    """What the consideration says of the question over a and b."""
    return judge_composition(case("cohort", "a", "b"), entries_by_hypothesis(list(records.values()))["h"])


def test_an_undeclared_tissue_caps_and_says_what_to_add():
    """One sentence of one branch, with the data set and the sheet."""
    found = judgement(recorded(b=""))
    (cap,) = found.caps
    assert cap.reason == (
        "The mix of cells is not adjusted for: the tissue of data set data_b has no declared cell markers: add composition "
        "to its row of datasets.tsv (blood; tissue; the path of a marker file; or not_needed: and the reason)."
    )
    assert found.gates[0].status == "not evaluated"
    assert found.sensitivity[0].missing


def test_cohorts_that_need_none_pass_with_their_reason():
    """Sorted cells: gate passed, nothing capped, the reason in the words of the card."""
    found = judgement(recorded(a="not_needed: sorted monocytes", b="not_needed: sorted monocytes"))
    assert found.gates[0].status == "passed"
    assert found.caps == ()
    assert "a is not adjusted for the mix of cells, as declared: sorted monocytes." in found.sentence
    assert "sorted monocytes" in found.missing["composition_adjusted"]


def test_a_cohort_that_needs_none_enters_the_pooled_effect_as_it_is():
    """Beside an adjusted cohort, its total effect is what is pooled."""
    both, one = (judgement(recorded(b=cell)).columns.composition for cell in ("blood", "not_needed: sorted monocytes"))
    (spared,) = [row for row in one.contrasts if row.contrast == "b"]
    (adjusted,) = [row for row in both.contrasts if row.contrast == "b"]
    assert spared.total == adjusted.total
    assert one.total == both.total
    assert one.adjusted.effect == pytest.approx(
        pool_estimates([next(row for row in one.contrasts if row.contrast == "a").adjusted, spared.total]).effect
    )
    assert "sorted monocytes" in one.sentence


def test_each_cohort_has_the_panel_that_its_data_set_declares():
    """A marker file of the study beside a shipped panel; a stimulus of another panel checks nothing of it."""
    records = recorded(b="own.tsv")
    assert {name: row.panel for name, row in records.items()} == {"a": "blood", "b": "own.tsv"}
    assert records["a"].hypotheses[0].adjusted_for == ["erythroid"]
    assert records["b"].hypotheses[0].adjusted_for == ["platelet"]
    assert records["b"].contamination_checked_in == []
    assert "panels blood and own.tsv, as declared" in judgement(records).sentence


def test_a_wide_difference_of_cells_is_told_as_what_may_be_the_disease():
    """From one SD on."""
    small, wide = (read(measured(fitted(effect=1.2, shift=shift))) for shift in (0.3, 2.5))
    assert "differ widely" not in small.sentence
    assert "markers of erythroid (" in wide.sentence
    assert "adjusting takes part of the disease away" in wide.doubt


def test_the_bound_counts_in_the_unit_of_the_effect():
    """Where a covariate explains much of the score, the unit is wider than the residuals: the draws keep to it."""
    fit = fitted(effect=1.0)
    found = measured(fit, {"erythroid": MARKERS["erythroid"]})
    explained = np.column_stack([fit.score_covariates, np.zeros(len(fit.genes))])
    explained[:30, -1] = 3 * np.sqrt(np.mean(fit.score_effects[:30, 1:] ** 2, axis=1) * fit.residual_df)
    wide = measured(replace(fit, score_covariates=explained), {"erythroid": MARKERS["erythroid"]})
    ratio = wide.total.effect / found.total.effect
    assert ratio < 0.7
    assert wide.corrected.effect_se / found.corrected.effect_se == pytest.approx(ratio, rel=0.02)
    assert wide.corrected.ci_low < wide.corrected.effect < wide.corrected.ci_high
