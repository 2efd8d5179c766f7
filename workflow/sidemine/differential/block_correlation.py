"""Consensus correlation within blocks (duplicate correlation) and sample quality weights, through pylimma.

Smyth, Michaud and Scott 2005 (doi 10.1093/bioinformatics/bti270); Ritchie et al. 2006 (doi 10.1186/1471-2105-7-261).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem, Untestable

if TYPE_CHECKING:
    from numpy.typing import NDArray


def consensus_correlation(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    block_labels: NDArray[np.str_],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Estimate the correlation between samples of one block, one number for all genes.

    Parameters
    ----------
    values
        Genes × samples, log2 units.
    matrix
        Design, samples × coefficients.
    block_labels
        One label per sample.
    weights
        Genes × samples (voom) or one per sample; None for none.

    Raises
    ------
    Untestable
        When no correlation can be estimated, for example because the blocks are part of the design already.
    """
    import warnings

    from pylimma import duplicate_correlation

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        estimate = float(
            duplicate_correlation(values, matrix, block=block_labels, weights=weights)["consensus_correlation"]
        )
    reasons = [str(warning.message) for warning in told if "correlation to zero" in str(warning.message)]
    if reasons or not np.isfinite(estimate):
        raise Untestable(
            Problem(
                "no correlation within blocks can be estimated",
                "; ".join(reasons) or f"{len(set(block_labels.tolist()))} blocks, {len(block_labels)} samples",
                "blocks of several samples that are not already told by the covariates",
                "Use blocking = fixed, or leave `block` empty if the samples are independent.",
            )
        )
    return estimate


def quality_weights(
    values: NDArray[np.float64], matrix: NDArray[np.float64], observation_weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Estimate one precision weight per sample (limma's `arrayWeights`); poor samples get weights below 1."""
    from pylimma import array_weights

    return np.asarray(array_weights(values, matrix, weights=observation_weights), dtype=np.float64)
