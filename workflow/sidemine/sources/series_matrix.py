"""Layout `series_matrix`: GEO's file of a series, which describes the samples and, of arrays, holds their values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.sources.declarations import AccessionFile, BulkLayout, DeclaredValues
from sidemine.sources.geo_addresses import series_matrix_urls
from sidemine.sources.inspection import FileToInspect, Inspection
from sidemine.sources.value_matrix import ValueMatrix

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.geo_metadata import SeriesMetadata


def _describe_samples(path: Path) -> pd.DataFrame:
    from sidemine.sources.geo_record import read_record_metadata

    return read_record_metadata(path).samples


def _list_columns(path: Path, declared: DeclaredValues, named: Collection[str] | None) -> list[str]:
    from sidemine.sources.series_matrix_file import read_series_metadata

    del declared, named
    return list(read_series_metadata(path).samples.index)


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    from sidemine.sources.series_matrix_file import read_series_matrix

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
    from sidemine.sources.series_matrix_file import read_series_matrix, read_series_metadata

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
