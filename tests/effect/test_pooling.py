"""Pooling is exact, order-free, honest about few datasets, and refuses what cannot be pooled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from sidemine.effect.between_study_variance import estimate_tau_squared, heterogeneity
from sidemine.effect.pooling import METHODS, pool
from sidemine.enrichment.set_effect import infer_standardised, small_sample_factor
from sidemine.errors import InputError

NAN = float("nan")


def numbers(low: float, high: float, k: int) -> st.SearchStrategy[list[float]]:
    """k plain numbers."""
    return st.lists(st.floats(low, high), min_size=k, max_size=k)


def test_one_dataset_is_itself_and_nothing_more():
    """With one dataset the effect, its interval and p are that dataset's own, and all else is NaN."""
    found = pool(np.array([[0.5, NAN]]), np.array([[0.2, NAN]]), np.array([[20.0, 30.0]]))
    assert METHODS[found.method[0]] == "single dataset"
    assert found.carried.effect[0] == pytest.approx(0.5)
    assert found.carried.p_value[0] == pytest.approx(2 * stats.t.sf(2.5, 20))
    assert found.carried.ci_high[0] == pytest.approx(0.5 + stats.t.ppf(0.975, 20) * 0.2)
    for values in (found.tau2, found.i2, found.q_statistic, found.stouffer_z, found.prediction_low):
        assert np.isnan(values[0])
    assert np.isnan(found.hartung_knapp.effect[0])
    assert np.isnan([found.figures()[f"leave_one_out_{end}"] for end in ("low", "high")]).all()


def test_nothing_measured_gives_no_number():
    """A row without any dataset has no effect and k = 0."""
    found = pool(np.array([[NAN, NAN]]), np.array([[NAN, NAN]]))
    assert (found.k[0], METHODS[found.method[0]]) == (0, "none")
    assert np.isnan(found.carried.effect[0])
    assert np.isnan(found.carried.p_value[0])


@pytest.mark.parametrize(("k", "estimable"), [(2, False), (3, True), (4, True), (5, True)])
def test_heterogeneity_needs_three_datasets(k, estimable):
    """τ², I² and the prediction interval are NaN below three datasets; Q is not."""
    found = pool(np.arange(1.0, k + 1)[None, :], np.full((1, k), 0.3))
    for values in (found.tau2, found.tau2_dl, found.tau2_pm, found.i2, found.prediction_low, found.prediction_high):
        assert np.isfinite(values[0]) == estimable
    assert np.isfinite(found.q_p[0])
    assert np.isfinite(found.hartung_knapp.p_value[0])


@pytest.mark.parametrize(("k", "method"), [(2, "common effect"), (4, "common effect"), (5, METHODS[3])])
def test_what_carries_depends_on_k_alone(k, method):
    """Common effect below five datasets, Hartung–Knapp from five on, however heterogeneous they are."""
    effects = np.linspace(-3, 4, k)[None, :]
    found = pool(effects, np.full((1, k), 0.1))
    assert METHODS[found.method[0]] == method
    expected = found.hartung_knapp if k >= 5 else found.common
    assert found.carried.se[0] == expected.se[0]
    assert found.carried.p_value[0] == max(expected.p_value[0], found.common.p_value[0])


def test_alike_studies_do_not_make_the_interval_absurd():
    """Five effects of .30 ± .2: Hartung and Knapp's error is never below the plain one (without the floor: .30 to .30)."""
    found = pool(np.full((1, 5), 0.3), np.full((1, 5), 0.2))
    assert found.hartung_knapp.se[0] == pytest.approx(0.2 / np.sqrt(5))
    half = stats.t.ppf(0.975, 4) * 0.2 / np.sqrt(5)
    assert (found.carried.ci_low[0], found.carried.ci_high[0]) == pytest.approx((0.3 - half, 0.3 + half))


def test_from_five_studies_on_an_answer_makes_two_demands():
    """demanded_p ≤ .01 says: common effect p ≤ .01 and Hartung–Knapp p ≤ .05; ≤ .05 says that both are at most .05."""
    rng = np.random.default_rng(11)
    effects = rng.normal(rng.uniform(0, 0.6, (4000, 1)), np.hypot(0.2, rng.uniform(0, 0.5, (4000, 1))), (4000, 5))
    found = pool(effects, np.full((4000, 5), 0.2))
    common, knapp = found.common.p_value, found.hartung_knapp.p_value
    both = (common <= 0.01) & (knapp <= 0.05)
    assert 0.1 < both.mean() < 0.9
    np.testing.assert_array_equal(found.demanded_p <= 0.01, both)
    np.testing.assert_array_equal(found.demanded_p <= 0.05, (common <= 0.05) & (knapp <= 0.05))
    assert (found.demanded_p >= common).all()
    few = pool(effects[:, :4], np.full((4000, 4), 0.2))
    np.testing.assert_array_equal(few.demanded_p, few.common.p_value)


