"""Whether the groups of a contrast differ as wholes: level, spread, library size.

Nothing is flagged for being significant alone: a shift counts when it is large enough to move the typical gene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.prepare.scale_marks import size_factors
from sidemine.quality.flags import Flag, consequence_words
from sidemine.quality.near_copies import better_expressed

if TYPE_CHECKING:
    from numpy.typing import NDArray

P_LIMIT = 0.01
LIBRARY_RATIO = 1.32
"""Ratio of the groups' library sizes that counts: a gene at the usual filter's edge (10 counts) then gains or loses one
Poisson standard deviation (√10 ≈ 3.2 counts), so that filtering and low counts go with the group."""
SERIOUS_LIBRARY_RATIO = 10.0
"""Ratio from which on depth is a reason to doubt an answer, whatever its p. Sets of little expressed genes then are higher in the
shallow group in 8 % (10:1) to 59 % (40:1) where every gene counts, in 5 to 7 % where it needs reads in both groups, and how a cell
type came to be so rare that its libraries are that small is a difference of its own."""
SCALE = "level and spread of the groups over all genes"
UNCORRECTED_RATIO = 1.1
"""Ratio between the groups that normalisation never leaves in the typical gene, and that moves every fold change."""
NORMALISED = "library size left in the normalised values"
LIBRARY = "library size of the groups"


def flag_scale(
    values: NDArray[np.float64], is_target: NDArray[np.bool_], typical_se: float | None, action: str
) -> Flag:
    """Compare the samples' medians and interquartile ranges between the groups.

    Parameters
    ----------
    values
        log2 expression, genes × samples of the contrast.
    is_target
        Which columns belong to the target.
    typical_se
        Median standard error of the contrast's log2 fold changes; None when it was not fitted. A shift counts when it
        is larger: it then moves the typical gene's t by more than 1.
    action
        The declared consequence.
    """
    keep = better_expressed(values)
    if typical_se is None or keep.sum() < 50 or min(is_target.sum(), (~is_target).sum()) < 3:
        return Flag("", SCALE, "ok", "not compared: no fit, or too few samples")
    low, level, high = np.quantile(values[keep], [0.25, 0.5, 0.75], axis=0)
    shift, p_level = _welch(level, is_target)
    wider, p_spread = _welch(high - low, is_target)
    # A gene one half interquartile range above the middle moves by half of the change in that range.
    moves = {"level": (shift, p_level, abs(shift)), "spread": (wider, p_spread, abs(wider) / 2)}
    evidence = (
        f"median {shift:+z.3f} log2 units (p = {p_level:.2g}), interquartile range {wider:+z.3f} (p = {p_spread:.2g}) in "
        f"the first group; typical standard error of a gene {typical_se:.3f}"
    )
    moved = [name for name, (_, p_value, move) in moves.items() if p_value <= P_LIMIT and move > typical_se]
    if not moved:
        return Flag("scale_shift", SCALE, "ok", evidence)
    advice = (
        "Either most genes truly moved, or the groups were processed apart: fold changes of single genes hold that shift, "
        "competitive tests do not."
    )
    return Flag(
        "scale_shift",
        SCALE,
        "warn",
        f"{' and '.join(moved)} differ: {evidence}",
        consequence_words(action, advice),
        serious=True,
    )


def flag_library_size(counts: NDArray[np.float64], is_target: NDArray[np.bool_], action: str) -> Flag:
    """Compare the samples' total counts between the groups.

    Parameters
    ----------
    counts
        Samples × genes.
    is_target
        Which rows belong to the target.
    action
        The declared consequence.
    """
    if min(is_target.sum(), (~is_target).sum()) < 3:
        return Flag("", LIBRARY, "ok", "not compared: too few samples")
    logs = np.log2(np.maximum(counts.sum(axis=1), 1.0))
    difference, p_value = _welch(logs, is_target)
    ratio = float(2**difference)
    evidence = f"libraries of the first group are {ratio:.2f} times those of the second (p = {p_value:.2g})"
    serious = max(ratio, 1 / ratio) >= SERIOUS_LIBRARY_RATIO
    if not serious and (p_value > P_LIMIT or max(ratio, 1 / ratio) < LIBRARY_RATIO):
        return Flag("library_size", LIBRARY, "ok", evidence)
    advice = "Normalisation and voom weights account for size; genes with too few reads in the shallow libraries are not tested."
    return Flag("library_size", LIBRARY, "warn", evidence, consequence_words(action, advice), serious=serious)


def flag_column_totals(abundances: NDArray[np.float64], is_target: NDArray[np.bool_], action: str) -> Flag:
    """Compare the size factors of normalised abundances between the groups: normalisation leaves nothing that goes with them.

    Parameters
    ----------
    abundances
        Samples × genes: normalised counts, CPM, TPM or FPKM.
    is_target
        Which rows belong to the target.
    action
        The declared consequence.
    """
    factors = size_factors(abundances.T) if min(is_target.sum(), (~is_target).sum()) >= 3 else None
    if factors is None:
        return Flag("", NORMALISED, "ok", "not compared: too few samples, or too few genes above 0 in all of them")
    difference, p_value = _welch(np.log2(factors), is_target)
    ratio = float(2**difference)
    evidence = f"the typical gene of the first group is {ratio:.2f} times that of the second (p = {p_value:.2g})"
    if p_value > P_LIMIT or max(ratio, 1 / ratio) < UNCORRECTED_RATIO:
        return Flag("library_size", NORMALISED, "ok", evidence)
    advice = "Library sizes look uncorrected: if these are expected counts (RSEM, salmon), declare counts."
    return Flag("library_size", NORMALISED, "warn", evidence, consequence_words(action, advice), serious=True)


def _welch(numbers: NDArray[np.float64], is_target: NDArray[np.bool_]) -> tuple[float, float]:
    """Return target minus reference and Welch's p-value; equal constants have p = 1."""
    from scipy import stats

    first, second = numbers[is_target], numbers[~is_target]
    difference = float(first.mean() - second.mean())
    # Quantile-normalised arrays have the same quantiles to the last bits: no test of rounding errors.
    if max(np.ptp(first), np.ptp(second)) < 1e-9:
        return difference, 1.0 if abs(difference) < 1e-9 else 0.0
    return difference, float(stats.ttest_ind(first, second, equal_var=False).pvalue)
