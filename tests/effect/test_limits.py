"""The one-sided limit that excludes a margin: where the margin is the truth, it excludes it in at most 5 %."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from sidemine.considerations.judgement import Case
from sidemine.considerations.sensitivity import sensitivity_of
from sidemine.effect.intervals import Effect, limit_factor, measured_effect
from sidemine.effect.pooled_effect import pool_as, pool_contrasts
from sidemine.effect.record import EXPERIMENT_UNIT, ContrastEvidence, Estimate, HypothesisEvidence, Margin, MarginError
from sidemine.enrichment.set_effect import infer_standardised, small_sample_factor
from sidemine.study.hypotheses import Hypothesis
from sidemine.verdict.readings import as_effect

MARGIN, STUDIES, SEED = 0.4, 40_000, 20270301


def cohort(n_target: int, n_reference: int, d: float, name: str = "a") -> ContrastEvidence:
    """A cohort with this standardised difference, as the effect stage measures it where both groups vary alike."""
    df = n_target + n_reference - 2
    found = inferred(n_target, n_reference, np.array([d]))
    return ContrastEvidence(
        contrast=name, dataset=name, accession=name, n_target=n_target, n_reference=n_reference, testable=True,
        effect=found.effect[0], effect_se=found.se[0], effect_df=df, effect_weight=found.weight[0], effect_unit="Hedges g",
    )  # fmt: skip


def inferred(n_target: int, n_reference: int, d):
    df = n_target + n_reference - 2
    factor = small_sample_factor(df)
    variance = np.full(len(d), factor**2 * (1 / n_target + 1 / n_reference))
    return infer_standardised(factor * d, variance, df, df, 1 / variance)


@pytest.mark.parametrize("margin", [0.2, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("sizes", [(70, 63), (107, 25), (30, 30), (15, 15), (8, 8)])
def test_a_margin_that_is_the_truth_is_excluded_in_at_most_five_percent(sizes, margin):
    """Of one cohort, by the noncentral t itself; in between 3 and 5 %, so that nothing is given away. With J in it it is 5.3 % at 1.5."""
    precision = np.sqrt(1 / sizes[0] + 1 / sizes[1])
    edge = optimize.brentq(lambda d: measured_effect(cohort(*sizes, d)).limit("up") - margin, -5, margin)
    false = stats.nct.cdf(edge / precision, sum(sizes) - 2, margin / precision)
    assert 0.035 < false <= 0.05


def test_four_small_cohorts_exclude_a_margin_that_is_the_truth_in_at_most_five_percent():
    """Pooled: what J takes from each limit adds up, and the many degrees of freedom make up for none of it: with J in it, 5.6 %."""
    rng = np.random.default_rng(SEED)
    n, df = 8, 14
    difference = MARGIN + rng.standard_normal((STUDIES, 4)) * np.sqrt(2 / n)
    spread = np.sqrt(rng.chisquare(df, (STUDIES, 4)) / df)
    found = [inferred(n, n, column) for column in (difference / spread).T]
    rows = [cohort(n, n, 0.0, name) for name in "abcd"]
    effects, ses = (np.stack(columns, axis=1) for columns in zip(*((one.effect, one.se) for one in found), strict=True))
    carried = pool_as(rows, effects, ses, np.full(effects.shape, float(df))).carried
    pooled = pool_contrasts(rows)
    studies = zip(carried.effect, carried.se, carried.df, strict=True)
    false = [as_effect(replace(pooled, effect=e, se=se, df=df)).limit("up") < MARGIN for e, se, df in studies]
    assert np.mean(false) <= 0.05


def test_only_limits_of_hedges_g_are_widened():
    """Intervals stay; experiments are counted in log2, without a factor; pooled, factors have the effects' weights."""
    small, large = cohort(8, 8, 0.5), cohort(70, 63, 0.5, "b")
    effect = measured_effect(small)
    assert effect.limit_factor == pytest.approx(1 / small_sample_factor(14))
    half = stats.t.ppf(0.975, 14) * small.effect_se
    assert effect.interval(0.95) == pytest.approx((small.effect - half, small.effect + half))
    assert effect.smallest_excludable == pytest.approx(stats.t.ppf(0.95, 14) * small.effect_se * effect.limit_factor)
    assert limit_factor(replace(small, effect_unit=EXPERIMENT_UNIT)) == 1
    shares = np.array([row.effect_weight for row in (small, large)])
    own = np.array([limit_factor(small), limit_factor(large)])
    pooled = pool_contrasts([small, large])
    assert pooled.limit_factor == pytest.approx(np.sum(shares * own) / np.sum(shares))
    assert as_effect(pooled).limit_factor == pooled.limit_factor


def test_what_would_change_the_answer_is_read_by_the_limit_that_decides_it():
    """A margin between the limit of g and that of d is not excluded by the answer, nor by the same effect under a condition."""
    rows = [cohort(8, 8, 0.0, name) for name in "ab"]
    pooled = pool_contrasts(rows)
    margin = as_effect(pooled).limit("up") * (1 + 1 / pooled.limit_factor) / 2
    primary = {"set": "T", "contrasts": ["a", "b"], "direction": "up", "margin": margin}
    asked = Hypothesis.model_validate({"id": "h", "question": "Is it higher?", "kind": "cohort", "primary": primary})
    case = Case(asked, HypothesisEvidence("h", rows, None, Margin(margin, "Hedges g", "declared"), pooled), ("a", "b"))
    same = Estimate(pooled.effect, pooled.se, pooled.ci_low, pooled.ci_high, pooled.df, pooled.p)
    lower = replace(same, effect=pooled.effect - 0.5 * margin)
    assert sensitivity_of(case, "x", "the same", same).changes is False
    assert sensitivity_of(case, "x", "a lower one", lower).changes is True


