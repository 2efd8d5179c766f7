"""How large is a set's change? Effects of per-sample set scores, on two scales.

A per-sample score is linear in its genes, so its regression on the design is the same combination of the genes' effect
spaces: contrast and residuals of the score follow without fitting again. Under voom the weights differ between genes;
a score has one value per sample, so it is fitted with one weight per sample: voom's weights averaged over all tested
genes on the log scale (`ContrastFit.score_effects`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.linear_model import CommonSpace
from sidemine.enrichment.huber_score import huber_pseudo_values
from sidemine.enrichment.set_membership import SetMembership, are_among
from sidemine.stats.sandwich import Sandwich, sandwich
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from sidemine.study.choices import Score

MOST_DOUBTED_DF = 3
"""Degrees of freedom, at most, that count as if covariates had explained nothing: pairs take half of all, however many there are."""


def set_effects(fit: ContrastFit, membership: SetMembership, *, one_variance: bool = False) -> pd.DataFrame:
    """Return the effect of every set: contrast of its per-sample signed, weight-normalised mean log2 expression.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit.
    one_variance
        All samples share one variance, so that a contrast of two groups takes it from the other groups of the model too.

    Returns
    -------
    pandas.DataFrame
        One row per set: gene_set, effect (log2, target minus reference), effect_se, ci_low, ci_high, df, p_value (errors robust
        to unequal variances, by sample or by block, with their degrees of freedom: `stats.sandwich`; ordinary ones where these
        cannot be had or `one_variance` is assumed of samples; the score is not moderated); complement_effect, complement_se (mean of all measured genes outside the set);
        over_complement, over_complement_se, over_complement_ci_low, over_complement_ci_high (effect minus
        Σw/Σ|w| times the complement, fitted as one score).
    """
    import pandas as pd

    score, complement, over = _scores(fit, membership)
    robust = None if one_variance and not fit.blocks else fit.score_sandwich
    inside_set, outside, net = (
        _regression(each, fit.score_stdev_unscaled, robust) for each in (score, complement, over)
    )
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "effect": inside_set["effect"],
            "effect_se": inside_set["se"],
            "ci_low": inside_set["ci_low"],
            "ci_high": inside_set["ci_high"],
            "df": inside_set["df"],
            "p_value": inside_set["p_value"],
            "complement_effect": outside["effect"],
            "complement_se": outside["se"],
            "over_complement": net["effect"],
            "over_complement_se": net["se"],
            "over_complement_ci_low": net["ci_low"],
            "over_complement_ci_high": net["ci_high"],
        }
    )


def hedges_g(
    fit: ContrastFit,
    membership: SetMembership,
    genes: Sequence[str] | None = None,
    *,
    standardise: bool = True,
    score: Score = "mean",
) -> pd.DataFrame:
    """Return Hedges g of every set's score, the scale on which cohorts are compared and pooled.

    The score is the signed, weight-normalised mean of z over the given genes, z being log2 expression divided by the
    gene's standard deviation in this model (`gene_spread`). Effect and standard error come from the score's own regression on
    the declared design; both are counted in standard deviations between people within a group, see `_standardise`.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit.
    genes
        Genes common to all cohorts; None: all tested genes.
    standardise
        False: the score is the mean of log2 expression itself, so that variable genes weigh more.
    score
        huber: the score's regression is Huber's, so that single people far from the others weigh less. The unit stays that of
        the score itself, so that both are on one scale.

    Returns
    -------
    pandas.DataFrame
        One row per set: gene_set, n_genes, g, g_se, ci_low, ci_high, df, p_value, weight, as `Standardised` tells. NaN
        where none of its genes is among `genes`.
    """
    import pandas as pd
    from scipy.sparse import csr_array

    common = np.ones(len(fit.genes)) if genes is None else are_among(fit.genes, genes).astype(np.float64)
    weights = csr_array(membership.weights * common[None, :])
    total = np.asarray(abs(weights).sum(axis=1)).ravel()
    spread = gene_spread(fit.score_effects)
    # A gene without residual variance has no z; it cannot tell samples apart, so it does not count.
    scale = np.where(spread > 0, 1 / np.where((spread > 0) & standardise, spread, 1), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        own, covariates = (
            np.asarray(weights @ (values * scale[:, None])) / total[:, None]
            for values in (fit.score_effects, fit.score_covariates)
        )
    found = _standardise(_scores_of(fit, own, covariates).regressed_by(score))
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_genes": np.asarray((weights != 0).sum(axis=1)).ravel().astype(np.int64),
            "g": found.effect,
            "g_se": found.se,
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
            "df": found.df,
            "p_value": found.p_value,
            "weight": found.weight,
        }
    )


def gene_spread(effects: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard deviation that each gene is counted in where a score takes the mean over genes; 0 without residuals.

    Parameters
    ----------
    effects
        Genes × (1 + residual df), as `linear_model.EffectSpace` has them.

    Returns
    -------
    NDArray[np.float64]
        Shape (n_genes,). The gene's own difference counts as one more residual, as far as chance explains it: up to its two-sided
        95 % t quantile, so that a gene that moves is weighed less by 1 % at most in a hundred people.

    Notes
    -----
    Residuals alone would let chance in unseen. A gene whose residuals came out small is weighed more, and its difference with it,
    which did not come out small: differences of a score then scatter more than its residuals tell (without any effect p ≤ .05 in
    10 to 12 % of cohorts of 3 v 3, 5.5 to 6 % of 15 v 15). With all coordinates in it every direction of the space would be alike, and
    the t of the score exact; but a gene that moves would lose weight.
    """
    return spread_with_difference(effects[:, 0] ** 2, (effects[:, 1:] ** 2).sum(axis=1), effects.shape[1] - 1)


