"""Read what GEO says of a series, from any of the three files in which it does: series matrix, SOFT family, MINiML."""

from __future__ import annotations

import codecs
from pathlib import Path, PurePosixPath

from sidemine.errors import InputError, Problem
from sidemine.sources.containers import is_container, iter_files, spooled_to_file
from sidemine.sources.geo_metadata import SeriesMetadata
from sidemine.sources.miniml import read_miniml_metadata
from sidemine.sources.series_matrix_header import read_series_metadata
from sidemine.sources.soft import read_soft_metadata
from sidemine.text.decoding import open_unpacked

_RECORD_ENDINGS = ("_family.xml", "_family.soft", "_series_matrix.txt")
_MAX_RECORD_BYTES = 4 * 10**9


def read_record_metadata(path: Path) -> SeriesMetadata:
    """Read series keys and the metadata of the samples.

    Parameters
    ----------
    path
        Series matrix, SOFT file, MINiML (`.xml`), each also gzipped, or an archive that holds one of them (`.xml.tgz`).

    Raises
    ------
    InputError
        When it is none of these, or cannot be read as what it is.
    """
    if path.is_file() and is_container(path):
        return _read_from_archive(path)
    with open_unpacked(path) as stream:
        start = stream.read(512).removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"^"):
        return read_soft_metadata(path)
    if start.startswith(b"<") and not start[:200].lower().startswith((b"<!doctype html", b"<html")):
        return read_miniml_metadata(path)
    return read_series_metadata(path)


def is_record(member: str) -> bool:
    """Tell whether a file within an archive is a record of GEO, by its name."""
    return PurePosixPath(member).name.removesuffix(".gz").endswith(_RECORD_ENDINGS)


def _read_from_archive(path: Path) -> SeriesMetadata:
    records: list[str] = []
    metadata: SeriesMetadata | None = None
    for name, stream in iter_files(path, max_member_bytes=_MAX_RECORD_BYTES):
        if is_record(name):
            records.append(name)
            if len(records) == 1:
                with spooled_to_file(stream, ".xml") as file:
                    metadata = read_record_metadata(file)
    if metadata is None or len(records) > 1:
        raise InputError(
            Problem(
                f"the archive holds {len(records) or 'no'} records of GEO",
                f"{path}: {', '.join(records[:6]) or 'no _family.xml, _family.soft or _series_matrix.txt'}",
                "one record that describes the samples",
                "Name the record itself in datasets.tsv, column metadata.",
            )
        )
    metadata.path = path
    return metadata
