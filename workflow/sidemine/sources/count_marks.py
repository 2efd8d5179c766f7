"""What was done to counts: a scaling or a logarithm leaves whole numbers under it, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CELLS_LOOKED_AT = 50
"""Cells that are enough to see it."""
_FEWEST_CELLS, _FEWEST_DISTINCT = 5, 4
"""Values of three or fewer sizes are whole multiples of the smallest one too often."""
_AGREE, _SAME = 0.9, 0.5
_OFF = 1e-3
_MOST_UNITS = 1_000
"""Multiples beyond which single precision no longer tells a whole number."""
MOST_LOG = 30
"""No logarithm of a count is larger."""


def find_disguise(cells: Any) -> str:
    """Return what the values are, where whole numbers lie under them; empty where none do.

    Parameters
    ----------
    cells
        Sparse, some cells × genes; no value is negative, and some have fractions.

    Notes
    -----
    In log(1 + counts) and in values normalised cell by cell, all values of a cell are whole multiples of one unit, once the
    logarithm is taken back. Counts that were corrected for ambient RNA, shared among genes or imputed have no such unit.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> counts = np.arange(1, 41).reshape(5, 8)
    >>> find_disguise(sp.csr_matrix(np.log1p(counts)))
    'logarithms: exp(x) - 1 gives whole numbers'
    """
    import numpy as np

    rows = [cells.data[start:end] for start, end in zip(cells.indptr[:-1], cells.indptr[1:], strict=True)]
    rows = [np.unique(row[row > 0].astype(np.float64)) for row in rows]
    rows = [row for row in rows if len(row) >= _FEWEST_DISTINCT]
    if len(rows) < _FEWEST_CELLS:
        return ""
    ways: list[tuple[str, Callable[[NDArray[Any]], NDArray[Any]]]] = [("", lambda row: row)]
    if max(row[-1] for row in rows) <= MOST_LOG:
        ways += [
            ("logarithms: exp(x) - 1 gives", np.expm1),
            ("logarithms: 2^x - 1 gives", lambda row: np.exp2(row) - 1),
            ("logarithms: 10^x - 1 gives", lambda row: np.power(10.0, row) - 1),
            ("square roots: their squares give", np.square),
        ]
    for words, back in ways:
        units = np.array([_unit_of(back(row)) for row in rows])
        positive = units[units > 0]
        if len(positive) < _AGREE * len(rows):
            continue
        unit = float(np.median(positive))
        if not words and abs(unit - 1) <= _OFF:
            return ""  # counts, but for some values
        if np.mean(np.abs(positive / unit - 1) <= _OFF) < _SAME:
            return f"{words} whole numbers times a factor of each cell: normalised".strip()
        if abs(unit - 1) <= _OFF:
            return f"{words} whole numbers".strip()
        return f"{words} whole numbers times {unit:.4g}".strip()
    return ""


def _unit_of(values: NDArray[Any]) -> float:
    """Return what all of the sorted values are whole multiples of; 0: nothing that the smallest ones show."""
    import numpy as np

    for part in (1, 2, 3):
        unit = float(values[0]) / part
        multiples = values / unit
        multiples = multiples[multiples <= _MOST_UNITS]
        if len(multiples) >= _FEWEST_DISTINCT and bool((np.abs(multiples - np.rint(multiples)) <= _OFF * part).all()):
            return unit
    return 0.0