def spread_with_difference(
    difference: NDArray[np.float64], residuals: NDArray[np.float64], df: int
) -> NDArray[np.float64]:
    """Return `gene_spread` from sums of squares: that of the difference, on one degree of freedom, and those of the residuals.

    Parameters
    ----------
    difference, residuals, df
        Sums of squares of each gene, and the residual degrees of freedom.
    """
    by_chance = t_quantile(0.975, float(df)) ** 2 * residuals / df
    return np.asarray(np.sqrt((residuals + np.minimum(difference, by_chance)) / (df + 1)))


def gene_hedges_g(fit: ContrastFit) -> Standardised:
    """Return Hedges g of every gene, genes in the order of the fit: each is treated as a set of one."""
    return _standardise(_scores_of(fit, fit.score_effects, fit.score_covariates))


@dataclass(frozen=True)
class Standardised:
    """Hedges g of scores or genes, one entry each; NaN where there is no variance.

    Attributes
    ----------
    effect
        g: target minus reference, in standard deviations between people within a group.
    se, df
        Its standard error, with what the estimated standard deviation adds, and its degrees of freedom.
    ci_low, ci_high
        Confidence limits, t on `df`.
    p_value
        Two-sided p of no difference: the robust t, without what the standard deviation adds.
    weight
        Weight in a pooled effect: 1 / SE², the SE of equal variances, which the scatter of the data hardly moves: what covariates
        explain is taken towards nothing, the more so the fewer residual degrees of freedom it rests on.
    """

    effect: NDArray[np.float64]
    se: NDArray[np.float64]
    df: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class _Scores:
    """Scores in the effect space of their design, with their sum of squares within groups on its degrees of freedom."""

    effects: NDArray[np.float64]
    within: NDArray[np.float64]
    within_df: float
    basis: NDArray[np.float64]
    design: Sandwich
    stdev_unscaled: float
    fixed_blocks: bool

    def regressed_by(self, score: Score) -> _Scores:
        """Return them as a declared way of regression takes them."""
        if score != "huber":
            return self
        return replace(self, effects=huber_pseudo_values(self.effects, self.basis, paired=self.fixed_blocks))


