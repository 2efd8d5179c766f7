"""Which cells lie apart from the others of their sample: damaged, empty or of two cells.

Limits are medians ± 5 median absolute deviations (scaled to standard deviations), of the logarithm of counts and of genes
on both sides and of the mitochondrial share above, per sample: McCarthy et al. 2017, Bioinformatics 33:1179 (scater), doi
10.1093/bioinformatics/btw777; Germain et al. 2020, Genome Biology 21:227, doi 10.1186/s13059-020-02136-7, from which the
floor of the mitochondrial share comes, too. Scanpy measures counts and genes and leaves limits to its user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_MADS = 5.0
FEWEST_CELLS = 50
"""Cells of a sample below which its limits are those of chance."""
LEAST_MITOCHONDRIAL = 0.08
"""Share of mitochondrial counts up to which no cell is called damaged."""
_TO_SD = 1.4826


@dataclass(frozen=True)
class SampleQuality:
    """The cells of a sample: reason of each ('' for none), and the limits in words."""

    reasons: NDArray[Any]
    limits: str


def find_poor_cells(
    totals: NDArray[np.float64], n_genes: NDArray[np.int64], mitochondrial: NDArray[np.float64] | None
) -> SampleQuality:
    """Find the cells of one sample that lie apart.

    Parameters
    ----------
    totals, n_genes
        Per cell: sum of its counts, and genes with a count.
    mitochondrial
        Per cell: share of mitochondrial counts, 0 to 1; None where the file has no such genes.
    """
    reasons = np.full(len(totals), "", dtype=object)
    if len(totals) < FEWEST_CELLS:
        return SampleQuality(reasons, f"none: fewer than {FEWEST_CELLS} cells")
    told = []
    if mitochondrial is None:
        told.append("no gene of the file is known as mitochondrial")
    else:
        middle, spread = _median_and_mad(mitochondrial)
        limit = max(middle + N_MADS * spread, LEAST_MITOCHONDRIAL)
        reasons[mitochondrial > limit] = "mitochondrial share"
        told.append(f"at most {limit:.1%} mitochondrial")
    for values, name in ((totals, "counts"), (n_genes, "genes")):
        logs = np.log1p(np.asarray(values, dtype=float))
        middle, spread = _median_and_mad(logs)
        if not spread:  # more than half of the cells are alike: any other one would lie apart
            told.append(f"no limit of {name}, in which half of the cells are alike")
            continue
        low, high = (float(np.expm1(middle + side * N_MADS * spread)) for side in (-1, 1))
        for outside, word in ((logs < middle - N_MADS * spread, "few"), (logs > middle + N_MADS * spread, "many")):
            reasons[outside & (reasons == "")] = f"{word} {name}"
        told.append(f"{low:,.0f} to {high:,.0f} {name}")
    return SampleQuality(reasons, ", ".join(told))


def _median_and_mad(values: NDArray[np.float64]) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, _TO_SD * float(np.median(np.abs(values - middle)))
