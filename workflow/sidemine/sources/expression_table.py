"""Read text tables of expression values, genes × samples, in the many shapes that people deposit.

Which column is what is declared, or follows from metadata (`named`), or from names that mean one thing only. What a
column holds never turns a sample into a description: a cell that is no number is refused with its place.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.declarations import NOTHING_DECLARED, DeclaredValues
from sidemine.sources.gene_column import (
    PEEK_ROWS,
    counts_rows,
    find_gene_column,
    first_cells,
    is_nameless,
    refuse_hidden_counter,
)
from sidemine.sources.side_columns import find_side_columns
from sidemine.sources.spreadsheet import is_spreadsheet, read_spreadsheet
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.delimited import read_delimited
from sidemine.text.header_words import ANNOTATION_WORDS, IDENTIFIER_WORDS, SHORT_STATISTICS, STATISTIC_WORDS, plain_word
from sidemine.text.numbers import is_missing, is_number
from sidemine.text.phrases import first_of
from sidemine.text.text_table import TextTable

logger = logging.getLogger(__name__)

_MAX_NAMES_TOLD = 8
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_MAX_LEFT_TOLD = 30


@dataclass
class TableColumns:
    """Positions of the identifiers and of the samples (or what may be such), and what was said of the others."""

    genes: int
    samples: list[int]
    notes: list[str] = field(default_factory=list)


def read_table_columns(
    path: Path, declared: DeclaredValues = NOTHING_DECLARED, named: Collection[str] | None = None
) -> list[str]:
    """Return the names of the columns that may be samples, from the first rows of a table.

    Parameters
    ----------
    path
        The file.
    declared
        What datasets.tsv says of its columns.
    named
        Names that metadata give to samples: such columns are samples whatever they look like, and a column of text
        that is none of them is left for the caller to match. None: there are no metadata, the columns name the samples,
        so that a column of text is refused.

    Raises
    ------
    InputError
        When the file is missing, damaged, or no table; when it is not clear what a column is.
    """
    table = _open_table(path, declared, PEEK_ROWS)
    return [table.header[position] for position in find_columns(table, declared, named).samples]


def read_expression_table(
    path: Path,
    columns: Sequence[str] | None = None,
    declared: DeclaredValues = NOTHING_DECLARED,
    named: Collection[str] | None = None,
) -> ValueMatrix:
    """Read a text table of genes × samples: `text.delimited` says what is understood as such.

    Parameters
    ----------
    path
        The file.
    columns
        Names of the columns to read; None: all that may be samples, by `read_table_columns`.
    declared, named
        As in `read_table_columns`.

    Returns
    -------
    ValueMatrix
        Values float64, identifiers × samples.

    Raises
    ------
    InputError
        When a cell is no number (line, column and value are told), rows have different lengths, a column name repeats,
        a sample has no value at all, it is not clear what a column is, or the file is damaged or empty.
    """
    return to_value_matrix(_open_table(path, declared), columns, declared, named)


def _open_table(path: Path, declared: DeclaredValues, max_rows: int | None = None) -> TextTable:
    if is_spreadsheet(path):
        return read_spreadsheet(path, declared.sheet)
    if declared.sheet:
        raise InputError(
            Problem(
                f"sheet {declared.sheet!r} is declared, but the file is no spreadsheet",
                str(path),
                "a .xlsx, .xls, .xlsb or .ods file",
                "Leave sheet empty in datasets.tsv, or correct file.",
            )
        )
    return read_delimited(path, r_layout=True, max_rows=max_rows)


def to_value_matrix(
    table: TextTable,
    columns: Sequence[str] | None = None,
    declared: DeclaredValues = NOTHING_DECLARED,
    named: Collection[str] | None = None,
) -> ValueMatrix:
    """Turn a table of text (of a file, or of a spreadsheet) into values; see `read_expression_table`.

    Parameters
    ----------
    table
        The table, as text.
    columns
        Value columns to take; None: all that are found.
    declared
        What the sheet says of the columns.
    named
        Names that metadata give to samples; None: there are no metadata.

    Raises
    ------
    InputError
        When samples have no value at all, or as in `read_expression_table`.
    """
    import numpy as np

    columns_read = find_columns(table, declared, named)
    positions = columns_read.samples if columns is None else [table.position(name) for name in columns]
    _check_samples(table, positions)
    table.name_column = columns_read.genes
    identifiers = [cell.strip() for cell in table.cells(columns_read.genes)]
    refuse_hidden_counter(table, columns_read.genes, identifiers, declared)
    values = table.matrix(positions)
    empty = [table.header[position] for position, column in zip(positions, values.T, strict=True) if _is_empty(column)]
    if empty:
        raise InputError(
            Problem(
                f"{len(empty)} samples have no value at all",
                f"{table.where}: columns {', '.join(map(repr, empty[:_MAX_NAMES_TOLD]))}",
                "values in the column of every sample",
                "Exclude these samples with a reason, or use another file of the series.",
            )
        )
    name = table.where.rsplit("/", 1)[-1]
    held = {columns_read.genes, *columns_read.samples}
    left = [
        column or f"(column {position + 1}, without a name)"
        for position, column in enumerate(table.header)
        if position not in held
    ]
    notes = [*table.notes, *columns_read.notes]
    if left:
        notes.append(f"{name}: columns that hold no values of samples: {first_of(sorted(left), _MAX_LEFT_TOLD)}")
    logger.info("%s: %d identifiers × %d samples", name, table.n_rows, len(positions))
    return ValueMatrix(
        identifiers,
        [table.header[position] for position in positions],
        np.ascontiguousarray(values),
        notes=notes,
        simulated=any(SIMULATION_MARKER in comment for comment in table.comments),
    )


def _is_empty(column: object) -> bool:
    import numpy as np

    return bool(np.isnan(column).all())  # type: ignore[call-overload]


def find_columns(
    table: TextTable, declared: DeclaredValues = NOTHING_DECLARED, named: Collection[str] | None = None
) -> TableColumns:
    """Tell which column names the genes and which may be samples, from names and the first rows.

    Parameters
    ----------
    table
        The table.
    declared, named
        As in `read_table_columns`.

    Raises
    ------
    InputError
        When the table has no rows or no header, or it is not clear which column names the genes or what a column of
        text is.
    """
    if table.n_rows == 0:
        raise InputError(
            Problem(
                "the table has no rows",
                table.where,
                "a header line and at least one row of values",
                "Check that this is the right file of the series; sidemine inspect lists them.",
            )
        )
    peek = {position: first_cells(table, position) for position in range(len(table.header))}
    samples = set(named or ())
    words = ANNOTATION_WORDS | _statistics_of(table.header)
    described = {
        position: _describes(table.header[position], peek[position], declared, samples, words)
        for position in range(len(table.header))
    }
    genes, notes = find_gene_column(table, declared, samples, peek)
    _check_header(table, genes, samples)
    _check_r_layout(table, samples, notes)
    if genes and is_nameless(table.header[0]) and table.header[0] not in samples:
        described[0] = True  # the names, or numbers, of rows that R or pandas wrote
    candidates = [position for position in peek if position != genes and not described[position]]
    aside = set(find_side_columns(table, candidates, samples, declared.scale))
    candidates = [position for position in candidates if position not in aside]
    if named is None:
        _refuse_text(table, candidates, peek)
    nameless = [position for position in candidates if not table.header[position]]
    if nameless:
        raise InputError(
            Problem(
                "a column of values has no name",
                f"{table.where}: column {nameless[0] + 1} of {len(table.header)}",
                "a name over every column",
                "Where a title or the names of groups stand above the names of the columns, delete that line in a copy of the "
                "file; otherwise find out what the column holds and name it there. Name the copy in datasets.tsv.",
            )
        )
    return TableColumns(genes, candidates, notes)


def _statistics_of(header: Sequence[str]) -> frozenset[str]:
    """Return the words that stand for statistics in this header: the short ones only beside an unmistakable one."""
    unmistakable = STATISTIC_WORDS - SHORT_STATISTICS
    return STATISTIC_WORDS if any(plain_word(name) in unmistakable for name in header) else unmistakable


def _describes(
    name: str, cells: list[str], declared: DeclaredValues, samples: Collection[str], words: frozenset[str]
) -> bool:
    """Tell whether a column is known not to be a sample: declared, by its name, empty, or a counter of rows."""
    if name in samples:
        return False
    return (
        name in declared.annotation_columns
        or plain_word(name) in words
        or (is_nameless(name) and (all(map(is_missing, cells)) or counts_rows(cells)))
    )


def _check_header(table: TextTable, genes: int, samples: Collection[str]) -> None:
    names = [name for position, name in enumerate(table.header) if position != genes]
    first = table.header[genes]
    if first and first in samples:
        raise InputError(
            Problem(
                "the column that names the genes bears the name of a sample: the names stand over the wrong columns",
                f"{table.where}: header {', '.join(map(repr, table.header[:20]))}",
                "the names of the samples over their values, and another name, or none, over the genes",
                "Look whether a name of a sample is cut in two, and mend the header in a copy of the file.",
            )
        )
    known = plain_word(first) in IDENTIFIER_WORDS or is_nameless(first) or any(name in samples for name in names)
    if names and not known and all(map(is_number, names)):
        raise InputError(
            Problem(
                "the table seems to have no header: its first line holds numbers",
                f"{table.where}: {', '.join(map(repr, table.header[:8]))}",
                "a first line that names the columns",
                "Write the names of the samples above the table, in a copy of the file, and name that copy.",
            )
        )


def _check_r_layout(table: TextTable, samples: Collection[str], notes: list[str]) -> None:
    """Refuse a header that lacks a name when its first cell is no sample's: the metadata, or the other names, tell."""
    if not table.r_layout:
        return
    first, *others = table.header[1:]
    word = plain_word(first)
    if samples:
        alike = any(word in plain_word(name) or plain_word(name) in word for name in samples)
    else:
        alike = len(others) < 2 or first.startswith(_common_start(others))
    if not alike:
        raise InputError(
            Problem(
                "the header is one cell short, and its first cell names no sample",
                f"{table.where}: header {', '.join(map(repr, table.header[1:21]))}",
                f"samples such as {', '.join(map(repr, list(samples or others)[:4]))} alone, as R writes it; or a name "
                "for every column",
                f"If {first!r} stands over the genes, find out which sample has no name and add it in a copy of the file; if "
                "it is a sample, write gene over the first column.",
            )
        )
    name = table.where.rsplit("/", 1)[-1]
    notes.append(f"{name}: the header is one cell short, as R writes it: the first column names the rows")


