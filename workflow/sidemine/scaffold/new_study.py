"""`sidemine new`: from accessions to a study folder that passes `sidemine check`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sidemine.errors import Problem, RetrievalError, SidemineError, StudyError
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.inspection import inspect_accession, inspect_address
from sidemine.retrieve.addresses import mirror_key
from sidemine.scaffold.blanks import TO_FILL_IN
from sidemine.scaffold.datasets import file_of_counts, propose_dataset
from sidemine.scaffold.folder import GENE_TABLE_ADDRESS, ProposedStudy, refuse_existing, write_study
from sidemine.scaffold.gene_sets import propose_sets
from sidemine.scaffold.proposal import ProposedDataset, StudyRole
from sidemine.sources.geo_addresses import platform_annotation_urls, raw_archive_url
from sidemine.sources.inspection import Inspection
from sidemine.study.projections import GeneTableToRead
from sidemine.text.repeats import repeated

_SERIES = re.compile(r"GSE[1-9]\d*(-GPL[1-9]\d*)?")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

_LARGEST_TABLE = 500_000_000


@dataclass(frozen=True)
class StudyRequest:
    """What the user asked for.

    Attributes
    ----------
    folder
        The folder to make; its name is the id of the study.
    disease, drug
        GEO series: GSE19151, or with a platform GSE14520-GPL571.
    sets
        Gene sets: HALLMARK_NAME, CORE_NAME or FILE.gmt:NAME.
    mirror
        Folder that serves https://HOST/PATH from DIR/HOST/PATH.
    gene_table
        A table of genes of the user's own (columns ensgene, entrez, symbol), in place of HGNC's.
    """

    folder: Path
    disease: tuple[str, ...] = ()
    drug: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    mirror: Path | None = None
    gene_table: Path | None = None


def new_study(request: StudyRequest) -> list[str]:
    """Look into the series, write the folder, and return the lines that tell what was written and what was guessed.

    Parameters
    ----------
    request
        What the user asked for.

    Raises
    ------
    StudyError
        When the folder exists, the request cannot be understood, or nothing can be proposed.
    RetrievalError, InputError
        When a series cannot be had or read.
    """
    refuse_existing(request.folder)
    name = request.folder.name
    problems = _problems_of(request)
    if problems:
        raise StudyError(problems)
    sets = None
    try:
        sets = propose_sets(request.sets, request.mirror)
    except SidemineError as error:
        problems += error.problems
        if not request.mirror:
            raise  # nothing is fetched in vain
    asked: list[tuple[str, StudyRole]] = [(text, "disease") for text in request.disease]
    asked += [(text, "inhibitor") for text in request.drug]
    datasets: list[ProposedDataset] = []
    for text, role in asked:
        try:
            datasets += _datasets_of(text, role, request.mirror)
        except SidemineError as error:
            problems += error.problems
            if isinstance(error, RetrievalError) and not request.mirror:
                break  # the next address would be tried as long
    if problems or sets is None:
        raise StudyError(problems)
    study = ProposedStudy(name, tuple(datasets), sets, request.gene_table)
    files = write_study(study, request.folder)
    return [
        *_written(request.folder, files),
        *_guesses(study, _not_in_mirror(study, request.mirror)),
        *_next_commands(request),
    ]


def _problems_of(request: StudyRequest) -> list[Problem]:
    problems = []
    if not _IDENTIFIER.fullmatch(request.folder.name):
        problems.append(
            Problem(
                "the folder's name cannot be the id of a study",
                str(request.folder),
                "a letter, then letters, digits and underscores, 64 at most",
                "Name the folder otherwise.",
            )
        )
    series = [*request.disease, *request.drug]
    if not series:
        problems.append(
            Problem(
                "no series is named",
                "sidemine new",
                "--disease GSE…, --drug GSE…, or both",
                'Look for one, for example: sidemine find "venous thromboembolism blood".',
            )
        )
    problems += [
        Problem(
            "this is no GEO series",
            text,
            "GSE and digits; GSE…-GPL… for one platform of a series",
            "Check the accession.",
        )
        for text in series
        if not _SERIES.fullmatch(text)
    ]
    if request.gene_table:
        try:
            read_gene_table(request.gene_table, GeneTableToRead(key="", format="ensembl", version=""))
        except SidemineError as error:
            problems += error.problems
    problems += [
        Problem("a series is named twice", text, "each series once", "Delete one of them.") for text in repeated(series)
    ]
    return problems


def _datasets_of(text: str, role: StudyRole, mirror: Path | None) -> list[ProposedDataset]:
    accession, _, platform = text.partition("-")
    inspections = _inspections_of(accession, platform, mirror)
    datasets = []
    for inspection in inspections:
        several = platform or len(inspections) > 1
        name = "_".join([accession.lower(), *(part.lower() for part in inspection.platforms[:1] if several)])
        table, problem = _look_into_counts(inspection, mirror)
        datasets.append(propose_dataset(inspection, name, role, table, problem))
    return datasets


def _inspections_of(accession: str, platform: str, mirror: Path | None) -> list[Inspection]:
    """Look into the series matrices; or into the archive of counts, where a mirror holds that and no matrix."""
    try:
        return inspect_accession(accession, platform, mirror)
    except RetrievalError:
        url = raw_archive_url(accession)
        if mirror is None or not (mirror / mirror_key(url)).is_file():
            raise
        archive = inspect_address(url, "", mirror)
        if archive.values is None:
            raise
        archive.accession, archive.samples_by_name_only, archive.notes = accession, True, []
        return [archive]


def _look_into_counts(inspection: Inspection, mirror: Path | None) -> tuple[Inspection | None, str]:
    """Look into the file of counts of a series whose matrix is empty; or return why that was not possible."""
    _, address = file_of_counts(inspection)
    if inspection.values is not None or not address:
        return None, ""
    try:
        return inspect_address(address, f"counts of {inspection.accession}", mirror, max_bytes=_LARGEST_TABLE), ""
    except SidemineError as error:
        return None, error.problems[0].what


# ---------------------------------------------------------------------------------------------------- what is told of it


def _written(folder: Path, files: Sequence[str]) -> list[str]:
    own = [name for name in files if "/" not in name]
    copied = len(files) - len(own)
    also = f" and {copied} files of gene sets" if copied else ""
    return [f"Wrote {folder}: {', '.join(own)}{also}.", ""]


def _not_in_mirror(study: ProposedStudy, mirror: Path | None) -> list[str]:
    """Tell which files every run needs and the mirror lacks, and what may stand in their place."""
    if mirror is None:
        return []
    notes = []
    if study.gene_table is None and not (mirror / mirror_key(GENE_TABLE_ADDRESS)).is_file():
        place = mirror / mirror_key(GENE_TABLE_ADDRESS)
        notes.append(
            f"The mirror has no gene table ({place}): save it there, or give a table of your own with --gene-table."
        )
    platforms = {dataset.cells["platform"] for dataset in study.datasets if dataset.cells["identifiers"] == "probe"} - {
        ""
    }
    for platform in sorted(platforms):
        places = [mirror / mirror_key(url) for url in platform_annotation_urls(platform)]
        if not any(place.is_file() for place in places):
            notes.append(
                f"The mirror has no annotation of {platform} ({places[0]}): save it there, or name a table of probe_id and symbol "
                "in a column platform_map of datasets.tsv."
            )
    return notes


def _guesses(study: ProposedStudy, lacking: Sequence[str]) -> list[str]:
    lines = ["Guessed from the records (every row is `unverified`; its note holds the evidence):"]
    ids = study.contrast_ids
    for dataset in study.datasets:
        cells = dataset.cells
        lines.append(
            f"  {dataset.dataset} ({dataset.role}): layout {cells['layout']}, identifiers {cells['identifiers']}, scale {cells['scale']}"
        )
        lines += [f"    derived column {each.column} from {each.source}: {each.regex}" for each in dataset.derivations]
        lines += [f"    TRAP: {trap}" for trap in dataset.traps]
        for name, each in zip(ids[dataset.dataset], dataset.contrasts, strict=True):
            pairs = f", pairs by {each.pairing.column}" if each.pairing else ""
            beside = f", with {', '.join(each.covariates)}" if each.covariates else ""
            lines.append(f"    {name}: {each.n_target} against {each.n_reference} samples{pairs}{beside}")
            lines += [f"      target:    {each.target}", f"      reference: {each.reference}"]
            lines += [f"      TRAP: {trap}" for trap in each.traps]
        if not dataset.contrasts:
            lines.append("    no comparison: write one in contrasts.tsv")
    lines += [f"  {note}" for note in (*study.sets.notes, *lacking)]
    return [
        *lines,
        "",
        f"Waits for you: words that read {TO_FILL_IN}; direction and margin of each question (config.yaml); replicates, composition",
        "and licence (datasets.tsv); a positive control (the end of config.yaml).",
    ]


def _next_commands(request: StudyRequest) -> list[str]:
    folder = shlex.quote(str(request.folder))
    # A relative path of the command line counts from the study's folder in a run: a whole one is right in both.
    mirror = shlex.quote(str(request.mirror.resolve())) if request.mirror else ""
    return [
        "",
        "Next:",
        f"  sidemine check {folder}",
        f"  sidemine preflight {folder}" + (f" --mirror {mirror}" if mirror else ""),
        f"  sidemine run {folder}" + (f" --config mirror={mirror}" if mirror else ""),
    ]