def _scores_of(fit: ContrastFit, effects: NDArray[np.float64], covariates: NDArray[np.float64]) -> _Scores:
    fixed = fit.facts.blocking == "fixed"
    within = _within(effects, covariates)
    return _Scores(
        effects, within, within_groups_df(fit), fit.score_basis, fit.score_sandwich, fit.score_stdev_unscaled, fixed
    )


def _within(effects: NDArray[np.float64], covariates: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((effects[:, 1:] ** 2).sum(axis=1) + (covariates**2).sum(axis=1))


def _standardise(scores: _Scores) -> Standardised:
    """Count effects in standard deviations between people within a group.

    The unit is the pooled standard deviation within the two groups *without* covariates and pairs, so that cohorts whose
    models differ are on one scale; the effect is that of the declared model (for pairs the raw-score metric of Morris and
    DeShon 2002, doi 10.1037/1082-989X.7.1.105), times J (Hedges 1981, doi 10.3102/10769986006002107). Its standard error
    is robust (`stats.sandwich`), since a small group that varies more than a large one makes the ordinary one too small.
    What the estimated unit adds is g²/2ν with ν = n − 2, in pairs of correlation r (n − 2)/(1 + r²). The degrees of freedom
    are those of the robust error: shared ones would be the unit's where that error came out small by chance, and the interval
    of a few samples would exclude 0 where its p does not. Where a sample that shapes the contrast
    has no residual, the ordinary standard error stands in.
    """
    effects, residual_df = scores.effects, scores.effects.shape[1] - 1
    design = scores.design
    ordinary = np.mean(effects[:, 1:] ** 2, axis=1)
    robust = design.variances(effects[:, 1:]) if design.usable else ordinary
    test_df = design.df if design.usable else float(residual_df)
    within_df = scores.within_df
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(ordinary > 0, scores.within / within_df, np.nan)
        correlation = np.clip(1 - ordinary / variance, 0, 1) if scores.fixed_blocks else np.zeros(len(effects))
        factor = small_sample_factor(within_df) * scores.stdev_unscaled / np.sqrt(variance)
        own, unit_df = robust * factor**2, within_df / (1 + correlation**2)
        # On few residual degrees of freedom what the covariates explain is noise, and one cohort of 3 v 3 could outweigh 70 v 63:
        # as many degrees of freedom as the covariates take, a few at most, count as if they had explained nothing.
        doubted = min(within_df - residual_df, MOST_DOUBTED_DF)
        left = (residual_df * ordinary + doubted * variance) / (residual_df + doubted)
        weight = 1 / (left * factor**2)
        return infer_standardised(effects[:, 0] * factor, own, test_df, unit_df, weight)


def infer_standardised(
    g: NDArray[np.float64],
    variance: NDArray[np.float64],
    df: float,
    unit_df: ArrayLike,
    weight: NDArray[np.float64],
) -> Standardised:
    """Return the inference on effects whose unit is a standard deviation that was estimated too.

    Parameters
    ----------
    g, weight
        The effects, and their weights in a pooled effect.
    variance, df
        Variance of each effect as if its unit were known, and the degrees of freedom of that variance.
    unit_df
        Degrees of freedom of the unit, one for all or one each.
    """
    unit = np.asarray(unit_df, dtype=np.float64)
    added = g**2 / (2 * unit)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = two_sided_p(g / np.sqrt(variance), df)
    se = np.sqrt(variance + added)
    half_width = t_quantile(0.975, df) * se
    p_value = np.where(np.isnan(g), np.nan, p_value)
    return Standardised(g, se, np.full_like(se, df), g - half_width, g + half_width, p_value, weight)


def score_factor(fit: ContrastFit) -> float:
    """Return what turns a score's contrast coordinate, in standard deviations between people, into Hedges g."""
    return small_sample_factor(within_groups_df(fit)) * fit.score_stdev_unscaled


def within_groups_df(fit: ContrastFit) -> float:
    """Return the degrees of freedom of the standard deviation within the two groups: samples minus 2."""
    return float(fit.residual_df + fit.score_covariates.shape[1])


def small_sample_factor(df: float) -> float:
    """Return Hedges' exact correction J(df), which takes the bias from a standardised difference."""
    from scipy.special import gammaln

    if df <= 1:
        return float("nan")
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def sample_score_effect(
    space: CommonSpace, blocks: Sequence[str], *, fixed_blocks: bool, score: Score = "mean"
) -> Standardised:
    """Return Hedges g of per-sample scores that are no linear combination of genes, such as medians.

    Parameters
    ----------
    space
        Effect space of the scores, one row each.
    blocks, fixed_blocks
        Block of each sample where blocks enter as a correlation; whether they enter as columns.
    score
        As in `hedges_g`.
    """
    stdev = float(space.stdev_unscaled[0])
    within = _within(space.effects, space.covariate_effects)
    df = float(space.residual_df + space.covariate_effects.shape[1])
    scores = _Scores(space.effects, within, df, space.basis, sandwich(space.basis, blocks), stdev, fixed_blocks)
    return _standardise(scores.regressed_by(score))


def plain_score_effect(space: CommonSpace, blocks: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the effect of per-sample scores in their own unit: effect, se, ci_low, ci_high, df, p_value, one entry each.

    Parameters
    ----------
    space
        Effect space of the scores, one row each.
    blocks
        Block of each sample where errors count a block once; otherwise empty.
    """
    return _regression(space.effects, float(space.stdev_unscaled[0]), sandwich(space.basis, blocks))


def _scores(
    fit: ContrastFit, membership: SetMembership
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the score of every set, that of its complement, and the one over the other: sets × (1 + residual df)."""
    from scipy.sparse import csr_array

    shares = membership.shares()
    inside = csr_array(abs(membership.weights).sign())
    n_outside = (inside.shape[1] - membership.n_measured).astype(np.float64)
    effects = fit.score_effects
    score = np.asarray(shares @ effects)
    with np.errstate(divide="ignore", invalid="ignore"):
        complement = (effects.sum(axis=0) - np.asarray(inside @ effects)) / n_outside[:, None]
    complement = np.where(n_outside[:, None] > 0, complement, np.nan)
    return score, complement, score - np.asarray(shares.sum(axis=1)).ravel()[:, None] * complement


def errors_by_sample(fit: ContrastFit, membership: SetMembership) -> NDArray[np.float64] | None:
    """Return what each sample adds to the error of a set over its complement, shape (samples,), as a vector of length 1.

    The scalar product of two such vectors, over shared samples, is the correlation of two effects as the residuals show it, however
    unequally samples vary. None where errors are none by sample (blocks are the units, or no such error can be had).

    Parameters
    ----------
    fit, membership
        A fitted contrast, and one set.
    """
    if fit.blocks or not fit.score_sandwich.usable:
        return None
    parts = np.asarray(_scores(fit, membership)[2][0, 1:] @ fit.score_sandwich.parts)
    length = float(np.linalg.norm(parts))
    return parts / length if length > 0 else None


def _regression(
    score: NDArray[np.float64], stdev_unscaled: float, robust: Sandwich | None
) -> dict[str, NDArray[np.float64]]:
    """Inference for scores given in the effect space, scores × (1 + residual df), robust to unequal variances where it can be."""
    effect = score[:, 0] * stdev_unscaled
    if robust is not None and robust.usable:
        variance, df = robust.variances(score[:, 1:]), robust.df
    else:
        variance, df = np.mean(score[:, 1:] ** 2, axis=1), float(score.shape[1] - 1)
    se = np.sqrt(variance) * stdev_unscaled
    half_width = float(t_quantile(0.975, df)) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = effect / se
    return {
        "effect": effect,
        "se": se,
        "ci_low": effect - half_width,
        "ci_high": effect + half_width,
        "df": np.full(len(effect), df),
        "p_value": two_sided_p(statistic, df),
    }
