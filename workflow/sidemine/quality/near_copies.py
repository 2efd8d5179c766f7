"""Samples that are copies of one another, and samples that lie apart from all others.

Two samples differ by the variance of their log2 ratio over well expressed genes, taken robustly: (1.4826 × the median
absolute difference)², after the median difference is taken out. It is not moved by a few responding genes, nor by
scaling. Of counts the sampling noise (Poisson, by the depth of both libraries) is taken out of it, so that what remains
is biology and preparation: McCarthy et al. 2012 (doi 10.1093/nar/gks042) split the variation of counts in the same way,
and Marioni et al. 2008 (doi 10.1101/gr.079558.108) found a library that is sequenced again to vary as Poisson says. Raw
distances would call two deep libraries among shallow ones copies, and miss every shallow copy.

Two samples are called copies when their variance is (a) a small share of that of the usual *nearest* neighbours, so that
small arms of a strong treatment are no outliers and replicates of one cell line are no copies, and (b) a small share
of what the two differ by from samples other than each other, so that two samples of better quality among poor ones are
no copies: one minus that share is the correlation of their residuals, the common profile taken out.

One *person* in two samples cannot be found in this way: two draws of one person differ nearly as two people do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem
from sidemine.quality.flags import MOST_NAMED, Flag, consequence_words
from sidemine.quality.record import NearCopy
from sidemine.stats.medians import medians_of_rows
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.study.models import IndependentPair

COPY_RATIO = 0.38
"""Root of a pair's variance over the usual (median) one of nearest neighbours, at which two samples are called nearly
identical. Aliquots of one pool of liver: 0.29 (GSE14520); the closest independent replicates of a cell line: 0.45
(GSE147507), elsewhere 0.62 and more. This is the geometric middle of 0.29 and 0.49."""
OWN_SHARE = 0.25
"""And the variance of a pair over what both differ by from others: a correlation of residuals of 0.75."""
LEAST_CV = 0.01
"""Two libraries of counts that vary by less than this (coefficient of variation, sampling noise taken out) are copies however
close the nearest ones are usually, so that lanes of every library are found. The closest independent ones: 0.035
(GSE147507)."""
N_ERRORS = 2.0
"""Standard errors by which a variance without noise must lie below the limit: of shallow libraries nothing is claimed."""
N_DEEP, FEWEST_COUNTS, FEWEST_DEEP = 2000, 10.0, 200
"""Of counts the best expressed genes are compared, as far as both libraries hold ten counts of them on average."""
MAD_ERROR = 2.33
"""Standard error of a variance that is taken from a median absolute difference, relative and times √n: √(2 / 0.37), since
the efficiency of that median at the normal is 0.37."""
_MEDIAN_OF_SQUARE = 0.4549364231195724
"""Median of χ² with one degree of freedom."""
_ROUNDS = 3
PEOPLE_NOT_FOUND = "One person in two samples cannot be found in expression: that is for the record to say."
APART_RATIO = 2.0
"""Nearest distance over the usual one at which a sample lies apart: its noise variance is four times that of its peers,
so that a weighted fit would count it as a quarter of a sample."""
APART_Z = 3.5
"""And its robust z score among the log distances (Iglewicz & Hoaglin 1993), so that uneven datasets flag no one."""
MIN_SAMPLES, MIN_GENES = 4, 50
EVERY_PAIR = 300
"""Up to so many samples every pair is compared. Of larger datasets, whose pairs grow as the square of their samples, those
that can tell something are: each sample with its nearest ones, and with a panel that is the same for all."""
N_NEAREST, N_PANEL = 16, 32
CLOSER = 0.5
"""And with all that lie closer than this share of the usual nearest distance, squared: a pool that stands on every plate has
more aliquots than any number of nearest ones.
"""
FEWEST_OTHERS = 2
COPIES = "nearly identical samples"
APART = "samples that lie apart from all others"


def better_expressed(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return, per gene (row), whether it is complete and in the better expressed half: below it, noise and zeros rule."""
    complete = np.isfinite(values).all(axis=1)
    if not complete.any() or values.shape[1] == 0:
        return np.zeros(len(values), dtype=bool)
    means = values.mean(axis=1)
    return np.asarray(complete & (means >= np.median(means[complete])), dtype=bool)


