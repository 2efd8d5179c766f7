"""Read counts: which genes are expressed, how libraries are scaled, and voom's precision weights.

Filter: Chen, Lun and Smyth 2016 (doi 10.12688/f1000research.8987.2), as edgeR's `filterByExpr`. Scaling: TMM, Robinson
and Oshlack 2010 (doi 10.1186/gb-2010-11-3-r25). Weights: voom, Law et al. 2014 (doi 10.1186/gb-2014-15-2-r29).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_COUNT = 10.0
MIN_TOTAL_COUNT = 15.0
LARGE_GROUP, LARGE_GROUP_SHARE = 10.0, 0.7
SHALLOW_SHARE = 0.6
"""Reads of a gene in the libraries of a shallow group, as a share of those in the median of all: what the half read of voom lifts it by
then is the most that it may lift one side of a contrast over the other. Measured without any effect but 50,000 v 2 million reads (6 v 6,
NB, CV .4; sets of the least expressed quarter): .26 log2 higher in the shallow group without this demand, .04 with half the reads,
.02 with .6. Libraries that differ less than about three-fold keep edgeR's filter."""
_READS = np.geomspace(1, 1e5, 1000)
"""Times `MIN_COUNT`; the most reads that may be demanded."""
TOO_SHALLOW = "reads in the shallow libraries of one group"
"""End of the reason why a gene is not tested that only the deeper group has enough reads of."""
# Span of voom's trend, as published and as in limma before it grew an adaptive span.
VOOM_SPAN = 0.5


@dataclass(frozen=True)
class VoomValues:
    """log2 counts per million and their precision weights, both genes × samples."""

    log_cpm: NDArray[np.float64]
    weights: NDArray[np.float64]


def smallest_group(matrix: NDArray[np.float64]) -> float:
    """Return the effective size of the smallest group: one over the largest leverage of the design."""
    q, _ = np.linalg.qr(matrix)
    size = float(1 / np.max(np.sum(q**2, axis=1)))
    return size if size <= LARGE_GROUP else LARGE_GROUP + (size - LARGE_GROUP) * LARGE_GROUP_SHARE


def expressed_by_counts(
    counts: NDArray[np.float64], matrix: NDArray[np.float64], min_count: float = MIN_COUNT
) -> NDArray[np.bool_]:
    """Tell which genes are expressed: about 10 reads in as many samples as the smallest group has.

    Parameters
    ----------
    counts
        Genes × samples.
    matrix
        Design, samples × coefficients.
    min_count
        Reads that a library of the median size must have.
    """
    library_sizes = counts.sum(axis=0)
    cutoff = min_count / np.median(library_sizes) * 1e6
    per_million = counts / library_sizes * 1e6
    enough_samples = (per_million >= cutoff).sum(axis=1) >= smallest_group(matrix) - 1e-14
    return np.asarray(enough_samples & (counts.sum(axis=1) >= MIN_TOTAL_COUNT - 1e-14))


def reads_for_all_groups(
    counts: NDArray[np.float64], matrices: Sequence[NDArray[np.float64]], min_count: float = MIN_COUNT
) -> float:
    """Return the reads that a library of the median size must have so that depth alone makes no difference.

    voom adds half a read to each count, which lifts genes of few reads in shallow libraries. Where depth goes with a contrast it
    lifts one side alone, and no error by sample knows of it. Some shallow libraries of a group suffice: their lift enters its mean.

    Parameters
    ----------
    counts
        Genes × samples.
    matrices
        Designs of the contrasts, samples × coefficients, the contrast last.
    min_count
        As in `expressed_by_counts`.

    Returns
    -------
    float
        `min_count`, unless such a gene would be lifted by more than `SHALLOW_SHARE` of these reads in all libraries of one side are.
    """
    library_sizes = counts.sum(axis=0)
    depths = np.maximum(library_sizes, 1.0) / np.median(library_sizes)
    reads = min_count * _READS
    lifts = np.log2(1 + 0.5 / (reads[:, None] * depths))
    contrasts = np.column_stack([np.linalg.pinv(matrix)[-1] for matrix in matrices])
    contrasts /= np.maximum(contrasts, 0.0).sum(axis=0)  # a trend among doses has a unit of its own; 1 for two groups
    too_much = np.abs(lifts @ contrasts).max(axis=1) > np.log2(1 + 0.5 / (SHALLOW_SHARE * min_count))
    # From there on: shallow libraries on both sides may cancel out at some number of reads below.
    return float(reads[np.flatnonzero(too_much)[-1]]) if too_much.any() else min_count


