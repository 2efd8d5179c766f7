"""Stand-ins: simulated files under the names of public accessions, to prove a study's plumbing without a network.

They are never evidence that a selector is right. Every file carries the simulation marker.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sidemine.simulate.addresses import annotation_url, matrix_url, mirror_path, series_url
from sidemine.simulate.expression import (
    IntArray,
    SampleModel,
    normalised,
    simulate_counts,
    simulate_log2,
)
from sidemine.simulate.genes import FloatArray, GeneUniverse, make_universe
from sidemine.simulate.genetics import write_standin_genetics
from sidemine.simulate.geo_files import (
    COMMENT,
    Platform,
    Sample,
    Series,
    make_platform,
    probe_values,
    write_htseq_archive,
    write_ncbi_annotation,
    write_ncbi_counts,
    write_platform_annotation,
    write_series_matrix,
    write_table_file,
)
from sidemine.simulate.standin_cells import write_cells, write_tenx
from sidemine.simulate.standin_libraries import write_libraries
from sidemine.simulate.standin_records import Group, StandinRecord, read_records
from sidemine.tables import write_text

LOG = logging.getLogger(__name__)

STANDIN_SEED = 20260721
STANDIN_GENES = 2400
NCBI = "https://www.ncbi.nlm.nih.gov/geo/download/"
NCBI_ASSEMBLY = "GRCh38.p13"


@dataclass(frozen=True)
class StandinSamples:
    """Samples of a stand-in, in file order, and what the simulator gives them; arrays have shape (n_samples,)."""

    samples: tuple[Sample, ...]
    interferon: FloatArray
    score: FloatArray
    is_female: np.typing.NDArray[np.bool_] | None
    age: FloatArray | None


def write_standins(folder: Path) -> None:
    """Write stand-ins of all recorded accessions and gene set libraries below a mirror folder.

    Parameters
    ----------
    folder
        Mirror folder: `https://HOST/PATH` becomes `folder/HOST/PATH`. The same bytes every time.
    """
    table = read_records()
    universe = make_standin_universe(table.symbols)
    records = table.records
    platforms: dict[str, Platform] = {}
    for record in records:
        if record.writer == "array" and record.platform not in platforms:
            seed = STANDIN_SEED + 100 + len(platforms)
            platforms[record.platform] = make_platform(record.platform, universe, seed, record.style)
    for platform in platforms.values():
        write_platform_annotation(mirror_path(folder, annotation_url(platform.accession)), platform, universe)
    for number, record in enumerate(records):
        LOG.info("stand-in %s", record.accession)
        _write_record(folder, record, universe, platforms.get(record.platform), STANDIN_SEED + 10 * (number + 1))
    annotation = f"{NCBI}?format=file&type=rnaseq_counts&file=Human.{NCBI_ASSEMBLY}.annot.tsv.gz"
    write_ncbi_annotation(mirror_path(folder, annotation), universe)
    write_libraries(folder, universe)
    write_standin_genetics(folder, universe, STANDIN_SEED)


def make_standin_universe(symbols: tuple[str, ...]) -> GeneUniverse:
    """Return the genes of all stand-ins: `symbols` are the names of invented genes that belong to no module.

    A whole-genome array measures genes of every tissue, and every published list of genes finds most of its own there.
    """
    universe = make_universe(STANDIN_GENES, STANDIN_SEED)
    in_module = {gene for genes in universe.modules.values() for gene in genes}
    names = list(universe.symbols)
    # The last names stay invented: `mangled_symbols` replace them in one series.
    free = [row for row, name in enumerate(names[:-20]) if name.startswith("SIM") and name not in in_module]
    for row, symbol in zip(free[-len(symbols) :], symbols, strict=True):
        names[row] = symbol
    return replace(universe, symbols=tuple(names))


def _write_record(
    folder: Path, record: StandinRecord, universe: GeneUniverse, platform: Platform | None, seed: int
) -> None:
    described = describe_samples(record, seed)
    if record.writer in {"cells", "tenx"}:
        url = series_url(record.accession, "suppl", record.file or f"{record.accession}_RAW.tar")
        writer = write_cells if record.writer == "cells" else write_tenx
        writer(mirror_path(folder, url), record, universe, seed)
    elif platform is not None and record.writer == "array":
        _write_array(folder, record, described, universe, platform, seed)
        return
    else:
        log2 = _draw(described, universe, seed)
        _write_counts(folder, record, described, universe, simulate_counts(log2, seed))
    if record.platform:
        series = Series(record.accession, "Simulated", record.platform, described.samples, sequencing=True)
        form = record.platform if record.matrix_of_platform else ""
        write_series_matrix(mirror_path(folder, matrix_url(record.accession, form)), series)


def describe_samples(record: StandinRecord, seed: int) -> StandinSamples:
    """Return the samples of a record with their labels filled in."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 8]))
    samples: list[Sample] = []
    shifts: list[tuple[float, float, bool, float]] = []
    next_sample = record.first_sample
    for group in record.groups:
        next_sample = group.first_sample or next_sample
        for number in range(group.n):
            female = number < group.n_female
            age = int(rng.integers(group.age[0], group.age[1] + 1)) if group.age else 0
            samples.append(_sample(group, number, next_sample, female, age, int(rng.integers(3, 40))))
            shifts.append((group.interferon, group.score, female, float(age)))
            next_sample += 1
    table = np.array([row[:2] for row in shifts])
    has_sex = any("{sex}" in text for group in record.groups for text in group.characteristics)
    has_age = any(group.age for group in record.groups)
    is_female = np.array([row[2] for row in shifts])
    if record.n_swapped_sex:  # the biology of one woman and one man is the other's; the labels stay
        half = record.n_swapped_sex // 2
        rows = [*range(half), *range(record.groups[0].n_female, record.groups[0].n_female + half)]
        is_female[rows] = ~is_female[rows]
    return StandinSamples(
        tuple(samples),
        table[:, 0],
        table[:, 1],
        is_female if has_sex else None,
        np.array([row[3] for row in shifts]) if has_age else None,
    )


