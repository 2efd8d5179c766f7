"""What values look like: their range, and the marks that scales leave."""

from __future__ import annotations

import math
from dataclasses import dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sidemine.errors import InputError, Problem
from sidemine.prepare import scale_marks as marks
from sidemine.sources.scales import Scale

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import DataclassInstance
    from numpy.typing import NDArray


LARGEST_VALUE = 2.0**30
"""Beyond any intensity (2^16) and any read count of a gene: no logarithm of expression is larger than its own."""
STANDARDISED_SHARE = 0.9
"""Share of rows with mean 0 and SD 1 from which on values are z-scores."""
LOG_SLOPE = 0.5
"""SD follows the mean on a linear scale (slope near 1 of log SD on log mean), and does not on a logarithmic one."""
LOG_RATIO_OF_QUANTILES = 4.0
MANY_ROWS = 100
_SAMPLED_VALUES = 2_000_000
_INTEGER_TOLERANCE = 1e-6
ZERO_SHARE_OF_COUNTS = 0.02
_Marks = TypeVar("_Marks", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True)
class ScaleEvidence:
    """What the values look like; NaN for a figure that could not be computed, which is left out of the record.

    Attributes
    ----------
    minimum, first_quartile, median, third_quartile, percentile_99, permille_999, maximum
        Of all finite values (quantiles of an even sample of two million).
    share_negative, share_integer, share_zero, share_missing
        Between 0 and 1.
    largest_non_integer
        The largest value that is not whole; NaN when all are.
    n_rows
        Identifiers.
    rows, columns, libraries, logarithms
        See `scale_marks`.
    reading
        The scale that the range speaks for. Logarithms are named log2, whatever their base.
    """

    minimum: float = marks.NaN
    first_quartile: float = marks.NaN
    median: float = marks.NaN
    third_quartile: float = marks.NaN
    percentile_99: float = marks.NaN
    permille_999: float = marks.NaN
    maximum: float = marks.NaN
    share_negative: float = marks.NaN
    share_integer: float = marks.NaN
    share_zero: float = marks.NaN
    share_missing: float = marks.NaN
    largest_non_integer: float = marks.NaN
    n_rows: int
    rows: marks.RowMarks
    columns: marks.ColumnMarks
    libraries: marks.LibraryMarks
    logarithms: marks.LogMarks
    reading: Scale

    def figures(self) -> str:
        """Return the figures in one line, for messages."""
        return (
            f"minimum {self.minimum:.4g}, median {self.median:.4g}, 99 % below {self.percentile_99:.4g}, "
            f"maximum {self.maximum:.4g}; {self.share_negative:.2%} negative, {self.share_zero:.2%} zero, "
            f"{self.share_integer:.2%} whole numbers"
        )

    def rounded(self) -> ScaleEvidence:
        """Return the evidence as it is written down: to ten decimal places."""
        return _rounded(self)

    @property
    def small(self) -> bool:
        """Whether the range is that of logarithms: GEO2R's rule, and nothing beyond 2^30."""
        linear = self.percentile_99 > 100 or (self.maximum - self.minimum > 50 and self.first_quartile > 0)
        return not linear and self.permille_999 <= math.log2(LARGEST_VALUE)

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers from 0 on."""
        return self.share_integer == 1.0 and self.minimum >= 0

    @property
    def standardised(self) -> str:
        """Say in words what has mean 0 and SD 1; '' where nothing has."""
        if self.rows.share_standardised >= STANDARDISED_SHARE:
            return f"{self.rows.share_standardised:.0%} of the rows have mean 0 and standard deviation 1"
        return "every column has mean 0 and standard deviation 1" if self.columns.standardised else ""

    @property
    def centred(self) -> bool:
        """Whether small values lie on both sides of 0, as log ratios do."""
        return self.small and 0.2 <= self.share_negative <= 0.8 and abs(self.median) <= 0.5

    @property
    def logarithmic(self) -> bool:
        """Whether small values spread as logarithms do: near their median, or with an SD that ignores the mean."""
        if not self.small or self.maximum <= 1:
            return False
        near = self.median > 0 and self.permille_999 / self.median < LOG_RATIO_OF_QUANTILES
        return (near and self.n_rows >= MANY_ROWS) or self.rows.sd_slope < LOG_SLOPE


def _rounded(evidence: _Marks) -> _Marks:
    changes: dict[str, object] = {}
    for name, value in vars(evidence).items():
        if is_dataclass(value) and not isinstance(value, type):
            changes[name] = _rounded(value)
        elif isinstance(value, float):
            changes[name] = round(value, 10) if math.isfinite(value) else marks.NaN
    return replace(evidence, **changes)


def assess_scale(values: NDArray[np.float64], whole_file: NDArray[np.float64] | None = None) -> ScaleEvidence:
    """Look at the values.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing.
    whole_file
        The same identifiers with all columns of the file: rows were standardised over these. None: `values`.

    Returns
    -------
    ScaleEvidence
        Figures, and the scale that their range speaks for.

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
    minimum, maximum = float(np.nanmin(flat)), float(np.nanmax(flat))
    figures = {
        "minimum": minimum,
        "first_quartile": float(quantiles[0]),
        "median": float(quantiles[1]),
        "third_quartile": float(quantiles[2]),
        "percentile_99": float(quantiles[3]),
        "permille_999": float(quantiles[4]),
        "maximum": maximum,
        "share_negative": float(np.mean(sample < 0)),
        "share_integer": float(np.mean(whole)),
        "share_zero": float(np.mean(sample == 0)),
        "share_missing": n_missing / flat.size,
        "largest_non_integer": float(fractions.max()) if fractions.size else float("nan"),
    }
    seen = ScaleEvidence(
        **figures,
        n_rows=len(values),
        rows=marks.find_row_marks(values if whole_file is None else whole_file),
        columns=marks.find_column_marks(values),
        libraries=marks.find_library_marks(values) if minimum >= 0 else marks.LibraryMarks(),
        logarithms=marks.find_log_marks(values, sample) if maximum < 60 and minimum > -60 else marks.LogMarks(),
        reading="log2",
    )
    return replace(seen, reading=_read_scale(seen))


def _stride(shape: tuple[int, ...], size: int) -> int:
    """Return a step that spares memory, needs no seed, and meets every row and column alike."""
    step = max(1, size // _SAMPLED_VALUES)
    while any(math.gcd(step, length) > 1 for length in shape):
        step += 1
    return step


def _read_scale(seen: ScaleEvidence) -> Scale:
    if seen.whole:
        return "counts"
    if seen.standardised:
        return "z_score"
    if seen.small:
        return "fraction" if seen.minimum >= 0 and seen.maximum <= 1 else "log2"
    many_zeros = seen.share_zero >= ZERO_SHARE_OF_COUNTS
    return "normalised_counts" if many_zeros and seen.minimum >= 0 else "linear"
