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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.record import AGAINST_THE_MODEL, PValueHistogram, Shape
from sidemine.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = Sequence[float] | NDArray[np.float64]

N_BINS = 20
ENOUGH = 15_000
"""p-values from which on the limits hold as they stand. Fewer scatter more: the limit moves out by their binomial error."""
QUANTILE = 2.33
"""Of the normal distribution, one-sided 1 %: what the limits leave out."""
PEAK_LEFT = 3.4
"""First bin over its expectation: 99th percentile of the widest random labelings (GSE14520)."""
PEAK_LEFT_USUAL = 2.0
"""The same in samples without strong structure among themselves (blood: 1.6, simulated cohorts: 2.1)."""
FEW_SMALL = 0.3
"""First bin under its expectation: 1st percentile of the same random labelings."""
RARE = 0.7
"""First bin over its expectation below which unequal variances alone do not explain a shape."""
UNEQUAL = 1.25
"""Squared errors by unit over those of one variance above which a peak may be due to unequal variances: errors 12 % too small."""
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

_SEEN: dict[Shape, str] = {
    "uniform": "About flat: no more small p-values, and no more genes that stand out, than random labels of co-expressed "
    "genes often give.",
    "narrow peak at left": "A narrow peak at the left: more genes stand out than random labels of co-expressed genes give, "
    "while the other p-values lie as under chance.",
    "slight peak at left": "More small p-values than on average under chance, but random labels of co-expressed genes do "
    "this as well: a hint that some genes differ, no more.",
    "peak at left": "A peak at the left, more than random labels of co-expressed genes give.",
    "peak at right": "Piled up at the right, or with very few small p-values: the model overestimates the noise.",
    "U-shaped": "An excess near 1 beside an excess of small p-values, or beside genes that stand out.",
    "hump": "A hump in the middle: neither chance nor a difference gives this.",
    "none": "Too few genes were tested to see a shape.",
}
_CAUSES: dict[Shape, str] = {
    "narrow peak at left": "Some genes differ between these groups, for whatever reason.",
    "peak at left": "Many genes differ between these groups, for whatever reason.",
    "peak at right": "A batch or another factor that it does not hold, samples that are pairs, or groups that vary unequally may be "
    "at work.",
    "U-shaped": "Some genes' p-values are not valid (values at the floor, ties), or a hidden factor is balanced over the groups.",
    "hump": "Hidden structure, dependent samples or groups that vary unequally may distort the test.",
}
_UNEQUAL_VARIANCES = (
    "With errors that allow for groups that vary unequally they no longer speak against the model, so unequal variances explain it. "
    "p-values of sets and intervals allow for them; p-values of single genes do not."
)
_PEAK_OF_ONE_VARIANCE = (
    "The groups vary unequally, and with errors that allow for it no peak remains: it may be due to that alone. p-values of sets and "
    "intervals allow for it; p-values of single genes do not."
)
_PEAKS: frozenset[Shape] = frozenset({"narrow peak at left", "peak at left"})


@dataclass(frozen=True)
class GenesByUnit:
    """What errors that allow for unequal variances (HC2 by sample, CR2 by block) give for the genes of a contrast.

    Attributes
    ----------
    p_values
        One per gene, not moderated.
    inflation
        Squared error over the one that takes one variance for all samples: median of the genes. 1 in groups of equal size.
    """

    p_values: NDArray[np.float64]
    inflation: float


def read_histogram(p_values: Values, by_unit: GenesByUnit | None = None) -> PValueHistogram:
    """Read the shape of a contrast's p-values.

    Parameters
    ----------
    p_values
        One per tested gene.
    by_unit
        The same genes with errors that allow for unequal variances; None where there are none.
    """
    counts = _counts(p_values)
    total = len(p_values)
    if not total:
        return PValueHistogram(counts, "none", "No gene was tested, so there is nothing to show.")
    share = counts[0] / total
    n_discoveries = _discoveries(p_values)
    base = (
        f"{counts[0]:,} of {total:,} genes ({100 * share:.0f} %) have p < 0.05; 5 % would by chance alone. "
        f"{f'{n_discoveries:,}' if n_discoveries else 'No'} gene{' has' if n_discoveries < 2 else 's have'} q ≤ {FDR:g}."
    )
    shape = _shape(counts, n_discoveries)
    explained = shape in AGAINST_THE_MODEL and by_unit is not None and _fits(by_unit.p_values)
    cause = _UNEQUAL_VARIANCES if explained else _CAUSES.get(shape, "")
    if shape in _PEAKS and by_unit is not None and by_unit.inflation > UNEQUAL and not _has_peak(by_unit.p_values):
        cause = _PEAK_OF_ONE_VARIANCE
    words = [base, _SEEN[shape], cause]
    return PValueHistogram(counts, shape, " ".join(filter(None, words)), explained)


def _counts(p_values: Values) -> list[int]:
    places = np.minimum((np.asarray(p_values, dtype=np.float64) * N_BINS).astype(np.int64), N_BINS - 1)
    return [int(count) for count in np.bincount(places, minlength=N_BINS)]


def _discoveries(p_values: Values) -> int:
    return int((benjamini_hochberg(np.asarray(p_values, dtype=np.float64)) <= FDR).sum())


def _shape(counts: list[int], n_discoveries: int) -> Shape:
    total = sum(counts)
    if total < MIN_P_VALUES:
        return "none"
    height = [count * N_BINS / total for count in counts]
    left, last = height[0], height[-1]
    middle = math.fsum(height[6:14]) / 8
    right_of_middle = (height[-1] + height[-2]) / 2 / max(math.fsum(height[8:14]) / 6, 1e-9)
    right = _limit(RIGHT, 1, total)
    # The variance of a ratio of two heights is that of both.
    if last > right or right_of_middle > _limit(RIGHT_OF_MIDDLE, 1 / (1 / 2 + 1 / 6), total):
        return "U-shaped" if left > right or n_discoveries > MOST_BY_CHANCE else "peak at right"
    if middle > _limit(HUMP, 8, total) and left < 1:
        return "hump"
    if left < FEW_SMALL:
        return "peak at right"
    if left > PEAK_LEFT:
        return "peak at left"
    if n_discoveries > MOST_BY_CHANCE:
        return "narrow peak at left"
    return "slight peak at left" if left > PEAK_LEFT_USUAL else "uniform"


def _fits(p_values: Values) -> bool:
    """Tell whether nothing speaks against p-values that allow for unequal variances, and small ones are not rare among them either.

    Pairs that the design does not hold make small p-values rare in both ways of counting; one may lie beyond a limit and the other not.
    """
    counts = _counts(p_values)
    rare = counts[0] * N_BINS < RARE * sum(counts)
    return not rare and _shape(counts, _discoveries(p_values)) not in AGAINST_THE_MODEL


def _has_peak(p_values: Values) -> bool:
    return _shape(_counts(p_values), _discoveries(p_values)) in {*_PEAKS, "slight peak at left", "U-shaped"}


def _limit(limit: float, n_bins: float, total: int) -> float:
    """Return a limit of the mean height of so many bins: that of `ENOUGH` p-values, and the binomial error that fewer add."""
    scatter = N_BINS / n_bins * max(1 / total - 1 / ENOUGH, 0.0)
    return 1 + math.hypot(limit - 1, QUANTILE * math.sqrt(scatter))
