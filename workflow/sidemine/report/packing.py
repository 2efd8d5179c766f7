"""How data stand on the page: gzip + base64 JSON blocks that the page's script unpacks on demand.

Numbers are rounded to what a reader can use, and to what keeps the page small: 3 decimals of log2 units, 3 significant
digits of p and q (5 where two would be rounded wrongly), 2 decimals of t, as whole numbers where that packs better.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import JsonValue

from sidemine.records import fields_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GZIP = 31
"""Window bits that ask zlib for a gzip header; it holds no time."""
_ONE_OF = 8
"""Of so many blocks of a kind one is packed before the others; these follow by so many."""
TYPICAL_BYTES = {"contrast": 22.6, "dataset": 2.0, "explorer": 12.9, "explorer of one contrast": 0.6}
"""Bytes that a number of each kind took on the page of a study of 24 contrasts: where the search for what fits begins, and no more."""
_EXACT = 2.0**53
"""Below it every whole number is one of floating point."""
SMALLEST_P = 1e-300
"""A p-value that underflows is shown as this, so that no logarithm of 0 is drawn."""


def pack(content: object) -> str:
    """Return `content` (records included) as base64 of gzipped JSON: the same bytes every time, inert inside HTML."""
    return pack_text(
        json.dumps(
            content,
            default=fields_of,
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
            allow_nan=False,
        )
    )


def pack_text(text: str) -> str:
    """Return `text` as base64 of gzip."""
    # Measured on the blocks of a study of 28 contrasts: level 7 takes 2.9 times as long for 3 % less, and the default
    # strategy, made for words, 2 % more.
    packer = zlib.compressobj(5, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return base64.b64encode(packer.compress(text.encode("utf-8")) + packer.flush()).decode("ascii")


def pack_all(contents: Mapping[str, object]) -> dict[str, str]:
    """Return several contents packed, as `pack` would.

    Parameters
    ----------
    contents
        What to pack, by name.
    """
    return _make_and_pack({name: partial(lambda content: content, content) for name, content in contents.items()})


def _make_and_pack(makers: Mapping[str, Callable[[], object | None]]) -> dict[str, str]:
    """Return what is made, packed; two at a time, since compression leaves the interpreter free to make the next."""
    with ThreadPoolExecutor(2) as workers:
        made = zip(makers, workers.map(_packed, makers.values()), strict=True)
        return {name: block for name, block in made if block is not None}


def _packed(make: Callable[[], object | None]) -> str | None:
    content = make()
    return None if content is None else pack(content)


@dataclass(frozen=True)
class Part:
    """One block that is not made yet: its kind, how many numbers it will hold, and how it is made; some hold nothing."""

    kind: str
    numbers: int
    make: Callable[[], object | None]


@dataclass(frozen=True)
class Packed:
    """Packed blocks by name (None where they do not fit), and the bytes that a number of each kind took."""

    blocks: dict[str, str] | None
    bytes_each: dict[str, float]


def pack_within(parts: Mapping[str, Part], room: float) -> Packed:
    """Return the blocks of all parts packed, unless they do not fit.

    Of every kind some are packed first: as soon as they tell that the whole would be too large, the others are neither made nor
    packed, which is nearly all of the work.

    Parameters
    ----------
    parts
        What to pack, by name.
    room
        Most bytes of all blocks.
    """
    packed: dict[str, str] = {}

    def pack_more(names: Iterable[str]) -> None:
        packed.update(_make_and_pack({name: parts[name].make for name in names}))

    first: list[str] = []
    bytes_each: dict[str, float] = {}
    # The kind of most parts tells the most for the least work.
    kinds = Counter(part.kind for part in parts.values()).most_common()
    for kind, _ in kinds:
        names = [name for name, part in parts.items() if part.kind == kind]
        some = names[:: max(1, min(_ONE_OF, len(names) // 2))]
        pack_more(some)
        first += some
        tried = sum(parts[name].numbers for name in some)
        bytes_each[kind] = sum(len(packed.get(name, "")) for name in some) / max(1, tried)
        if is_too_large(parts, bytes_each, room):
            return Packed(None, bytes_each)
    left = [name for name in parts if name not in first]
    while not is_too_large({name: parts[name] for name in left}, bytes_each, room, sum(map(len, packed.values()))):
        if not left:
            return Packed({name: packed[name] for name in parts if name in packed}, bytes_each)
        pack_more(left[:_ONE_OF])
        left = left[_ONE_OF:]
    return Packed(None, bytes_each)


def is_too_large(parts: Mapping[str, Part], bytes_each: Mapping[str, float], room: float, packed: int = 0) -> bool:
    """Tell whether a page would be too large, by a twentieth of what is only expected or more.

    Parameters
    ----------
    parts
        What is not packed yet.
    bytes_each
        Bytes for a number of each kind.
    room, packed
        Most bytes of all blocks, and those of what is packed.
    """
    expected = math.fsum(bytes_each.get(part.kind, 0.0) * part.numbers for part in parts.values())
    return packed + expected / 1.05 > room


def unpack(block: str) -> JsonValue:
    """Undo `pack`."""
    content: JsonValue = json.loads(gzip.decompress(base64.b64decode(block)))
    return content


def significant(value: float, digits: int = 3) -> float | None:
    """Round to significant digits; None for what is not a finite number."""
    return float(f"{value:.{digits - 1}e}") if math.isfinite(value) else None


def p_values(values: Iterable[float]) -> list[float | None]:
    """Return p-values at three digits, or as many as tell how they are shown; None where there is none."""
    numbers = np.maximum(_array(values), SMALLEST_P)
    rounded = figures(numbers, 3)
    # Two digits are shown. A third that is 5 does not tell whether they are rounded up: such a number keeps two more.
    known = np.flatnonzero(numbers > 0)
    third = np.rint(100 * numbers[known] / 10 ** np.floor(np.log10(numbers[known]))) % 10
    ties = known[third == 5]
    for place, value in zip(ties.tolist(), figures(numbers[ties], 5), strict=True):
        rounded[place] = value
    return rounded


def figures(values: Iterable[float], digits: int) -> list[float | None]:
    """Return numbers rounded to significant digits; None where there is none."""
    numbers = _array(values)
    known = np.isfinite(numbers)
    # All are written and read at once: one by one it was a tenth of the time of a page.
    told = numbers[known].tolist()
    rounded: NDArray[np.object_] = np.full(len(numbers), None, dtype=object)
    rounded[known] = np.array((f"%.{digits - 1}e " * len(told) % tuple(told)).split(), dtype=np.float64).tolist()
    plain: list[float | None] = rounded.tolist()
    return plain


def _array(values: Iterable[float]) -> NDArray[np.float64]:
    if isinstance(values, np.ndarray | pd.Series):
        return np.asarray(values, dtype=np.float64)
    return np.fromiter(values, dtype=np.float64)


def scaled(values: Iterable[float], factor: int) -> list[int | None]:
    """Return numbers times `factor` as whole numbers; None where there is none."""
    numbers = _array(values) * factor
    if bool((np.abs(numbers) < _EXACT).all()):
        whole: list[int | None] = np.rint(numbers).astype(np.int64).tolist()
        return whole
    return [round(value) if math.isfinite(value) else None for value in numbers.tolist()]


def steps(indices: list[int]) -> list[int]:
    """Return the differences of rising indices: nearly all are 1, which gzip turns into almost nothing."""
    return [now - before for before, now in zip([0, *indices], indices, strict=False)]


def distances(
    effect: Iterable[float], low: Iterable[float], high: Iterable[float]
) -> tuple[list[int | None], list[int | None]]:
    """Return limits as distances from their effect, in thousandths: below it, and above it beyond that.

    Exact at the digits shown. Intervals are symmetric but for rounding, so the second list is nearly all zeros and packs to
    nothing.

    Parameters
    ----------
    effect, low, high
        Effects and the limits of their intervals, as many of each.
    """
    numbers = [np.rint(_array(values) * 1000) for values in (effect, low, high)]
    if all(bool((np.abs(column) < _EXACT).all()) for column in numbers):
        m, x, y = (column.astype(np.int64) for column in numbers)
        return (m - x).tolist(), (y - 2 * m + x).tolist()
    middle, lower, upper = (scaled(values, 1000) for values in (effect, low, high))
    below = [None if m is None or x is None else m - x for m, x in zip(middle, lower, strict=True)]
    above = [
        None if m is None or x is None or b is None else x - m - b for m, x, b in zip(middle, upper, below, strict=True)
    ]
    return below, above
