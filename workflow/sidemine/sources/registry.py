"""The kinds of source, by the layout that datasets.tsv declares. To add one: a module of this room, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.sources.cells import Cells
from sidemine.sources.count_archive import archive_metadata, list_archive_samples, read_count_archive
from sidemine.sources.expression_table import read_expression_table, read_table_columns
from sidemine.sources.gene_column import DeclaredColumns
from sidemine.sources.h5ad import read_h5ad_cells
from sidemine.sources.ncbi_counts import read_ncbi_counts
from sidemine.sources.series_matrix import read_series_matrix, read_series_metadata
from sidemine.sources.tenx import read_tenx_cells
from sidemine.sources.value_matrix import ValueMatrix

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.projections import DatasetToPrepare, DatasetToRead


@dataclass(frozen=True)
class BulkSource:
    """A kind of source whose columns are samples.

    Attributes
    ----------
    list_columns
        Takes the row, the file and the names that metadata give to samples (None: there are none); returns the names of
        the columns that may be samples, without reading the values.
    read
        Takes the row, the file, the columns to read (if it `reads_columns`, else none), and the same names; returns
        identifiers × columns.
    describe_samples
        Returns what the file itself says of its samples; None: no more than the names of the columns.
    """

    list_columns: Callable[[DatasetToRead, Path, Collection[str] | None], list[str]]
    read: Callable[[DatasetToPrepare, Path, Sequence[str], Collection[str]], ValueMatrix]
    describe_samples: Callable[[Path], pd.DataFrame] | None = None
    reads_columns: bool = False


@dataclass(frozen=True)
class CellSource:
    """A kind of source of single cells: `read` takes the row, the file, and whether the counts are wanted."""

    read: Callable[[DatasetToRead, Path, bool], Cells]


def _read_archive(row: DatasetToPrepare, path: Path, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del columns, named
    return read_count_archive(path, scale=row.scale, strand=row.strand, declared=DeclaredColumns.of(row))


def _read_table(row: DatasetToPrepare, path: Path, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    return read_expression_table(path, columns, DeclaredColumns.of(row), named)


def _read_series(row: DatasetToPrepare, path: Path, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
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
                    or f"the supplementary files of {row.accession} in GEO (its record names none); for RNA-seq, "
                    "NCBI-generated counts: layout ncbi_counts"
                ),
            )
        )
    return ValueMatrix(
        series.identifiers, series.samples, series.values, notes=series.notes, simulated=series.metadata.simulated
    )


BULK_SOURCES: dict[str, BulkSource] = {
    "series_matrix": BulkSource(
        lambda _row, path, _named: list(read_series_metadata(path).samples.index), _read_series
    ),
    "table": BulkSource(
        lambda row, path, named: read_table_columns(path, DeclaredColumns.of(row), named),
        _read_table,
        reads_columns=True,
    ),
    "ncbi_counts": BulkSource(
        lambda row, path, named: read_table_columns(path, DeclaredColumns.of(row), named),
        lambda _row, path, _columns, _named: read_ncbi_counts(path),
    ),
    "archive": BulkSource(
        lambda _row, path, _named: [file.sample for file in list_archive_samples(path)],
        _read_archive,
        lambda path: archive_metadata(list_archive_samples(path)),
    ),
}

CELL_SOURCES: dict[str, CellSource] = {
    "tenx": CellSource(lambda row, path, _values: read_tenx_cells(path, row.identifiers)),
    "h5ad": CellSource(
        lambda row, path, values: read_h5ad_cells(path, row.identifiers, values=values, layer=row.layer)
    ),
}
