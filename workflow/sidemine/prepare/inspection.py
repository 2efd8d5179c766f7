"""Look into a file or a series: what there is to select on, so that a selector is settled in a minute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.errors import InputError, Problem, SidemineError
from sidemine.text.archive import open_data
from sidemine.text.decoding import MAX_BYTES, UTF16_MARKS, not_there

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from sidemine.sources.geo_metadata import SeriesMetadata
    from sidemine.sources.value_matrix import ValueMatrix

Kind = Literal[
    "series matrix", "SOFT", "MINiML", "table", "spreadsheet", "h5ad", "10x", "one file per sample", "archive"
]

_ROWS_INSPECTED = 500
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass
class Inspection:
    """What one file holds.

    Attributes
    ----------
    path
        The file.
    kind
        What sort of file it is, told by its content.
    samples
        One row per sample (per cell in an h5ad; per column in a table), text columns, '' = missing.
    accession, title
        Of the series; '' where the file does not say.
    platforms
        Platforms of the samples.
    files
        Supplementary files of the series, or members of an archive.
    sample_files
        Supplementary files of single samples.
    value_summary
        One sentence on the values: how many, their range and likely scale.
    sheet_row
        What datasets.tsv would say of the file, as far as the file shows it.
    simulated
        Whether the file carries the mark of the simulator.
    notes
        What was odd.
    """

    path: Path
    kind: Kind
    samples: pd.DataFrame
    accession: str = ""
    title: str = ""
    platforms: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    sample_files: list[str] = field(default_factory=list)
    value_summary: str = ""
    sheet_row: str = ""
    simulated: bool = False
    notes: list[str] = field(default_factory=list)


def inspect_file(path: Path) -> Inspection:
    """Look into one file or folder and tell by its content what it is.

    Parameters
    ----------
    path
        A series matrix, SOFT or MINiML file, table of values (text or spreadsheet), h5ad, 10x .h5, tar, zip or folder.

    Returns
    -------
    Inspection
        What it holds. Values that cannot be read are told of in `notes`; the metadata are shown all the same.

    Raises
    ------
    InputError
        When the file cannot be read as any of these.
    """
    from sidemine.sources.containers import is_container
    from sidemine.sources.spreadsheet import is_spreadsheet

    if path.is_dir():
        return _inspect_container(path)
    if not path.is_file():
        raise InputError(not_there(str(path), "it is not there"))
    with open_data(path) as stream:
        start = stream.read(512).lstrip()
    if start.startswith(_HDF5_MAGIC):
        return _inspect_hdf5(path)
    if is_spreadsheet(path):
        return _inspect_table(path, "spreadsheet")
    if is_container(path):
        return _inspect_container(path)
    if start.startswith(b"!"):
        return _inspect_series_matrix(path)
    if start.startswith((b"^", b"<")) and b"<html" not in start.lower() and b"<!doctype html" not in start.lower():
        return _inspect_record(path, "SOFT" if start.startswith(b"^") else "MINiML")
    if (
        start.startswith(b"<")
        or (b"\x00" in start and not start.startswith(UTF16_MARKS))
        or start.startswith(b"PK\x03\x04")
        or not start
    ):
        web_page = start.startswith(b"<")
        raise InputError(
            Problem(
                "the file is a web page, not data"
                if web_page
                else "the file is none of the kinds that can be inspected",
                f"{path}, which begins with {start[:20]!r}",
                "a series matrix, SOFT or MINiML file, table of values (text or spreadsheet), h5ad, 10x .h5, tar or zip",
                "Delete it and retrieve the file again." if web_page else "Check that this is the file that was meant.",
            )
        )
    return _inspect_table(path)


def inspect_accession(
    accession: str, platform: str = "", mirror: Path | None = None, folder: Path | None = None
) -> list[Inspection]:
    """Retrieve the series matrix (or matrices) of a series and look into each.

    Parameters
    ----------
    accession
        GEO series, for example GSE48000.
    platform
        GEO platform; needed, without a mirror, where a series has several.
    mirror
        Folder that serves https://HOST/PATH from DIR/HOST/PATH; the network is then not tried.
    folder
        Where a retrieved file is kept. Default: a temporary folder that is removed afterwards.

    Returns
    -------
    list of Inspection
        One per series matrix.

    Raises
    ------
    RetrievalError
        When there is no series matrix to be had; the message says what to try.
    StudyError
        When the accession is no GEO series.
    """
    import tempfile

    paths = _matrices_in_mirror(accession, platform, mirror) if mirror else []
    if paths:
        return [inspect_file(path) for path in paths]
    with tempfile.TemporaryDirectory() as temporary:
        return [inspect_file(_retrieve_matrix(accession, platform, mirror, folder or Path(temporary)))]


def _matrices_in_mirror(accession: str, platform: str, mirror: Path) -> list[Path]:
    """Return all matrices of the series that the mirror holds: a series of several platforms has no plain form."""
    from sidemine.retrieve.addresses import mirror_key
    from sidemine.sources.geo_addresses import series_matrix_urls

    found = [mirror / mirror_key(url) for url in series_matrix_urls(accession, platform)]
    if not platform:
        found += sorted(found[0].parent.glob(f"{accession}-GPL*_series_matrix.txt.gz"))
    return [path for path in found if path.is_file()]


def _retrieve_matrix(accession: str, platform: str, mirror: Path | None, folder: Path) -> Path:
    from sidemine.errors import RetrievalError
    from sidemine.retrieve.addresses import mirror_key
    from sidemine.retrieve.download import fetch
    from sidemine.retrieve.needed_files import Source
    from sidemine.sources.geo_addresses import series_matrix_urls

    urls = series_matrix_urls(accession, platform)
    key = mirror_key(urls[0])
    try:
        fetch(Source(key, urls, f"series matrix of {accession}"), folder / key, max_bytes=MAX_BYTES, mirror=mirror)
        return folder / key
    except RetrievalError as error:
        raise RetrievalError(_explain_absence(error, accession, platform, folder, urls)) from error


def _explain_absence(
    error: SidemineError, accession: str, platform: str, folder: Path, urls: tuple[str, ...]
) -> list[Problem]:
    """Return the problems of a retrieval, with what to do now that the folder may be a temporary one."""
    problems = [
        Problem(
            problem.what,
            problem.where,
            problem.allowed,
            f"Run the same command again; or fetch {' or '.join(urls)} by hand and run `sidemine inspect FILE` on it.",
        )
        if str(folder) in problem.next_step
        else problem
        for problem in error.problems
    ]
    absent = any("404" in problem.where or "mirror" in problem.what for problem in problems)
    if absent and not platform:
        problems.append(
            Problem(
                "there is no series matrix without a platform in its name",
                accession,
                "GSE…_series_matrix.txt.gz; a series of several platforms has GSE…-GPL…_series_matrix.txt.gz instead",
                f"Check the accession; then try `sidemine inspect {accession} --platform GPL…`.",
            )
        )
    return problems


# --------------------------------------------------------------------------------------------------- one per format


def _inspect_series_matrix(path: Path) -> Inspection:
    from sidemine.sources.series_matrix import read_series_matrix, read_series_metadata

    metadata = read_series_metadata(path)
    inspection = _from_metadata(path, "series matrix", metadata)
    try:
        matrix = read_series_matrix(path)
    except InputError as error:
        inspection.value_summary = "The values cannot be read."
        inspection.notes += [str(problem) for problem in error.problems]
        return inspection
    inspection.notes += [note for note in matrix.notes if note not in inspection.notes]
    if (values := matrix.values) is None:
        inspection.value_summary = "The matrix has a header and no values: take one of the files below."
        inspection.files = [name for name in matrix.alternatives if name not in inspection.sample_files]
    else:
        inspection.value_summary = describe_values(values, matrix.identifiers)
        kind = guess_identifiers(matrix.identifiers)
        inspection.sheet_row = f"layout: series_matrix, identifiers: {kind}, scale: see `values`"
    return inspection


def _inspect_record(path: Path, kind: Kind) -> Inspection:
    from sidemine.sources.geo_record import read_record_metadata

    metadata = read_record_metadata(path)
    inspection = _from_metadata(path, kind, metadata)
    if metadata.samples.empty:
        inspection.notes.append("The file describes no samples.")
    inspection.sheet_row = f"metadata: {path.name}"
    inspection.value_summary = (
        "Values stand in one table per sample; sidemine reads them from the series matrix instead."
        if metadata.has_values
        else "The file holds no values."
    )
    return inspection


def _from_metadata(path: Path, kind: Kind, metadata: SeriesMetadata) -> Inspection:
    notes = list(metadata.notes)
    others = [name for name in metadata.series.get("platform_id", []) if name not in metadata.platform_ids]
    if others:
        notes.append(f"The series has further platforms, in other files: {', '.join(others)}.")
    return Inspection(
        path=path,
        kind=kind,
        samples=metadata.samples,
        accession=metadata.accession,
        title=metadata.title,
        platforms=metadata.platform_ids,
        files=metadata.series_files,
        sample_files=metadata.sample_files,
        simulated=metadata.simulated,
        notes=notes,
    )


def _inspect_table(path: Path, kind: Kind = "table") -> Inspection:
    """Look into a table of values: it says of its samples no more than their names, so show the parts of these."""
    import pandas as pd

    from sidemine.sources.expression_table import read_expression_table, read_table_columns

    columns = read_table_columns(path, named=())
    parts = [name.replace(".", "_").replace("-", "_").replace(" ", "_").split("_") for name in columns]
    widest = max((len(cells) for cells in parts), default=0)
    names_parts = {
        f"part_{number + 1}": [cells[number] if number < len(cells) else "" for cells in parts]
        for number in range(widest if widest > 1 else 0)
    }
    index = pd.Index(columns, name="sample", dtype=object)
    samples = pd.DataFrame(names_parts, index=index, dtype=object)
    inspection = Inspection(path, kind, samples)
    if widest > 1:
        inspection.notes.append(
            "part_1, part_2 … are the column names cut at _ . - and spaces; they are no metadata. Make columns of them "
            "with `derive` (config.yaml) or with a sample sheet."
        )
    try:
        matrix = read_expression_table(path)
    except SidemineError as error:
        inspection.value_summary = "The values cannot be read."
        inspection.notes += [str(problem) for problem in error.problems]
        return inspection
    _tell_values(inspection, matrix, "table")
    return inspection


def _tell_values(inspection: Inspection, matrix: ValueMatrix, layout: str) -> None:
    inspection.value_summary = describe_values(matrix.values, matrix.identifiers)
    inspection.notes += matrix.notes
    inspection.simulated = matrix.simulated
    kind = guess_identifiers(matrix.identifiers)
    if layout == "table" and kind == "entrez" and all(str(name).startswith("GSM") for name in inspection.samples.index):
        layout = "ncbi_counts"
    inspection.sheet_row = f"layout: {layout}, identifiers: {kind}, scale: see `values`"


def guess_identifiers(names: Sequence[str]) -> str:
    """Return the likely kind of identifiers.

    >>> guess_identifiers(["ENSG00000115415.12"]), guess_identifiers(["6772"]), guess_identifiers(["1007_s_at"])
    ('ensembl', 'entrez', 'probe')
    >>> guess_identifiers(["STAT1", "IRF1"])
    'symbol'
    """
    patterns = {"ensembl": r"ENS[A-Z]*[GT]\d+", "entrez": r"\d+$", "probe": r".+_at$|ILMN_\d+|A_\d+_P\d+|cg\d{8}"}
    for kind, pattern in patterns.items():
        if sum(bool(re.match(pattern, name)) for name in names) > len(names) / 2:
            return kind
    return "symbol"


def _inspect_container(path: Path) -> Inspection:
    """Look into a folder or archive: a record of GEO, 10x output, one file per sample, or neither."""
    import pandas as pd

    from sidemine.sources.containers import iter_files
    from sidemine.sources.count_archive import archive_metadata, list_archive_samples, read_count_archive
    from sidemine.sources.gene_column import DeclaredColumns
    from sidemine.sources.geo_record import is_record
    from sidemine.sources.quantifiers import are_transcripts
    from sidemine.sources.tenx import describe_tenx, is_tenx_part

    members = [name for name, _ in iter_files(path)]
    if any(map(is_record, members)):
        return _inspect_record(path, "MINiML" if any(".xml" in name for name in members) else "SOFT")
    summary = f"{len(members)} files in the {'folder' if path.is_dir() else 'archive'}."
    if any(map(is_tenx_part, members)):
        samples, notes = describe_tenx(path)
        row = "layout: tenx, identifiers: symbol or ensembl, scale: counts, biological_unit: (a column of donors)"
        return Inspection(path, "10x", samples, files=members, value_summary=summary, sheet_row=row, notes=notes)
    try:
        samples = archive_metadata(list_archive_samples(path))
    except SidemineError as error:
        empty = pd.DataFrame(index=pd.Index([], name="sample", dtype=object))
        notes = [str(problem) for problem in error.problems]
        return Inspection(path, "archive", empty, files=members, value_summary=summary, notes=notes)
    inspection = Inspection(path, "one file per sample", samples, files=members, value_summary=summary)
    try:
        matrix = read_count_archive(path, declared=DeclaredColumns("probe"))
    except SidemineError as error:
        inspection.notes += [str(problem) for problem in error.problems]
        return inspection
    _tell_values(inspection, matrix, "archive")
    inspection.value_summary = f"{summary} {inspection.value_summary}"
    if are_transcripts(matrix.identifiers):
        inspection.sheet_row = "layout: archive, identifiers: probe, platform_map: (transcript → gene), scale: counts"
    return inspection


def _inspect_hdf5(path: Path) -> Inspection:
    try:
        return _inspect_h5ad(path)
    except InputError as no_h5ad:
        import pandas as pd

        from sidemine.sources.tenx import read_tenx_cells

        try:
            cells = read_tenx_cells(path, "symbol")
        except InputError:
            raise no_h5ad from None
        counts = cells.obs.groupby("sample", sort=False)["title"].agg(["first", "size"])
        samples = pd.DataFrame(
            {"title": list(counts["first"]), "n_cells": [str(n) for n in counts["size"]]},
            index=pd.Index(counts.index, name="sample", dtype=object),
        )
        summary = f"{cells.counts.shape[0]} cells × {cells.counts.shape[1]} genes, counts of 10x Genomics."
        row = "layout: tenx, identifiers: symbol or ensembl, scale: counts, biological_unit: (a column of donors)"
        return Inspection(path, "10x", samples, value_summary=summary, sheet_row=row, notes=cells.notes)


def _inspect_h5ad(path: Path) -> Inspection:
    from sidemine.isolation import run_isolated
    from sidemine.sources.h5ad_file import PRELOAD

    return run_isolated(_look_into_h5ad, path, where=path, returns=Inspection, preload=PRELOAD)


def _look_into_h5ad(path: Path) -> Inspection:
    from sidemine.sources.cells import text_frame
    from sidemine.sources.h5ad_file import open_h5ad

    with open_h5ad(path) as file:
        samples = text_frame(file.table("obs")).rename_axis("sample")
        identifiers = [str(name) for name in file.table("var").index]
        places = file.matrices
        values = (
            f"{samples.shape[0]} cells or samples × {len(identifiers)} genes; matrices: {', '.join(places) or 'none'}."
        )
        if "X" in places:
            head = file.matrix(places["X"])[:_ROWS_INSPECTED].toarray()
            values += f" First {head.shape[0]} rows of X: " + describe_values(head.T.astype(float), identifiers)
        row = f"layout: h5ad, identifiers: {guess_identifiers(identifiers)}, scale: counts, biological_unit: (donors)"
        return Inspection(path, "h5ad", samples, value_summary=values, sheet_row=row, simulated=file.simulated)


def describe_values(values: npt.NDArray[np.float64], identifiers: list[str]) -> str:
    """Return one sentence on a matrix (identifiers × samples): its size, its range, its likely scale."""
    from sidemine.prepare.scale import assess_scale

    size = f"{values.shape[0]:,} identifiers ({', '.join(identifiers[:3])}, …) × {values.shape[1]:,} samples"
    try:
        evidence = assess_scale(values)
    except SidemineError:
        return f"{size}; every value is missing."
    missing = f"; {evidence.share_missing:.2%} missing" if evidence.share_missing else ""
    likely = "log2, or another logarithm" if evidence.reading == "log2" else evidence.reading
    return f"{size}; {evidence.figures()}{missing}. Likely scale: {likely}."
