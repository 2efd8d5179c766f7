"""Points that part thousands, as spreadsheets of many countries write them: `4.100` for 4100 is a number, and a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem
from sidemine.sources.scales import SCALES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.sources.scales import Scale

_FEWEST = 3
"""Fewer fractions, or whole numbers, tell nothing."""
_LEAST_WHOLE = 0.005
"""Share of whole numbers among the positive values. Of values that are rounded to three decimals one in a thousand is whole."""
_THIRD_DIGIT = 0.5
"""Share of the fractions whose third decimal is not 0: nine in ten by chance, none where values have one or two decimals."""
_ROUNDING = 1e-6
_MOST_TOLD = 6


def find_thousands_points(
    values: NDArray[np.float64], identifiers: Sequence[str], names: Sequence[str], scale: Scale, where: str
) -> Problem | None:
    """Return the problem of samples whose thousands are parted by points; None without such.

    Such a sample reaches no 1,000, and each of its fractions has three decimals and stands for a whole number from 1,000 to
    999,999, so that it lies above 1. In other values fractions lie below 1, too, and have other decimals.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing, as they were read.
    identifiers, names
        The rows, and the samples.
    scale
        The scale that is declared; logarithms, ratios, z-scores and fractions have no thousands.
    where
        Dataset and file.
    """
    traits = SCALES[scale]
    if traits.log_base or traits.layer not in {"counts", "log2"}:
        return None
    found = {place: rows for place, column in enumerate(values.T) if (rows := _parted_rows(column)).size}
    if not found:
        return None
    told = []
    for place, rows in list(found.items())[:_MOST_TOLD]:
        row = int(rows[0])
        told.append(
            f"{names[place]} ({identifiers[row]}: {values[row, place]:.3f} for {round(1000 * values[row, place])}?)"
        )
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return Problem(
        f"points seem to part thousands in {len(found)} of {len(names)} samples: no value reaches 1,000, and what has a point has "
        "three digits behind it",
        f"{where}: {', '.join(told)}{more}",
        "numbers with a decimal point and without thousands separators",
        "Open the table where it was made, show its numbers without a separator of thousands, save it again, and name that copy. If you "
        "know that these are decimal points, write decimal_points under confirmed in datasets.tsv.",
    )


def _parted_rows(column: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows of a sample in which a point parts thousands; none where it may be a decimal point."""
    none = np.array([], dtype=np.intp)
    positive = column[column > 0]
    if not len(positive) or positive.max() >= 1000:
        return none
    is_fraction = positive != np.rint(positive)
    fractions = positive[is_fraction]
    n_whole = len(positive) - len(fractions)
    if min(len(fractions), n_whole) < _FEWEST or n_whole < _LEAST_WHOLE * len(positive) or fractions.min() < 1:
        return none
    thousandths = 1000 * fractions
    if np.abs(thousandths - np.rint(thousandths)).max() > _ROUNDING * thousandths.max():
        return none
    if np.mean(np.rint(thousandths) % 10 != 0) < _THIRD_DIGIT:
        return none
    return np.flatnonzero((column > 0) & (column != np.rint(column)))
