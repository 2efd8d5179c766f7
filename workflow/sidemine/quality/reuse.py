"""Samples that are also somewhere else: re-analysed in another series, or in a second dataset of the study."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.flags import Flag, consequence_words, listing
from sidemine.quality.near_copies import COPY_RATIO, MIN_GENES, MIN_SAMPLES, better_expressed, distances
from sidemine.quality.record import NearCopy, ReusedSample

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHECK = "no sample is used in a second place"
_RELATION = re.compile(r"\b(reanaly[sz](?:is of|ed by)|alternative to)\s*:?\s*([^|]*)", re.IGNORECASE)
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
    found: list[ReusedSample] = []
    for sample, text in relations.items():
        for match in _RELATION.finditer(text):
            how, others = match[1].lower(), _ACCESSION.findall(match[2].upper())
            if how.endswith("by"):
                others = [other for other in others if other in known and other != sample]
            elif not others:
                others = ["another sample"]
            found += [ReusedSample(sample, other, match[1]) for other in others]
    return found


@dataclass(frozen=True)
class UsedSamples:
    """The samples of a dataset that take part."""

    dataset: str
    accession: str
    samples: Sequence[str]


def find_shared(first: UsedSamples, second: UsedSamples) -> list[ReusedSample]:
    """Return samples that two datasets of the study share: by GEO accession, or by name within one series."""
    same_series = first.accession == second.accession
    earlier = set(first.samples)
    both = [name for name in second.samples if name in earlier]
    return [
        ReusedSample(name, name, "the same sample", first.dataset)
        for name in both
        if same_series or re.fullmatch(r"GSM\d+", name)
    ]


def find_copies_between(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    usual: float,
    names: tuple[Sequence[str], Sequence[str]],
) -> list[NearCopy]:
    """Return pairs of samples of two datasets of one platform that are nearly identical.

    Parameters
    ----------
    first, second
        log2 expression of the same genes × samples.
    usual
        The smaller of the two datasets' usual nearest distances.
    names
        Samples of first and of second.

    Notes
    -----
    Tried as deposited, and with each dataset's gene means taken out: a second normalisation moves whole genes.
    """
    keep = better_expressed(np.hstack([first, second]))
    if keep.sum() < MIN_GENES or min(first.shape[1], second.shape[1]) < MIN_SAMPLES:
        return []
    a, b = first[keep], second[keep]
    plain = distances(a, b)
    centred = distances(a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True))
    closest = np.minimum(plain, centred)
    rows, columns = np.nonzero(closest <= COPY_RATIO * usual)
    return [
        NearCopy(names[0][row], names[1][column], float(f"{closest[row, column] / usual:.3g}"))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def flag_reuse(relations: Sequence[ReusedSample], shared: Sequence[ReusedSample], n_used: int, action: str) -> Flag:
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
    """
    samples = sorted({row.sample for row in [*relations, *shared]})
    if not samples:
        return Flag("reused_samples", CHECK, "ok", "no relation in GEO says so, and no other dataset holds them")
    told = []
    if relations:
        origins = [f"{row.sample} ({row.how} {row.other})" for row in relations]
        told.append(f"{len({row.sample for row in relations})} of {n_used} by GEO's relation: {listing(origins, 5)}")
    for dataset in sorted({str(row.dataset) for row in shared}):
        same = [row.sample for row in shared if row.dataset == dataset]
        told.append(f"{len(same)} of {n_used} also in dataset {dataset}: {listing(same, 5)}")
    return Flag(
        "reused_samples",
        CHECK,
        "warn",
        "; ".join(told),
        consequence_words(
            action,
            "Re-used samples were processed elsewhere and may differ for that reason alone; datasets that share samples "
            "are not independent.",
        ),
        tuple(samples),
    )
