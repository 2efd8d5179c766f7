"""The effect of one set in one contrast under a change, on the scale of its hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.measure import adjust_effect
from sidemine.considerations.robustness.contrast_data import ContrastData, NotApplicable, Refit
from sidemine.considerations.robustness.variants import Change
from sidemine.differential.linear_model import common_space
from sidemine.effect.record import Estimate
from sidemine.enrichment.set_effect import gene_spread, hedges_g, plain_score_effect, sample_score_effect, set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.records import fields_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.choices import Score

_OWN = ("effect", "effect_se", "ci_low", "ci_high", "p_value")
_OVER = ("over_complement", "over_complement_se", "over_complement_ci_low", "over_complement_ci_high", "p_value")
_SCORE = ("effect", "se", "ci_low", "ci_high", "p_value")
_G = ("g", "g_se", "ci_low", "ci_high", "p_value")


def cohort_effect(data: ContrastData, refit: Refit, rows: pd.DataFrame, change: Change, declared: Score) -> Estimate:
    """Return Hedges g of the set's score.

    Parameters
    ----------
    data, refit
        The contrast, and its fit under the change.
    rows
        Rows of the set, genes that all pooled cohorts measured.
    change
        Its statistic and composition are heeded here.
    declared
        The score that the hypothesis declares.

    Raises
    ------
    NotApplicable
        When composition cannot be adjusted for, or medians cannot be had.
    """
    score: Score = change.statistic if change.statistic in ("mean", "huber") else declared
    if change.composition:
        if data.markers is None:
            raise NotApplicable(data.without_markers or "no cell markers are declared")
        adjusted, reason = adjust_effect(refit.fit, rows, data.markers, data.contaminated, score)
        if adjusted is None:
            raise NotApplicable(reason)
        return adjusted
    if change.statistic == "median":
        return _median_effect(data, refit, rows, score)
    membership = build_membership(rows, refit.fit.genes, min_size=0)
    found = hedges_g(refit.fit, membership, standardise=change.statistic != "log2_mean", score=score)
    return _picked(found, _G, refit)


def experiment_effect(
    data: ContrastData,
    refit: Refit,
    rows: pd.DataFrame,
    change: Change,
    declared: Score,  # noqa: ARG001
) -> Estimate:
    """Return the mean signed log2 fold change of the set over that of its complement.

    Parameters
    ----------
    data, refit, rows, change, declared
        As in `cohort_effect`.
    """
    if change.statistic == "median":
        return _median_effect(data, refit, rows, None)
    found = set_effects(refit.fit, build_membership(rows, refit.fit.genes, min_size=0))
    columns = _OWN if change.statistic == "no_complement" else _OVER
    return _picked(found, columns, refit)


def _picked(
    found: pd.DataFrame | Mapping[str, NDArray[np.float64]], columns: tuple[str, ...], refit: Refit
) -> Estimate:
    effect, se, low, high, p_value = (float(np.asarray(found[column])[0]) for column in columns)
    df = float(np.asarray(found["df"])[0]) if "df" in found else float(refit.fit.residual_df)
    return Estimate(effect, se, low, high, df, p_value)


def _median_effect(data: ContrastData, refit: Refit, rows: pd.DataFrame, score: Score | None) -> Estimate:
    """Return the effect of the per-sample median: of z for cohorts, of log2 over the complement's for experiments (no score)."""
    if data.layer == "counts":
        raise NotApplicable("medians of read counts have no voom weights")
    fit, design = refit.fit, refit.design
    position = {gene: row for row, gene in enumerate(fit.genes)}
    signs = {gene: float(np.sign(weight)) for gene, weight in zip(rows["gene"], rows["weight"], strict=True)}
    inside = np.array([position[gene] for gene in signs if gene in position])
    values = data.values_of(fit.genes, design)
    values = values - values.mean(axis=1, keepdims=True)
    own = values[inside] * np.array([signs[fit.genes[row]] for row in inside])[:, None]
    if score:
        spread = gene_spread(fit.score_effects[inside])[:, None]
        own = own[spread[:, 0] > 0] / spread[spread[:, 0] > 0]
        medians = np.median(own, axis=0)
    else:
        outside = np.delete(values, inside, axis=0)
        share = float(np.mean([signs[fit.genes[row]] for row in inside]))
        medians = np.median(own, axis=0) - share * np.median(outside, axis=0)
    weights = fit.facts.sample_weights
    blocked = design.blocking == "correlation"
    space = common_space(
        medians[None, :],
        design.matrix,
        None if weights is None else _array(weights),
        design.block_labels if blocked else None,
        float(fit.facts.block_correlation or 0.0),
    )
    if score:
        found = sample_score_effect(space, fit.blocks, fixed_blocks=design.blocking == "fixed", score=score)
        return _picked(fields_of(found), _SCORE, refit)
    return _picked(plain_score_effect(space, fit.blocks), _SCORE, refit)


def _array(weights: list[float]) -> NDArray[np.float64]:
    return np.array(weights, dtype=np.float64)
