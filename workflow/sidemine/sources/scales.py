"""The scales on which values are deposited: their names, what follows from each, and how values come to that of the analysis.

A study is checked with their names, so that NumPy is imported inside functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scale = Literal[
    "log2",
    "ln",
    "log10",
    "linear",
    "counts",
    "normalised_counts",
    "cpm",
    "tpm",
    "fpkm",
    "log_ratio",
    "z_score",
    "fraction",
]
Layer = Literal["log2", "counts", "z_score", "fraction"]
"""What a prepared dataset holds, and the name of its layer. Everything that has a fold change becomes log2 or stays counts."""

LOG2_FOLD_CHANGE = "log2 fold change"


@dataclass(frozen=True)
class ScaleTraits:
    """What follows from a scale.

    Attributes
    ----------
    words
        The scale in the plural, for messages and the page.
    layer
        What the values become for the analysis.
    log_base
        Base of the logarithm that the values are; 0: they are no logarithms.
    per_library
        Abundances from sequencing: those of one gene are added, and genes of low expression are left out.
    """

    words: str
    layer: Layer = "log2"
    log_base: float = 0.0
    per_library: bool = False


E_BASE = 2.718281828459045
SCALES: dict[Scale, ScaleTraits] = {
    "log2": ScaleTraits("log2 values", log_base=2.0),
    "ln": ScaleTraits("natural logarithms", log_base=E_BASE),
    "log10": ScaleTraits("log10 values", log_base=10.0),
    "linear": ScaleTraits("linear intensities"),
    "counts": ScaleTraits("read counts", layer="counts", per_library=True),
    "normalised_counts": ScaleTraits("normalised counts", per_library=True),
    "cpm": ScaleTraits("counts per million", per_library=True),
    "tpm": ScaleTraits("transcripts per million", per_library=True),
    "fpkm": ScaleTraits("fragments per kilobase and million", per_library=True),
    "log_ratio": ScaleTraits("log2 ratios", log_base=2.0),
    "z_score": ScaleTraits("z-scores", layer="z_score"),
    "fraction": ScaleTraits("fractions", layer="fraction"),
}

DIFFERENCE_UNITS: dict[Layer, str] = {
    "log2": LOG2_FOLD_CHANGE,
    "counts": LOG2_FOLD_CHANGE,
    "z_score": "difference in z-scores",
    "fraction": "difference in fractions",
}
"""Unit of a gene's target minus reference, in words, by layer."""

EXPRESSION_UNITS: dict[Layer, str] = {
    "log2": "log2 expression",
    "counts": "log2 counts per million",
    "z_score": "z-score",
    "fraction": "fraction",
}
"""What a sample's value of a gene is, as the page shows it, by layer."""


LIBRARY_OFFSET = 1.0
"""Added to normalised counts, CPM, TPM and FPKM before the logarithm: one in the unit that these scales define. The
filter of low expression works at the same level, so that no tested gene lies mostly below it."""
FEW_NEGATIVE = 0.001
"""A smaller share of negative values is no picture of the background's noise."""
LOW_QUANTILE = 0.05
"""Of the positive values: where zeros without negative values are put, at the edge of what was detected."""
MOVED = 0.1
"""A value counts as moved when the offset changes its logarithm by more, in log2 units."""


def has_fold_change(layer: str) -> bool:
    """Tell whether differences on this layer are log2 fold changes: those of z-scores and fractions are not."""
    return layer in {"log2", "counts"}


def is_filtered(scale: Scale) -> bool:
    """Tell whether genes of low expression are left out of log2 values: those that come from sequencing are."""
    return SCALES[scale].per_library and SCALES[scale].layer == "log2"


@dataclass(frozen=True)
class AnalysisValues:
    """Values on the scale of the analysis.

    Attributes
    ----------
    layer, values
        What they are now, and the values, identifiers × samples.
    note
        What was done, for the provenance.
    offset
        In the unit of the deposited values; None where none was needed.
    n_moved, n_values
        Values that the offset moved by more than 0.1 log2 units (for sequencing: those below the offset), of all that
        are not missing.
    """

    layer: Layer
    values: NDArray[np.float64]
    note: str
    offset: float | None = None
    n_moved: int = 0
    n_values: int = 0


