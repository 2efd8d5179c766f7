"""Layout `series_matrix`: GEO's file of a series, which describes the samples and, of arrays, holds their values.

Its header is read by `series_matrix_header`, its table of values by the strict reader of `text`, streaming.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.sources.declarations import AccessionFile, BulkLayout, DeclaredValues
from sidemine.sources.geo_addresses import series_matrix_urls
from sidemine.sources.geo_metadata import SeriesMetadata, check_accessions
from sidemine.sources.inspection import FileToInspect, Inspection
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.decoding import MAX_BYTES, open_decoded
from sidemine.text.repeats import repeated

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from sidemine.text.text_table import TextTable

_END = "!series_matrix_table_end"


@dataclass
class SeriesMatrix:
    """A series matrix: what the header says, and the values.

    Attributes
    ----------
    metadata
        The header. Its `samples` has one row per sample of the header.
    identifiers
        First column of the table, in file order; repeated ones are kept.
    samples
        Sample accessions, in the order of the columns of `values`.
    values
        Array of shape (identifiers, samples), float64, NaN = missing, on the scale as deposited; None when the table
        has no rows.
    notes
        What was odd about the file and how it was dealt with.
    alternatives
        When there are no values: addresses where they may be had instead.
    """

    metadata: SeriesMetadata
    identifiers: list[str]
    samples: list[str]
    values: npt.NDArray[np.float64] | None
    notes: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)


def read_series_matrix(path: Path, max_bytes: int = MAX_BYTES) -> SeriesMatrix:
    """Read a whole series matrix, streaming.

    Parameters
    ----------
    path
        Series matrix, gzipped or plain.
    max_bytes
        Most decompressed bytes that may be read.

    Returns
    -------
    SeriesMatrix
        Header, identifiers, samples and values.

    Raises
    ------
    InputError
        When the file is no series matrix, is truncated or corrupt, names a sample twice, has a row of another number
        of columns, or holds a value that is no number (row, column and value are named).
    """
    from sidemine.sources.series_matrix_header import read_header
    from sidemine.text.delimited import read_delimited

    with open_decoded(path, max_bytes=max_bytes) as decoded:
        metadata = read_header(decoded, path)
        table = read_delimited(decoded, separator="\t", comments="none", end_mark=_END, numbers_from=1)
        trailing = [
            line[:80] for line in iter(decoded.line, b"") if line.strip()
        ]  # reading on checks gzip's own checksum
    if second := [line for line in trailing if line.startswith((b"!Sample_", b"!series_matrix_table_begin"))]:
        raise InputError(
            Problem(
                "a second series matrix begins behind the end of the first",
                f"{path}: {second[0].decode(errors='replace')[:40]!r} behind {_END}",
                "one series matrix per file",
                "Part the file in two, each a dataset of its own.",
            )
        )
    samples, positions = _columns(table, path, metadata)
    notes = list(dict.fromkeys([*metadata.notes, *table.notes]))
    if trailing:
        notes.append("There is text after the end of the table; it was left out.")
    metadata.has_values = table.n_rows > 0
    if not table.n_rows:
        return SeriesMatrix(metadata, [], samples, None, notes, metadata.alternatives)
    identifiers = [cell.strip() for cell in table.cells(0)]
    notes += _notes_on_identifiers(identifiers)
    values = table.matrix(positions)
    return SeriesMatrix(metadata, identifiers, samples, values, notes)


def _columns(table: TextTable, path: Path, metadata: SeriesMetadata) -> tuple[list[str], list[int]]:
    """Return the samples of the table and the positions of their columns."""
    samples = table.header[1:]
    while samples and not samples[-1]:  # a tab at the end of each line
        if any(cell.strip() for cell in table.cells(len(samples))):
            raise InputError(
                Problem(
                    "a column of the table has values and no sample",
                    f"{path}: column {len(samples) + 1} of the table",
                    "the accession of a sample over every column",
                    "Retrieve the file again; if it stays so, mend a copy of it by hand.",
                )
            )
        samples.pop()
    check_accessions(samples, f"{path}, first row of the table")
    described = set(metadata.samples.index)
    unknown = [name for name in samples if name not in described]
    if unknown:
        raise InputError(
            Problem(
                "the table has samples that the header does not describe",
                f"{path}: {', '.join(unknown[:5])}",
                f"the {len(metadata.samples)} samples of !Sample_geo_accession",
                "Retrieve the file again; if it stays so, mend a copy of it by hand.",
            )
        )
    if len(samples) < len(metadata.samples):
        metadata.notes.append(f"{len(metadata.samples) - len(samples)} samples of the header have no column of values.")
    return samples, list(range(1, len(samples) + 1))


def _notes_on_identifiers(identifiers: list[str]) -> list[str]:
    names = repeated(identifiers)
    if not names:
        return []
    return [f"{len(names)} identifiers occur more than once (for example {names[0]}); all rows are kept."]


def _describe_samples(path: Path) -> tuple[pd.DataFrame, list[str]]:
    from sidemine.sources.geo_record import read_record_metadata

    metadata = read_record_metadata(path)
    return metadata.samples, metadata.columns or list(metadata.samples.index)


def _list_columns(path: Path, declared: DeclaredValues, named: Collection[str] | None) -> list[str]:
    del declared, named
    return _describe_samples(path)[1]


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del columns, named
    series = read_series_matrix(path)
    if series.values is None:
        raise SheetMismatch(
            Problem(
                "the series matrix describes the samples but holds no values",
                str(path),
                "a series matrix with values, or another layout for this dataset",
                "The values may be had from: "
                + (
                    "; ".join(series.alternatives)
                    or f"the supplementary files of {declared.accession} in GEO (its record names none); for RNA-seq, "
                    "NCBI-generated counts: layout ncbi_counts"
                ),
            )
        )
    return ValueMatrix(
        series.identifiers, series.samples, series.values, notes=series.notes, simulated=series.metadata.simulated
    )


def _inspect(file: FileToInspect) -> Inspection | None:
    from sidemine.sources.series_matrix_header import read_series_metadata

    if file.members is not None or not file.start.startswith(b"!"):
        return None
    inspection = inspection_of_record(file.path, "series matrix", read_series_metadata(file.path))
    try:
        series = read_series_matrix(file.path)
    except InputError as error:
        inspection.show_unreadable_values(error)
        return inspection
    if series.values is not None:
        matrix = ValueMatrix(series.identifiers, series.samples, series.values, notes=series.notes)
        inspection.show_values(matrix, SERIES_MATRIX.word)
    else:
        inspection.notes += [note for note in series.notes if note not in inspection.notes]
        inspection.value_summary = "The matrix has a header and no values: take one of the files below."
        inspection.files = [name for name in series.alternatives if name not in inspection.sample_files]
    return inspection


def inspection_of_record(path: Path, kind: str, metadata: SeriesMetadata) -> Inspection:
    """Return what a record of GEO says of a series and its samples.

    Parameters
    ----------
    path
        The file.
    kind
        What it is, in words.
    metadata
        What it says of the series and its samples.
    """
    notes = list(metadata.notes)
    others = [name for name in metadata.series.get("platform_id", []) if name not in metadata.platform_ids]
    if others:
        notes.append(f"The series has further platforms, in other files: {', '.join(others)}.")
    parts = [text.split()[-1] for text in metadata.series.get("relation", []) if text.startswith("SuperSeries of")]
    if parts:
        notes.append(
            f"It is a SuperSeries, with the samples of {', '.join(parts)}: several experiments. Take the series of one experiment, "
            "and never a series beside the SuperSeries that holds it."
        )
    return Inspection(
        path,
        kind,
        metadata.samples,
        accession=metadata.accession,
        title=metadata.title,
        platforms=metadata.platform_ids,
        files=metadata.series_files,
        sample_files=metadata.sample_files,
        simulated=metadata.simulated,
        notes=notes,
    )


SERIES_MATRIX = BulkLayout(
    word="series_matrix",
    meaning="series_matrix (GEO)",
    form="series_matrix",
    # The copy is named by the last, most specific address: two platforms of one series are two files, though the
    # address that is tried first is the same.
    by_accession={
        "values": AccessionFile(series_matrix_urls, "series_matrix", "values of dataset {dataset}", named_by_last=True)
    },
    inspect=_inspect,
    list_columns=_list_columns,
    read=_read,
    describe_samples=_describe_samples,
)
