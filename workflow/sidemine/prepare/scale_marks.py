"""Marks that a way of making values leaves in them: standardised rows, equal column sums, whole numbers under a logarithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NaN = float("nan")
FEW_ROWS = 20
"""Fewer rows show no pattern."""
_ROW_TOLERANCE = 0.05
_CENTRED = 0.01
_MOST_ROWS, _MOST_COLUMNS, _MOST_DISTINCT = 20_000, 12, 20_000
_TOLERANCE = 0.1
"""A value whose rounding moves it by more, in whole numbers, says nothing about whole numbers."""
_ENOUGH_DISTINCT, _ENOUGH_AGREE = 20, 0.98
_SINGLE_PRECISION = 6e-8
_EQUAL = 1e-3
"""Column sums whose range is within this share of their median are equal; sums of sequenced libraries never are."""
_FACTOR_OFF = 0.35
"""log2 size factor (27 %) beyond which a column of normalised counts is off."""
_BASES = {"log2": 2.0, "ln": np.e, "log10": 10.0}


@dataclass(frozen=True)
class RowMarks:
    """How rows lie: the share with mean 0 and SD 1, typical |mean| and SD, and how the SD follows the mean.

    `sd_slope` is the slope of log SD on log mean over the better expressed half (NaN: too few rows, or one level).
    """

    share_standardised: float = 0.0
    typical_mean: float = NaN
    typical_sd: float = NaN
    sd_slope: float = NaN

    @property
    def centred(self) -> bool:
        """Whether rows have no level of their own: their means are 0, beside their SDs."""
        return self.typical_mean <= _CENTRED * self.typical_sd


@dataclass(frozen=True)
class ColumnMarks:
    """Whether every column has mean 0 and SD 1."""

    standardised: bool = False


@dataclass(frozen=True)
class LibraryMarks:
    """Column sums and size factors.

    Attributes
    ----------
    n, smallest, median, largest, equal
        Columns and their sums; `equal` within a thousandth.
    smallest_factor, largest_factor, share_off
        Median-of-ratios size factors (Anders and Huber 2010, doi 10.1186/gb-2010-11-10-r106) and the share of columns
        beyond 2^±0.35; NaN where fewer than 20 genes are above 0 in all columns.
    share_scaled
        Share of columns that hold whole numbers times one constant of their own.
    """

    n: int = 0
    smallest: float = NaN
    median: float = NaN
    largest: float = NaN
    equal: bool = False
    smallest_factor: float = NaN
    largest_factor: float = NaN
    share_off: float = NaN
    share_scaled: float = 0.0

    @property
    def words(self) -> str:
        """Return the column sums in words."""
        return f"columns add up to {self.smallest:,.0f} to {self.largest:,.0f}"


@dataclass(frozen=True)
class LogMarks:
    """Bases (log2, ln, log10) under which the values go back to whole numbers or equal column sums, and which of both."""

    bases: tuple[str, ...] = ()
    words: str = ""


def find_row_marks(values: NDArray[np.float64]) -> RowMarks:
    """Look along the rows (identifiers) of a matrix, NaN = missing; an even choice of 20,000 rows is enough."""
    chosen = even_rows(values, _MOST_ROWS)
    present = np.isfinite(chosen)
    n = present.sum(axis=1)
    chosen, present, n = chosen[n >= 3], present[n >= 3], n[n >= 3]
    if not len(n):
        return RowMarks()
    filled = np.where(present, chosen, 0.0)
    mean = filled.sum(axis=1) / n
    squares = (np.where(present, chosen - mean[:, None], 0.0) ** 2).sum(axis=1)
    sd, population_sd = np.sqrt(squares / (n - 1)), np.sqrt(squares / n)
    varies = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    if not varies.any():
        return RowMarks()
    off = np.minimum(np.abs(sd - 1), np.abs(population_sd - 1))
    standardised = (np.abs(mean) <= _ROW_TOLERANCE) & (off <= _ROW_TOLERANCE)
    return RowMarks(
        float(np.mean(standardised[varies])) if varies.sum() >= 5 else 0.0,
        float(np.median(np.abs(mean[varies]))),
        float(np.median(sd[varies])),
        _sd_slope(mean[varies], sd[varies]),
    )


def _sd_slope(mean: NDArray[np.float64], sd: NDArray[np.float64]) -> float:
    positive = mean > 0
    if positive.sum() < 2 * FEW_ROWS or positive.mean() < 0.9:
        return NaN
    upper = positive & (mean >= np.median(mean[positive]))
    level, spread = np.log(mean[upper]), np.log(sd[upper])
    return float(np.polyfit(level, spread, 1)[0]) if np.std(level) >= 0.1 else NaN


def find_column_marks(values: NDArray[np.float64]) -> ColumnMarks:
    """Tell whether every column of a matrix has mean 0 and SD 1."""
    if len(values) < FEW_ROWS:
        return ColumnMarks()
    for column in values.T:
        present = column[np.isfinite(column)]
        if len(present) < FEW_ROWS or abs(present.mean()) > 0.01 or abs(present.std() - 1) > 0.02:
            return ColumnMarks()
    return ColumnMarks(True)


def find_library_marks(values: NDArray[np.float64]) -> LibraryMarks:
    """Look at the columns (libraries) of a matrix without negative values."""
    sums = np.nansum(values, axis=0)
    median = float(np.median(sums))
    equal = bool(median > 0 and np.ptp(sums) <= _EQUAL * median)
    factors = size_factors(values)
    logs = None if factors is None else np.log2(factors)
    columns = even_rows(values.T, _MOST_COLUMNS)
    return LibraryMarks(
        len(sums),
        float(sums.min()),
        median,
        float(sums.max()),
        equal,
        *(
            (NaN, NaN, NaN)
            if logs is None or factors is None
            else (float(factors.min()), float(factors.max()), float(np.mean(np.abs(logs) > _FACTOR_OFF)))
        ),
        float(np.mean([_is_scaled(column) for column in columns])),
    )


def size_factors(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return median-of-ratios size factors, one per sample, with median 1; None with fewer than 20 genes above 0."""
    complete = values[np.all(values > 0, axis=1)]
    if len(complete) < FEW_ROWS or values.shape[1] < 2:
        return None
    logs = np.log(even_rows(complete, _MOST_ROWS))
    factors = np.median(logs - logs.mean(axis=1, keepdims=True), axis=0)
    return np.asarray(np.exp(factors - np.median(factors)))


