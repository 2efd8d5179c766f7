"""Stand-ins of a study, written from its own folder: simulated files under the names of the public ones.

Its sheets say which files it needs, where they lie and how they are laid out; `standins.yaml` says what is in them. They prove a
study's plumbing without a network, and are never evidence that a selector is right. Every file carries the simulation marker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sidemine.considerations.composition.specification import MARKERS
from sidemine.enrichment.libraries import read_library
from sidemine.errors import Problem, StudyError
from sidemine.places import RESOURCES
from sidemine.retrieve.needed_files import Source, source_of_gene_set, source_of_gene_table, sources_of_dataset
from sidemine.simulate.addresses import mirror_path
from sidemine.simulate.expression import Composition, SampleModel, normalised, simulate_counts, simulate_log2
from sidemine.simulate.gene_tables import write_hgnc
from sidemine.simulate.genes import CORE, FloatArray, GeneUniverse, assemble_universe
from sidemine.simulate.geo_files import (
    COMMENT,
    Platform,
    Sample,
    Series,
    make_platform,
    probe_values,
    write_gene_table,
    write_gmt,
    write_htseq_archive,
    write_ncbi_annotation,
    write_ncbi_counts,
    write_platform_annotation,
    write_series_matrix,
    write_table_file,
)
from sidemine.simulate.signatures import write_signatures
from sidemine.simulate.standin_truth import STANDINS, StandinGroup, StandinSeries, StandinTruth, read_truth
from sidemine.study.load import Study, load_study
from sidemine.study.paths import is_url
from sidemine.study.rows import Dataset, GeneSetRow, LineRow
from sidemine.tables import write_text
from sidemine.text.delimited import read_delimited

COMPARATORS = 20
"""Invented sets of a library whose other sets the study compares with."""
SET_GENES = 40
"""Invented genes of each set of a library, beside those of the study's own sets that it contains."""
CORRELATION = 0.1
"""Residual correlation of the genes of a set."""
CELL_GENES = 20
"""Invented genes of each cell type, beside its markers."""
SCALES: Mapping[str, tuple[str, ...]] = {
    "series_matrix": ("log2", "linear"),
    "table": ("counts", "normalised_counts"),
    "archive": ("counts",),
    "ncbi_counts": ("counts",),
}
"""Layouts of which stand-ins are written, and on which scales."""
IDENTIFIERS = ("probe", "symbol", "ensembl", "entrez")


@dataclass(frozen=True)
class _Described:
    """The samples of a series in file order; arrays have shape (n_samples,)."""

    samples: tuple[Sample, ...]
    groups: tuple[StandinGroup, ...]
    person: npt.NDArray[np.int64]
    is_female: npt.NDArray[np.bool_]
    age: FloatArray


def write_standins(config: Path, folder: Path) -> None:
    """Write stand-ins of all public files that a study names below a mirror folder.

    Parameters
    ----------
    config
        The study's `config.yaml`; its sheets and `standins.yaml` lie beside it.
    folder
        Mirror folder: `https://HOST/PATH` becomes `folder/HOST/PATH`. The same bytes every time.

    Raises
    ------
    StudyError
        When the study is wrong, `standins.yaml` is, or the study names a file of which no stand-in can be written.
    """
    study, truth = load_study(config), read_truth(config)
    place = str(config.parent / STANDINS)
    _check_series(study, truth, place)
    libraries = _libraries(study)
    universe = _universe(study, truth, libraries, place)
    _write_genes(folder, study, universe)
    for source, rows in libraries.items():
        _write_library(mirror_path(folder, source), rows, universe, truth)
    for row in study.lines.values():
        if row.runs and row.format == "signatures" and is_url(row.file):
            _write_signatures(mirror_path(folder, row.file), study, row, universe, truth)
    for number, (accession, series) in enumerate(truth.series.items()):
        rows_of = [row for row in study.datasets.values() if row.accession == accession]
        _write_series(folder, study, truth, rows_of, series, universe, truth.seed + 10 * (number + 1))


