"""How large is a set's change? Effects of per-sample set scores, on two scales.

A per-sample score is linear in its genes, so its regression on the design is the same combination of the genes' effect
spaces: contrast and residuals of the score follow without fitting again. Under voom the weights differ between genes;
a score has one value per sample, so it is fitted with one weight per sample: voom's weights averaged over all tested
genes on the log scale (`ContrastFit.score_effects`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.linear_model import EffectSpace
from sidemine.enrichment.set_membership import SetMembership
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def set_effects(fit: ContrastFit, membership: SetMembership, level: float = 0.95) -> pd.DataFrame:
    """Return the effect of every set: contrast of its per-sample signed, weight-normalised mean log2 expression.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit.
    level
        Level of the confidence intervals.

    Returns
    -------
    pandas.DataFrame
        One row per set: gene_set, effect (log2, target minus reference), effect_se, ci_low, ci_high, df (residual;
        the score is not moderated), p_value; complement_effect, complement_se (mean of all measured genes outside
        the set); over_complement, over_complement_se, over_complement_ci_low, over_complement_ci_high (effect minus
        Σw/Σ|w| times the complement, fitted as one score).
    """
    import pandas as pd
    from scipy.sparse import csr_array

    shares = membership.shares()
    inside = csr_array(abs(membership.weights).sign())
    n_outside = (inside.shape[1] - membership.n_measured).astype(np.float64)
    effects = fit.score_effects
    score = np.asarray(shares @ effects)
    with np.errstate(divide="ignore", invalid="ignore"):
        complement = (effects.sum(axis=0) - np.asarray(inside @ effects)) / n_outside[:, None]
    complement = np.where(n_outside[:, None] > 0, complement, np.nan)
    over = score - np.asarray(shares.sum(axis=1)).ravel()[:, None] * complement
    scale, df = fit.score_stdev_unscaled, fit.residual_df
    inside_set, outside, net = (_regression(each, scale, df, level) for each in (score, complement, over))
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "effect": inside_set["effect"],
            "effect_se": inside_set["se"],
            "ci_low": inside_set["ci_low"],
            "ci_high": inside_set["ci_high"],
            "df": np.full(len(score), fit.residual_df),
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
    level: float = 0.95,
    *,
    standardise: bool = True,
) -> pd.DataFrame:
    """Return Hedges g of every set's score, the scale on which cohorts are compared and pooled.

    The score is the signed, weight-normalised mean of z over the given genes, z being log2 expression divided by the
    gene's residual standard deviation in this model. Effect and standard error come from the score's own regression on
    the same design; both are divided by the score's residual standard deviation and multiplied by the small-sample
    factor J (Hedges 1981, doi 10.3102/10769986006002107), so that g / g_se is the regression's t.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit.
    genes
        Genes common to all cohorts; None: all tested genes.
    level
        Level of the confidence intervals.
    standardise
        False: the score is the mean of log2 expression itself, so that variable genes weigh more.

    Returns
    -------
    pandas.DataFrame
        One row per set: gene_set, n_genes, g, g_se, ci_low, ci_high, df, p_value. NaN where none of its genes is
        among `genes`.

    Notes
    -----
    With fixed block effects the standard deviation is the one within blocks, so g is not comparable with that of an
    unpaired cohort.
    """
    import pandas as pd
    from scipy.sparse import csr_array

    common = np.ones(len(fit.genes)) if genes is None else np.isin(fit.genes, list(genes)).astype(np.float64)
    weights = csr_array(membership.weights * common[None, :])
    total = np.asarray(abs(weights).sum(axis=1)).ravel()
    residual_sd = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1))
    # A gene without residual variance has no z; it cannot tell samples apart, so it does not count.
    scale = np.where(residual_sd > 0, 1 / np.where((residual_sd > 0) & standardise, residual_sd, 1), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.asarray(weights @ (fit.score_effects * scale[:, None])) / total[:, None]
        spread = np.sqrt(np.mean(score[:, 1:] ** 2, axis=1))
        standardised = score / spread[:, None] * small_sample_factor(fit.residual_df)
        result = _regression(standardised, fit.score_stdev_unscaled, fit.residual_df, level)
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_genes": np.asarray((weights != 0).sum(axis=1)).ravel().astype(np.int64),
            "g": result["effect"],
            "g_se": result["se"],
            "ci_low": result["ci_low"],
            "ci_high": result["ci_high"],
            "df": np.full(len(score), fit.residual_df),
            "p_value": result["p_value"],
        }
    )


def gene_hedges_g(fit: ContrastFit) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Hedges g of every gene and its standard error, genes in the order of the fit.

    The gene is treated as a set of one: its coefficient divided by its residual standard deviation, times J; the
    standard error is that of the gene's own regression on the same scale, so that g / se is its ordinary (not
    moderated) t. NaN where a gene has no residual variance.
    """
    spread = np.sqrt(np.mean(fit.score_effects[:, 1:] ** 2, axis=1))
    scale = np.full(len(spread), fit.score_stdev_unscaled * small_sample_factor(fit.residual_df))
    with np.errstate(divide="ignore", invalid="ignore"):
        size = fit.score_effects[:, 0] / spread * scale
    usable = spread > 0
    return np.where(usable, size, np.nan), np.where(usable, scale, np.nan)


def small_sample_factor(df: float) -> float:
    """Return Hedges' exact correction J(df), which takes the bias from a standardised difference."""
    from scipy.special import gammaln

    if df <= 1:
        return float("nan")
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def sample_score_effect(space: EffectSpace, level: float = 0.95, *, hedges: bool) -> dict[str, NDArray[np.float64]]:
    """Return the effect of per-sample scores that are no linear combination of genes, such as medians.

    Parameters
    ----------
    space
        Effect space of the scores, one row each.
    level
        Level of the confidence intervals.
    hedges
        True: Hedges g, in the score's own residual standard deviations. False: the score's own unit.

    Returns
    -------
    dict
        effect, se, ci_low, ci_high, p_value; one entry per score.
    """
    scores = space.effects
    if hedges:
        spread = np.sqrt(np.mean(scores[:, 1:] ** 2, axis=1, keepdims=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = scores / spread * small_sample_factor(space.residual_df)
    return _regression(scores, float(space.stdev_unscaled[0]), space.residual_df, level)


def _regression(
    score: NDArray[np.float64], stdev_unscaled: float, df: int, level: float
) -> dict[str, NDArray[np.float64]]:
    """Ordinary (not moderated) inference for scores given in the effect space, scores × (1 + residual df)."""
    effect = score[:, 0] * stdev_unscaled
    se = np.sqrt(np.mean(score[:, 1:] ** 2, axis=1)) * stdev_unscaled
    half_width = float(t_quantile((1 + level) / 2, df)) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = effect / se
    return {
        "effect": effect,
        "se": se,
        "ci_low": effect - half_width,
        "ci_high": effect + half_width,
        "p_value": two_sided_p(statistic, float(df)),
    }
