"""Samples that are also somewhere else: re-analysed in another series, or in a second dataset of the study."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.flags import Flag, consequence_words
from sidemine.quality.near_copies import (
    COPY_RATIO,
    FEWEST_COUNTS,
    MIN_GENES,
    MIN_SAMPLES,
    N_DEEP,
    N_ERRORS,
    OWN_SHARE,
    Differences,
    better_expressed,
    distances_among,
    distances_from,
    rounded_ratio,
    share_of,
    variance_without_noise,
)
from sidemine.quality.record import NearCopy, ReusedSample
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_LIKELY, LIKELY = 3, 0.2
"""Samples of another dataset that are looked at for each sample, and the correlation of residuals from which on. Copies of
one million reads, where biology varies by a tenth, have 0.28."""
FEWEST_RESCALED = 3
"""Samples that a rescaled copy of a dataset shares, at least. One odd sample (another tissue, reference RNA) stands as far out in every gene
that it moves, whatever it is: one of each of two independent datasets of 6 samples looked alike in 40 of 40."""
FEWEST_STANDARDISED, LIKELY_STANDARDISED = 6, 0.6
"""Samples of both datasets from which on genes are also compared in their own standard deviations, and the correlation from which on
a pair is judged. Two of 6 to 8 other samples of one real dataset: no pair was called in 750 draws (`benchmarks/near_copies.py`); two of
5, on 800 genes: in 6 of 500.
"""
CHECK = "samples used in a second place"
_PROCESSED_ELSEWHERE = "Re-used samples were processed elsewhere and may differ for that reason alone. "
_RELATION = re.compile(r"\b(reanaly[sz](?:is of|ed by)|alternative to)\s*:?\s*([^|]*)", re.IGNORECASE)
_BIOSAMPLE = re.compile(r"\bSAM(?:N|EA|D)\d+\b", re.IGNORECASE)
_ACCESSION = re.compile(r"\bG(?:SM|SE)\d+\b")


def find_relations(relations: Mapping[str, str], known: set[str]) -> list[ReusedSample]:
    """Return the samples whose GEO `relation` says that they are the same as another.

    `Reanalysis of` and `Alternative to` name the origin of a sample. `Reanalyzed by` only says that somebody used it
    later: it counts when that sample or series is in this study.

    Parameters
    ----------
    relations
        Per sample, the text of the relation (several joined by ` | `).
    known
        Accessions of all samples and series of the study.
    """
    reused: list[ReusedSample] = []
    for sample, text in relations.items():
        for match in _RELATION.finditer(text):
            how, others = match[1].lower(), _ACCESSION.findall(match[2].upper())
            if how.endswith("by"):
                others = [other for other in others if other in known and other != sample]
            elif not others:
                others = ["another sample"]
            reused += [ReusedSample(sample, other, match[1]) for other in others]
    return reused


@dataclass(frozen=True)
class UsedSamples:
    """The samples of a dataset that take part, with the accession of the BioSample that each was made of, where it is known."""

    dataset: str
    accession: str
    samples: Sequence[str]
    biosamples: Mapping[str, str] = field(default_factory=dict)


def find_shared(first: UsedSamples, second: UsedSamples) -> list[ReusedSample]:
    """Return samples that two datasets of the study share: by accession of GEO or BioSample, or by name within one series."""
    same_series = first.accession == second.accession
    earlier = set(first.samples)
    both = [name for name in second.samples if name in earlier]
    found = {
        name: ReusedSample(name, name, "the same sample", first.dataset, same_series or None)
        for name in both
        if same_series or re.fullmatch(r"GSM\d+", name)
    }
    of_biosample = {biosample: name for name, biosample in first.biosamples.items()}
    for name, biosample in second.biosamples.items():
        if name not in found and biosample in of_biosample:
            how = f"the same BioSample {biosample}"
            found[name] = ReusedSample(name, of_biosample[biosample], how, first.dataset)
    return [found[name] for name in second.samples if name in found]


def find_biosamples(relations: Mapping[str, str]) -> dict[str, str]:
    """Return, per sample, the accession of its BioSample (SAMN…, SAMEA…, SAMD…) where GEO's relation names one."""
    return {name: match[0].upper() for name, text in relations.items() if (match := _BIOSAMPLE.search(text))}


@dataclass(frozen=True)
class Comparable:
    """Expression of one dataset, as it is compared with another's of the same genes.

    Attributes
    ----------
    names
        Samples.
    values
        log2, genes × samples.
    counts, sizes
        The counts behind it and the sizes of the whole libraries; None where the values are no counts.
    within
        Returns how its samples differ among themselves, with or without the sampling noise of counts; asked only where two
        samples of two datasets are alike.
    """

    names: Sequence[str]
    values: NDArray[np.float64]
    counts: NDArray[np.float64] | None
    sizes: NDArray[np.float64] | None
    within: Callable[[bool], Differences | None]


