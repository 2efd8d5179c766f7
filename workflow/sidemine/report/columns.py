"""Columns of whole numbers, coded so that the page stays small and nothing is lost.

Columns of one gene table tell much about each other: a p-value follows from t, q from p, t from the fold change and its interval,
the mean from the groups' means. So a column may be stored as what is left of it after a prediction from columns that stand
before it; integer arithmetic makes the reader's prediction the same. What is left is written as one character per number,
which gzip packs better than digits. The page's script undoes it (`decoded` in columns.js), and `decoded` here does the same.

A recipe is a list of steps `[name, kind, ...]`, in the order in which a reader must take them:

- `["a", "plain"]`: as it is;
- `["a", "linear", [["b", 3], ["c", 2]], 5, 10]`: beyond ⌊(3 b + 2 c + 5) / 10⌋;
- `["a", "ratio", "b", "c", 7, 10]`: beyond ⌊7 b / (10 c)⌋;
- `["a", "along", "b", ""]`: differences of neighbours when rows are sorted by |b|, then by row;
- `["a", "along", "b", "c"]`: the same, sorted by ⌊1000 |b| / c⌋.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Column = Sequence[int | None]
Recipe = list[list[Any]]

_FIRST = 0x5D
"""Lowest character in use: the first after the backslash, so that JSON needs no escapes."""
_SURROGATES = range(0xD800, 0xE000)
_MOST = 0x10FFFF - len(_SURROGATES) - _FIRST
_NONE = -(2**62)
LARGEST = 2**31
"""Numbers from here on are not coded: products with them would leave the whole numbers that a browser holds exactly."""


def codable(columns: Iterable[Column]) -> bool:
    """Tell whether all numbers are small enough to be coded."""
    return all(value is None or abs(value) < LARGEST for values in columns for value in values)


def code_of(p: float | None) -> int | None:
    """Return a number from 1e-300 to 1, at three digits, as a whole number that rises with it.

    >>> code_of(1.0) - code_of(0.999), code_of(0.1) - code_of(0.0999)
    (1, 1)
    """
    if p is None or not math.isfinite(p):
        return None
    mantissa, exponent = f"{max(p, 1e-300):.2e}".split("e")
    return (int(exponent) + 300) * 900 + int(mantissa.replace(".", "")) - 100


def number_of(code: int | None) -> float | None:
    """Undo `code_of`.

    >>> number_of(code_of(1.23e-7))
    1.23e-07
    """
    return None if code is None else float(f"{code % 900 + 100}e{code // 900 - 302}")


def encoded(columns: Mapping[str, Column], recipe: Recipe) -> dict[str, Any]:
    """Return the coded block of `columns`; a reader gets them back with `decoded`."""
    arrays = {name: _array(values) for name, values in columns.items()}
    text = {}
    for step in recipe:
        text[step[0]] = _text(_left(arrays, step, arrays[step[0]]))
    return {"recipe": recipe, "text": text}


def decoded(block: Mapping[str, Any]) -> dict[str, list[int | None]]:
    """Undo `encoded`."""
    arrays: dict[str, NDArray[np.int64]] = {}
    for step in block["recipe"]:
        arrays[step[0]] = _whole(arrays, step, _numbers(block["text"][step[0]]))
    return {name: _list(values) for name, values in arrays.items()}


def cheapest(columns: Mapping[str, Column], name: str, steps: Iterable[list[Any]]) -> list[Any]:
    """Return the step that leaves least of a column, in bits of what is left; the first among equals."""
    import numpy as np

    arrays = {key: _array(values) for key, values in columns.items()}

    def bits(step: list[Any]) -> int:
        left = _left(arrays, step, arrays[name])
        return int(np.ceil(np.log2(np.abs(left[left != _NONE]) + 1.0)).sum())

    return min(steps, key=bits)


def _array(values: Column) -> NDArray[np.int64]:
    import numpy as np

    return np.array([_NONE if value is None else value for value in values], dtype=np.int64)


def _list(values: NDArray[np.int64]) -> list[int | None]:
    return [None if value == _NONE else value for value in values.tolist()]


def _predicted(arrays: Mapping[str, NDArray[np.int64]], step: list[Any], n: int) -> NDArray[np.int64]:
    import numpy as np

    predicted = np.zeros(n, dtype=np.int64)
    if step[1] == "linear":
        used = [(arrays[name], factor) for name, factor in step[2]]
        known = np.logical_and.reduce([values != _NONE for values, _ in used])
        total = sum((values[known] * factor for values, factor in used), start=np.int64(step[3]))
        predicted[known] = total // step[4]
    elif step[1] == "ratio":
        above, below = arrays[step[2]], arrays[step[3]]
        known = (above != _NONE) & (below != _NONE) & (below > 0)
        predicted[known] = above[known] * step[4] // (below[known] * step[5])
    return predicted


def _order(arrays: Mapping[str, NDArray[np.int64]], step: list[Any]) -> NDArray[np.int64]:
    import numpy as np

    values = arrays[step[2]]
    keys = np.where(values == _NONE, -1, np.abs(values))
    if step[3]:
        below = arrays[step[3]]
        known = (values != _NONE) & (below != _NONE) & (below > 0)
        keys = np.where(known, np.where(known, keys, 0) * 1000 // np.where(known, below, 1), -1)
    return np.argsort(keys, kind="stable")


def _left(arrays: Mapping[str, NDArray[np.int64]], step: list[Any], values: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if step[1] == "along":
        ordered = values[_order(arrays, step)]
        known = ordered != _NONE
        ordered[known] = np.diff(ordered[known], prepend=0)
        return ordered
    return np.where(values == _NONE, _NONE, values - _predicted(arrays, step, len(values)))


def _whole(arrays: Mapping[str, NDArray[np.int64]], step: list[Any], left: NDArray[np.int64]) -> NDArray[np.int64]:
    import numpy as np

    if step[1] == "along":
        known = left != _NONE
        left[known] = np.cumsum(left[known])
        values = np.empty_like(left)
        values[_order(arrays, step)] = left
        return values
    return np.where(left == _NONE, _NONE, left + _predicted(arrays, step, len(left)))


def _text(values: NDArray[np.int64]) -> str | list[int | None]:
    # A column with a number too large for one character stays a list. 0 is a missing number; others go 0, -1, 1, -2, 2 … to 1, 2, 3, 4, 5 …
    import numpy as np

    known = values != _NONE
    kept = np.where(known, values, 0)
    codes = np.where(known, np.where(kept >= 0, 2 * kept + 1, -2 * kept), 0)
    if len(codes) and int(codes.max()) > _MOST:
        return _list(values)
    codes = codes + _FIRST
    codes[codes >= _SURROGATES.start] += len(_SURROGATES)
    return codes.astype("<u4").tobytes().decode("utf-32-le")


def _numbers(text: str | list[int | None]) -> NDArray[np.int64]:
    import numpy as np

    if not isinstance(text, str):
        return _array(text)
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.int64)
    codes[codes >= _SURROGATES.stop] -= len(_SURROGATES)
    codes -= _FIRST
    values = np.where(codes % 2 == 1, codes // 2, -(codes // 2))
    return np.where(codes == 0, _NONE, values)


def compact_text(values: Column) -> str | list[int | None]:
    """Return numbers as text, one character each; as they are, where one is too large."""
    return _text(_array(values))


def numbers_of(text: str | list[int | None]) -> list[int | None]:
    """Undo `compact_text`."""
    return _list(_numbers(text))
