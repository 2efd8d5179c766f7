"""The composition-adjusted fit of all genes equals a fit with the proxies in the design."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.adjustment import adjust_fit, pool_estimates
from sidemine.effect.record import Estimate
from sidemine.enrichment.rotated_deviates import StandardisedSpace

N_GENES, N = 200, 60
GENES = [f"G{number:03d}" for number in range(N_GENES)]
IS_TARGET = np.arange(N) < 25


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(5)
    cells = rng.standard_normal((2, N)) + np.array([[0.8], [-0.4]]) * IS_TARGET
    values = 7 + 0.3 * (rng.standard_normal((N_GENES, N)) + rng.normal(0, 1, (N_GENES, 2)) @ cells)
    samples = pd.DataFrame(
        {"one": cells[0].astype(str), "two": cells[1].astype(str)}, index=[f"s{i}" for i in range(N)]
    )
    return values, samples, cells


def test_equals_the_fit_with_proxies_as_covariates(study):
    """Effect, moderated t, df and p of every gene are those of an ordinary fit with the proxies in the design."""
    values, samples, cells = study
    plain = fit_contrast(values, GENES, build_design(samples, IS_TARGET, ~IS_TARGET, []))
    with_proxies = fit_contrast(values, GENES, build_design(samples, IS_TARGET, ~IS_TARGET, ["one", "two"]))
    # A proxy is a combination of genes; here it is measured beside them, and brought into the effect space alike.
    both = fit_contrast(
        np.vstack([values, cells]), [*GENES, "one", "two"], build_design(samples, IS_TARGET, ~IS_TARGET, [])
    )
    adjusted = adjust_fit(plain, both.effects[-2:])
    assert adjusted.residual_df == with_proxies.residual_df == plain.residual_df - 2
    assert adjusted.score_stdev_unscaled == pytest.approx(with_proxies.score_stdev_unscaled, rel=1e-8)
    for name in ("log2_fold_change", "se", "t", "df", "p_value", "posterior_variance"):
        np.testing.assert_allclose(getattr(adjusted, name), getattr(with_proxies, name), rtol=1e-8, err_msg=name)
    np.testing.assert_allclose(
        StandardisedSpace.of(adjusted).observed, StandardisedSpace.of(with_proxies).observed, rtol=1e-8
    )
    # The bases differ, the residual covariance of the genes does not.
    for name in ("effects", "score_effects"):
        own, other = (getattr(fit, name)[:, 1:] for fit in (adjusted, with_proxies))
        np.testing.assert_allclose(own @ own.T, other @ other.T, rtol=1e-7, err_msg=name)


def test_too_few_residuals_give_no_adjustment(study):
    """Proxies that would leave fewer than ten residual degrees of freedom are not adjusted for."""
    values, samples, _ = study
    enough = np.r_[0:6, 30:37]
    plain = fit_contrast(
        values[:, enough], GENES, build_design(samples.iloc[enough], IS_TARGET[enough], ~IS_TARGET[enough], [])
    )
    assert adjust_fit(plain, plain.effects[:1]).residual_df == 10
    few = np.r_[0:6, 30:36]
    fit = fit_contrast(values[:, few], GENES, build_design(samples.iloc[few], IS_TARGET[few], ~IS_TARGET[few], []))
    assert adjust_fit(fit, fit.effects[:1]) is None
    assert adjust_fit(fit, fit.effects[:0]) is fit


@pytest.mark.parametrize(("df", "kept"), [(3.0, 3.0), (np.inf, None)])
def test_a_pooled_estimate_keeps_its_degrees_of_freedom(df, kept):
    """One cohort, pooled alone: its limit is that of t, as the interval is."""
    own = Estimate(0.3, 0.1, 0.0, 0.6, df, 0.06)
    pooled = pool_estimates([own])
    assert pooled.df == (None if kept is None else pytest.approx(kept))
    assert pooled.as_estimate().df == pytest.approx(df)