def too_little_to_compare(first: Comparable, second: Comparable) -> str:
    """Return why two datasets cannot be compared by their values; empty where they can."""
    if min(first.values.shape[1], second.values.shape[1]) < MIN_SAMPLES:
        return f"fewer than {MIN_SAMPLES} samples"
    if better_expressed(np.hstack([first.values, second.values])).sum() < MIN_GENES:
        return f"{len(first.values)} genes in common, about {2 * MIN_GENES} are needed"
    return ""


def find_copies_between(first: Comparable, second: Comparable) -> list[NearCopy]:
    """Return pairs of samples of two datasets that are nearly identical, by order.

    Tried as deposited, with each dataset's gene means taken out (a second normalisation, or another platform's probes, move whole
    genes), and with each gene in its standard deviation within its dataset (one of them holds z-scores, or was scaled by gene).
    """
    if too_little_to_compare(first, second):
        return []
    found = _copies_in_log2(first, second)
    known = {(pair.first, pair.second) for pair in found}
    return found + [pair for pair in _copies_standardised(first, second) if (pair.first, pair.second) not in known]


def _copies_standardised(first: Comparable, second: Comparable) -> list[NearCopy]:
    """Return pairs that are nearly identical where every gene has mean 0 and standard deviation 1 in its dataset.

    What is usual is then asked of such values, too.
    """
    if min(first.values.shape[1], second.values.shape[1]) < FEWEST_STANDARDISED:
        return []
    keep = better_expressed(np.hstack([first.values, second.values]))
    keep &= (np.ptp(first.values, axis=1) > 0) & (np.ptp(second.values, axis=1) > 0)
    if keep.sum() < MIN_GENES:
        return []
    a, b = (
        (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)
        for values in (first.values[keep], second.values[keep])
    )
    likely = np.argwhere(_standard(a).T @ _standard(b) >= LIKELY_STANDARDISED)
    if not len(likely):
        return []
    own, others = (Differences(distances**2, np.zeros_like(distances)) for distances in map(distances_among, (a, b)))
    judged = {
        (one, other): float(distances_from(a[:, one], b.T[[other]])[0]) ** 2
        for one, other in map(tuple, likely.tolist())
    }
    pairs = _near_pairs(first, second, judged, own, others)
    copied = min(len({pair.first for pair in pairs}), len({pair.second for pair in pairs}))
    return pairs if copied >= FEWEST_RESCALED else []


def _copies_in_log2(first: Comparable, second: Comparable) -> list[NearCopy]:
    """Return nearly identical pairs, plain or with gene means out: judged as within one dataset (`near_copies`)."""
    likely = _likely_pairs(first, second)
    if not likely:
        return []
    of_counts = first.counts is not None and second.counts is not None
    difference = _difference_of(first, second, of_counts)
    judged = {pair: difference(*pair) for pair in likely}
    # The smaller of two usual distances decides. That of few samples is had soonest, and mostly no pair is below it.
    fewer = min((first, second), key=lambda side: len(side.names)).within(of_counts)
    if fewer is None or all(
        variance + N_ERRORS * error > COPY_RATIO**2 * fewer.usual for variance, error in judged.values()
    ):
        return []
    own, others = first.within(of_counts), second.within(of_counts)
    if own is None or others is None:
        return []
    low_enough = COPY_RATIO**2 * min(own.usual, others.usual)
    surely = {pair: variance for pair, (variance, error) in judged.items() if variance + N_ERRORS * error <= low_enough}
    return _near_pairs(first, second, surely, own, others)


def _near_pairs(
    first: Comparable,
    second: Comparable,
    variances: Mapping[tuple[int, int], float],
    own: Differences,
    others: Differences,
) -> list[NearCopy]:
    """Return the pairs that lie within the limit of the smaller of two usual distances, and differ little by what is their own."""
    usual = min(own.usual, others.usual)
    near = {pair: variance for pair, variance in variances.items() if variance <= COPY_RATIO**2 * usual}
    found = []
    for (one, other), variance in sorted(near.items()):
        like_one = {a for a, b in near if b == other} | {one}
        like_other = {b for a, b in near if a == one} | {other}
        if share_of(variance, own.own_variance(one, like_one) + others.own_variance(other, like_other)) <= OWN_SHARE:
            found.append(NearCopy(first.names[one], second.names[other], rounded_ratio(variance, usual)))
    return found