def _is_scaled(column: NDArray[np.float64]) -> bool:
    """Tell whether a column is whole numbers times a constant that is neither whole nor one part of a whole read."""
    positive = np.unique(column[np.isfinite(column) & (column > 0)])[:_MOST_DISTINCT]
    if len(positive) < _ENOUGH_DISTINCT:
        return False
    rounding = _rounding(positive)
    for part in (1, 2, 3):
        unit = positive[0] / part
        if min(abs(unit - round(unit)), abs(1 / unit - round(1 / unit))) < 1e-3:
            continue
        if _are_whole(positive / unit, (rounding + _SINGLE_PRECISION * positive) * (1 + positive / unit) / unit):
            return True
    return False


def find_log_marks(values: NDArray[np.float64], sample: NDArray[np.float64]) -> LogMarks:
    """Find the bases whose powers give back counts (x + 1 and x + 0.5 included) or columns of equal sums.

    Parameters
    ----------
    values
        Identifiers × samples.
    sample
        Some of the values, without missing ones.
    """
    # One value seen often says no more than seen once, and log(1) = 0 is the same under every base.
    distinct = np.unique(sample[:: max(1, len(sample) // _MOST_DISTINCT)])
    distinct = distinct[distinct > 0]
    if len(distinct) >= _ENOUGH_DISTINCT:
        rounding = _rounding(distinct) + _SINGLE_PRECISION * np.abs(distinct)
        whole = tuple(name for name, base in _BASES.items() if _go_back(distinct, rounding, base))
        if whole:
            return LogMarks(whole, "the values go back to whole numbers")
    chosen = even_rows(values.T, _MOST_COLUMNS)
    if len(chosen) < 3 or values.shape[0] < 200:
        return LogMarks()
    equal = tuple(name for name, base in _BASES.items() if _equal_sums(chosen, base))
    # Columns with one common distribution (quantile normalisation) have equal sums under every base.
    return LogMarks(equal, "the values go back to columns of equal sums") if len(equal) == 1 else LogMarks()


def _go_back(values: NDArray[np.float64], rounding: NDArray[np.float64], base: float) -> bool:
    powers = np.power(base, values)
    tolerance = powers * np.log(base) * rounding
    usable = powers >= 1.5
    return any(_are_whole(powers[usable] - half, tolerance[usable]) for half in (0.0, 0.5))


def _are_whole(values: NDArray[np.float64], tolerance: NDArray[np.float64]) -> bool:
    informative = tolerance < _TOLERANCE
    if informative.sum() < _ENOUGH_DISTINCT:
        return False
    off = np.abs(values[informative] - np.rint(values[informative]))
    return bool(np.mean(off <= tolerance[informative] + 1e-9) >= _ENOUGH_AGREE)


def _rounding(values: NDArray[np.float64]) -> float:
    """Return half a unit of the last decimal that the values carry (at most ten decimals)."""
    for decimals in range(11):
        if np.all(np.abs(values - np.round(values, decimals)) <= 1e-12 * np.maximum(np.abs(values), 1)):
            return float(0.5 * 10.0**-decimals)
    return 0.0


def _equal_sums(columns: NDArray[np.float64], base: float) -> bool:
    with np.errstate(over="ignore"):
        powers = np.power(base, columns)
    for start in (1.0, 0.0):
        sums = np.nansum(powers - start, axis=1)
        if np.all(np.isfinite(sums)) and sums.min() > 0 and np.ptp(sums) <= _EQUAL * np.median(sums):
            return True
    return False


def even_rows(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Return at most `most` rows, evenly chosen, in their order."""
    if len(values) <= most:
        return values
    return values[np.linspace(0, len(values) - 1, most).astype(np.int64)]