COHORTS = ((70, 63), (107, 25), (40, 40), (60, 30), (35, 35), (50, 30))


def drawn(n_target: int, n_reference: int, g: np.ndarray | float, rng: np.random.Generator, n: int, sd: float = 1.0):
    """n cohorts as they are measured: g, SE, df and weight; the reference varies `sd` times as much."""
    df = n_target + n_reference - 2
    own = [rng.chisquare(size - 1, n) / (size - 1) * scale**2 for size, scale in ((n_target, 1), (n_reference, sd))]
    robust = own[0] / n_target + own[1] / n_reference
    spread = ((n_target - 1) * own[0] + (n_reference - 1) * own[1]) / df
    unit = np.sqrt((n_target - 1 + (n_reference - 1) * sd**2) / df)
    difference = g * unit + rng.normal(size=n) * np.sqrt(1 / n_target + sd**2 / n_reference)
    equal = 1 / n_target + 1 / n_reference
    free = equal**2 / (1 / n_target**2 / (n_target - 1) + 1 / n_reference**2 / (n_reference - 1))
    j = small_sample_factor(df)
    return infer_standardised(
        j * difference / np.sqrt(spread), j**2 * robust / spread, free, df, np.full(n, 1 / (j**2 * equal))
    )


def pooled_of(found):
    """Pool drawn cohorts."""
    columns = (np.column_stack([getattr(one, name) for one in found]) for name in ("effect", "se", "df", "weight"))
    effects, ses, df, weights = columns
    return pool(effects, ses, df, weights=weights)


@pytest.mark.parametrize("sd", [1.0, 1.5])
def test_unequal_variances_do_not_spoil_an_interval(sd):
    """107 against 25, the small group 1.5 times as variable: 5 % reject at 5 % (ordinary errors: 12 %)."""
    rng, n = np.random.default_rng(21), 20000
    found = drawn(107, 25, 0.0, rng, n, sd)
    assert np.mean(found.p_value <= 0.05) == pytest.approx(0.05, abs=0.006)
    for g in (0.0, 0.5, 1.0, 2.0, 3.0):
        found = drawn(107, 25, g, rng, n, sd)
        assert np.mean((found.ci_low < g) & (g < found.ci_high)) == pytest.approx(0.95, abs=0.01), g


def test_power_never_falls_as_cohorts_are_added():
    """g = .5 in all: at least 75, 90, 95, 93, 95 % for two to six cohorts; under no effect at most 1 %."""
    rng, n = np.random.default_rng(22), 4000
    for k, least in zip(range(2, 7), (0.75, 0.90, 0.95, 0.93, 0.95), strict=True):
        shown = pooled_of([drawn(*sizes, 0.5, rng, n) for sizes in COHORTS[:k]])
        assert np.mean((shown.demanded_p <= 0.01) & (shown.carried.effect > 0)) >= least, k
        null = pooled_of([drawn(*sizes, 0.0, rng, n) for sizes in COHORTS[:k]])
        assert np.mean(null.demanded_p <= 0.01) <= 0.013, k


def test_few_degrees_of_freedom_widen_the_interval():
    """Weights of the design: t with Satterthwaite's degrees of freedom. Those of the errors: Meier's factor, fewest df."""
    effects, ses, df = np.array([[1.0, 1.2]]), np.array([[0.5, 0.5]]), np.array([4.0, 6.0])
    plain = 0.5 / np.sqrt(2)
    fixed = pool(effects, ses, df, weights=np.ones((1, 2)))
    assert fixed.common.df[0] == pytest.approx(1 / (0.25 / 4 + 0.25 / 6))
    assert fixed.carried.p_value[0] == pytest.approx(2 * stats.t.sf(1.1 / plain, fixed.common.df[0]))
    estimated = pool(effects, ses, df)
    assert estimated.common.df[0] == 4
    assert estimated.common.se[0] == pytest.approx(plain * np.sqrt(1 + 4 * 0.25 * (1 / 4 + 1 / 6)))
    assert estimated.common.effect[0] == pytest.approx(fixed.common.effect[0])


@pytest.mark.parametrize("kind", ["cohorts", "experiments of 3 against 3"])
def test_pooled_p_holds_its_size(kind):
    """Under no effect, 5 % and 1 % of pooled p-values lie below 5 % and 1 % (8,000 draws, upper 95 % bound)."""
    rng = np.random.default_rng(5)
    n = 8000
    if kind == "cohorts":
        df, ses = np.array([129.0, 128.0]), np.full((n, 2), [0.22, 0.17])
        effects = np.column_stack([rng.standard_t(each, n) for each in df]) * ses
    else:
        df = np.array([4.0, 4.0])
        ses = np.column_stack([np.sqrt(rng.chisquare(each, n) / each) for each in df])
        effects = rng.normal(size=(n, 2))
    weights = ses**-2 if kind == "cohorts" else None
    p_values = pool(effects, ses, df, weights=weights).carried.p_value
    for level, bound in ((0.05, 0.065), (0.01, 0.017)):
        share = np.mean(p_values <= level)
        assert share + 1.645 * np.sqrt(share * (1 - share) / n) <= bound
        assert share >= 0.6 * level