def _check_series(study: Study, truth: StandinTruth, place: str) -> None:
    named = {row.accession for row in study.datasets.values()}
    wrong = [
        Problem(
            what, f"{place}, series {name}", f"the accessions of datasets.tsv: {', '.join(sorted(named))}", "Mend it."
        )
        for what, names in (
            ("a series is missing that the study uses", named - truth.series.keys()),
            ("the study uses no such series", truth.series.keys() - named),
        )
        for name in sorted(names)
    ]
    for row in study.datasets.values():
        scales = SCALES.get(row.layout, ())
        for what, is_known, allowed in (
            (f"layout {row.layout}", bool(scales), tuple(SCALES)),
            (f"scale {row.scale} in layout {row.layout}", not scales or row.scale in scales, scales),
            (f"identifiers {row.identifiers}", row.identifiers in IDENTIFIERS, IDENTIFIERS),
        ):
            if not is_known:
                wrong.append(
                    Problem(
                        f"no stand-in can be written of {what}",
                        f"datasets.tsv, dataset {row.dataset}",
                        ", ".join(allowed),
                        "Make the stand-in by hand, or leave the dataset out of the copy of the study that runs on stand-ins.",
                    )
                )
    if wrong:
        raise StudyError(wrong)


def _libraries(study: Study) -> dict[str, list[GeneSetRow]]:
    """Return the rows of gene sets that read a public library, by its address."""
    rows_of_library: dict[str, list[GeneSetRow]] = {}
    for row in study.used_gene_sets:
        source = source_of_gene_set(row, study.folder)
        if source.local_path is None:
            rows_of_library.setdefault(source.locations[0], []).append(row)
    return rows_of_library


def _members(rows: Iterable[GeneSetRow]) -> list[str]:
    """Return the sets of a library that some rows name, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row.member.split("+") if name != "*"))


def _own_sets(study: Study) -> dict[str, tuple[str, ...]]:
    """Return the sets that lie in files beside the study, by their id."""
    sets = {}
    for row in study.used_gene_sets:
        path = source_of_gene_set(row, study.folder).local_path
        if path is not None and row.member != "*":
            sets[row.gene_set] = tuple(gene for gene, _ in read_library(path, row.format).sets[row.member])
    return sets


def _markers(study: Study) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the marker genes of the cells that the study adjusts for, by panel and cell type."""
    panels: dict[str, dict[str, tuple[str, ...]]] = {"blood": {}, "tissue": {}}
    for name in MARKERS:
        table = read_delimited(RESOURCES / name, separator="\t")
        if "cell_type" not in table.header:
            panels["blood"][Path(name).stem] = tuple(table.cells("gene"))
            continue
        for cell, gene in zip(table.cells("cell_type"), table.cells("gene"), strict=True):
            panels["tissue"][cell] = (*panels["tissue"].get(cell, ()), gene)
    panels |= {name: {cell: tuple(genes) for cell, genes in cells.items()} for name, cells in study.own_markers.items()}
    used = {row.panel for row in study.datasets.values()}
    return {name: cells for name, cells in panels.items() if name in used}


def _universe(study: Study, truth: StandinTruth, libraries: Mapping[str, list[GeneSetRow]], place: str) -> GeneUniverse:
    """Return the genes: those of the study's own sets, of its cell markers and of the sex chromosomes, and invented ones."""
    own, remote = _own_sets(study), _members(row for rows in libraries.values() for row in rows)
    named = {name for parts in truth.contains.values() for name in parts} - own.keys()
    planted = {
        name for series in truth.series.values() for group in series.groups for name in (*group.log2, *group.score)
    }
    unknown = sorted(
        named | ((planted | truth.cell_slope.keys()) - own.keys() - {*remote}) | (truth.contains.keys() - {*remote})
    )
    if unknown:
        raise StudyError(
            Problem(
                f"no gene set of the study has this name: {', '.join(unknown)}",
                place,
                f"{', '.join(sorted({*own, *remote}))} (in `contains`, sets of local files)",
                "Mend the name, or add the set to gene_sets.tsv.",
            )
        )
    markers = {cell: genes for cells in _markers(study).values() for cell, genes in cells.items()}
    groups = {**own, **{f"{cell}_markers": genes for cell, genes in markers.items()}}
    groups |= {name: CORE[name] for name in ("housekeeping", "female", "male")}
    planned = [(name, SET_GENES) for name in remote] + [(cell, CELL_GENES) for cell in markers] + [("age", 40)]
    planned += [(f"comparator_{number:02d}", 25 + 5 * (number % 6)) for number in range(1, COMPARATORS + 1)]
    try:
        return assemble_universe(groups, planned, truth.n_genes, truth.seed)
    except ValueError as error:
        raise StudyError(Problem(str(error), f"{place}, n_genes", "a larger number", "Raise it.")) from error