def tmm_factors(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return TMM scaling factors, one per sample, with geometric mean 1.

    Parameters
    ----------
    counts
        Genes × samples; library sizes are their column sums.
    """
    library_sizes = counts.sum(axis=0)
    present = counts[(counts > 0).any(axis=1)]
    if counts.shape[1] < 2 or len(present) == 0:
        return np.ones(counts.shape[1])
    upper_quartiles = np.quantile(present, 0.75, axis=0) / library_sizes
    if np.median(upper_quartiles) < 1e-20:
        reference = int(np.argmax(np.sqrt(present).sum(axis=0)))
    else:
        reference = int(np.argmin(np.abs(upper_quartiles - upper_quartiles.mean())))
    factors = np.array(
        [
            _tmm_factor(present[:, sample], present[:, reference], library_sizes[sample], library_sizes[reference])
            for sample in range(counts.shape[1])
        ]
    )
    return np.asarray(factors / np.exp(np.mean(np.log(factors))))


def _tmm_factor(
    observed: NDArray[np.float64], reference: NDArray[np.float64], n_observed: float, n_reference: float
) -> float:
    from scipy.stats import rankdata

    both = (observed > 0) & (reference > 0)
    observed, reference = observed[both], reference[both]
    log_ratio = np.log2((observed / n_observed) / (reference / n_reference))
    log_level = (np.log2(observed / n_observed) + np.log2(reference / n_reference)) / 2
    variance = (n_observed - observed) / n_observed / observed + (n_reference - reference) / n_reference / reference
    if len(log_ratio) == 0 or np.max(np.abs(log_ratio)) < 1e-6:
        return 1.0
    n_genes = len(log_ratio)
    low_ratio, low_level = np.floor(n_genes * 0.3) + 1, np.floor(n_genes * 0.05) + 1
    ratio_rank, level_rank = rankdata(log_ratio), rankdata(log_level)
    keep = (
        (ratio_rank >= low_ratio)
        & (ratio_rank <= n_genes + 1 - low_ratio)
        & (level_rank >= low_level)
        & (level_rank <= n_genes + 1 - low_level)
    )
    if not keep.any():
        return 1.0
    return float(2 ** (np.sum(log_ratio[keep] / variance[keep]) / np.sum(1 / variance[keep])))


def voom(
    counts: NDArray[np.float64],
    matrix: NDArray[np.float64],
    *,
    block_labels: NDArray[np.str_] | None = None,
    correlation: float | None = None,
    sample_weights: NDArray[np.float64] | None = None,
) -> VoomValues:
    """Return log2 counts per million with voom's precision weights, on TMM-scaled library sizes.

    Parameters
    ----------
    counts
        Genes × samples, filtered.
    matrix
        Design, samples × coefficients.
    block_labels, correlation
        For the second round of voom under a block correlation.
    sample_weights
        For the second round of voom with sample weights.
    """
    from pylimma import voom as pylimma_voom

    result = pylimma_voom(
        counts,
        matrix,
        lib_size=counts.sum(axis=0) * tmm_factors(counts),
        block=block_labels,
        correlation=correlation,
        weights=sample_weights,
        span=VOOM_SPAN,
        adaptive_span=False,
    )
    return VoomValues(np.asarray(result["E"], dtype=np.float64), np.asarray(result["weights"], dtype=np.float64))
