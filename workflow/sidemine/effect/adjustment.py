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
from sidemine.effect.measure import genes_of_answer
from sidemine.effect.pooling import pool
from sidemine.effect.record import Estimate, HypothesisEvidence, PooledEstimate
from sidemine.enrichment.huber_score import huber_pseudo_values
from sidemine.enrichment.set_effect import gene_spread, infer_standardised, within_groups_df
from sidemine.stats.sandwich import sandwich
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.choices import Score
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
    effects, widening, explained = _regress_out(fit.score_effects, covariates)
    basis, _, _ = _regress_out(fit.score_basis, covariates)
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
        score_basis=basis,
        score_covariates=np.column_stack([fit.score_covariates, explained]),
        score_stdev_unscaled=stdev,
        residual_df=residual_df,
    )


def standardised(fit: ContrastFit) -> NDArray[np.float64]:
    """Return the effect space of per-sample scores in residual standard deviations of each gene (0 without any)."""
    spread = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1, keepdims=True))
    return np.where(spread > 0, fit.score_effects / np.where(spread > 0, spread, 1), 0)


def common_rows(
    hypothesis: HypothesisOnSet,
    evidence: HypothesisEvidence,
    fits: Mapping[str, ContrastFit | None],
    gene_sets: pd.DataFrame,
) -> pd.DataFrame:
    """Return the primary set's rows for genes that all pooled cohorts measured, as its Hedges g uses them.

    Parameters
    ----------
    hypothesis, evidence
        As declared, and what was measured of it.
    fits
        By contrast; None where it could not be tested.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    """
    common = genes_of_answer(evidence, fits)
    return gene_sets[(gene_sets["gene_set"] == hypothesis.primary.set) & gene_sets["gene"].isin(common)]


def set_score(fit: ContrastFit, primary: pd.DataFrame, score: Score = "mean") -> NDArray[np.float64]:
    """Return the set's score (mean signed z) in its own standard deviations between people: shape (1 + residual df,).

    Parameters
    ----------
    fit, primary
        A fitted contrast, and the rows of its primary set. The unit is that of `set_effect.hedges_g`: the standard
        deviation within the groups without covariates. Times `set_effect.score_factor` the first coordinate is g.
    score
        huber: as Huber's pseudo-values under the declared model. Their covariance with normal covariates is that of the score
        (Stein 1981, doi 10.1214/aos/1176345632), so that least squares on them adjusts as it does without.
    """
    position = {gene: row for row, gene in enumerate(fit.genes)}
    used = primary[primary["gene"].isin(position)]
    weights = used["weight"].to_numpy(dtype=float)
    rows = [position[gene] for gene in used["gene"]]
    spread = gene_spread(fit.score_effects[rows])
    shares = np.where(spread > 0, weights / np.where(spread > 0, spread, 1), 0)
    scores, explained = shares @ fit.score_effects[rows], shares @ fit.score_covariates[rows]
    within = (scores[1:] @ scores[1:] + explained @ explained) / within_groups_df(fit)
    if score == "huber":
        scores = huber_pseudo_values(scores[None], fit.score_basis, paired=fit.facts.blocking == "fixed")[0]
    return np.asarray(scores / np.sqrt(within))


def adjusted_estimate(
    target: NDArray[np.float64],
    covariates: NDArray[np.float64] | None,
    factor: float,
    fit: ContrastFit | None = None,
    variances: NDArray[np.float64] | None = None,
) -> Estimate:
    """Return the effect of a score with further covariates in the model.

    Parameters
    ----------
    target
        The score in the effect space, shape (1 + residual df,).
    covariates
        Covariates × (1 + residual df), in the same space; None, or no row: the effect as it is.
    factor
        What turns the contrast coordinate into the unit of the effect.
    fit
        The fit that the score is of: its standard error is then robust to unequal variances and knows of its estimated
        unit, as that of `set_effect.hedges_g`. None: the ordinary standard error.
    variances
        Of the covariates' contrast coordinates, where these were estimated; the effect takes over their error.
    """
    rows = target[None] if fit is None else np.vstack([target, fit.score_basis])
    space, widening, taken_over = rows, 1.0, 0.0
    if covariates is not None and len(covariates):
        space, widening, _ = _regress_out(rows, covariates)
        if variances is not None:
            slopes = np.linalg.solve(covariates[:, 1:] @ covariates[:, 1:].T, covariates[:, 1:] @ target[1:])
            taken_over = float(slopes**2 @ variances) * factor**2
    own, scale = space[0], factor * widening
    df, variance = float(len(own) - 1), np.mean(own[None, 1:] ** 2, axis=1)
    if fit is None:
        return _estimate(float(own[0]) * scale, float(np.sqrt(variance[0] * scale**2 + taken_over)), df)
    design, weight = sandwich(space[1:], fit.blocks), 1 / (variance * scale**2)
    if design.usable:
        variance, df = design.variances(own[None, 1:]), design.df
    variance = variance * scale**2 + taken_over
    found = infer_standardised(own[None, 0] * scale, variance, df, within_groups_df(fit), weight)
    columns = (found.effect, found.se, found.ci_low, found.ci_high, found.df, found.p_value)
    return Estimate(*(float(values[0]) for values in columns))


def _estimate(effect: float, se: float, df: float) -> Estimate:
    half = float(t_quantile(0.975, df)) * se
    p_value = float(two_sided_p(np.array(effect / se), df))
    return Estimate(effect, se, effect - half, effect + half, df, p_value)


def pool_estimates(estimates: Sequence[WithError], weights: NDArray[np.float64] | None = None) -> PooledEstimate:
    """Return one estimand over independent cohorts, pooled by the method that carries the total effect.

    Parameters
    ----------
    estimates
        One per cohort.
    weights
        Those of the total effect (`pooled_effect.weights_in`): only so do the two differ by the adjustment alone. None: 1 / SE².
    """
    pooled = pool(
        np.array([[estimate.effect for estimate in estimates]]),
        np.array([[estimate.effect_se for estimate in estimates]]),
        # An error that comes from a bootstrap has no degrees of freedom.
        np.array([[estimate.df if isinstance(estimate, Estimate) else np.inf for estimate in estimates]]),
        weights=np.array([[1 / estimate.effect_se**2 for estimate in estimates]]) if weights is None else weights[None],
    )
    carried = pooled.carried
    columns = (carried.effect, carried.ci_low, carried.ci_high, carried.p_value, carried.se, carried.df)
    effect, low, high, p_value, se, df = (float(values[0]) for values in columns)
    return PooledEstimate(effect, low, high, p_value, se, int(pooled.k[0]), df if np.isfinite(df) else None)


def _regress_out(
    effects: NDArray[np.float64], covariates: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Return the space without the covariates, by how much the contrast's standard error grows, and what they explain."""
    # Columns beyond the covariates' own span the residuals that they do not explain.
    basis, triangle = np.linalg.qr(covariates[:, 1:].T, mode="complete")
    n_covariates = len(covariates)
    rotated = effects[:, 1:] @ basis
    along = np.linalg.solve(triangle[:n_covariates].T, covariates[:, 0])
    widening = float(np.sqrt(1 + along @ along))
    contrast = (effects[:, 0] - rotated[:, :n_covariates] @ along) / widening
    return np.column_stack([contrast, rotated[:, n_covariates:]]), widening, rotated[:, :n_covariates]
