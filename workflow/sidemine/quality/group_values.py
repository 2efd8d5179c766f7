"""What the samples of one group hold in a column of metadata, in words for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Literal

from sidemine.text.columns import read_numbers

NOT_RECORDED = "not recorded"
MOST_LEVELS = 8
"""Most values of a column that are named."""


def values_in_words(kind: Literal["numbers", "levels"], texts: Sequence[str]) -> str:
    """Return median and range of numbers, or levels with their counts, and how many samples have no value.

    Parameters
    ----------
    kind
        What the column was read as (`Association.kind`).
    texts
        One cell per sample; '' where nothing is recorded.
    """
    present = [text.strip() for text in texts if text.strip()]
    missing = f"; {len(texts) - len(present)} {NOT_RECORDED}" if len(present) < len(texts) else ""
    if kind == "numbers":
        numbers = [float(cell[0]) for cell in map(read_numbers, ([text] for text in present)) if cell is not None]
        if not numbers:
            return NOT_RECORDED
        return f"median {median(numbers):g} ({min(numbers):g} to {max(numbers):g}){missing}"
    levels = sorted(Counter(present).items())
    named = ", ".join(f"{level}: {times}" for level, times in levels[:MOST_LEVELS])
    rest = len(levels) - MOST_LEVELS
    more = f" and {rest:,} more value{'' if rest == 1 else 's'}" if rest > 0 else ""
    return f"{named}{more}{missing}" if named else NOT_RECORDED
