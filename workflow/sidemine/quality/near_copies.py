"""Samples that are copies of one another, and samples that lie apart from all others.

Both rest on one robust distance: 1.4826 × the median absolute difference of two samples' log2 expression over the
better expressed half of the genes, after their median difference is taken out. It is not moved by a few responding
genes, nor by scaling. A sample is compared with its *nearest* other sample, so that small arms of a strong treatment
are no outliers and replicates of one cell line are no copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.flags import Flag, consequence_words, listing
from sidemine.quality.record import NearCopy

if TYPE_CHECKING:
    from numpy.typing import NDArray

COPY_RATIO = 0.38
"""Nearest distance of a pair, as a share of the usual (median) nearest distance of the dataset, at which two samples are
called nearly identical. Aliquots of one pool of liver: 0.29 (GSE14520); the closest independent replicates of a cell
line: 0.49 (GSE147507), elsewhere 0.81 and more. This is the geometric middle of 0.29 and 0.49."""
APART_RATIO = 2.0
"""Nearest distance over the usual one at which a sample lies apart: its noise variance is four times that of its peers,
so that a weighted fit would count it as a quarter of a sample."""
APART_Z = 3.5
"""And its robust z score among the log distances (Iglewicz & Hoaglin 1993), so that uneven datasets flag no one."""
MIN_SAMPLES, MIN_GENES = 4, 50
COPIES = "no two samples are nearly identical"
APART = "no sample lies apart from all others"


def better_expressed(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return, per gene (row), whether it is complete and in the better expressed half: below it, noise and zeros rule."""
    complete = np.isfinite(values).all(axis=1)
    if not complete.any() or values.shape[1] == 0:
        return np.zeros(len(values), dtype=bool)
    means = values.mean(axis=1)
    return np.asarray(complete & (means >= np.median(means[complete])), dtype=bool)


def distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the robust distance of every sample of `first` from every sample of `second`.

    Parameters
    ----------
    first, second
        log2 expression, the same genes × samples.

    Returns
    -------
    ndarray of shape (samples of first, samples of second)
        log2 units.
    """
    own, others = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)
    return np.array([_distances_from(sample, others) for sample in own]).reshape(len(own), len(others))


def _distances_from(sample: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = others - sample
    # The order of the genes does not matter from here on, so the medians may leave it changed.
    difference -= np.median(difference, axis=1, overwrite_input=True, keepdims=True)
    np.abs(difference, out=difference)
    return np.asarray(1.4826 * np.median(difference, axis=1, overwrite_input=True))


def distances_within(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the distances of one dataset, samples × samples (diagonal: infinite); None with too little to compare."""
    chosen = values[better_expressed(values)]
    if chosen.shape[1] < MIN_SAMPLES or chosen.shape[0] < MIN_GENES:
        return None
    samples = np.ascontiguousarray(chosen.T)
    found = np.full((len(samples), len(samples)), np.inf)
    for row, sample in enumerate(samples[:-1]):
        found[row, row + 1 :] = _distances_from(sample, samples[row + 1 :])
    # A distance is the same both ways, to the last bit.
    return np.asarray(np.minimum(found, found.T))


def find_copies(within: NDArray[np.float64], samples: Sequence[str]) -> list[NearCopy]:
    """Return the nearly identical pairs of one dataset, by order."""
    usual = float(np.median(within.min(axis=1)))
    rows, columns = np.nonzero(np.triu(within <= COPY_RATIO * usual, k=1))
    return [
        NearCopy(samples[row], samples[column], _rounded(within[row, column], usual))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _rounded(distance: float, usual: float) -> float:
    return float(f"{distance / usual:.3g}") if usual > 0 else 0.0


def flag_copies(within: NDArray[np.float64] | None, pairs: Sequence[NearCopy], action: str) -> Flag:
    """Return the finding on copies inside one dataset; with `drop` the first sample of a pair stays.

    Parameters
    ----------
    within
        Distances, samples × samples; None with too little to compare.
    pairs
        Pairs that are too close: first, second and ratio (share of the usual nearest distance).
    action
        What the study declares for copies.
    """
    if within is None:
        return Flag("", COPIES, "ok", "too little to compare")
    usual = float(np.median(within.min(axis=1)))
    if not pairs:
        told = f"the closest pair is {_rounded(float(within.min()), usual):.2f} of the usual nearest distance apart"
        return Flag("duplicated_samples", COPIES, "ok", f"{told} (copies: {COPY_RATIO} or less)")
    named = listing([f"{pair.first} and {pair.second} ({pair.ratio:.2f})" for pair in pairs])
    return Flag(
        "duplicated_samples",
        COPIES,
        "warn",
        f"{len(pairs)} pair(s) lie closer than {COPY_RATIO} of the usual nearest distance: {named}",
        consequence_words(
            action,
            "Copies or aliquots of one sample are one observation: exclude one of each pair, or declare biological_unit.",
            "the later sample of each pair takes no part in any contrast" if action == "drop" else "",
        ),
        tuple(sorted({pair.second for pair in pairs})),
    )


def flag_apart(within: NDArray[np.float64] | None, samples: Sequence[str], action: str) -> Flag:
    """Return the finding on samples that lie apart from all others.

    Parameters
    ----------
    within
        Distances, samples × samples; None with too little to compare.
    samples
        Names of the samples.
    action
        What the study declares for samples that lie apart.
    """
    if within is None:
        return Flag("", APART, "ok", "too little to compare")
    nearest = within.min(axis=1)
    usual = float(np.median(nearest))
    if usual <= 0:
        return Flag("", APART, "ok", "most samples are copies: nothing to compare with")
    logs = np.log(np.maximum(nearest, 1e-12) / usual)
    spread = 1.4826 * float(np.median(np.abs(logs)))
    score = logs / spread if spread > 0 else np.where(logs > 0, np.inf, 0.0)
    apart = [
        column for column in np.argsort(-nearest) if nearest[column] > APART_RATIO * usual and score[column] > APART_Z
    ]
    farthest = int(nearest.argmax())
    if not apart:
        told = f"the farthest, {samples[farthest]}, is {nearest[farthest] / usual:.2f} times the usual nearest distance"
        return Flag("outlier_samples", APART, "ok", f"{told} from its nearest sample")
    named = listing([f"{samples[column]} ({nearest[column] / usual:.1f} times)" for column in apart])
    return Flag(
        "outlier_samples",
        APART,
        "warn",
        f"{len(apart)} sample(s) lie more than {APART_RATIO:g} times the usual distance from their nearest: {named}",
        consequence_words(action, "Look at the sample's record and library size; array_weights would weigh it down."),
        tuple(sorted(samples[column] for column in apart)),
    )
