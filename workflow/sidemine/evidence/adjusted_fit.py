"""A contrast's fit with cell proxies as further covariates, for all genes at once.

The same step as in `composition`, for every gene: in the effect space the residual coordinates give a gene's slopes on
the proxies and the contrast coordinate gives its adjusted effect (Frisch–Waugh–Lovell), so that all genes together are
two matrix products. What is left is an effect space of its own, with one residual degree of freedom less per proxy:
set tests and rotations work in it as in any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import benjamini_hochberg, two_sided_p
from sidemine.differential.empirical_bayes import squeeze_variances
from sidemine.evidence.composition import FEWEST_RESIDUAL_DF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit


def adjust_fit(fit: ContrastFit, proxies: NDArray[np.float64]) -> ContrastFit | None:
    """Return the fit with the proxies as covariates; None where too few residual degrees of freedom are left.

    Parameters
    ----------
    fit
        The fitted contrast.
    proxies
        Proxies × (1 + residual df), as `cell_proxies.Proxies.scores`; without any the fit is returned as it is.

    Returns
    -------
    ContrastFit
        Genes as before. Under voom it rests on the weights that depend on the sample only, in which the proxies were
        measured. Variances are moderated anew; `facts` names the number of proxies.
    """
    if len(proxies) == 0:
        return fit
    residual_df = fit.residual_df - len(proxies)
    if residual_df < FEWEST_RESIDUAL_DF:
        return None
    effects, widening = _regress_out(fit.score_effects, proxies)
    stdev = fit.score_stdev_unscaled * widening
    trend = fit.mean_expression if fit.facts.get("trend") or fit.facts.get("engine") == "voom" else None
    variances = np.mean(effects[:, 1:] ** 2, axis=1)
    moderated = squeeze_variances(variances, residual_df, trend, bool(fit.facts.get("robust")))
    return _with_space(fit, effects, stdev, moderated.prior, moderated.prior_df, moderated.posterior)


def _regress_out(effects: NDArray[np.float64], proxies: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the effect space without the proxies, and by how much the contrast's standard error grows."""
    # Columns beyond the proxies' own span the residuals that they do not explain.
    basis, triangle = np.linalg.qr(proxies[:, 1:].T, mode="complete")
    n_proxies = len(proxies)
    rotated = effects[:, 1:] @ basis
    along = np.linalg.solve(triangle[:n_proxies].T, proxies[:, 0])
    widening = float(np.sqrt(1 + along @ along))
    contrast = (effects[:, 0] - rotated[:, :n_proxies] @ along) / widening
    return np.column_stack([contrast, rotated[:, n_proxies:]]), widening


def _with_space(
    fit: ContrastFit,
    effects: NDArray[np.float64],
    stdev: float,
    prior: NDArray[np.float64],
    prior_df: NDArray[np.float64],
    posterior: NDArray[np.float64],
) -> ContrastFit:
    from scipy.special import stdtrit

    residual_df = effects.shape[1] - 1
    change = effects[:, 0] * stdev
    se = stdev * np.sqrt(posterior)
    df = np.minimum(residual_df + prior_df, len(effects) * float(residual_df))
    half_width = stdtrit(df, 0.975) * se
    p_value = two_sided_p(change / se, df)
    return replace(
        fit,
        log2_fold_change=change,
        se=se,
        ci_low=change - half_width,
        ci_high=change + half_width,
        t=change / se,
        df=df,
        p_value=p_value,
        q_value=benjamini_hochberg(p_value),
        prior_variance=prior,
        prior_df=prior_df,
        posterior_variance=posterior,
        stdev_unscaled=np.full(len(effects), stdev),
        effects=effects,
        score_effects=effects,
        score_stdev_unscaled=stdev,
        residual_df=residual_df,
        facts={**fit.facts, "n_proxies": fit.residual_df - residual_df},
    )
