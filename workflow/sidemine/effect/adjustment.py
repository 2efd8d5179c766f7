"""Effects with further covariates in the model: cell proxies, hidden factors.

Adjustment is ordinary regression: the same design with the covariates added. In a contrast's effect space this is exact
(Frisch–Waugh–Lovell): residual coordinates give the slopes on the covariates, the contrast coordinate gives the effect.
For all genes together these are two matrix products, and what is left is an effect space of its own, with one residual
degree of freedom less per covariate: set tests and rotations work in it as in any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sidemine.differential.fit import moderated_fields
from sidemine.differential.linear_model import EffectSpace
from sidemine.effect.measure import common_genes
from sidemine.effect.pooling import pool
from sidemine.effect.record import Estimate, PooledEstimate
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.projections import HypothesisOnSet

FEWEST_RESIDUAL_DF = 10
"""Residual degrees of freedom that must be left after adjusting."""


class WithError(Protocol):
    """An effect with its standard error."""

    @property
    def effect(self) -> float:
        """Target minus reference."""

    @property
    def effect_se(self) -> float:
        """Its standard error."""


def adjust_fit(fit: ContrastFit, covariates: NDArray[np.float64]) -> ContrastFit | None:
    """Return the fit with further covariates; None where too few residual degrees of freedom are left.

    Parameters
    ----------
    fit
        The fitted contrast.
    covariates
        Covariates × (1 + residual df), in its space of scores; without any the fit is returned as it is.

    Returns
    -------
    ContrastFit
        Genes as before. Under voom it rests on the weights that depend on the sample only, in which the covariates
        were measured. Variances are moderated anew; `facts` names the model as it was declared.
    """
    if len(covariates) == 0:
        return fit
    residual_df = fit.residual_df - len(covariates)
    if residual_df < FEWEST_RESIDUAL_DF:
        return None
    effects, widening = _regress_out(fit.score_effects, covariates)
    stdev = fit.score_stdev_unscaled * widening
    space = EffectSpace(effects, np.full(len(effects), stdev))
    # Voom's weights carry the trend of the variances; weights that depend on the sample only do not.
    trend = fit.facts.trend or fit.facts.engine == "voom"
    return replace(
        fit,
        **moderated_fields(space, fit.mean_expression, trend, fit.facts.robust),
        stdev_unscaled=space.stdev_unscaled,
        effects=effects,
        score_effects=effects,
        score_stdev_unscaled=stdev,
        residual_df=residual_df,
    )


def standardised(fit: ContrastFit) -> NDArray[np.float64]:
    """Return the effect space of per-sample scores in residual standard deviations of each gene (0 without any)."""
    spread = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1, keepdims=True))
    return np.where(spread > 0, fit.score_effects / np.where(spread > 0, spread, 1), 0)


def common_rows(
    hypothesis: HypothesisOnSet, fits: Mapping[str, ContrastFit | None], gene_sets: pd.DataFrame
) -> pd.DataFrame:
    """Return the primary set's rows for genes that all its cohorts measured, as its Hedges g uses them.

    Parameters
    ----------
    hypothesis
        As declared.
    fits
        By contrast; None where it could not be tested.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    """
    common = common_genes([fits.get(name) for name in hypothesis.primary.contrasts])
    return gene_sets[(gene_sets["gene_set"] == hypothesis.primary.set) & gene_sets["gene"].isin(common)]


def set_score(fit: ContrastFit, primary: pd.DataFrame) -> NDArray[np.float64]:
    """Return the set's score (mean signed z) in its own residual standard deviations: shape (1 + residual df,)."""
    position = {gene: row for row, gene in enumerate(fit.genes)}
    used = primary[primary["gene"].isin(position)]
    weights = used["weight"].to_numpy(dtype=float)
    rows = [position[gene] for gene in used["gene"]]
    score = weights @ standardised(fit)[rows] / np.abs(weights).sum()
    return np.asarray(score / np.sqrt(np.mean(score[1:] ** 2)))


def adjusted_estimate(
    target: NDArray[np.float64],
    covariates: NDArray[np.float64],
    factor: float,
    variances: NDArray[np.float64] | None = None,
) -> Estimate:
    """Return the effect of a score with further covariates in the model.

    Parameters
    ----------
    target
        The score in the effect space, shape (1 + residual df,).
    covariates
        Covariates × (1 + residual df), in the same space; none: the effect as it is.
    factor
        What turns the contrast coordinate into the unit of the effect.
    variances
        Of the covariates' contrast coordinates, where these were estimated; the effect takes over their error.
    """
    df = len(target) - 1 - len(covariates)
    if len(covariates) == 0:
        return _estimate(float(target[0]) * factor, float(np.sqrt(np.mean(target[1:] ** 2))) * factor, df)
    cross = covariates[:, 1:] @ covariates[:, 1:].T
    slopes = np.linalg.solve(cross, covariates[:, 1:] @ target[1:])
    left = target[1:] - slopes @ covariates[:, 1:]
    variance = float(left @ left) / df * (1 + float(covariates[:, 0] @ np.linalg.solve(cross, covariates[:, 0])))
    if variances is not None:
        variance += float(slopes**2 @ variances)
    return _estimate(float(target[0] - slopes @ covariates[:, 0]) * factor, float(np.sqrt(variance)) * factor, df)


def _estimate(effect: float, se: float, df: int) -> Estimate:
    half = float(t_quantile(0.975, df)) * se
    p_value = float(two_sided_p(np.array(effect / se), df))
    return Estimate(effect, se, effect - half, effect + half, float(df), p_value)


def pool_estimates(estimates: Sequence[WithError]) -> PooledEstimate:
    """Return one estimand over independent cohorts, pooled by the method that carries the total effect."""
    found = pool(
        np.array([[one.effect for one in estimates]]),
        np.array([[one.effect_se for one in estimates]]),
        # An error that comes from a bootstrap has no degrees of freedom.
        np.array([[one.df if isinstance(one, Estimate) else np.inf for one in estimates]]),
        estimated_ses=False,
    )
    carried = found.carried
    effect, low, high, p_value, se = (
        float(values[0]) for values in (carried.effect, carried.ci_low, carried.ci_high, carried.p_value, carried.se)
    )
    return PooledEstimate(effect, low, high, p_value, se, int(found.k[0]))


def _regress_out(effects: NDArray[np.float64], covariates: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the effect space without the covariates, and by how much the contrast's standard error grows."""
    # Columns beyond the covariates' own span the residuals that they do not explain.
    basis, triangle = np.linalg.qr(covariates[:, 1:].T, mode="complete")
    n_covariates = len(covariates)
    rotated = effects[:, 1:] @ basis
    along = np.linalg.solve(triangle[:n_covariates].T, covariates[:, 0])
    widening = float(np.sqrt(1 + along @ along))
    contrast = (effects[:, 0] - rotated[:, :n_covariates] @ along) / widening
    return np.column_stack([contrast, rotated[:, n_covariates:]]), widening
