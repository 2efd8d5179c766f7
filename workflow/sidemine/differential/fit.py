"""Fit one contrast: filter genes, choose weights, rotate, moderate.

Policy. Counts: filter by expression, TMM, voom. Log2 values (arrays and log2 of normalised counts): moderated t with
the prior variance following mean expression (limma-trend): needed for counts, harmless for arrays. Genes with a missing
value in any sample of the contrast are not tested: the set tests need one residual space for all genes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from sidemine.differential.block_correlation import consensus_correlation, quality_weights
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.counts import (
    MIN_COUNT,
    TOO_SHALLOW,
    expressed_by_counts,
    reads_for_all_groups,
    smallest_group,
    voom,
)
from sidemine.differential.design import refuse_what_one_unit_decides
from sidemine.differential.empirical_bayes import squeeze_variances
from sidemine.differential.linear_model import CommonSpace, EffectSpace, common_space, effect_space
from sidemine.differential.record import FitFacts
from sidemine.errors import InputError, Problem, Untestable
from sidemine.sources.scales import DIFFERENCE_UNITS, Layer
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.design import Design

log = logging.getLogger(__name__)

# A gene of log2(normalised count + 1) is expressed when its mean over the samples of the contrast exceeds this.
MIN_MEAN_LOG2_NORMALISED_COUNT = 1.0
MIN_GENES = 3


@dataclass(frozen=True)
class _Observations:
    """Log2 values with whatever weights and correlation they are to be fitted with."""

    values: NDArray[np.float64]
    observation_weights: NDArray[np.float64] | None = None
    sample_weights: NDArray[np.float64] | None = None
    correlation: float = 0.0


def fit_contrast(
    values: NDArray[np.float64],
    genes: Sequence[str],
    design: Design,
    *,
    layer: Layer = "log2",
    trend: bool | None = None,
    robust: bool = False,
    array_weights: bool = False,
    filter_low_expression: bool = False,
    min_count: float = MIN_COUNT,
    min_mean: float = MIN_MEAN_LOG2_NORMALISED_COUNT,
    only: Collection[str] | None = None,
) -> ContrastFit:
    """Fit the contrast of a design to every gene.

    Parameters
    ----------
    values
        Genes × samples, the samples in the order of `design.samples`, in the unit of `layer`.
    genes
        Approved symbols, one per row.
    design
        From `design.build_design`.
    layer
        log2: moderated t with a variance trend. counts: filter, TMM, voom. z_score and fraction: as log2, and differences
        are in their unit; z-scores without a trend, for all their means are alike.
    trend
        Let the prior variance follow mean expression. None: yes for log2 and fractions, no for counts, where voom's weights
        carry the trend already.
    robust
        Robust empirical Bayes.
    array_weights
        Estimate a quality weight per sample.
    filter_low_expression
        For log2(x + 1) of sequenced abundances: drop genes whose mean over the samples is not above `min_mean`. Counts are
        always filtered, by `filterByExpr` and so that the shallow libraries of a group have reads too (`counts.reads_for_all_groups`); arrays
        never, because their background is a matter of the platform.
    min_count, min_mean
        Reads, and mean log2(normalised count + 1), from which on a gene is expressed.
    only
        Genes to return, where nothing but their scores is wanted (`score_effects`, which weights and correlations of
        all genes still shape). They are moderated among themselves, so their t and p mean nothing. None: all genes.

    Raises
    ------
    InputError
        When values do not fit to genes and samples, or counts are negative.
    Untestable
        When fewer than 3 genes are left, the block correlation cannot be estimated, or the difference hangs on one block.
    """
    values = np.asarray(values, dtype=np.float64)
    tested, dropped, observations = _prepare(
        values, genes, [design], layer, array_weights, filter_low_expression, min_count, min_mean
    )
    if only is not None:
        tested, observations = _only(tested, observations, set(only))
    trend = layer in {"log2", "fraction"} if trend is None else trend
    return _moderate(observations, tested, dropped, design, layer, trend, robust)


def fit_contrasts(
    values: NDArray[np.float64],
    genes: Sequence[str],
    designs: Sequence[Design],
    *,
    layer: Layer = "log2",
    robust: bool = False,
    array_weights: bool = False,
    filter_low_expression: bool = False,
) -> list[ContrastFit]:
    """Fit several contrasts of one linear model: weights and block correlation are estimated once.

    Parameters
    ----------
    values, genes, layer, robust, array_weights, filter_low_expression
        As in `fit_contrast`.
    designs
        One per contrast, of the same samples and the same space (`arms.ArmsModel.design_of`).

    Raises
    ------
    InputError, Untestable
        As in `fit_contrast`.
    """
    values = np.asarray(values, dtype=np.float64)
    tested, dropped, observed = _prepare(
        values,
        genes,
        designs,
        layer,
        array_weights,
        filter_low_expression,
        MIN_COUNT,
        MIN_MEAN_LOG2_NORMALISED_COUNT,
    )
    trend = layer in {"log2", "fraction"}
    return [_moderate(observed, tested, dropped, design, layer, trend, robust) for design in designs]


def _prepare(
    values: NDArray[np.float64],
    genes: Sequence[str],
    designs: Sequence[Design],
    layer: Layer,
    array_weights: bool,
    filter_low_expression: bool,
    min_count: float,
    min_mean: float,
) -> tuple[list[str], list[tuple[str, str]], _Observations]:
    """Return the genes that can be tested, those that cannot with the reasons, and what the former are fitted with."""
    design = designs[0]
    _check_shape(values, genes, design, layer)
    keep, dropped = _testable_genes(values, genes, designs, layer, filter_low_expression, min_count, min_mean)
    tested = [gene for gene, kept in zip(genes, keep, strict=True) if kept]
    if len(tested) < MIN_GENES:
        raise Untestable(
            Problem(
                f"{len(tested)} genes can be tested",
                f"{len(genes)} genes in the dataset; dropped: {_counted([reason for _, reason in dropped])}",
                f"at least {MIN_GENES} genes that vary and have no missing value in the samples of the contrast",
                "Check the scale and the file of the dataset.",
            )
        )
    return tested, dropped, _observe(values[keep], design, layer, array_weights)


def _only(genes: list[str], observed: _Observations, wanted: set[str]) -> tuple[list[str], _Observations]:
    """Keep some genes, with the sample weights that all genes gave."""
    rows = [row for row, gene in enumerate(genes) if gene in wanted]
    weights = observed.sample_weights
    if observed.observation_weights is not None:
        weights = mean_sample_weights(observed.observation_weights)
    kept = _Observations(observed.values[rows], sample_weights=weights, correlation=observed.correlation)
    return [genes[row] for row in rows], kept


def _check_shape(values: NDArray[np.float64], genes: Sequence[str], design: Design, layer: Layer) -> None:
    if values.shape != (len(genes), len(design.samples)):
        raise InputError(
            Problem(
                "the matrix does not fit to its genes and samples",
                f"matrix {values.shape[0]} × {values.shape[1]}, {len(genes)} genes, {len(design.samples)} samples",
                "genes × samples of the design, in its order",
                "This is a bug in sidemine: please report it.",
            )
        )
    if layer == "counts" and bool((values < 0).any()):
        raise InputError(
            Problem(
                "counts are negative",
                f"smallest value {np.nanmin(values):g}",
                "counts of 0 or more",
                "Correct `scale` in datasets.tsv: these values are no counts.",
            )
        )


def _testable_genes(
    values: NDArray[np.float64],
    genes: Sequence[str],
    designs: Sequence[Design],
    layer: Layer,
    filter_low: bool,
    min_count: float,
    min_mean: float,
) -> tuple[NDArray[np.bool_], list[tuple[str, str]]]:
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(values))
    complete: NDArray[np.bool_] = np.asarray(finite.all(axis=1))
    varies = np.zeros(len(values), dtype=bool)
    varies[complete] = np.ptp(values[complete], axis=1) > 0
    expressed = np.ones(len(values), dtype=bool)
    low, shallow, enough = "", "", expressed
    if layer == "counts" and complete.any():
        matrix = designs[0].matrix
        expressed[complete] = expressed_by_counts(values[complete], matrix, min_count)
        low = f"low expression: not about {min_count:g} reads in {smallest_group(matrix):.3g} samples (filterByExpr)"
        more = reads_for_all_groups(values[complete], [design.matrix for design in designs], min_count)
        if more > min_count:
            enough = expressed.copy()
            enough[complete] = expressed_by_counts(values[complete], matrix, more)
            shallow = f"low expression: too few {TOO_SHALLOW}"
    elif filter_low:
        expressed[complete] = values[complete].mean(axis=1) > min_mean
        low = f"low expression: mean log2(value + 1) not above {min_mean:g}"
    reasons = np.where(expressed, shallow, low).astype(object)
    reasons[~varies] = "constant in the samples of this contrast"
    out = np.flatnonzero(~(complete & varies & enough))
    for row in np.flatnonzero(~complete).tolist():
        reasons[row] = f"missing value in {int((~finite[row]).sum())} of {values.shape[1]} samples"
    dropped = [(genes[row], reason) for row, reason in zip(out.tolist(), reasons[out].tolist(), strict=True)]
    log.info("%d of %d genes are tested", len(genes) - len(dropped), len(genes))
    return complete & varies & enough, dropped


def _counted(reasons: list[str]) -> str:
    from collections import Counter

    return "; ".join(f"{count} {reason}" for reason, count in Counter(reasons).most_common(4)) or "none"


def _observe(values: NDArray[np.float64], design: Design, layer: Layer, array_weights: bool) -> _Observations:
    blocks = design.block_labels if design.blocking == "correlation" else None
    if layer == "counts":
        return _observe_counts(values, design.matrix, blocks, array_weights)
    weights = quality_weights(values, design.matrix) if array_weights else None
    correlation = 0.0 if blocks is None else consensus_correlation(values, design.matrix, blocks, weights)
    return _Observations(values, sample_weights=weights, correlation=correlation)


def _observe_counts(
    counts: NDArray[np.float64], matrix: NDArray[np.float64], blocks: NDArray[np.str_] | None, array_weights: bool
) -> _Observations:
    observed = voom(counts, matrix)
    weights: NDArray[np.float64] | None = None
    if array_weights:
        # Two rounds, as limma's voomWithQualityWeights.
        weights = quality_weights(observed.log_cpm, matrix, observed.weights)
        observed = voom(counts, matrix, sample_weights=weights)
        weights = quality_weights(observed.log_cpm, matrix, observed.weights)
    correlation = 0.0
    if blocks is not None:
        # Two rounds, as limma's users' guide advises: voom's trend depends on the correlation, and the reverse.
        first = consensus_correlation(observed.log_cpm, matrix, blocks, _combined(observed.weights, weights))
        observed = voom(counts, matrix, block_labels=blocks, correlation=first, sample_weights=weights)
        correlation = consensus_correlation(observed.log_cpm, matrix, blocks, _combined(observed.weights, weights))
    return _Observations(observed.log_cpm, _combined(observed.weights, weights), None, correlation)


def _combined(
    observation_weights: NDArray[np.float64], sample_weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    return observation_weights if sample_weights is None else observation_weights * sample_weights


def _moderate(
    observed: _Observations,
    genes: list[str],
    dropped: list[tuple[str, str]],
    design: Design,
    layer: Layer,
    trend: bool,
    robust: bool,
) -> ContrastFit:
    blocks = design.block_labels if design.blocking == "correlation" else None
    space = effect_space(
        observed.values,
        design.matrix,
        sample_weights=observed.sample_weights,
        observation_weights=observed.observation_weights,
        block_labels=blocks,
        correlation=observed.correlation,
    )
    sample_weights = observed.sample_weights
    if observed.observation_weights is not None:
        sample_weights = mean_sample_weights(observed.observation_weights)
    score_space = (
        space
        if isinstance(space, CommonSpace)
        else common_space(observed.values, design.matrix, sample_weights, blocks, observed.correlation)
    )
    units = design.block_labels if design.blocks_are_units else None
    if units is not None:
        refuse_what_one_unit_decides(score_space.basis, design)
    mean_expression = observed.values.mean(axis=1)
    return ContrastFit(
        genes=genes,
        mean_expression=mean_expression,
        stdev_unscaled=space.stdev_unscaled,
        effects=space.effects,
        score_effects=score_space.effects,
        score_basis=score_space.basis,
        score_covariates=score_space.covariate_effects,
        score_stdev_unscaled=float(score_space.stdev_unscaled[0]),
        samples=list(design.samples),
        blocks=[] if units is None else [str(label) for label in units],
        residual_df=space.residual_df,
        dropped_genes=[gene for gene, _ in dropped],
        dropped_reasons=[reason for _, reason in dropped],
        facts=_facts(observed, design, layer, trend, robust, sample_weights),
        **moderated_fields(space, mean_expression, trend, robust),
    )


def moderate_robustly(fit: ContrastFit) -> ContrastFit:
    """Return the same fit with robust empirical Bayes variances: nothing but the moderation is computed again."""
    space = EffectSpace(fit.effects, fit.stdev_unscaled)
    again = moderated_fields(space, fit.mean_expression, fit.facts.trend, robust=True)
    return replace(fit, **again, facts=replace(fit.facts, robust=True))


class ModeratedFields(TypedDict):
    """The fields of a fit that rest on moderated variances; see `ContrastFit`."""

    log2_fold_change: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    t: NDArray[np.float64]
    df: NDArray[np.float64]
    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]
    prior_variance: NDArray[np.float64]
    prior_df: NDArray[np.float64]
    posterior_variance: NDArray[np.float64]


def moderated_fields(
    space: EffectSpace, mean_expression: NDArray[np.float64], trend: bool, robust: bool
) -> ModeratedFields:
    """Return the fields of a fit that rest on moderated variances.

    Parameters
    ----------
    space
        Contrast and residuals of every gene.
    mean_expression
        Mean log2 expression, one per gene.
    trend
        Let the prior variance follow mean expression.
    robust
        Give outlying variances a prior of fewer degrees of freedom.
    """
    moderated = squeeze_variances(space.variances, space.residual_df, mean_expression if trend else None, robust)
    coefficients = space.coefficients
    se = space.stdev_unscaled * np.sqrt(moderated.posterior)
    t = coefficients / se
    df = np.minimum(space.residual_df + moderated.prior_df, len(t) * float(space.residual_df))
    half_width = t_quantile(0.975, df) * se
    p_value = two_sided_p(t, df)
    return ModeratedFields(
        log2_fold_change=coefficients,
        se=se,
        ci_low=coefficients - half_width,
        ci_high=coefficients + half_width,
        t=t,
        df=df,
        p_value=p_value,
        q_value=benjamini_hochberg(p_value),
        prior_variance=moderated.prior,
        prior_df=moderated.prior_df,
        posterior_variance=moderated.posterior,
    )


def mean_sample_weights(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one weight per sample: voom's weights, averaged over genes on the log scale, with mean 1.

    Parameters
    ----------
    weights
        Genes × samples.
    """
    average = np.exp(np.mean(np.log(weights), axis=0))
    return np.asarray(average / average.mean())


def _facts(
    observed: _Observations,
    design: Design,
    layer: Layer,
    trend: bool,
    robust: bool,
    sample_weights: NDArray[np.float64] | None,
) -> FitFacts:
    return FitFacts(
        engine="voom" if layer == "counts" else "limma-trend" if trend else "limma",
        unit=DIFFERENCE_UNITS[layer],
        trend=trend,
        robust=robust,
        blocking=design.blocking,
        block_correlation=observed.correlation if design.blocking == "correlation" else None,
        sample_weights=None if sample_weights is None else [float(weight) for weight in sample_weights],
        columns=list(design.columns),
    )
