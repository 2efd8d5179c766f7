"""Read somebody's published table of fold changes: text or spreadsheet, by the columns that its row names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.isolation.spreadsheet import Sheet, column_letters
from sidemine.isolation.spreadsheet_xml import MAX_TOLD
from sidemine.sources.gene_column import counts_rows
from sidemine.sources.spreadsheet import is_spreadsheet, read_spreadsheet_sheets, refuse_damage
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.lines.published.specification import TableToDescribe

MAX_ROWS = 1_100_000
"""More rows than any expression platform has; a spreadsheet ends at 1,048,576."""
MAX_COLUMNS = 2_000
MAX_BYTES = 500_000_000
_MOST_TOLD = 12

VALUE_COLUMNS = ("fold_change", "compared_with", "p_value", "adjusted_p", "mean")
"""Columns of a table that was read, after `identifier`: numbers, missing where the table has none."""


def read_published_table(row: TableToDescribe, path: Path) -> pd.DataFrame:
    """Read a published table: CSV, TSV (either also gzipped) or a spreadsheet.

    Parameters
    ----------
    row
        Names the columns; `zero_is_missing` turns fold changes of exactly 0 into missing ones.
    path
        The retrieved file.

    Returns
    -------
    pandas.DataFrame
        One row per row of the table that names a gene, in file order: `identifier` (text as in the file; a date that a
        spreadsheet made is shown as such), and the numbers `fold_change` (log2, target minus reference), `compared_with`
        (log2), `p_value`, `adjusted_p` and `mean`, missing where the table has none; a fold change may be infinite. No formula is evaluated: a cell
        with a formula gives the value that was stored with it.

    Raises
    ------
    InputError
        When the file is damaged, too large, lacks a column, or holds text where a number belongs.
    """
    import pandas as pd

    columns = {
        "identifier": row.gene_column,
        "fold_change": row.fold_change_column,
        "compared_with": row.compare_with_column,
        "p_value": row.p_value_column,
        "adjusted_p": row.adjusted_p_column,
        "mean": row.mean_column,
    }
    cells = read_cells(path, [name for name in columns.values() if name], "the column names in published_tables.tsv")
    cells.name_column = cells.position(row.gene_column or 0)
    names = [text.strip() for text in cells.cells(cells.name_column)]
    if counts_rows(names):
        raise InputError(
            Problem(
                f"the column of genes only counts rows: {', '.join(names[:4])}",
                f"{path}: {cells.header[cells.name_column]!r}, column {cells.name_column + 1}",
                "gene symbols",
                f"Set gene_column in published_tables.tsv to one of: {', '.join(filter(None, cells.header))}.",
            )
        )
    named = [place for place, name in enumerate(names) if name]
    if not named:
        raise _damaged(path, "has a header and no row with a gene")
    identifiers = [names[place] for place in named]
    numbers = {
        role: cells.numbers(columns[role], infinite=True)[named] if columns[role] else [float("nan")] * len(named)
        for role in VALUE_COLUMNS
    }
    for role in ("p_value", "adjusted_p"):
        wrong = next(
            (row for row, value in zip(named, numbers[role], strict=True) if not 0 <= value <= 1 and value == value),
            None,
        )
        if wrong is not None:
            column = cells.position(columns[role])
            raise InputError(
                Problem(
                    "a p-value does not lie between 0 and 1",
                    f"{cells.place(wrong, column)}, value {cells.cells(column)[wrong]!r}",
                    "p-values as they are; no logarithms, no percentages",
                    "Correct the column names in published_tables.tsv, or leave the p-values out.",
                )
            )
    table = pd.DataFrame({"identifier": pd.Series(identifiers, dtype=object), **numbers})
    if row.zero_is_missing:
        for role in ("fold_change", "compared_with"):
            table[role] = table[role].where(table[role] != 0)
    return table


def read_cells(path: Path, wanted: list[str], declared: str) -> TextTable:
    """Return the cells of a text table, or of the one sheet of a spreadsheet that has the wanted columns.

    Parameters
    ----------
    path
        CSV or TSV (also gzipped), or a spreadsheet; of a formula, the value that was stored with it. Hidden sheets count only
        where no other one has the columns.
    wanted
        Headers that must be there.
    declared
        What the user would correct, for messages: the column names in a sheet.

    Raises
    ------
    InputError
        When the file is damaged, too large, or lacks a column; when several sheets have the columns, as where each holds one
        comparison; when a wanted column holds errors, formulas without a stored value, or merged cells.
    """
    if not path.is_file():
        raise _damaged(path, "is not there")
    headers: list[str] = []
    if is_spreadsheet(path):
        sheets = list(_sheet_tables(path))
        fitting = [(sheet, table) for sheet, table in sheets if table is not None and table.has(*wanted)]
        fitting = [(sheet, table) for sheet, table in fitting if not sheet.hidden] or fitting
        if len(fitting) > 1:
            raise InputError(_several_sheets([sheet for sheet, _ in fitting], path))
        if fitting:
            refuse_damage(*_within(*fitting[0], wanted))
            return fitting[0][1]
        headers = [
            f"sheet {sheet.name}: {', '.join(table.header)[:300] if table else 'empty'}" for sheet, table in sheets
        ]
    else:
        text = _text_table(path)
        if text.has(*wanted):
            return text
        headers.append(f"the file: {', '.join(text.header)[:300]}")
    absent = [column for column in wanted if not any(column in header for header in headers)] or wanted
    raise InputError(
        Problem(
            f"the published table lacks column {', '.join(repr(column) for column in absent)}",
            f"{path}; " + "; ".join(headers),
            f"one header row, at the top, with {declared}",
            f"Correct {declared}.",
        )
    )


def _several_sheets(sheets: Sequence[Sheet], path: Path) -> Problem:
    return Problem(
        f"{len(sheets)} sheets have the columns that are named, so it is not clear which of them is meant",
        f"{path}: {', '.join(repr(sheet.name) for sheet in sheets[:_MOST_TOLD])}",
        "one sheet with these columns, as for one comparison",
        "Save the sheet that is meant as tab-separated text, and name that copy.",
    )


def _within(sheet: Sheet, table: TextTable, wanted: Sequence[str]) -> tuple[Sheet, str]:
    """Return a sheet with the damage that touches the wanted columns, and its name for messages."""
    # The first column names the genes where none is named.
    letters = {column_letters(place) for place in (0, *map(table.position, wanted))}
    # Of more cells than these, only the first are known: the others may lie anywhere.
    lost = sheet.lost if len(sheet.lost) >= MAX_TOLD else [cell for cell in sheet.lost if _touches(cell, letters)]
    merged = [cells for cells in sheet.merged if _touches(cells, letters)]
    return replace(sheet, lost=lost, merged=merged), table.where


def _touches(cells: str, letters: Collection[str]) -> bool:
    """Tell whether a cell (C3: #DIV/0!), or a range of cells (A1:B2), lies in one of the columns; of an ods, no column is known."""
    found = re.match(r"([A-Z]+)\d+(?::([A-Z]+)\d+(?!\d))?", cells)
    if found is None:
        return True
    first, last = found[1], found[2] or found[1]
    return any((len(first), first) <= (len(name), name) <= (len(last), last) for name in letters)


def _text_table(path: Path) -> TextTable:
    table = read_delimited(path, r_layout=True, max_bytes=MAX_BYTES, max_rows=MAX_ROWS + 1)
    if table.n_rows > MAX_ROWS:
        raise _damaged(path, f"has more than {MAX_ROWS:,} rows")
    return table


def _sheet_tables(path: Path) -> Iterator[tuple[Sheet, TextTable | None]]:
    """Give each sheet without its blank rows, stored values only; None where it is empty."""
    for sheet in read_spreadsheet_sheets(path):
        texts = [[_cell_text(cell) for cell in row[:MAX_COLUMNS]] for row in sheet.rows]
        filled = [(number, row) for number, row in enumerate(texts, start=1) if any(row)]
        if len(filled) > MAX_ROWS + 1:
            raise _damaged(path, f"has more than {MAX_ROWS:,} rows")
        width = max((len(row) for _, row in filled), default=0)
        square = [[*row, *[""] * (width - len(row))] for _, row in filled]
        lines = [number for number, _ in filled]
        yield sheet, TextTable.from_rows(square, f"{path}, sheet {sheet.name}", lines=lines) if filled else None


def _cell_text(cell: object) -> str:
    """Return a cell as text; whole numbers without `.0` (a symbol that became a number stays recognisable)."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        Problem(
            f"the published table {what}",
            str(path),
            "CSV, TSV (either also gzipped), XLSX, XLS, XLSB or ODS, with one header row",
            "Retrieve it again, or save it in one of these forms.",
        )
    )
