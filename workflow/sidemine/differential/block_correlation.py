"""Consensus correlation within blocks (duplicate correlation) and sample quality weights.

Smyth, Michaud and Scott 2005 (doi 10.1093/bioinformatics/bti270); Ritchie et al. 2006 (doi 10.1186/1471-2105-7-261).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem, Untestable

if TYPE_CHECKING:
    from numpy.typing import NDArray


# limma's constants: trimmed share at each end, and how near to the bounds a gene's correlation may come.
TRIM, LARGEST, SMALLEST_ROOM = 0.15, 0.99, 0.01


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
    _refuse_told_blocks(matrix, block_labels)
    from sidemine.differential.variance_components import block_variance_shares

    largest = int(np.unique(block_labels, return_counts=True)[1].max())
    shares = np.clip(
        block_variance_shares(values, matrix, block_labels, weights), 1 / (1 - largest) + SMALLEST_ROOM, LARGEST
    )
    z = np.sort(np.arctanh(shares[np.isfinite(shares)]))
    cut = int(TRIM * len(z))
    return float(np.tanh(z[cut : len(z) - cut].mean()))


def _refuse_told_blocks(matrix: NDArray[np.float64], block_labels: NDArray[np.str_]) -> None:
    labels, sizes = np.unique(block_labels, return_counts=True)
    indicators = (block_labels[:, None] == labels[None, :]).astype(np.float64)
    q, _ = np.linalg.qr(matrix)
    left = indicators - q @ (q.T @ indicators)
    if sizes.max() > 1 and np.abs(left).max() > 1e-8:
        return
    raise Untestable(
        Problem(
            "no correlation within blocks can be estimated",
            f"{len(labels)} blocks, {len(block_labels)} samples, largest block {sizes.max()}",
            "blocks of several samples that are not already told by the covariates",
            "Use blocking = fixed, or leave `block` empty if the samples are independent.",
        )
    )


def quality_weights(
    values: NDArray[np.float64], matrix: NDArray[np.float64], observation_weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Estimate one precision weight per sample (limma's `arrayWeights`); poor samples get weights below 1.

    Parameters
    ----------
    values
        Genes × samples, log2.
    matrix
        Design, samples × coefficients.
    observation_weights
        Genes × samples, for example voom's; None: all 1.
    """
    from pylimma import array_weights

    return np.asarray(array_weights(values, matrix, weights=observation_weights), dtype=np.float64)
