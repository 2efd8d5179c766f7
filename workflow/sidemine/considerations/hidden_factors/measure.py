"""The primary effect of a cohort hypothesis with the hidden factors of each contrast in the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.hidden_factors.correlates import Samples, find_correlates
from sidemine.considerations.hidden_factors.factors import DF_PER_FACTOR, Factors, find_factors
from sidemine.considerations.hidden_factors.record import (
    AdjustedForFactors,
    FactorsOfContrast,
    Follows,
    HiddenFactor,
    HiddenFactors,
    NotAdjustedForFactors,
)
from sidemine.effect.adjustment import FEWEST_RESIDUAL_DF, adjusted_estimate, set_score, standardised
from sidemine.enrichment.set_effect import score_factor
from sidemine.records import fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit
    from sidemine.study.choices import Score

    Array = NDArray[np.float64]

CLOSE = 0.5
"""A gene whose residuals correlate with the score's by more than this may answer to the pathway, and shows no other factor."""
FEWEST_GENES = 100
"""Genes outside the sets below which factors are not looked for."""
PATHWAY_FAMILIES = ("target", "member")


def measure_hidden_factors(
    hypothesis: str,
    fits: Mapping[str, ContrastFit],
    primary: pd.DataFrame,
    gene_sets: pd.DataFrame,
    samples: Mapping[str, Samples] | None = None,
    score: Score = "mean",
) -> HiddenFactors:
    """Adjust the primary effect of a cohort hypothesis for the hidden factors of each of its contrasts.

    Parameters
    ----------
    hypothesis
        Its id.
    fits
        Fits of its primary contrasts that could be tested.
    primary
        Rows of the primary set (`gene_set_table.GENE_SETS`), genes common to all pooled cohorts.
    gene_sets
        The study's sets: those of the pathway hold no hidden factor.
    samples
        Samples of the contrasts, to tell what factors go with; without them only sets are compared.
    score
        As the hypothesis declares it.
    """
    return HiddenFactors(
        hypothesis,
        [
            adjust_for_factors(contrast, fit, primary, gene_sets, (samples or {}).get(contrast), score)
            for contrast, fit in fits.items()
        ],
    )


def adjust_for_factors(
    contrast: str,
    fit: ContrastFit,
    primary: pd.DataFrame,
    gene_sets: pd.DataFrame,
    samples: Samples | None = None,
    score: Score = "mean",
) -> FactorsOfContrast:
    """Adjust the primary effect of one contrast for its hidden factors.

    Parameters
    ----------
    contrast, fit
        Its id and its fit.
    primary, gene_sets
        As in `measure_hidden_factors`.
    samples
        Its samples; None: factors are compared with sets only.
    score
        As the hypothesis declares it.

    Returns
    -------
    AdjustedForFactors or NotAdjustedForFactors
        Effects are Hedges g, target minus reference, on the scale of the total.
    """
    target = set_score(fit, primary, score)
    rows, n_close = genes_to_search(fit, target, primary, gene_sets)
    factor = score_factor(fit)
    total = adjusted_estimate(target, None, factor, fit)
    known = NotAdjustedForFactors(contrast, _why_not(fit, len(rows)), len(rows), n_close, total)
    if known.reason:
        return known
    factors_found = find_factors(standardised(fit)[rows])
    follows = find_correlates(fit, factors_found, rows, gene_sets, samples)
    return AdjustedForFactors(
        **fields_of(known),
        adjusted=adjusted_estimate(target, factors_found.scores, factor, fit, factors_found.variances),
        factors=[_factor(number, factors_found, target, factor, own) for number, own in enumerate(follows)],
        n_beyond=factors_found.n_beyond,
    )


def genes_to_search(
    fit: ContrastFit, target: Array, primary: pd.DataFrame, gene_sets: pd.DataFrame
) -> tuple[NDArray[np.intp], int]:
    """Return the rows of the genes that may show a hidden factor, and how many were left out as close to the score.

    Parameters
    ----------
    fit, primary, gene_sets
        As in `adjust_for_factors`.
    target
        The primary set's score in the effect space.

    Returns
    -------
    numpy.ndarray and int
        Positions in the fit, shape (n_genes,), and a count.
    """
    pathway = gene_sets.loc[gene_sets["family"].isin(PATHWAY_FAMILIES), "gene"]
    inside = set(pathway) | set(primary["gene"])
    residuals = fit.score_effects[:, 1:]
    length = np.sqrt(np.sum(residuals**2, axis=1))
    outside = np.array([gene not in inside for gene in fit.genes]) & (length > 0)
    along = np.abs(residuals @ target[1:]) / np.linalg.norm(target[1:])
    close = along > CLOSE * length
    return np.flatnonzero(outside & ~close), int(np.sum(outside & close))


def _why_not(fit: ContrastFit, n_genes: int) -> str:
    if fit.residual_df < FEWEST_RESIDUAL_DF + DF_PER_FACTOR:
        return f"not possible with {len(fit.samples)} samples ({fit.residual_df} residual degrees of freedom)"
    if n_genes < FEWEST_GENES:
        return f"not possible with {n_genes} genes outside the pathway's sets; {FEWEST_GENES} are needed"
    return ""


def _factor(number: int, found: Factors, target: Array, factor: float, follows: list[Follows]) -> HiddenFactor:
    scores = found.scores[number]
    spread = float(np.sqrt(np.mean(scores[1:] ** 2)))
    return HiddenFactor(
        share=100 * float(found.shares[number]),
        reliability=float(found.reliability[number]),
        difference=adjusted_estimate(scores / spread, None, factor),
        correlation=float(scores[1:] @ target[1:] / np.linalg.norm(scores[1:]) / np.linalg.norm(target[1:])),
        follows=follows,
    )