def test_strong_evidence_keeps_its_digits_in_stouffer():
    """A t of 40 on 100 degrees of freedom has a finite, large z and a p above 0."""
    found = pool(np.array([[4.0, 4.0]]), np.array([[0.1, 0.1]]), np.array([100.0, 100.0]))
    assert 14 < found.stouffer_z[0] < 60
    assert found.stouffer_p[0] > 0


@pytest.mark.parametrize(
    ("effects", "ses", "match"),
    [
        ([[1.0, 2.0]], [[0.1]], "do not match"),
        ([[1.0, 2.0]], [[0.1, 0.0]], "cannot be pooled"),
        ([[1.0, np.inf]], [[0.1, 0.2]], "cannot be pooled"),
        ([[1.0, 1.0]], [[0.1, -0.2]], "cannot be pooled"),
    ],
)
def test_unusable_numbers_are_refused(effects, ses, match):
    """A standard error of 0 would get all the weight: an error, not a number."""
    with pytest.raises(InputError, match=match):
        pool(np.array(effects), np.array(ses))


FLAT = [1.0209360328628434, 0.05, 1.45703125, 1.711985675384544, 1.099609375, 1.9501924576579113]
"""Effects that are as large as their standard errors: their restricted likelihood has a flat top."""


@settings(max_examples=60)
@given(st.integers(2, 7).flatmap(lambda k: st.tuples(numbers(-3, 3, k), numbers(0.05, 2, k))), st.integers(0, 9))
@example((FLAT, FLAT), 1)
def test_order_sign_and_unit_do_not_matter(studies, seed):
    """Shuffled studies give the same numbers; the sign flips with the effects; units scale through."""
    effects, ses = (np.array(values) for values in studies)
    order = np.random.default_rng(seed).permutation(len(effects))
    # A row each: as it is, shuffled, mirrored, scaled.
    found = pool(
        np.array([effects, effects[order], -effects, 10 * effects]), np.array([ses, ses[order], ses, 10 * ses])
    )
    for name in ("effect", "se", "p_value"):
        value, shuffled, *_ = getattr(found.carried, name)
        assert shuffled == pytest.approx(value, rel=1e-6, abs=1e-9)
    value, _, mirrored, scaled = found.carried.effect
    assert mirrored == pytest.approx(-value, rel=1e-6, abs=1e-9)
    assert scaled == pytest.approx(10 * value, rel=1e-5, abs=1e-7)
    low, high = (found.figures()[f"leave_one_out_{end}"][0] for end in ("low", "high"))
    assert effects.min() - 1e-9 <= low <= high <= effects.max() + 1e-9


@settings(max_examples=60)
@given(st.integers(2, 6).flatmap(lambda k: st.tuples(numbers(-3, 3, k), numbers(0.05, 2, k))))
def test_estimates_of_tau_squared_solve_their_equations(studies):
    """Paule–Mandel's Q equals k − 1 or τ² is 0; the restricted likelihood is nowhere higher on a grid."""
    effects, ses = (np.array([values]) for values in studies)
    variances = ses**2
    k = effects.shape[1]
    tau_pm = estimate_tau_squared(effects, variances, "PM")
    if tau_pm[0] > 0:
        assert heterogeneity(effects, variances, tau_pm)[0] == pytest.approx(k - 1, rel=1e-7)
    else:
        assert heterogeneity(effects, variances)[0] <= k - 1 + 1e-9
    tau = estimate_tau_squared(effects, variances, "REML")[0]
    assert tau >= 0
    grid = np.concatenate([[0.0], tau * np.linspace(0.8, 1.25, 30)])
    heights = [restricted_log_likelihood(effects[0], variances[0], value) for value in grid]
    assert restricted_log_likelihood(effects[0], variances[0], tau) >= max(heights) - 1e-8


def test_one_study_with_nearly_all_of_the_weight_does_not_hide_the_spread():
    """At τ² = 0 its weight is 2e9 times the others'. Expected: metafor 3.8-1, rma(method="REML"), in units of the mean variance."""
    effects = np.array([[0.03, 2.5, 7.1, 5.0, 6.9]])
    variances = np.array([[3e-8, 66.0, 48.0, 17.0, 25.0]])
    found = estimate_tau_squared(effects, variances, "REML")[0] / variances.mean()
    assert found == pytest.approx(0.225192562, rel=1e-6)


def restricted_log_likelihood(y, v, tau):
    """The restricted likelihood of one row, written out."""
    w = 1 / (v + tau)
    mean = np.sum(w * y) / np.sum(w)
    return 0.5 * (np.sum(np.log(w)) - np.log(np.sum(w)) - np.sum(w * (y - mean) ** 2))