def to_analysis_scale(values: NDArray[np.float64], declared: Scale) -> AnalysisValues:
    """Bring values to the scale of the analysis: counts stay counts, what has a fold change becomes log2.

    Linear values become log2((x + √(x² + 4c²)) / 2), the generalised logarithm, which is log2(x) for x far above the
    offset c and log2(c) at 0, keeps the order of all values, negative ones too, and stabilises the variance where
    additive noise rules (Durbin et al. 2002, doi 10.1093/bioinformatics/18.suppl_1.S105; Huber et al. 2002,
    doi 10.1093/bioinformatics/18.suppl_1.S96). See `estimate_offset` for c. All values times a constant: c times that
    constant, and the same differences.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing; not changed.
    declared
        Scale that was declared and not contradicted.
    """
    import numpy as np

    traits = SCALES[declared]
    n_values = int(np.count_nonzero(np.isfinite(values)))
    if traits.layer != "log2":
        return AnalysisValues(traits.layer, values, f"{traits.words}, as deposited", n_values=n_values)
    if traits.log_base == 2.0:
        return AnalysisValues("log2", values, f"{traits.words}, as deposited", n_values=n_values)
    if traits.log_base:
        factor = math.log2(traits.log_base)
        return AnalysisValues(
            "log2", values * factor, f"{traits.words}, times {factor:.6g}: log2 values", n_values=n_values
        )
    if traits.per_library:
        n_below = int(np.count_nonzero(values < LIBRARY_OFFSET))
        # Only scale contradictions, which are reported and never tested, can be negative here.
        shifted = np.maximum(values, 0.0)
        shifted += LIBRARY_OFFSET
        note = (
            f"log2(x + {LIBRARY_OFFSET:g}) of {traits.words}; {n_below:,} of {n_values:,} values lie below the offset, "
            "where fold changes are drawn towards 0"
        )
        return AnalysisValues("log2", np.log2(shifted, out=shifted), note, LIBRARY_OFFSET, n_below, n_values)
    return _log_of_intensities(values, n_values)


def _log_of_intensities(values: NDArray[np.float64], n_values: int) -> AnalysisValues:
    import numpy as np

    offset, why = estimate_offset(values)
    if offset is None:
        return AnalysisValues("log2", np.log2(values), f"log2 of {SCALES['linear'].words}; {why}", n_values=n_values)
    logs = generalised_log2(values, offset)
    # The offset adds log2((1 + √(1 + 4 (c/x)²)) / 2) to the logarithm of a positive x.
    ratio = 2.0**MOVED
    limit = offset / math.sqrt(ratio * (ratio - 1))
    n_moved = int(np.count_nonzero(values < limit))
    note = (
        f"log2((x + √(x² + 4c²)) / 2) of {SCALES['linear'].words}, offset c = {offset:.4g} ({why}); it moves {n_moved:,} of "
        f"{n_values:,} values by more than {MOVED:g} log2 units, {int(np.count_nonzero(values <= 0)):,} of them at or below 0"
    )
    return AnalysisValues("log2", logs, note, offset, n_moved, n_values)


def estimate_offset(values: NDArray[np.float64]) -> tuple[float | None, str]:
    """Return the offset of linear values, in their unit, and where it comes from.

    Where values are negative a background was subtracted, and they show its noise: the offset is that noise's standard
    deviation, the median of |x| of the negative values over 0.6745, about what `neqc` uses for Illumina arrays (16; Shi,
    Oshlack and Smyth 2010, doi 10.1093/nar/gkq871). Zeros without negative values are values below detection: the
    offset is the 5th percentile of the positive values. All values positive: no offset.
    """
    import numpy as np

    positive, negative = values[values > 0], values[values < 0]
    n_zero = int(np.count_nonzero(values == 0))
    if not len(positive) or (not len(negative) and not n_zero):
        return (1.0, "no value is positive") if not len(positive) else (None, "all values are positive: no offset")
    if len(negative) >= FEW_NEGATIVE * (len(positive) + len(negative) + n_zero):
        return float(np.median(-negative)) / 0.6744897501960817, (
            f"standard deviation of the background's noise, from {len(negative):,} negative values"
        )
    return float(np.quantile(positive, LOW_QUANTILE)), f"{LOW_QUANTILE:.0%} of the positive values lie below it"


def generalised_log2(values: NDArray[np.float64], offset: float) -> NDArray[np.float64]:
    """Return log2((x + √(x² + 4c²)) / 2) of each value, without loss of digits for x far below 0; NaN stays NaN."""
    import numpy as np

    root = np.hypot(values, 2 * offset)
    # For x < 0 the sum cancels; multiplied by its conjugate it does not.
    with np.errstate(divide="ignore"):
        upper = np.where(values >= 0, (values + root) / 2, 2 * offset**2 / (root - values))
    return np.asarray(np.log2(upper))
