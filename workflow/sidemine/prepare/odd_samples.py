"""Samples whose column cannot be what the others are: without values, all the same, or on another scale."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem
from sidemine.prepare.scale_marks import even_rows
from sidemine.sources.scales import SCALES
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.sources.scales import Scale

_MOST_ROWS = 5_000
_ENOUGH_ROWS = 100
"""Fewer rows show no distribution."""
_FEW_ROWS = 20
_NO_LOGARITHM = 100.0
"""A column of logarithms whose 99 % quantile lies above holds none (GEO2R's rule)."""
_LOG_SPREAD = 5.0
"""The 99 % quantile of logarithms of expression is a few times their median; that of what they are taken of, many times."""
_LARGEST_LOGARITHM = 60.0
_OTHER_BASES = {"ln beside log2": np.log(2), "log10 beside log2": np.log10(2), "log10 beside ln": np.log10(np.e)}
_SAME_BASE, _NEAR = 0.93, 0.03
_FEW_MISSING, _MANY_MISSING = 0.1, 0.5
_MOST_TOLD = 8


def find_odd_samples(values: NDArray[np.float64], names: Sequence[str], scale: Scale, where: str) -> Problem | None:
    """Return the problem of samples that say nothing or stand on another scale than the others; None without such.

    A library without reads, or one sample left on another scale, moves every fold change.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing.
    names
        The samples.
    scale
        The scale that is declared.
    where
        Dataset and file.
    """
    oddities = _silent(values)
    if not oddities and len(values) >= _ENOUGH_ROWS and len(names) > 2:
        chosen = even_rows(values, _MOST_ROWS)
        oddities = _other_base(chosen) or _no_logarithms(chosen) if SCALES[scale].log_base else _logarithms(chosen)
    if not oddities:
        return None
    listed = [f"{names[place]} ({why})" for place, why in sorted(oddities.items())]
    return Problem(
        f"{len(oddities)} of {len(names)} samples do not hold {SCALES[scale].words} as the others do",
        f"{where}: {first_of(listed, _MOST_TOLD)}",
        "values of one scale that differ between genes, in every sample",
        "Leave these samples out, each under `exclude` in config.yaml with the reason, or use another file of the series.",
    )


def _silent(values: NDArray[np.float64]) -> dict[int, str]:
    """Find samples without values, or whose values are all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    missing = np.isnan(values).mean(axis=0)
    oddities = {int(place): "no value at all" for place in np.flatnonzero(np.isnan(low))}
    if len(values) >= _ENOUGH_ROWS and np.median(missing) <= _FEW_MISSING:
        # Genes without a value in one sample are not tested: such a sample leaves hardly any.
        for place in np.flatnonzero((missing > _MANY_MISSING) & (missing < 1)):
            oddities[int(place)] = f"no value in {missing[place]:.0%} of the rows"
    for place in np.flatnonzero((low == high) & ((low == 0) | (len(values) >= _FEW_ROWS))):
        oddities[int(place)] = f"every value is {low[place]:.4g}"
    return oddities if len(values) > 1 else {}


def _no_logarithms(values: NDArray[np.float64]) -> dict[int, str]:
    """Find columns too large for logarithms where the typical one is not."""
    top = np.nanquantile(values, 0.99, axis=0)
    if np.median(top) > _LARGEST_LOGARITHM:
        return {}
    return {
        int(place): f"values such as {top[place]:.4g} are no logarithms"
        for place in np.flatnonzero(top > _NO_LOGARITHM)
    }


def _logarithms(values: NDArray[np.float64]) -> dict[int, str]:
    """Find columns that are spread as logarithms among columns that are not; whole numbers are small libraries."""
    positive = np.where(values > 0, values, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle, top = np.nanquantile(positive, [0.5, 0.99], axis=0)
    spread = top / middle
    fractions = np.any(np.isfinite(values) & (values != np.rint(values)), axis=0)
    odd = (spread < _LOG_SPREAD) & (spread * 4 < np.nanmedian(spread)) & (top < _LARGEST_LOGARITHM) & fractions
    return {int(place): f"values up to {top[place]:.3g} look like logarithms" for place in np.flatnonzero(odd)}


def _other_base(values: NDArray[np.float64]) -> dict[int, str]:
    """Find columns that are, as a whole, another base's logarithms of what the others are."""
    typical = np.nanmedian(values, axis=1)
    rows = np.isfinite(values).all(axis=1) & (typical > 0)
    if rows.sum() < _ENOUGH_ROWS:
        return {}
    slope = values[rows].T @ typical[rows] / (typical[rows] @ typical[rows])
    share = slope / slope.max()
    oddities = {}
    for place in np.flatnonzero(share < _SAME_BASE):
        bases = [words for words, factor in _OTHER_BASES.items() if abs(share[place] / factor - 1) < _NEAR]
        if not bases:
            return {}
        oddities[int(place)] = f"{share[place]:.2f} times the largest, as {bases[0]}"
    return oddities