def _common_start(names: Sequence[str]) -> str:
    """Return the letters with which all names begin.

    >>> _common_start(["GSM11", "GSM12"]), _common_start(["WT", "KO"])
    ('GSM', '')
    """
    first, last = min(names), max(names)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:length].rstrip("0123456789")


def _refuse_text(table: TextTable, candidates: list[int], peek: dict[int, list[str]]) -> None:
    """Refuse columns without any number: without metadata nobody can say whether these are samples."""
    problems = []
    for position in candidates:
        cells = [cell for cell in peek[position] if not is_missing(cell)]
        if cells and not any(map(is_number, cells)):
            row = next(i for i, cell in enumerate(peek[position]) if not is_missing(cell))
            problems.append(
                Problem(
                    "it is not clear whether a column is a sample or describes genes: it holds no number",
                    f"{table.place(row, position)}, value {cells[0][:60]!r}",
                    "numbers with a decimal point in the columns of samples; columns that describe genes under a usual "
                    "name (chr, start, symbol, description, …) or named in annotation_columns",
                    "Its cells have decimal commas: write decimal points in a copy of the file."
                    if _DECIMAL_COMMA.fullmatch(cells[0].strip())
                    else "If it describes genes, name it in annotation_columns of datasets.tsv; if it is a sample, mend its "
                    "cells in a copy of the file.",
                )
            )
    if problems:
        raise InputError(problems[:_MAX_NAMES_TOLD])


def _check_samples(table: TextTable, positions: list[int]) -> None:
    if not positions:
        raise InputError(
            Problem(
                "the table has no column of numbers",
                f"{table.where}: header {', '.join(map(repr, table.header[:20]))}",
                "one column of numbers per sample",
                "Check that this file holds expression values.",
            )
        )
    counted = Counter(table.header)
    repeated = sorted({name for position in positions if counted[name := table.header[position]] > 1})
    if repeated:
        raise InputError(
            Problem(
                "column names repeat",
                f"{table.where}: {', '.join(map(repr, repeated))}",
                "one column per sample, each with its own name",
                "Rename the columns in a copy of the file and name that copy in datasets.tsv.",
            )
        )