def distances_from(sample: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the robust distance of one sample (genes) from others (others × genes), log2 units."""
    difference = others - sample
    # The order of the genes does not matter from here on, so the medians may leave it changed.
    difference -= medians_of_rows(difference)[:, None]
    np.abs(difference, out=difference)
    return np.asarray(1.4826 * medians_of_rows(difference))


def distances_within(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the distances of one dataset, samples × samples (diagonal: infinite); None with too little to compare."""
    chosen = values[better_expressed(values)]
    if chosen.shape[1] < MIN_SAMPLES or chosen.shape[0] < MIN_GENES:
        return None
    return distances_among(chosen)


def distances_among(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distances between samples over these genes (genes × samples, complete); diagonal: infinite."""
    samples = np.ascontiguousarray(values.T)
    distances = np.full((len(samples), len(samples)), np.inf)
    # A distance is the same both ways, to the last bit.
    for row, others in enumerate(compared_samples(samples)):
        distances[row, others] = distances[others, row] = distances_from(samples[row], samples[others])
    return distances


def compared_samples(samples: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Yield, for each sample, the later ones that it is compared with.

    Parameters
    ----------
    samples
        log2 expression, samples × genes, complete.

    Notes
    -----
    All of them, in a dataset of at most `EVERY_PAIR`; otherwise those of which one is among the `N_NEAREST` of the other
    (Euclidean, each sample's mean taken out), all that are `CLOSER`, and those with one of an evenly spaced panel of `N_PANEL`.
    """
    n = len(samples)
    if n <= EVERY_PAIR:
        yield from (np.arange(row + 1, n) for row in range(n))
        return
    centred = (samples - samples.mean(axis=1, keepdims=True)).astype(np.float32)
    lengths = (centred**2).sum(axis=1)
    panel = np.linspace(0, n - 1, N_PANEL).astype(np.intp)

    def squares_of(rows: NDArray[np.intp]) -> NDArray[np.float32]:
        squares = lengths - 2 * (centred[rows] @ centred.T) + lengths[rows, None]
        squares[np.arange(len(rows)), rows] = np.inf
        return np.asarray(squares)

    close = CLOSER * np.median(squares_of(panel).min(axis=1))
    chosen = np.zeros((n, n), dtype=bool)
    chosen[:, panel] = True
    for start in range(0, n, EVERY_PAIR):
        squares = squares_of(np.arange(start, min(start + EVERY_PAIR, n)))
        nearest = np.argpartition(squares, N_NEAREST, axis=1)[:, :N_NEAREST]
        rows = chosen[start : start + EVERY_PAIR]
        rows |= squares < close
        np.put_along_axis(rows, nearest, values=True, axis=1)
    for row in range(n):
        yield np.flatnonzero((chosen[row] | chosen[:, row])[row + 1 :]) + row + 1


@dataclass(frozen=True)
class Differences:
    """Variances of log2 ratios between the samples of one dataset.

    Attributes
    ----------
    variance
        Samples × samples, squared log2 units, of counts without their sampling noise; infinite on the diagonal and where a
        pair was not compared (`compared_samples`), NaN where two libraries are too shallow to be compared.
    error
        Its standard error; 0 where there is no noise to take out.
    least
        The least usual variance; 0 where only the samples themselves tell what is usual.
    """

    variance: NDArray[np.float64]
    error: NDArray[np.float64]
    least: float = 0.0

    @property
    def usual(self) -> float:
        """The median variance of nearest neighbours, or `least`; NaN where too little could be compared."""
        nearest = np.where(np.isnan(self.variance), np.inf, self.variance).min(axis=1)
        known = nearest[np.isfinite(nearest)]
        return max(float(np.median(known)), self.least) if len(known) else math.nan

    def own_variance(self, sample: int, barred: Collection[int]) -> float:
        """Return what one sample adds to its differences from others; infinite with fewer than two others.

        Parameters
        ----------
        sample
            The sample.
        barred
            Itself, and those that may be copies of it.

        Notes
        -----
        For samples i, k, l without common cause, Var(i − k) + Var(i − l) − Var(k − l) is twice that of i. Taken
        with k nearest to i, a treatment that moves l and not k cancels.
        """
        others = [k for k in range(len(self.variance)) if k not in barred and np.isfinite(self.variance[sample, k])]
        if len(others) < FEWEST_OTHERS:
            return math.inf
        nearest = min(others, key=lambda k: float(self.variance[sample, k]))
        rest = [k for k in others if k != nearest and self.variance[nearest, k] != math.inf]
        if not rest:
            return math.inf
        against = np.nanmedian(self.variance[sample, rest] - self.variance[nearest, rest])
        return max(float(self.variance[sample, nearest] + against) / 2, 0.0)


def share_of(variance: float, own: float) -> float:
    """Return the variance of a pair over what both differ by from others (the sum of their `own_variance`)."""
    return variance / own if own > 0 else 0.0 if variance == 0 else math.inf


def differences_within(values: NDArray[np.float64], counts: NDArray[np.float64] | None = None) -> Differences | None:
    """Return how the samples of one dataset differ; None with too little to compare.

    Parameters
    ----------
    values
        log2 expression, genes × samples.
    counts
        The counts behind it, genes × samples, where there are any: their sampling noise is taken out.
    """
    if counts is None:
        within = distances_within(values)
        return None if within is None else Differences(within**2, np.zeros_like(within))
    n = counts.shape[1]
    sizes = counts.sum(axis=0)
    if n < MIN_SAMPLES or len(counts) < MIN_GENES or not (sizes > 0).all():
        return None
    deep, shares = deep_genes(counts)
    variance, error = np.full((n, n), np.inf), np.zeros((n, n))
    # From the shallowest library on: each is compared with deeper ones, over the genes that it holds enough of.
    order = np.argsort(sizes, kind="stable")
    shallow_first = np.ascontiguousarray(values[deep][:, order].T)
    for sample, later in zip(order, compared_samples(shallow_first), strict=True):
        others = order[later]
        held = int((shares * sizes[sample] >= FEWEST_COUNTS).sum())
        found, its_error = variance_without_noise(
            counts[deep[:held], sample], counts[np.ix_(deep[:held], others)].T, sizes[sample], sizes[others]
        )
        variance[sample, others] = variance[others, sample] = found
        error[sample, others] = error[others, sample] = its_error
    return Differences(variance, error, 2 * (LEAST_CV / math.log(2) / COPY_RATIO) ** 2)


def deep_genes(counts: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the best expressed genes, best first, and their mean shares of a library.

    Parameters
    ----------
    counts
        Genes × samples.

    Returns
    -------
    tuple of two ndarrays of shape (genes,)
        Places of at most `N_DEEP` genes, and their shares.
    """
    shares = (counts / counts.sum(axis=0)).mean(axis=1)
    deep = np.argsort(-shares, kind="stable")[:N_DEEP]
    return deep, shares[deep]


def variance_without_noise(
    sample: NDArray[np.float64],
    others: NDArray[np.float64],
    size: float,
    sizes: NDArray[np.float64],
    centre: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variance of the log2 ratios of one library to others beyond what sampling gives, and its standard error.

    A log2 ratio of counts x and y has the sampling variance (1/E x + 1/E y) / ln² 2, gene by gene. What is
    returned solves: the median of squared ratios, each over its sampling variance plus the sought one, is that of χ²₁.

    Parameters
    ----------
    sample, others
        Counts of the same genes, and of others × genes.
    size, sizes
        Their library sizes.
    centre
        log2 shares that are taken out of sample and others; None: nothing.

    Returns
    -------
    tuple of two ndarrays
        Squared log2 units, one per other; NaN with fewer than `FEWEST_DEEP` genes.
    """
    if len(sample) < FEWEST_DEEP:
        return np.full(len(others), np.nan), np.full(len(others), np.nan)
    ratio = np.log2((others + 0.5) / (sizes[:, None] + 1.0)) - np.log2((sample + 0.5) / (size + 1.0))
    if centre is not None:
        ratio += centre[0] - centre[1]
    ratio -= medians_of_rows(ratio.copy())[:, None]
    squares = ratio**2
    share = (others + sample + 1.0) / (sizes[:, None] + size)
    noise = (1.0 / size + 1.0 / sizes[:, None]) / share / math.log(2.0) ** 2
    typical = medians_of_rows(noise.copy())
    beyond = np.maximum(medians_of_rows(squares.copy()) / _MEDIAN_OF_SQUARE - typical, 0.0)
    for _ in range(_ROUNDS):
        scaled = squares / (noise + beyond[:, None])
        inflation = medians_of_rows(scaled) / _MEDIAN_OF_SQUARE
        beyond = np.maximum(inflation * (beyond + typical) - typical, 0.0)
    return beyond, MAD_ERROR / math.sqrt(len(sample)) * (beyond + typical)


def find_copies(within: Differences, samples: Sequence[str]) -> list[NearCopy]:
    """Return the nearly identical pairs of one dataset, by order.

    Parameters
    ----------
    within
        From `differences_within`.
    samples
        Names of the samples.
    """
    limit = COPY_RATIO**2 * within.usual
    near = within.variance + N_ERRORS * within.error <= limit
    pairs = []
    for row, column in zip(*(places.tolist() for places in np.nonzero(np.triu(near, k=1))), strict=True):
        barred = {row, column, *np.nonzero(near[row] | near[column])[0].tolist()}
        variance = float(within.variance[row, column])
        if share_of(variance, within.own_variance(row, barred) + within.own_variance(column, barred)) <= OWN_SHARE:
            pairs.append(NearCopy(samples[row], samples[column], rounded_ratio(variance, within.usual)))
    return pairs


def answer_copies(
    pairs: Sequence[NearCopy], answers: Sequence[IndependentPair], where: str
) -> tuple[list[NearCopy], list[Problem]]:
    """Return the pairs with the study's reasons for their independence, and a problem for each reason without its pair.

    Parameters
    ----------
    pairs
        Nearly identical samples of different biological units.
    answers
        What the study says of them.
    where
        Place of the answers, for messages.
    """
    reasons = {frozenset(answer.samples): answer.independent_because for answer in answers}
    answered = [
        replace(pair, independent_because=reasons.get(frozenset({pair.first, pair.second}), "")) for pair in pairs
    ]
    found = {frozenset({pair.first, pair.second}) for pair in pairs}
    named = first_of([f"{pair.first} and {pair.second}" for pair in pairs], MOST_NAMED) or "none"
    idle = [
        Problem(
            f"samples {' and '.join(answer.samples)} were not found to be nearly identical, so there is nothing to answer",
            where,
            f"pairs that this dataset's check of copies names: {named}",
            "Correct the names, or delete the entry.",
        )
        for answer in answers
        if frozenset(answer.samples) not in found
    ]
    return answered, idle


def answered_words(pairs: Sequence[NearCopy]) -> str:
    """Tell the pairs that the study declares independent, with its reasons."""
    return "; ".join(
        f"{pair.first} and {pair.second} are declared independent: {pair.independent_because.rstrip('.')}"
        for pair in pairs
    )


def rounded_ratio(variance: float, usual: float) -> float:
    """Return the root of a variance over the usual one of nearest neighbours, to three figures."""
    return float(f"{math.sqrt(variance / usual):.3g}") if usual > 0 else 0.0


def flag_copies(within: Differences | None, pairs: Sequence[NearCopy], action: str) -> Flag:
    """Return the finding on copies inside one dataset; with `drop` the first sample of a pair stays.

    Parameters
    ----------
    within
        From `differences_within`; None with too little to compare.
    pairs
        Pairs that are too close: first, second and ratio.
    action
        What the study declares for copies.
    """
    if within is None or not math.isfinite(within.usual):
        return Flag("", COPIES, "ok", f"too little to compare. {PEOPLE_NOT_FOUND}")
    answered = [pair for pair in pairs if pair.independent_because]
    pairs = [pair for pair in pairs if not pair.independent_because]
    if answered and not pairs:
        return Flag("answered_copies", COPIES, "warn", answered_words(answered), f"told here. {PEOPLE_NOT_FOUND}")
    if not pairs:
        closest = rounded_ratio(float(np.nanmin(within.variance)), within.usual)
        evidence = (
            f"the closest pair is {closest:.2f} of the usual nearest distance apart (copies: {COPY_RATIO} or less)"
        )
        if not within.least:
            evidence += "; had most samples a copy, these values would not show it"
        blind = np.isnan(within.variance) | (N_ERRORS * within.error > COPY_RATIO**2 * within.usual)
        if n_blind := int(np.triu(blind, k=1).sum()):
            evidence += f"; {n_blind} pair(s) of libraries are too shallow to tell"
        return Flag("duplicated_samples", COPIES, "ok", f"{evidence}. {PEOPLE_NOT_FOUND}")
    named = first_of([f"{pair.first} and {pair.second} ({pair.ratio:.2f})" for pair in pairs], MOST_NAMED)
    return Flag(
        "duplicated_samples",
        COPIES,
        "warn",
        "; ".join(
            filter(
                None,
                (
                    f"{len(pairs)} pair(s) lie closer than {COPY_RATIO} of the usual nearest distance: {named}",
                    answered_words(answered),
                ),
            )
        ),
        consequence_words(
            action,
            "Copies or aliquots of one sample are one observation: exclude one of each pair, or declare biological_unit; "
            "of two that are independent, independent_pairs in config.yaml says why. "
            f"{PEOPLE_NOT_FOUND}",
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
        evidence = (
            f"the farthest, {samples[farthest]}, is {nearest[farthest] / usual:.2f} times the usual nearest distance"
        )
        return Flag("outlier_samples", APART, "ok", f"{evidence} from its nearest sample")
    named = first_of([f"{samples[column]} ({nearest[column] / usual:.1f} times)" for column in apart], MOST_NAMED)
    return Flag(
        "outlier_samples",
        APART,
        "warn",
        f"{len(apart)} sample(s) lie more than {APART_RATIO:g} times the usual distance from their nearest: {named}",
        consequence_words(action, "Look at the sample's record and library size; array_weights would weigh it down."),
        tuple(sorted(samples[column] for column in apart)),
    )
