"""What a kind of source declares of itself, once; `sources/registry.py` lists all kinds.

A kind of source is a layout: the word that stands in column `layout` of datasets.tsv. Its module imports its reader
inside functions, so that a study is checked without loading a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.cells import Cells, CellsWanted
    from sidemine.sources.forms import Form
    from sidemine.sources.inspection import FileToInspect, Inspection
    from sidemine.sources.scales import Scale
    from sidemine.sources.value_matrix import ValueMatrix

IdentifierKind = Literal["probe", "symbol", "ensembl", "entrez", "uniprot"]
Strand = Literal["no", "forward", "reverse"]


@dataclass(frozen=True)
class DeclaredValues:
    """What datasets.tsv says of a file of values; nothing, by default.

    Attributes
    ----------
    identifiers
        Kind of the identifiers; None: not known.
    gene_column
        Name of their column; '': to be recognised by its place, name and content.
    annotation_columns
        Names of columns that describe genes.
    sheet
        Name of the sheet of a spreadsheet.
    scale
        Scale of the values; None: not known.
    strand
        Which reads count, where a file tells the strands apart.
    layer
        Matrix of an h5ad that holds the counts; '': to be recognised.
    accession
        Of the data set.
    """

    identifiers: IdentifierKind | None = None
    gene_column: str = ""
    annotation_columns: Sequence[str] = ()
    sheet: str = ""
    scale: Scale | None = None
    strand: Strand = "no"
    layer: str = ""
    accession: str = ""

    @classmethod
    def of(cls, row: object) -> DeclaredValues:
        """Return what a row of datasets.tsv, or a part of one, says."""
        names = (item.name for item in fields(cls))
        return cls(**{name: getattr(row, name) for name in names if hasattr(row, name)})


NOTHING_DECLARED = DeclaredValues()


@dataclass(frozen=True)
class AccessionFile:
    """A file whose address follows from the accession.

    Attributes
    ----------
    urls
        Takes accession and platform ('' = none); returns the addresses in the order in which they are tried.
    form
        What the file is.
    purpose
        What it is for, for messages; `{dataset}` stands for the id of the data set.
    named_by_last
        Its copy is named by the last address, not by the first one.
    """

    urls: Callable[[str, str], Sequence[str]]
    form: Form
    purpose: str
    named_by_last: bool = False


@dataclass(frozen=True)
class Requirement:
    """What other columns of datasets.tsv must say with a layout: their values, why, and what to do otherwise."""

    values: Mapping[str, str]
    reason: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of source.

    Attributes
    ----------
    word
        What stands in column `layout` of datasets.tsv.
    meaning
        The word with a short description, for the documentation of that column.
    form
        What a file of values must look like at its beginning to be let in.
    by_accession
        Files by role (`values`, `metadata`, `annotation`) whose address follows from the accession. `values` are
        retrieved where column file is empty, `metadata` where neither metadata nor sample_sheet is given, other roles
        always.
    own_columns
        Columns of datasets.tsv that are meant for some layouts only, and for this one.
    requirement
        What other columns must say.
    inspect
        Tells what `sidemine inspect` shows of a file, or None where the file is of another kind. Raises `InputError`
        where the file is of this kind and cannot be read.
    inspects_rest
        Asked only about files that no other layout recognises.
    fits_table
        Takes the kind of the identifiers and the names of the columns of a plain table, and tells whether that table is
        of this layout.
    """

    word: str
    meaning: str
    form: Form
    by_accession: Mapping[str, AccessionFile] = field(default_factory=dict)
    own_columns: tuple[str, ...] = ()
    requirement: Requirement | None = None
    inspect: Callable[[FileToInspect], Inspection | None] | None = None
    inspects_rest: bool = False
    fits_table: Callable[[str, Sequence[str]], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class BulkLayout(Layout):
    """A kind of source whose columns are samples.

    Attributes
    ----------
    list_columns
        Takes the file, what is declared, and the names that metadata give to samples (None: there are none); returns
        the names of the columns that may be samples, without reading the values.
    read
        Takes the file, what is declared, the columns to read (if the layout `reads_columns`, else none), and the same
        names; returns identifiers × columns.
    describe_samples
        Returns what the file itself says of its samples (index = sample, text columns), and what `list_columns` would,
        read at once; None: no more is known than the names of the columns.
    reads_columns
        The reader takes the columns that it is to read.
    read_gene_names
        Reads the file of role `annotation`: identifier → symbol. None: there is no such file.
    comparable_rows
        Values of two rows in one sample can be compared. Otherwise each row has a level of its own that says nothing (NPX,
        RFU of diluted samples), and rows of one gene are averaged: no level could choose between them.
    """

    list_columns: Callable[[Path, DeclaredValues, Collection[str] | None], list[str]]
    read: Callable[[Path, DeclaredValues, Sequence[str], Collection[str]], ValueMatrix]
    describe_samples: Callable[[Path], tuple[pd.DataFrame, list[str]]] | None = None
    reads_columns: bool = False
    read_gene_names: Callable[[Path], dict[str, str]] | None = None
    comparable_rows: bool = True


@dataclass(frozen=True, kw_only=True)
class CellLayout(Layout):
    """A kind of source of single cells: `read` takes the file, what is declared, and what is wanted of the counts (None: nothing)."""

    read: Callable[[Path, DeclaredValues, CellsWanted | None], Cells]


COLUMNS_OF_CELLS = (
    *("cell_type", "sample_columns", "excluded_markers"),
    *("cell_quality", "most_mitochondrial", "fewest_genes", "doublets"),
)
"""Columns of datasets.tsv that are meant for single cells only."""

CELLS_NEED_COUNTS = Requirement(
    {"scale": "counts"},
    "single-cell data are summed per biological unit, which needs raw counts",
    "Use a file with raw counts.",
)