def _parts(name: str, truth: StandinTruth) -> tuple[str, ...]:
    """Return the modules that make up a set."""
    return (*truth.contains.get(name, ()), name)


def _write_genes(folder: Path, study: Study, universe: GeneUniverse) -> None:
    declared = study.config.gene_table
    source = source_of_gene_table(declared, study.folder)
    if source.local_path is not None:
        return
    path = mirror_path(folder, source.locations[0])
    if declared.format == "hgnc":
        write_hgnc(path, universe)
    else:
        write_gene_table(path, universe)


def _write_library(path: Path, rows: list[GeneSetRow], universe: GeneUniverse, truth: StandinTruth) -> None:
    sets = {
        name: tuple(dict.fromkeys(gene for part in _parts(name, truth) for gene in universe.modules[part]))
        for name in _members(rows)
    }
    if any(row.member == "*" for row in rows):
        sets |= {name.upper(): genes for name, genes in universe.modules.items() if name.startswith("comparator_")}
    form = rows[0].format
    if form in {"gmt", "gmt_zip"}:
        write_gmt(path, sets)
    elif form == "collectri":
        edges = [f'"{name}","{gene}",1' for name, genes in sets.items() for gene in genes]
        write_text(COMMENT + "\n".join(['"source","target","weight"', *edges]) + "\n", path)
    else:
        raise StudyError(
            Problem(
                f"no stand-in can be written of a library of format {form}",
                f"gene_sets.tsv, set {rows[0].gene_set}",
                "gmt, gmt_zip, collectri",
                "Make the library by hand, or leave the set out of the copy of the study that runs on stand-ins.",
            )
        )


def _write_signatures(path: Path, study: Study, row: LineRow, universe: GeneUniverse, truth: StandinTruth) -> None:
    """Write a library of perturbations in which the drug of a row moves its set as the row declares."""
    (declared,) = (entry for entry in study.used_gene_sets if entry.gene_set == row.set)
    names = declared.member.split("+") if is_url(declared.source) else [declared.gene_set]
    factor = -1.0 if row.direction == "up" else 1.0
    planted = {part: factor for name in names for part in _parts(name, truth)}
    entrez = row.columns.get("identifiers") == "entrez"
    write_signatures(path, universe, truth.seed, row.columns["perturbation"], planted, entrez=entrez)


def _write_series(
    folder: Path,
    study: Study,
    truth: StandinTruth,
    datasets: list[Dataset],
    series: StandinSeries,
    universe: GeneUniverse,
    seed: int,
) -> None:
    """Write all files of one accession: its datasets share samples and values."""
    described = _describe(series, seed)
    log2 = simulate_log2(universe, _model(study, truth, datasets, series, described, universe, seed), seed)
    written: set[str] = set()
    for row in datasets:
        sources = {
            role: source for role, source in sources_of_dataset(row, study.folder).items() if not source.local_path
        }
        record = Series(
            row.accession, "Simulated", row.platform or "GPL0", described.samples, row.identifiers != "probe"
        )
        for role, source in sources.items():
            if source.key in written:
                continue
            written.add(source.key)
            path = mirror_path(folder, source.locations[0])
            if role == "values":
                _write_values(path, row, sources, record, universe, log2, series.probes, seed)
            elif role == "metadata":
                write_series_matrix(path, record)
            elif role == "annotation":
                write_ncbi_annotation(path, universe)
            elif role == "platform_map":
                write_platform_annotation(path, _platform(row, universe, series.probes), universe)


def _platform(row: Dataset, universe: GeneUniverse, style: str) -> Platform:
    return make_platform(row.platform, universe, int(row.platform.removeprefix("GPL")), style)


def _write_values(
    path: Path,
    row: Dataset,
    sources: Mapping[str, Source],
    record: Series,
    universe: GeneUniverse,
    log2: FloatArray,
    probes: str,
    seed: int,
) -> None:
    """Write the values of a dataset in its layout, by its identifiers, on its scale."""
    accessions, titles = [s.accession for s in record.samples], [s.title for s in record.samples]
    if row.layout == "series_matrix":
        platform = _platform(row, universe, probes)
        values = probe_values(universe, log2, platform, seed)
        write_series_matrix(path, record, platform.probes, values if row.scale == "log2" else np.exp2(values))
        return
    counts = simulate_counts(log2, seed)
    if row.layout == "ncbi_counts":
        write_ncbi_counts(path, universe, accessions, counts)
        return
    names = {"symbol": universe.symbols, "ensembl": universe.ensembl(), "entrez": universe.entrez()}
    if row.layout == "archive":
        members = [f"{a}_{t}.txt.gz" for a, t in zip(accessions, titles, strict=True)]
        write_htseq_archive(path, names[row.identifiers], counts, members)
    else:
        by_accession = "metadata" in sources and not row.sample_name
        columns = accessions if by_accession else titles
        shown = counts if row.scale == "counts" else normalised(counts)
        write_table_file(path, names[row.identifiers], columns, shown, corner="gene")


