"""Both-sided rotation: how often chance alone gives a concordance as strong, with the other side's profile held fixed.

Σ x·y with one profile fixed is a weighted set statistic of the other, and its null distribution is that of ROAST (Wu et
al. 2010, doi 10.1093/bioinformatics/btq401): exact for normal errors, with the genes' own correlation, where shuffling
genes is not. The larger of the two p-values counts: it holds its size when either study shows nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sidemine.stats.tails import two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.bridge.profiles import Profile, Side

    Array = NDArray[np.float64]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Question:
    """One weighted sum over the rotated deviates of a profile.

    Attributes
    ----------
    weights
        One per shared gene: the other side's deviates on the chosen genes, 0 elsewhere.
    observed
        The sum as it is.
    cutoff
        Only deviates beyond this count, as when genes were chosen because they stand out in this very profile.
    """

    weights: NDArray[np.float64]
    observed: float
    cutoff: float = 0.0


def rotation_p_values(
    side: Side, questions: Mapping[str, Mapping[Key, Question]], n_rotations: int
) -> dict[str, dict[Key, float]]:
    """Return two-sided p-values of every question to every profile of one side: (b + 1) / (m + 1), or that of errors by unit.

    Parameters
    ----------
    side
        The side that is rotated.
    questions
        Per profile name: the questions by their key.
    n_rotations
        Random rotations m, each used with both signs.
    """
    asked = {name: list(entries.items()) for name, entries in questions.items() if entries}
    weights = {
        name: np.array([entry.weights for _, entry in entries], dtype=np.float32) for name, entries in asked.items()
    }
    observed = {name: np.abs([entry.observed for _, entry in entries]) for name, entries in asked.items()}
    cutoffs = {name: np.array([entry.cutoff for _, entry in entries]) for name, entries in asked.items()}
    exceeding = {name: np.zeros(len(entries), dtype=np.int64) for name, entries in asked.items()}
    for rotated in side.rotations(n_rotations) if asked else ():
        for name in asked:
            for cutoff in np.unique(cutoffs[name]):
                rows = np.flatnonzero(cutoffs[name] == cutoff)
                block = rotated[name]
                if cutoff > 0:
                    block = np.where(np.abs(block) > np.float32(cutoff), block, np.float32(0))
                sums = np.abs(weights[name][rows] @ block)
                exceeding[name][rows] += np.count_nonzero(sums >= observed[name][rows, None], axis=1)
    by_unit = {name: _p_of_units(side.profile(name), [entry for _, entry in asked[name]]) for name in asked}
    return {
        name: {
            key: max(float((count + 1) / (n_rotations + 1)), float(p))
            for (key, _), count, p in zip(entries, exceeding[name], by_unit[name], strict=True)
        }
        for name, entries in asked.items()
    }


def _p_of_units(profile: Profile, questions: Sequence[Question]) -> Array:
    """Return the two-sided p of each sum with the errors of `Part.noise`: samples as the units, or blocks that enter as a correlation."""
    size = np.abs(profile.deviates)
    weights = np.array([np.where(size > question.cutoff, question.weights, 0.0) for question in questions])
    parts = [(np.sum((weights @ factor) ** 2, axis=1), df) for factor, df in profile.noises]
    variance = np.sum([part for part, _ in parts], axis=0)
    spread = np.sum([part**2 / df for part, df in parts], axis=0)
    known = variance > 0
    df = np.divide(variance**2, spread, out=np.ones_like(variance), where=known)
    observed = np.array([question.observed for question in questions])
    statistic = np.divide(observed, np.sqrt(variance), out=np.zeros_like(variance), where=known)
    return np.asarray(two_sided_p(statistic, df))