def _sample(group: Group, number: int, accession: int, female: bool, age: int, pasi: int) -> Sample:
    values = {
        "i": number + 1,
        "j": number + 1 + group.title_offset,
        "age": age,
        "sex": "female" if female else "male",
        "batch": 1 if number < group.n_first_batch else 2,
        "pasi": pasi,
        "donor": group.donors[number] if group.donors else "",
    }
    return Sample(
        f"GSM{accession}",
        group.title.format(**values),
        group.source_name,
        tuple(text.format(**values) for text in group.characteristics),
        (f"Reanalysis of: GSM{accession + 500_000}",) if group.reanalysis else (),
    )


def _draw(described: StandinSamples, universe: GeneUniverse, seed: int) -> FloatArray:
    """Draw log2 expression of the samples, genes × samples."""
    model = SampleModel(
        len(described.samples),
        log2_shift={"interferon_response": described.interferon, "jak_stat_repressed": -0.3 * described.interferon},
        score_shift={"interferon_response": described.score},
        is_female=described.is_female,
        age=described.age,
        noise=0.8,
        correlation={"interferon_response": 0.1},
    )
    return simulate_log2(universe, model, seed)


def _write_array(
    folder: Path,
    record: StandinRecord,
    described: StandinSamples,
    universe: GeneUniverse,
    platform: Platform,
    seed: int,
) -> None:
    values = probe_values(universe, _draw(described, universe, seed), platform, seed)
    series = Series(record.accession, "Simulated", record.platform, described.samples)
    write_series_matrix(mirror_path(folder, matrix_url(record.accession)), series, platform.probes, values)
    if record.extra_table:
        url = series_url(record.accession, "suppl", record.extra_table)
        columns = [sample.title for sample in described.samples]
        write_table_file(mirror_path(folder, url), platform.probes, columns, np.exp2(values), corner="ID_REF")


def _write_counts(
    folder: Path, record: StandinRecord, described: StandinSamples, universe: GeneUniverse, counts: IntArray
) -> None:
    """Write the values of a sequencing series in the form that its record tells."""
    accessions = [sample.accession for sample in described.samples]
    titles = [sample.title for sample in described.samples]
    if record.writer == "archive":
        members = [f"{a}_{t}.txt.gz" for a, t in zip(accessions, titles, strict=True)]
        url = series_url(record.accession, "suppl", f"{record.accession}_RAW.tar")
        write_htseq_archive(mirror_path(folder, url), universe.symbols, counts, members)
    elif record.writer == "ncbi_counts":
        name = f"{record.accession}_raw_counts_{NCBI_ASSEMBLY}_NCBI.tsv.gz"
        url = f"{NCBI}?type=rnaseq_counts&acc={record.accession}&format=file&file={name}"
        write_ncbi_counts(mirror_path(folder, url), universe, accessions, counts)
        if record.extra_long:
            _write_long(mirror_path(folder, record.extra_long), described, universe, counts)
    else:
        values = normalised(counts) if record.writer == "normalised_table" else counts
        names = list(universe.ensembl() if record.identifiers == "ensembl" else universe.symbols)
        # Damaged names replace invented ones at the end, so that no gene with a story is lost.
        names[len(names) - len(record.mangled_symbols) :] = record.mangled_symbols
        path = mirror_path(folder, series_url(record.accession, "suppl", record.file))
        write_table_file(path, names, titles, values, corner=record.corner, sep=record.separator)


def _write_long(path: Path, described: StandinSamples, universe: GeneUniverse, counts: IntArray) -> None:
    """Write a long table of counts: one row per participant, visit and gene (the first 30 samples, 200 genes)."""
    lines = ["ParticipantID\tVisitID\tEnsemblID\tValue\tSequencing_batch"]
    for column, sample in enumerate(described.samples[:30]):
        participant, visit, batch = (text.split(": ", 1)[1] for text in sample.characteristics)
        for identifier, value in zip(universe.ensembl()[:200], counts[:200, column].tolist(), strict=True):
            lines.append(f"{participant}\t{visit}\t{identifier}\t{value}\t{batch}")
    write_text(COMMENT + "\n".join(lines) + "\n", path)
