"""Find which samples of two groups belong to one person or culture: a column says so, or a suffix of a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidemine.scaffold.derivation import unused_name, with_derived
from sidemine.scaffold.proposal import Derivation, Pairing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

UNIT_NAMES = re.compile(r"(^|_)(donor|patient|individual|subject|participant|person|pair|case|animal)(_|id|no|$)")
"""Columns that name people or other units."""
_UNIT_WORDS = "patient|donor|subject|participant|individual|volunteer|pt"
_STATES = "non[ _-]?tumou?r|tumou?r|normal|adjacent|non[ _-]?lesional|lesional|pre|post|before|after|baseline|treated|untreated|follow[ _-]?up"
_MARK = r"[ _.,:;/()-]*"
_PATTERNS = (
    rf"(?i).*?((?:{_UNIT_WORDS})[ _.#-]*[0-9]+).*",
    r"([A-Za-z]{1,3}[0-9]+)[A-Za-z]?[ _.-].*",
    r"(.*?)[ _.-]?[AB]?",
    r"(.*?)[ _.-]?[ab]?",
    r"(.*?)[ _.-]?[TN]?",
    rf"(?i)(.*?){_MARK}(?:{_STATES})?{_MARK}",
    rf"(?i)(?:{_STATES})?{_MARK}(.*?){_MARK}",
)
_SOURCES = ("title", "source_name", "description", "sample")
_FEWEST = 3
_SHARE = 0.5


def find_pairs(samples: pd.DataFrame, target: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Pairing | None:
    """Return the column that pairs samples of two groups best, or None.

    A column of persons counts as it is. Where each value belongs to one sample (`02-407A`, `02-407B`), or no column names persons,
    what is left of a name without its suffix is tried. Replicate numbers are no pairs: sample 1 of both groups need not
    be one culture.

    Parameters
    ----------
    samples
        Samples × metadata.
    target, reference
        Which samples are in which group.
    """
    named = [name for name in map(str, samples.columns) if UNIT_NAMES.search(name)]
    for name in named:
        if pairing := _pairing(samples, name, None, target, reference):
            return pairing
    best: Pairing | None = None
    for source in [*named, *_SOURCES]:
        for pattern in _PATTERNS:
            derivation = Derivation(unused_name("pair", samples), source, pattern)
            made = with_derived(samples, derivation)
            pairing = None if made is None else _pairing(made, derivation.column, derivation, target, reference)
            if pairing and (best is None or pairing.complete > best.complete):
                best = pairing
    return best


def _pairing(
    samples: pd.DataFrame,
    column: str,
    derivation: Derivation | None,
    target: NDArray[np.bool_],
    reference: NDArray[np.bool_],
) -> Pairing | None:
    values = samples[column].astype(str).to_numpy()
    left, right = [set(values[group]) - {""} for group in (target, reference)]
    both, every = left & right, left | right
    many = target.sum() + reference.sum()
    in_pairs = sum(value in both for value in values[target | reference])
    few_repeats = len(every) >= many / 4
    if len(both) < _FEWEST or in_pairs < _SHARE * many or not few_repeats:
        return None
    return Pairing(column, derivation, len(both), len(every))
