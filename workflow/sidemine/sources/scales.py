"""The scales on which values are deposited, in one place: their names, what they are called, what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


def has_fold_change(layer: str) -> bool:
    """Tell whether differences on this layer are log2 fold changes: those of z-scores and fractions are not."""
    return layer in {"log2", "counts"}


def is_filtered(scale: Scale) -> bool:
    """Tell whether genes of low expression are left out of log2 values: those that come from sequencing are."""
    return SCALES[scale].per_library and SCALES[scale].layer == "log2"
