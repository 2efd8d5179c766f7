"""Read text tables of expression values, genes × samples, in the many shapes that people deposit.

Which column is what is declared, or follows from metadata (`named`), or from names that mean one thing only. What a
column holds never turns a sample into a description: a cell that is no number is refused with its place.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.spreadsheet import is_spreadsheet, read_spreadsheet
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.delimited import (
    ANNOTATION_WORDS,
    IDENTIFIER_WORDS,
    STATISTIC_WORDS,
    TextTable,
    plain_word,
    read_delimited,
)
from sidemine.text.numbers import is_missing, is_number

if TYPE_CHECKING:
    from sidemine.study.models import IdentifierKind
    from sidemine.study.projections import DatasetToRead

logger = logging.getLogger(__name__)

_PEEK_ROWS = 200
_MIN_COUNTED = 3
_MIN_SHARE_FITTING = 0.8
_MIN_ENTREZ = 50
_LARGEST_ROW_NUMBER = 70_000
_MAX_NAMES_TOLD = 8

# Fits many things; a column of that name is a statistic only beside one of an unmistakable name.
_SHORT_STATISTICS = frozenset({"b", "f", "fc", "lr", "stat", "t"})

_FITS: dict[str, Callable[[str], object]] = {
    "entrez": re.compile(r"\d+(\.0)?").fullmatch,
    "ensembl": re.compile(r"ENS[A-Z]*[GT]\d{11}.*", re.IGNORECASE).fullmatch,
    "symbol": lambda cell: not is_number(cell) and not _FITS["ensembl"](cell),
    "probe": bool,
}


@dataclass(frozen=True)
class DeclaredColumns:
    """What datasets.tsv says of the columns of a table; nothing, by default.

    Attributes
    ----------
    identifiers
        Kind of the identifiers; None: not known.
    gene_column
        Name of their column; '' = found by its place, name and content.
    annotation_columns
        Names of columns that describe genes.
    sheet
        Name of the sheet of a spreadsheet.
    """

    identifiers: IdentifierKind | None = None
    gene_column: str = ""
    annotation_columns: tuple[str, ...] = ()
    sheet: str = ""

    @classmethod
    def of(cls, row: DatasetToRead) -> DeclaredColumns:
        """Return what a row of datasets.tsv says."""
        return cls(row.identifiers, row.gene_column, tuple(row.annotation_columns), row.sheet)


@dataclass
class TableColumns:
    """Positions of the identifiers and of the samples (or what may be such), and what was said of the others."""

    genes: int
    samples: list[int]
    notes: list[str] = field(default_factory=list)


def read_table_columns(
    path: Path, declared: DeclaredColumns = DeclaredColumns(), named: Collection[str] | None = None
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
    table = _open_table(path, declared, _PEEK_ROWS)
    return [table.header[position] for position in find_columns(table, declared, named).samples]


def read_expression_table(
    path: Path,
    columns: Sequence[str] | None = None,
    declared: DeclaredColumns = DeclaredColumns(),
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


def _open_table(path: Path, declared: DeclaredColumns, max_rows: int | None = None) -> TextTable:
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
    declared: DeclaredColumns = DeclaredColumns(),
    named: Collection[str] | None = None,
) -> ValueMatrix:
    """Turn a table of text (of a file, or of a spreadsheet) into values; see `read_expression_table`."""
    import numpy as np

    found = find_columns(table, declared, named)
    positions = found.samples if columns is None else [table.position(name) for name in columns]
    _check_samples(table, positions)
    table.name_column = found.genes
    identifiers = [cell.strip() for cell in table.cells(found.genes)]
    _refuse_hidden_counter(table, found.genes, identifiers, declared)
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
    held = {found.genes, *found.samples}
    left = [
        column or f"(column {position + 1}, without a name)"
        for position, column in enumerate(table.header)
        if position not in held
    ]
    notes = [*table.notes, *found.notes]
    if left:
        notes.append(f"{name}: columns that describe genes, not samples: {', '.join(sorted(left))}")
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
    table: TextTable, declared: DeclaredColumns = DeclaredColumns(), named: Collection[str] | None = None
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
    peek = {position: _first_cells(table, position) for position in range(len(table.header))}
    samples = set(named or ())
    words = ANNOTATION_WORDS | _statistics_of(table.header)
    described = {
        position: _describes(table.header[position], peek[position], declared, samples, words)
        for position in range(len(table.header))
    }
    genes, notes = _find_gene_column(table, peek, declared, samples)
    _check_header(table, genes, samples)
    _check_r_layout(table, samples, notes)
    if genes and _is_nameless(table.header[0]) and table.header[0] not in samples:
        described[0] = True  # the names, or numbers, of rows that R or pandas wrote
    candidates = [position for position in peek if position != genes and not described[position]]
    if named is None:
        _refuse_text(table, candidates, peek)
    nameless = [position for position in candidates if not table.header[position]]
    if nameless:
        raise InputError(
            Problem(
                "a column of values has no name",
                f"{table.where}: column {nameless[0] + 1} of {len(table.header)}",
                "a name over every column",
                "Find out what the column holds, name it in a copy of the file, and name that copy in datasets.tsv.",
            )
        )
    return TableColumns(genes, candidates, notes)


def _first_cells(table: TextTable, position: int) -> list[str]:
    return [cell.strip() for cell in table.cells(position, _PEEK_ROWS)]


def _statistics_of(header: Sequence[str]) -> frozenset[str]:
    """Return the words that stand for statistics in this header: the short ones only beside an unmistakable one."""
    unmistakable = STATISTIC_WORDS - _SHORT_STATISTICS
    return STATISTIC_WORDS if any(plain_word(name) in unmistakable for name in header) else unmistakable


def _describes(
    name: str, cells: list[str], declared: DeclaredColumns, samples: Collection[str], words: frozenset[str]
) -> bool:
    """Tell whether a column is known not to be a sample: declared, by its name, empty, or a counter of rows."""
    if name in samples:
        return False
    return (
        name in declared.annotation_columns
        or plain_word(name) in words
        or (_is_nameless(name) and (all(map(is_missing, cells)) or _counts_rows(cells)))
    )


def _counts_rows(cells: Sequence[str]) -> bool:
    """Tell whether cells are 0, 1, 2, … or 1, 2, 3, …, perhaps with thousands separators."""
    texts = [cell.replace(",", "") for cell in cells]
    if len(texts) < _MIN_COUNTED or texts[0] not in {"0", "1"} or not all(map(str.isdecimal, texts)):
        return False
    return all(int(after) - int(before) == 1 for before, after in pairwise(texts))


def _is_nameless(name: str) -> bool:
    """Tell whether a header cell says nothing: empty, or what pandas and R write in place of nothing."""
    return not name or bool(re.fullmatch(r"Unnamed: \d+|X|V1|index|row\.?names?|rn", name, re.IGNORECASE))


def _find_gene_column(
    table: TextTable, peek: dict[int, list[str]], declared: DeclaredColumns, samples: Collection[str]
) -> tuple[int, list[str]]:
    if declared.gene_column:
        return table.position(declared.gene_column), []
    words = [plain_word(name) for name in table.header]
    kind = declared.identifiers
    fitting = [
        position
        for position in range(1, len(words))
        if words[position] in IDENTIFIER_WORDS and table.header[position] not in samples and _fits(peek[position], kind)
    ]
    if _names_genes(table.header[0], words[0], peek[0], kind, alone=not fitting):
        return 0, []
    preferred = [position for position in fitting if kind is not None and kind in words[position]]
    chosen = preferred if len(preferred) == 1 else fitting
    name = table.where.rsplit("/", 1)[-1]
    if len(chosen) == 1:
        found = table.header[chosen[0]]
        why = "only counts rows" if _may_count(peek[0]) else f"({table.header[0]!r}) does not name genes"
        return chosen[0], [f"{name}: the first column {why}; identifiers come from column {found!r}"]
    raise InputError(
        Problem(
            "it is not clear which column names the genes: the first one counts rows or describes a place",
            f"{table.where}: column {table.header[0]!r} holds {', '.join(map(repr, peek[0][:4]))}; header "
            + ", ".join(map(repr, table.header[:20])),
            "gene_column in datasets.tsv, where the genes are not named by the first column",
            "Set gene_column to one of: " + ", ".join(repr(table.header[i]) for i in chosen)
            if chosen
            else "Set gene_column to the column that holds the identifiers; if there is none, use another file.",
        )
    )


def _names_genes(name: str, word: str, cells: list[str], kind: IdentifierKind | None, *, alone: bool) -> bool:
    """Tell whether the first column holds identifiers, as it nearly always does; `alone`: no other column may."""
    if word in ANNOTATION_WORDS - IDENTIFIER_WORDS:
        return False
    if _counts_rows(cells):
        # Some arrays number their probes; nothing else is named 1, 2, 3, … in this order.
        return kind == "probe" and word in IDENTIFIER_WORDS
    if _may_count(cells) and _is_nameless(name):
        return alone and kind in {"entrez", "probe"}
    # Numbers are neither symbols nor Ensembl ids.
    return kind not in {"symbol", "ensembl"} or not all(is_number(cell) for cell in cells if not is_missing(cell))


def _may_count(cells: list[str]) -> bool:
    """Tell whether cells may be row numbers, also after rows were taken out or shuffled."""
    return all(cell.replace(",", "").isdecimal() for cell in cells) and len(set(cells)) == len(cells)


def _fits(cells: Sequence[str], kind: IdentifierKind | None) -> bool:
    present = [cell for cell in cells if not is_missing(cell)]
    test = _FITS[kind] if kind else _FITS["probe"]
    return bool(present) and sum(map(bool, map(test, present))) >= _MIN_SHARE_FITTING * len(present)


def _refuse_hidden_counter(table: TextTable, genes: int, names: list[str], declared: DeclaredColumns) -> None:
    """Refuse numbers without a name over them that are all small: R's row numbers after subsetting, no Entrez ids.

    Of the human genes with an Entrez id more than a third have one above 70,000.
    """
    few = len(names) < _MIN_ENTREZ or declared.identifiers != "entrez"
    if few or not _is_nameless(table.header[genes]) or not all(map(str.isdecimal, names)):
        return
    if max(map(int, names)) <= _LARGEST_ROW_NUMBER and len(set(names)) == len(names):
        raise InputError(
            Problem(
                "the first column seems to count rows: its numbers have no name over them and none is large",
                f"{table.where}: {', '.join(names[:6])}, …",
                "Entrez gene ids, of which many are above 100,000",
                "Name the column that holds the ids in gene_column; if these are ids, write entrez over them in a copy.",
            )
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
    known = plain_word(first) in IDENTIFIER_WORDS or _is_nameless(first) or any(name in samples for name in names)
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
                    "If it describes genes, name it in annotation_columns of datasets.tsv; if it is a sample, mend its "
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
