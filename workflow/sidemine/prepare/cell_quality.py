"""Which cells lie apart from the others of their sample: damaged, empty or of two cells.

Limits are medians ± 5 median absolute deviations (scaled to standard deviations), of the logarithm of counts and of genes
on both sides and of the mitochondrial share above, per sample: McCarthy et al. 2017, Bioinformatics 33:1179 (scater), doi
10.1093/bioinformatics/btw777; Germain et al. 2020, Genome Biology 21:227, doi 10.1186/s13059-020-02136-7, from which the
floor of the mitochondrial share comes, too. Scanpy measures counts and genes and leaves limits to its user.

Such limits are relative: in a sample whose cells are all damaged none lies apart. So a study's own limits hold beside them,
whatever the sample: a largest mitochondrial share and a fewest number of genes, as users of scanpy and Seurat set them. Most
human tissues stay below a share of a tenth, heart and kidney do not (Osorio and Cai 2021, Bioinformatics 37:963, doi
10.1093/bioinformatics/btaa751; Hippen et al. 2021, PLOS Computational Biology 17:e1009290, doi 10.1371/journal.pcbi.1009290),
so half is the limit unless a study names its own, and a sample whose median is above a tenth is told.
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
USUAL_MITOCHONDRIAL = 0.1
"""Share that the median cell of most human tissues does not reach."""
FEWEST_GENES = 100
"""Genes of a cell below which scanpy's tutorial takes it for an empty drop; neutrophils have few, but more."""
WHOLE_TRANSCRIPTOME = 5_000
"""Genes of a file from which that holds: cells of a panel of targets show fewer."""
_TO_SD = 1.4826


@dataclass(frozen=True)
class OwnLimits:
    """What a study asks of every cell, whatever the others of its sample are.

    Attributes
    ----------
    most_mitochondrial
        Largest share of mitochondrial counts.
    fewest_genes
        Fewest genes with a count; 0: none.
    """

    most_mitochondrial: float = 1.0
    fewest_genes: int = 0


@dataclass(frozen=True)
class SampleQuality:
    """The cells of a sample: reason of each ('' for none), and the limits in words."""

    reasons: NDArray[Any]
    limits: str


def find_poor_cells(
    totals: NDArray[np.float64],
    n_genes: NDArray[np.int64],
    mitochondrial: NDArray[np.float64] | None,
    own: OwnLimits = OwnLimits(),
) -> SampleQuality:
    """Find the cells of one sample that lie apart, or outside of the study's own limits.

    Parameters
    ----------
    totals, n_genes
        Per cell: sum of its counts, and genes with a count.
    mitochondrial
        Per cell: share of mitochondrial counts, 0 to 1; None where the file has no such genes.
    own
        The study's own limits.
    """
    reasons = np.full(len(totals), "", dtype=object)
    sentences = []
    relative = len(totals) >= FEWEST_CELLS
    if not relative:
        sentences.append(f"none by MAD: fewer than {FEWEST_CELLS} cells")
    if mitochondrial is None:
        sentences.append("no gene of the file is known as mitochondrial")
    else:
        limit = own.most_mitochondrial
        if relative:
            middle, spread = _median_and_mad(mitochondrial)
            limit = min(limit, max(middle + N_MADS * spread, LEAST_MITOCHONDRIAL))
        reasons[mitochondrial > limit] = "mitochondrial share"
        sentences.append(f"at most {limit:.1%} mitochondrial")
    if relative:
        _find_apart(totals, n_genes, reasons, sentences)
    if own.fewest_genes:
        reasons[(n_genes < own.fewest_genes) & (reasons == "")] = f"fewer than {own.fewest_genes} genes"
        sentences.append(f"at least {own.fewest_genes} genes")
    return SampleQuality(reasons, ", ".join(sentences))


def _find_apart(
    totals: NDArray[np.float64], n_genes: NDArray[np.int64], reasons: NDArray[Any], sentences: list[str]
) -> None:
    """Add to the reasons, and to what is told, the cells whose counts or genes lie apart."""
    for values, name in ((totals, "counts"), (n_genes, "genes")):
        logs = np.log1p(np.asarray(values, dtype=float))
        middle, spread = _median_and_mad(logs)
        if not spread:  # more than half of the cells are alike: any other one would lie apart
            sentences.append(f"no limit of {name}, in which half of the cells are alike")
            continue
        low, high = (float(np.expm1(middle + side * N_MADS * spread)) for side in (-1, 1))
        for outside, word in ((logs < middle - N_MADS * spread, "few"), (logs > middle + N_MADS * spread, "many")):
            reasons[outside & (reasons == "")] = f"{word} {name}"
        sentences.append(f"{low:,.0f} to {high:,.0f} {name}")


def _median_and_mad(values: NDArray[np.float64]) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, _TO_SD * float(np.median(np.abs(values - middle)))
