"""Look into a file or a series: what there is to select on, so that a selector is settled in a minute."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SidemineError
from sidemine.sources.inspection import FileToInspect, Inspection, guess_identifiers
from sidemine.sources.registry import LAYOUTS
from sidemine.text.archive import open_data
from sidemine.text.decoding import MAX_BYTES, not_there

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


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
    file = _look_at(path)
    if record := _inspect_record(file):
        return record
    refused: InputError | None = None
    for layout in sorted(LAYOUTS.values(), key=lambda layout: layout.inspects_rest):
        if layout.inspect is None or (refused and layout.inspects_rest):
            continue
        try:
            inspection = layout.inspect(file)
        except InputError as error:
            refused = refused or error  # a file may be recognised by two: what the first one says of it counts
            continue
        if inspection is not None:
            return _with_values(inspection)
    raise refused or InputError(_no_source(file))


def _look_at(path: Path) -> FileToInspect:
    from sidemine.sources.containers import is_container, iter_files
    from sidemine.sources.spreadsheet import is_spreadsheet

    if path.is_dir():
        return FileToInspect(path, members=tuple(name for name, _ in iter_files(path)))
    if not path.is_file():
        raise InputError(not_there(str(path), "it is not there"))
    with open_data(path) as stream:
        start = stream.read(512).lstrip()
    if is_spreadsheet(path):
        return FileToInspect(path, start, is_spreadsheet=True)
    members = tuple(name for name, _ in iter_files(path)) if is_container(path) else None
    return FileToInspect(path, start, members)


def _with_values(inspection: Inspection) -> Inspection:
    """Add number, range and likely scale of the values; a plain table may turn out to be of another layout."""
    if inspection.values is None:
        return inspection
    described = describe_values(inspection.values, inspection.identifiers)
    inspection.value_summary = f"{inspection.value_summary} {described}".lstrip()
    kind, names = guess_identifiers(inspection.identifiers), [str(name) for name in inspection.samples.index]
    for word, layout in LAYOUTS.items():
        if layout.fits_table and layout.fits_table(kind, names):
            inspection.sheet_row = inspection.sheet_row.replace("layout: table,", f"layout: {word},")
    return inspection


def _inspect_record(file: FileToInspect) -> Inspection | None:
    """Look into a record of GEO, SOFT or MINiML, that describes samples only."""
    from sidemine.sources.geo_record import is_record, read_record_metadata
    from sidemine.sources.series_matrix import inspection_of_record

    if file.members is not None:
        if not any(map(is_record, file.members)):
            return None
        kind = "MINiML" if any(".xml" in name for name in file.members) else "SOFT"
    elif file.start.startswith((b"^", b"<")) and not file.start.startswith(b"^HEADER") and not _is_web_page(file.start):
        kind = "SOFT" if file.start.startswith(b"^") else "MINiML"
    else:
        return None
    metadata = read_record_metadata(file.path)
    inspection = inspection_of_record(file.path, kind, metadata)
    if metadata.samples.empty:
        inspection.notes.append("The file describes no samples.")
    inspection.sheet_row = f"metadata: {file.path.name}"
    inspection.value_summary = (
        "Values stand in one table per sample; sidemine reads them from the series matrix instead."
        if metadata.has_values
        else "The file holds no values."
    )
    return inspection


def _is_web_page(start: bytes) -> bool:
    return start.startswith(b"<") and any(mark in start.lower() for mark in (b"<html", b"<!doctype html"))


def _no_source(file: FileToInspect) -> Problem:
    web_page = file.start.startswith(b"<")
    return Problem(
        "the file is a web page, not data" if web_page else "the file is none of the kinds that can be inspected",
        f"{file.path}, which begins with {file.start[:20]!r}",
        "a series matrix, SOFT or MINiML file, table of values (text or spreadsheet), h5ad, 10x .h5, tar or zip",
        "Delete it and retrieve the file again." if web_page else "Check that this is the file that was meant.",
    )


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


def inspect_address(
    url: str, purpose: str, mirror: Path | None = None, folder: Path | None = None, max_bytes: int = MAX_BYTES
) -> Inspection:
    """Retrieve one file and look into it.

    Parameters
    ----------
    url
        Its address.
    purpose
        What it is, for messages.
    mirror, folder
        As in `inspect_accession`.
    max_bytes
        A larger file is not retrieved.

    Raises
    ------
    RetrievalError, InputError
        When it cannot be had or read.
    """
    import tempfile

    from sidemine.retrieve.addresses import mirror_key
    from sidemine.retrieve.download import fetch
    from sidemine.retrieve.needed_files import Source
    from sidemine.retrieve.patience import WHILE_SOMEBODY_WAITS

    key = mirror_key(url)
    if mirror and (mirror / key).is_file():
        return inspect_file(mirror / key)
    with tempfile.TemporaryDirectory() as temporary:
        place = (folder or Path(temporary)) / key
        source = Source(key, (url,), purpose)
        fetch(source, place, max_bytes=max_bytes, mirror=mirror, retries=WHILE_SOMEBODY_WAITS)
        return inspect_file(place)


def _matrices_in_mirror(accession: str, platform: str, mirror: Path) -> list[Path]:
    """Return all matrices of the series that the mirror holds: a series of several platforms has no plain form."""
    from sidemine.retrieve.addresses import mirror_key
    from sidemine.sources.geo_addresses import series_matrix_urls

    paths = [mirror / mirror_key(url) for url in series_matrix_urls(accession, platform)]
    if not platform:
        paths += sorted(paths[0].parent.glob(f"{accession}-GPL*_series_matrix.txt.gz"))
    return [path for path in paths if path.is_file()]


def _retrieve_matrix(accession: str, platform: str, mirror: Path | None, folder: Path) -> Path:
    from sidemine.errors import RetrievalError
    from sidemine.retrieve.addresses import mirror_key
    from sidemine.retrieve.download import fetch
    from sidemine.retrieve.needed_files import Source
    from sidemine.retrieve.patience import WHILE_SOMEBODY_WAITS
    from sidemine.sources.geo_addresses import series_matrix_urls

    urls = series_matrix_urls(accession, platform)
    key = mirror_key(urls[0])
    try:
        source = Source(key, urls, f"series matrix of {accession}")
        fetch(source, folder / key, max_bytes=MAX_BYTES, mirror=mirror, retries=WHILE_SOMEBODY_WAITS)
        return folder / key
    except RetrievalError as error:
        raise RetrievalError(_explain_absence(error, accession, platform, folder, urls, mirror)) from error


def _explain_absence(
    error: SidemineError, accession: str, platform: str, folder: Path, urls: tuple[str, ...], mirror: Path | None
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
    if mirror:
        return [*problems, *_others_in_mirror(accession, mirror)]
    if any("404" in problem.where for problem in problems) and not platform:
        problems.append(
            Problem(
                "there is no series matrix without a platform in its name",
                accession,
                "GSE…_series_matrix.txt.gz; a series of several platforms has GSE…-GPL…_series_matrix.txt.gz instead",
                f"Check the accession; then try `sidemine inspect {accession} --platform GPL…`.",
            )
        )
    return problems


def _others_in_mirror(accession: str, mirror: Path) -> list[Problem]:
    from sidemine.retrieve.addresses import mirror_key
    from sidemine.sources.geo_addresses import series_folder_url

    folder = mirror / mirror_key(f"{series_folder_url(accession)}/matrix/x")
    there = sorted(str(path) for path in folder.parents[1].glob("*/*") if path.is_file())
    if not there:
        return []
    return [
        Problem(
            f"the mirror has other files of {accession}",
            "; ".join(there[:5]),
            "a series matrix, which describes the samples; a file of values can be looked into by its path",
            f"`sidemine inspect {shlex.quote(there[0])}`; describe its samples by a sample_sheet of your own.",
        )
    ]


def describe_values(values: npt.NDArray[np.float64], identifiers: list[str]) -> str:
    """Return one sentence on a matrix (identifiers × samples): its size, its range, its likely scale."""
    from sidemine.prepare.scale_evidence import assess_scale

    size = f"{values.shape[0]:,} identifiers ({', '.join(identifiers[:3])}, …) × {values.shape[1]:,} samples"
    try:
        evidence = assess_scale(values)
    except SidemineError:
        return f"{size}; every value is missing."
    missing = f"; {evidence.share_missing:.2%} missing" if evidence.share_missing else ""
    likely = "log2, or another logarithm" if evidence.reading == "log2" else evidence.reading
    return f"{size}; {evidence.figures()}{missing}. Likely scale: {likely}."
