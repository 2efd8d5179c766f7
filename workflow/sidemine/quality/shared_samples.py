"""Which samples stand in two datasets of one study, by accession or by their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sidemine.prepare.log_expression import log2_expression
from sidemine.quality.near_copies import Differences, differences_within
from sidemine.quality.record import ReusedSample, SharedSamples
from sidemine.quality.reuse import (
    Comparable,
    UsedSamples,
    find_biosamples,
    find_copies_between,
    find_relations,
    find_shared,
    too_little_to_compare,
)
from sidemine.study.independence import source_of

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from sidemine.study.projections import DatasetToCount


_SERIES = re.compile(r"\bGSE\d+\b", re.IGNORECASE)
_SAMPLE = re.compile(r"GSM\d+")
MOST_HELD = 40_000_000
"""Values of datasets that are held together, beside the two that are compared: 0.3 GB, as much again of counts."""


def find_shared_samples(
    rows: Sequence[DatasetToCount],
    samples: Mapping[str, pd.DataFrame],
    read_expression: Callable[[str], AnnData],
) -> SharedSamples:
    """Compare all datasets of a study with each other.

    Parameters
    ----------
    rows
        Rows of `datasets.tsv`, in declared order.
    samples
        Per dataset: its samples, as `sample_table.SAMPLES` describes.
    read_expression
        Reads the prepared expression of a dataset. All pairs of datasets are compared by their values, whatever their
        accessions, platforms and files are called.
    """
    used = {
        row.dataset: UsedSamples(
            row.dataset,
            row.accession,
            [str(name) for name in samples[row.dataset].query("fate == 'used'")["sample"]],
            find_biosamples(_relations(samples[row.dataset])),
        )
        for row in rows
    }
    shared: dict[str, list[ReusedSample]] = {row.dataset: [] for row in rows}
    not_compared: dict[str, dict[str, str]] = {row.dataset: {} for row in rows}
    values_of = _hold(lambda dataset: _values_of(read_expression(dataset)))
    differences: dict[tuple[str, bool], Differences | None] = {}
    for first, second in combinations(rows, 2):
        here = find_shared(used[first.dataset], used[second.dataset])
        accessions = {row.sample for row in here}
        if len(accessions) < len(used[second.dataset].samples):
            pair_of = _comparable((first.dataset, second.dataset), values_of, differences)
            if why := too_little_to_compare(*pair_of):
                not_compared[first.dataset][second.dataset] = not_compared[second.dataset][first.dataset] = why
            copies = find_copies_between(*pair_of)
            here += [
                ReusedSample(
                    pair.second,
                    pair.first,
                    f"nearly identical ({pair.ratio:.2f} of the usual nearest distance)",
                    first.dataset,
                )
                for pair in copies
                if pair.second not in accessions
            ]
        shared[second.dataset] += here
    known = {name for entry in used.values() for name in entry.samples} | {row.accession for row in rows}
    names = {
        (dataset, sample): sample_name(entry.accession, sample)
        for dataset, entry in used.items()
        for sample in entry.samples
    }
    pairs = [
        (names[dataset, row.sample], names[str(row.dataset), row.other])
        for dataset, found in shared.items()
        for row in found
    ]
    pairs += [
        (names[dataset, row.sample], row.other)
        for dataset, table in samples.items()
        for row in find_relations(_relations(table), known)
        if _SAMPLE.fullmatch(row.other)
    ]
    families = find_families(rows, samples)
    untold = {dataset: found for dataset, found in not_compared.items() if found}
    return SharedSamples(sorted(known), shared, _name_same(names, pairs), families, untold)


def find_families(rows: Sequence[DatasetToCount], samples: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return, per dataset whose series is nested with that of another source, the name of what all of them count as.

    SubSeries of one SuperSeries are deposited together, mostly by one laboratory of one experiment. A dataset that says why
    it is independent is taken by its own word.

    Parameters
    ----------
    rows
        Rows of `datasets.tsv`.
    samples
        Per dataset, as `sample_table.SAMPLES` describes; `series_relation` tells what its series is nested in.
    """
    names: dict[str, set[str]] = {}
    for row in rows:
        names[row.dataset] = {row.independent_source}
        if not row.declared_apart:
            relations = " ".join(samples[row.dataset].get("series_relation", pd.Series(dtype=str)).astype(str).unique())
            names[row.dataset] |= {source_of("", name) for name in [row.accession, *_SERIES.findall(relations)]}
    find = _joined((*sorted(found),) for found in names.values())
    family = {row.dataset: find(row.independent_source) for row in rows}
    sources: dict[str, set[str]] = {}
    for row in rows:
        sources.setdefault(family[row.dataset], set()).add(row.independent_source)
    return {
        name: found.upper() if found.startswith("gse") else found
        for name, found in family.items()
        if len(sources[found]) > 1
    }