def _describe(series: StandinSeries, seed: int) -> _Described:
    """Return the samples of a series with their labels filled in."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 8]))
    samples: list[Sample] = []
    groups: list[StandinGroup] = []
    people: list[str] = []
    women: list[bool] = []
    ages: list[float] = []
    age_of: dict[str, int] = {}
    next_sample = series.first_sample
    for place, group in enumerate(series.groups):
        next_sample = group.first_sample or next_sample
        for number in range(group.n):
            accession = next_sample + number
            recorded = number < group.n_female
            swapped = number % max(group.n_female, 1) < group.n_swapped_sex and number < 2 * group.n_female
            age = int(rng.integers(group.age[0], group.age[1] + 1)) if group.age else 0
            donor = group.donors[number] if group.donors else ""
            person = donor or (f"{number + 1}" if group.paired else f"{place}_{number + 1}")
            age = age_of.setdefault(person, age)
            values = {
                "i": number + group.first,
                "person": person,
                "donor": donor,
                "age": age,
                "sex": "female" if recorded else "male",
            }
            samples.append(
                Sample(
                    f"GSM{accession}",
                    group.title.format(**values),
                    group.source_name.format(**values),
                    tuple(text.format(**values) for text in group.characteristics),
                    (f"Reanalysis of: GSM{accession + 500_000}",) if group.reanalysis else (),
                    group.description.format(**values),
                )
            )
            groups.append(group)
            people.append(person)
            women.append(recorded != swapped)
            ages.append(float(age))
        next_sample += group.n
    codes = {name: code for code, name in enumerate(dict.fromkeys(people))}
    return _Described(
        tuple(samples),
        tuple(groups),
        np.array([codes[name] for name in people], dtype=np.int64),
        np.array(women),
        np.array(ages),
    )


def _model(
    study: Study,
    truth: StandinTruth,
    datasets: list[Dataset],
    series: StandinSeries,
    described: _Described,
    universe: GeneUniverse,
    seed: int,
) -> SampleModel:
    """Return what is true of the samples of a series."""
    groups, n = described.groups, len(described.samples)
    has_sex = any("{sex}" in text for group in groups for text in group.characteristics)
    panel = next((row.panel for row in datasets if row.panel), "")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 9]))
    log2 = _planted(truth, [group.log2 for group in groups])
    fractions: dict[str, FloatArray] = {}
    for cell in _markers(study).get(panel, {}):
        # The people of a paired series keep their mix of cells but for what is planted.
        planted = np.array([group.cells.get(cell, 0.0) for group in groups])
        fractions[cell] = rng.standard_normal(n)[described.person] + planted
    for name, slopes in truth.cell_slope.items():
        for part in _parts(name, truth):
            for cell, slope in slopes.items():
                log2[part] = log2.get(part, np.zeros(n)) + slope * fractions.get(cell, np.zeros(n))
    return SampleModel(
        n,
        log2_shift=log2,
        score_shift=_planted(truth, [group.score for group in groups]),
        composition=Composition(fractions) if fractions else None,
        is_female=described.is_female if has_sex else None,
        age=described.age if any(group.age for group in groups) else None,
        donor=described.person if any(group.paired or group.donors for group in groups) else None,
        noise=series.noise,
        correlation=dict.fromkeys(universe.modules, CORRELATION),
    )


def _planted(truth: StandinTruth, changes: list[dict[str, float]]) -> dict[str, FloatArray]:
    """Return the change of each module in each sample: that of its set, or of the set that holds it."""
    effects: dict[str, FloatArray] = {}
    for column, change in enumerate(changes):
        of_module = {part: value for name, value in change.items() for part in _parts(name, truth)}
        for module, value in of_module.items():
            effects.setdefault(module, np.zeros(len(changes)))[column] = value
    return effects