@pytest.mark.parametrize(("fraction", "d"), [(0.8, 3.8), (0.8, 3.1), (0.5, 3.1), (1.0, 6.0), (0.2, 3.8)])
def test_a_margin_that_was_measured_itself_is_excluded_in_at_most_five_percent_where_it_is_the_truth(fraction, d):
    """3 v 3 each; only a control with p ≤ .05 gives a margin. Taken as known, the margin would be excluded in up to 10 %."""
    rng = np.random.default_rng(SEED)
    n, df, precision = 4000, 4, np.sqrt(2 / 3)
    control, effect = (mean + precision * rng.standard_normal(n) for mean in (d, fraction * d))
    control_se, effect_se = precision * np.sqrt(rng.chisquare(df, (2, n)) / df)
    works = control / control_se > stats.t.ppf(0.975, df)
    excluded = []
    for c, c_se, x, x_se in np.stack([control, control_se, effect, effect_se], axis=1)[works]:
        margin = Margin(fraction * c, "log2", "measured", MarginError(fraction * c_se, df, 0.0, 1.0))
        of_drug = Effect(-x, x_se, df)
        excluded.append([of_drug.excludes(each, "down", "drug") for each in (margin, replace(margin, error=None))])
    counted, known = np.mean(excluded, axis=0)
    assert counted <= 0.05
    assert known > counted
    assert fraction < 0.8 or known > 0.08


@pytest.mark.parametrize(
    ("correlation", "side", "added"),
    [
        ([0.0], "down", 0.04),
        ([-0.5], "down", 0.0),
        ([0.5], "down", 0.14),
        ([0.5], "up", 0.0),
        ([-0.1], "down", 0.02),
        ([-0.5, -0.1], "down", 0.02),
        ([0.5, 0.1], "down", 0.14),
    ],
)
def test_the_error_of_a_margin_counts_as_far_as_it_adds_to_that_of_the_effect(correlation, side, added):
    """A control that shares the arm moves with the effect; one that shares a vehicle with an effect on the other side, against it."""
    error = MarginError(0.2, 4.0, 0.1, 0.9, {"drug": correlation})
    margin, effect = Margin(0.5, "log2", "measured", error), Effect(0.0, 0.5, 9.0)
    over = effect.minus(margin, side, "drug")
    assert over.value == -0.5
    assert over.se == pytest.approx(np.sqrt(0.25 + added))
    assert over.df == (4.0 if added else 9.0)
    assert effect.minus(margin, side, "elsewhere").se == pytest.approx(np.sqrt(0.29))
    both = [effect.excludes(margin, way, "drug") for way in ("up", "down", "either")]
    assert both[2] == (both[0] and both[1])


def test_what_leaves_less_than_supported_needs_does_not_read_as_if_nothing_changed():
    """p .004 becomes .02, or stays below .01 until the study's questions are counted: weaker, and the words say by which limit."""
    rows = [cohort(40, 40, 0.5, name) for name in "ab"]
    evidence = HypothesisEvidence("h", rows, None, Margin(0.4, "Hedges g", "declared"), pool_contrasts(rows))
    primary = {"set": "T", "contrasts": ["a", "b"], "direction": "up", "margin": 0.4}
    asked = Hypothesis.model_validate({"id": "h", "question": "Is it higher?", "kind": "cohort", "primary": primary})
    firm = Estimate(0.5, 0.15, 0.2, 0.8, 78, 0.0012)

    def row(p_value, factor=1.0):
        changed = replace(firm, p_value=p_value)
        return sensitivity_of(Case(asked, evidence, ("a", "b"), factor), "x", "without one", changed, firm)

    assert (row(0.02).changes, row(0.02).weakens) == (False, True)
    assert row(0.02).words.endswith(
        "p = 0.02: an effect would still be shown, but with a p above the 0.01 that “supported” asks for"
    )
    assert (row(0.009).weakens, row(0.009).words.split(": ")[-1]) == (False, "this would not change the reading")
    assert row(0.009, 6.0).weakens
    assert "corrected for the study's questions 0.054" in row(0.009, 6.0).words
    # One cohort that is left supports nothing, whatever its p.
    case = Case(asked, evidence, ("a", "b"), 1.0)
    for n_left, words in (
        (1, "by one cohort alone, which supports nothing by itself"),
        (2, "this would not change the reading"),
    ):
        left = sensitivity_of(case, "x", "without a", replace(firm, p_value=0.002), firm, n_left=n_left)
        assert left.words.endswith(words)
        assert (left.changes, left.weakens) == (False, False)
    assert sensitivity_of(case, "x", "without a", replace(firm, p_value=0.2), firm, n_left=1).changes
    # What never was firm cannot be weakened, and what changes the reading is told as that.
    assert not row(0.02, 10.0).weakens
    assert (row(0.2).changes, row(0.2).weakens) == (True, False)