def _likely_pairs(first: Comparable, second: Comparable) -> set[tuple[int, int]]:
    """Return the pairs worth a look: for each sample, the most correlated ones of the other dataset."""
    keep = better_expressed(np.hstack([first.values, second.values]))
    a, b = first.values[keep], second.values[keep]
    pairs: set[tuple[int, int]] = set()
    together = np.hstack([a, b]).mean(axis=1, keepdims=True)
    for centre_a, centre_b in ((together, together), (a.mean(axis=1, keepdims=True), b.mean(axis=1, keepdims=True))):
        correlation = _standard(a - centre_a).T @ _standard(b - centre_b)
        for values, turned in ((correlation, False), (correlation.T, True)):
            for row, order in enumerate(np.argsort(-values, axis=1, kind="stable")[:, :N_LIKELY].tolist()):
                pairs |= {
                    (column, row) if turned else (row, column) for column in order if values[row, column] >= LIKELY
                }
    return pairs


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = values - values.mean(axis=0)
    length = np.sqrt((values**2).sum(axis=0))
    return np.asarray(values / np.where(length > 0, length, 1.0))


def _difference_of(first: Comparable, second: Comparable, of_counts: bool) -> Callable[[int, int], tuple[float, float]]:
    """Return the function that gives a pair's smaller variance, plain and with gene means out, and its standard error."""
    if not of_counts or first.counts is None or second.counts is None or first.sizes is None or second.sizes is None:
        keep = better_expressed(np.hstack([first.values, second.values]))
        a, b = first.values[keep].T, second.values[keep].T
        centred_a, centred_b = a - a.mean(axis=0), b - b.mean(axis=0)

        def of_values(one: int, other: int) -> tuple[float, float]:
            tries = ((a[one], b[[other]]), (centred_a[one], centred_b[[other]]))
            return min(float(distances_from(*pair)[0]) for pair in tries) ** 2, 0.0

        return of_values
    shares = np.minimum((first.counts / first.sizes).mean(axis=1), (second.counts / second.sizes).mean(axis=1))
    deep = np.argsort(-shares, kind="stable")[:N_DEEP]
    x, y, shares = first.counts[deep].T, second.counts[deep].T, shares[deep]
    sizes = (first.sizes, second.sizes)
    centres = (first.values[deep].mean(axis=1), second.values[deep].mean(axis=1))

    def of_libraries(one: int, other: int) -> tuple[float, float]:
        size, its_size = float(sizes[0][one]), sizes[1][[other]]
        held = shares * min(size, float(its_size[0])) >= FEWEST_COUNTS
        centre = (centres[0][held], centres[1][held])
        tries = [
            variance_without_noise(x[one, held], y[[other]][:, held], size, its_size, out) for out in (None, centre)
        ]
        return min((float(variance[0]), float(error[0])) for variance, error in tries)

    return of_libraries


def flag_reuse(
    relations: Sequence[ReusedSample],
    shared: Sequence[ReusedSample],
    n_used: int,
    action: str,
    not_compared: Mapping[str, str] | None = None,
) -> Flag:
    """Return the finding on samples used in a second place.

    Parameters
    ----------
    relations
        From `find_relations`, of the samples that take part.
    shared
        Samples that an earlier dataset of the study holds as well (from `find_shared`, or nearly identical ones).
    n_used
        Samples of the dataset that take part.
    action
        The declared consequence.
    not_compared
        Datasets whose values could not be compared with these, each with the reason.
    """
    samples = sorted({row.sample for row in [*relations, *shared]})
    untold = [f"{dataset} ({reason})" for dataset, reason in (not_compared or {}).items()]
    untold = [f"values could not be compared with those of {first_of(untold, 5)}"] if untold else []
    if not samples:
        none = "no relation in GEO says so, and none was found in another dataset, by name or by values"
        return Flag("reused_samples", CHECK, "ok", "; ".join([none, *untold]))
    sentences = []
    if relations:
        origins = [f"{row.sample} ({row.how} {row.other})" for row in relations]
        sentences.append(
            f"{len({row.sample for row in relations})} of {n_used} by GEO's relation: {first_of(origins, 5)}"
        )
    for dataset in sorted({str(row.dataset) for row in shared}):
        same = [row.sample for row in shared if row.dataset == dataset]
        sentences.append(f"{len(same)} of {n_used} also in dataset {dataset}: {first_of(same, 5)}")
    return Flag(
        "reused_samples",
        CHECK,
        "warn",
        "; ".join([*sentences, *untold]),
        consequence_words(
            action,
            ("" if all(row.same_series for row in [*relations, *shared]) else _PROCESSED_ELSEWHERE)
            + "Datasets that share samples are not independent.",
        ),
        tuple(samples),
    )
