"""The shape of a p-value histogram, read in words that agree with its bars and with the genes that stand out of it.

Under the null p-values are uniform only on average: co-expressed genes make single histograms lean to either side
(Efron 2007, doi 10.1198/016214506000001211). The limits are therefore the extremes of 300 random labelings each of six
groups of samples (GSE14520 liver, whole, tumours, and the tissue beside them; GSE145647 blood; two simulated cohorts), where
nothing differs by construction; `benchmarks/README.md` has the command. A few hundred strong genes among many thousands hardly
raise the first bar, so genes are also counted after adjustment (Benjamini and Hochberg 1995,
doi 10.1111/j.2517-6161.1995.tb02031.x): random labelings hardly ever give any.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sidemine.quality.record import PValueHistogram, Shape
from sidemine.stats.multiplicity import benjamini_hochberg

N_BINS = 20
PEAK_LEFT = 3.4
"""First bin over its expectation: 99th percentile of the widest random labelings (GSE14520)."""
PEAK_LEFT_USUAL = 2.0
"""The same in samples without strong structure among themselves (blood: 1.6, simulated cohorts: 2.1)."""
FEW_SMALL = 0.3
"""First bin under its expectation: 1st percentile of the same random labelings."""
RIGHT = 1.3
"""Last bin over its expectation: 99th percentile (1.29)."""
RIGHT_OF_MIDDLE = 1.17
"""Last two bins over the middle ones (0.4 to 0.7): 99th percentile (1.16)."""
HUMP = 1.1
"""Middle (0.3 to 0.7) over its expectation: 99th percentile (1.10)."""
FDR = 0.05
MOST_BY_CHANCE = 2
"""Genes at q ≤ .05: 99th percentile of each of four groups of real samples (1 to 2; 94 to 98 % of labelings have none)."""
MIN_P_VALUES = 200
"""Fewer p-values (10 per bin) have no shape."""

_MEANINGS: dict[Shape, str] = {
    "uniform": "About flat: no more small p-values, and no more genes that stand out, than random labels of co-expressed "
    "genes often give.",
    "narrow peak at left": "A narrow peak at the left: more genes stand out than random labels of co-expressed genes give, "
    "while the other p-values lie as under chance. Some genes differ between these groups, for whatever reason.",
    "slight peak at left": "More small p-values than on average under chance, but random labels of co-expressed genes do "
    "this as well: a hint that some genes differ, no more.",
    "peak at left": "A peak at the left, more than random labels of co-expressed genes give: many genes differ between "
    "these groups, for whatever reason.",
    "peak at right": "Piled up at the right, with few small p-values: the model overestimates the noise. A batch or "
    "another factor that it does not hold, or samples that are pairs, may be at work.",
    "U-shaped": "High at both ends: small p-values beside an excess near 1. Some genes' p-values are not valid (values "
    "at the floor, ties), or a hidden factor is balanced over the groups.",
    "hump": "A hump in the middle: neither chance nor a difference gives this. Hidden structure or dependent samples "
    "distort the test.",
    "none": "Too few genes were tested to see a shape.",
}


def read_histogram(p_values: Sequence[float]) -> PValueHistogram:
    """Read the shape of a contrast's p-values.

    Parameters
    ----------
    p_values
        One per tested gene.
    """
    counts = [0] * N_BINS
    for value in p_values:
        counts[min(int(value * N_BINS), N_BINS - 1)] += 1
    total = len(p_values)
    if not total:
        return PValueHistogram(counts, "none", "No gene was tested, so there is nothing to show.")
    share = counts[0] / total
    n_discoveries = int((benjamini_hochberg(np.asarray(p_values, dtype=np.float64)) <= FDR).sum())
    base = (
        f"{counts[0]:,} of {total:,} genes ({100 * share:.0f} %) have p < 0.05; 5 % would by chance alone. "
        f"{f'{n_discoveries:,}' if n_discoveries else 'No'} gene{' has' if n_discoveries < 2 else 's have'} q ≤ {FDR:g}."
    )
    shape = _shape(counts, total, n_discoveries)
    return PValueHistogram(counts, shape, f"{base} {_MEANINGS[shape]}")


def _shape(counts: list[int], total: int, n_discoveries: int) -> Shape:
    if total < MIN_P_VALUES:
        return "none"
    height = [count * N_BINS / total for count in counts]
    left, last = height[0], height[-1]
    middle = math.fsum(height[6:14]) / 8
    right_of_middle = (height[-1] + height[-2]) / 2 / max(math.fsum(height[8:14]) / 6, 1e-9)
    raised_right = last > RIGHT or right_of_middle > RIGHT_OF_MIDDLE
    if raised_right:
        return "U-shaped" if left > 1 or n_discoveries > MOST_BY_CHANCE else "peak at right"
    if middle > HUMP and left < 1:
        return "hump"
    if left < FEW_SMALL:
        return "peak at right"
    if left > PEAK_LEFT:
        return "peak at left"
    if n_discoveries > MOST_BY_CHANCE:
        return "narrow peak at left"
    return "slight peak at left" if left > PEAK_LEFT_USUAL else "uniform"