def _joined(groups: Iterable[tuple[str, ...]]) -> Callable[[str], str]:
    """Return the function that gives the first name, by order, of all that groups connect with a name."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while name in leader:
            name = leader[name]
        return name

    for group in groups:
        for other in group[1:]:
            first, second = sorted((find(group[0]), find(other)))
            if first != second:
                leader[second] = first
    return find


def sample_name(accession: str, sample: str) -> str:
    """Name a sample so that only the same one has that name: GEO's sample accessions are the same in every series."""
    return sample if sample.startswith("GSM") else f"{accession}/{sample}"


def _relations(samples: pd.DataFrame) -> dict[str, str]:
    if "relation" not in samples:
        return {}
    used = samples[samples["fate"] == "used"]
    return dict(zip(used["sample"].astype(str), used["relation"].astype(str), strict=True))


def _name_same(names: Mapping[tuple[str, str], str], pairs: Iterable[tuple[str, ...]]) -> dict[str, dict[str, str]]:
    """Return, per dataset, the common name of every sample that `pairs` connect with a sample of another dataset."""
    find = _joined(pairs)
    datasets: dict[str, set[str]] = {}
    for (dataset, _), name in names.items():
        datasets.setdefault(find(name), set()).add(dataset)
    same: dict[str, dict[str, str]] = {dataset: {} for dataset, _ in names}
    for (dataset, sample), name in names.items():
        if len(datasets[find(name)]) > 1:
            same[dataset][sample] = find(name)
    return same


@dataclass(frozen=True)
class _Values:
    """Prepared values of one dataset: log2 and, where it holds some, counts; genes × samples."""

    genes: pd.Index[str]
    samples: list[str]
    log2: NDArray[np.float64]
    counts: NDArray[np.float64] | None


def _values_of(data: AnnData) -> _Values:
    counts = np.asarray(data.layers["counts"], dtype=np.float64).T if "counts" in data.layers else None
    return _Values(data.var_names, [str(sample) for sample in data.obs_names], log2_expression(data).T, counts)


def _hold(read: Callable[[str], _Values]) -> Callable[[str], _Values]:
    """Return `read`, which keeps what it read last: every dataset meets every other, and reading takes longer than that."""
    held: dict[str, _Values] = {}

    def values_of(dataset: str) -> _Values:
        held[dataset] = found = held.pop(dataset, None) or read(dataset)
        while len(held) > 2 and sum(values.log2.size for values in held.values()) > MOST_HELD:
            del held[next(iter(held))]
        return found

    return values_of


def _comparable(
    datasets: tuple[str, str],
    values_of: Callable[[str], _Values],
    known: dict[tuple[str, bool], Differences | None],
) -> tuple[Comparable, Comparable]:
    """Return two datasets over the genes that both measured; `known` keeps how the samples of one differ."""
    both = {name: values_of(name) for name in datasets}
    one, other = both.values()
    genes = one.genes.intersection(other.genes)

    def of(name: str, data: _Values) -> Comparable:
        columns = data.genes.get_indexer(genes)

        def within(of_counts: bool) -> Differences | None:
            if (name, of_counts) not in known:
                known[name, of_counts] = differences_within(data.log2, data.counts if of_counts else None)
            return known[name, of_counts]

        return Comparable(
            names=data.samples,
            values=data.log2[columns],
            counts=None if data.counts is None else data.counts[columns],
            sizes=None if data.counts is None else data.counts.sum(axis=0),
            within=within,
        )

    first, second = (of(name, data) for name, data in both.items())
    return first, second
