"""On which scale are the values? Look, compare with what is declared, and go to the scale of the analysis.

GEO2R asks whether the 99th percentile exceeds 100, or the range exceeds 50 with a positive first quartile; then it
takes the logarithm (Barrett et al. 2013, Nucleic Acids Research 41:D991, doi 10.1093/nar/gks1193). Expression that is
mostly zero slips through that test, so two more signs are used: no log2 value reaches 30, and counts are whole numbers.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sidemine.study.models import Scale

Reading = Literal["log2", "linear", "counts", "normalised_counts"]

LARGEST_LOG2 = 30.0
"""2**30 is beyond any intensity (2**16) and any read count of a gene: a higher value is not a log2 value."""

LINEAR_FLOOR = 1.0
"""Linear intensities below this are set to it before the logarithm, as is the custom for corrected arrays."""

_SAMPLED_VALUES = 2_000_000
_INTEGER_TOLERANCE = 1e-6
_ZERO_SHARE_OF_COUNTS = 0.02


@dataclass(frozen=True)
class ScaleEvidence:
    """What the values look like.

    Attributes
    ----------
    minimum, first_quartile, median, third_quartile, percentile_99, permille_999, maximum
        Of all finite values (quantiles of an even sample of two million).
    share_negative, share_integer, share_zero, share_missing
        Between 0 and 1.
    largest_non_integer
        The largest value that is not whole; NaN when all are.
    reading
        The scale that the figures speak for.
    """

    minimum: float
    first_quartile: float
    median: float
    third_quartile: float
    percentile_99: float
    permille_999: float
    maximum: float
    share_negative: float
    share_integer: float
    share_zero: float
    share_missing: float
    largest_non_integer: float
    reading: Reading

    def figures(self) -> str:
        """Return the figures in one line, for messages."""
        return (
            f"minimum {self.minimum:.4g}, median {self.median:.4g}, 99 % below {self.percentile_99:.4g}, "
            f"maximum {self.maximum:.4g}; {self.share_negative:.2%} negative, {self.share_zero:.2%} zero, "
            f"{self.share_integer:.2%} whole numbers"
        )

    def to_dict(self) -> dict[str, float | str]:
        """Return the evidence JSON-ready."""
        return {key: (round(v, 10) if isinstance(v, float) else v) for key, v in asdict(self).items() if v == v}


def assess_scale(values: NDArray[np.float64]) -> ScaleEvidence:
    """Look at the values and read their scale.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing.

    Returns
    -------
    ScaleEvidence
        Figures, and the reading that they speak for.

    Raises
    ------
    InputError
        When there is no value at all.
    """
    import numpy as np

    flat = values.ravel(order="K")
    n_missing = int(np.count_nonzero(np.isnan(flat)))
    if n_missing == flat.size:
        raise InputError(
            Problem(
                "there are no values",
                f"a matrix of {values.shape[0]} × {values.shape[1]}",
                "at least one number",
                "Look for a supplementary file of the series; sidemine inspect lists them.",
            )
        )
    sample = flat[:: _stride(values.shape, flat.size)]
    sample = sample[~np.isnan(sample)]
    if sample.size == 0:
        sample = flat[~np.isnan(flat)]
    whole = np.abs(sample - np.rint(sample)) <= _INTEGER_TOLERANCE
    quantiles = np.quantile(sample, [0.25, 0.5, 0.75, 0.99, 0.999])
    fractions = sample[~whole]
    figures = {
        "minimum": float(np.nanmin(flat)),
        "first_quartile": float(quantiles[0]),
        "median": float(quantiles[1]),
        "third_quartile": float(quantiles[2]),
        "percentile_99": float(quantiles[3]),
        "permille_999": float(quantiles[4]),
        "maximum": float(np.nanmax(flat)),
        "share_negative": float(np.mean(sample < 0)),
        "share_integer": float(np.mean(whole)),
        "share_zero": float(np.mean(sample == 0)),
        "share_missing": n_missing / flat.size,
        "largest_non_integer": float(fractions.max()) if fractions.size else float("nan"),
    }
    return ScaleEvidence(**figures, reading=_read_scale(figures))


def _stride(shape: tuple[int, ...], size: int) -> int:
    """Return a step that spares memory, needs no seed, and meets every row and column alike."""
    step = max(1, size // _SAMPLED_VALUES)
    while any(math.gcd(step, length) > 1 for length in shape):
        step += 1
    return step


def _read_scale(figures: dict[str, float]) -> Reading:
    if figures["share_integer"] == 1.0 and figures["minimum"] >= 0:
        return "counts"
    geo2r_linear = figures["percentile_99"] > 100 or (
        figures["maximum"] - figures["minimum"] > 50 and figures["first_quartile"] > 0
    )
    if not geo2r_linear and figures["permille_999"] <= LARGEST_LOG2:
        return "log2"
    many_zeros = figures["share_zero"] >= _ZERO_SHARE_OF_COUNTS
    return "normalised_counts" if many_zeros and figures["minimum"] >= 0 else "linear"


def find_scale_problem(evidence: ScaleEvidence, declared: Scale, where: str) -> Problem | None:
    """Return what contradicts the declared scale, with the figures; None when nothing does.

    Integer intensities may be declared linear, and normalised counts without zeros look like intensities: neither
    is a contradiction, because both go to log2.
    """
    reading = evidence.reading
    if declared == "counts":
        if evidence.minimum < 0:
            return _contradiction("counts cannot be negative", evidence, declared, where)
        if evidence.share_integer < 1.0:
            return _contradiction("counts are whole numbers, these are not", evidence, declared, where)
        return None
    if declared == "log2" and reading != "log2":
        return _contradiction(
            f"the values are declared log2, but look like {_words(reading)}", evidence, declared, where
        )
    if declared in {"linear", "normalised_counts"} and reading == "log2":
        return _contradiction(
            f"the values are declared {_words(declared)}, but look like log2", evidence, declared, where
        )
    if declared == "normalised_counts" and evidence.minimum < 0:
        return _contradiction("normalised counts cannot be negative", evidence, declared, where)
    if declared == "normalised_counts" and reading == "counts":
        return _contradiction(
            "the values are declared normalised counts, but all are whole numbers, like raw counts",
            evidence,
            declared,
            where,
        )
    return None


def _words(scale: str) -> str:
    return {"linear": "linear intensities", "normalised_counts": "normalised counts", "counts": "raw counts"}.get(
        scale, scale
    )


def _contradiction(what: str, evidence: ScaleEvidence, declared: str, where: str) -> Problem:
    return Problem(
        what,
        f"{where}: scale declared {declared}, values read as {evidence.reading}; {evidence.figures()}",
        "a declared scale that the values bear out: log2, linear, counts or normalised_counts",
        f"Check how the values were made. If they are {_words(evidence.reading)}, set scale to {evidence.reading} in "
        "datasets.tsv; otherwise use another file of the series.",
    )


def to_analysis_scale(
    values: NDArray[np.float64], declared: Scale
) -> tuple[Literal["log2", "counts"], NDArray[np.float64], str]:
    """Bring values to the scale of the analysis: counts stay counts, everything else becomes log2.

    Parameters
    ----------
    values
        float64, identifiers × samples; not changed.
    declared
        Scale that was declared and not contradicted.

    Returns
    -------
    layer
        `counts` or `log2`.
    values
        On that scale.
    note
        What was done, for the provenance.
    """
    import numpy as np

    if declared == "counts":
        return "counts", values, "raw counts, as deposited"
    if declared == "log2":
        return "log2", values, "log2, as deposited"
    if declared == "normalised_counts":
        # Only scale contradictions, which are reported and never tested, can be negative here.
        shifted = np.maximum(values, 0.0)
        shifted += 1.0
        return "log2", np.log2(shifted, out=shifted), "log2(x + 1) of normalised counts"
    n_low = int(np.count_nonzero(values < LINEAR_FLOOR))
    floored = np.maximum(values, LINEAR_FLOOR)
    note = f"log2 of linear values; {n_low} of {values.size} values below {LINEAR_FLOOR:g} were set to it"
    return "log2", np.log2(floored, out=floored), note
