"""Read a table of values from a spreadsheet (xlsx, xls, xlsb, ods) as text cells, as from a text table."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.isolation.spreadsheet import Cell, Sheet, read_sheets
from sidemine.sources.containers import spooled_to_file
from sidemine.text.archive import GZIP_MAGIC
from sidemine.text.decoding import open_unpacked
from sidemine.text.numbers import is_number
from sidemine.text.phrases import first_of
from sidemine.text.text_table import TextTable

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_BYTES = 500_000_000
_LARGEST_WHOLE = 1e15
_MAX_TOLD = 8


def is_spreadsheet(path: Path) -> bool:
    """Tell whether a file, perhaps gzipped, holds a spreadsheet: xls, xlsx, xlsb or ods, whatever its name."""
    if not path.is_file():
        return False
    try:
        with open_unpacked(path) as stream:
            start = stream.read(len(_OLE_MAGIC))
    except InputError:
        return False  # who reads it as a text tells why it cannot be read
    if start == _OLE_MAGIC:
        return True
    if not start.startswith(b"PK"):
        return False
    try:
        with _unpacked(path) as plain, zipfile.ZipFile(plain) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return path.suffix.lower() in {".xlsx", ".xlsm", ".xlsb", ".ods"}
    return bool({"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & names)


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Give the file itself or, where it is gzip, as GEO keeps supplementary files, an unpacked copy."""
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    if not packed:
        yield path
        return
    with (
        open_unpacked(path, max_bytes=_MAX_BYTES) as stream,
        spooled_to_file(stream, Path(path.name.removesuffix(".gz")).suffix) as plain,
    ):
        yield plain


def read_spreadsheet_sheets(path: Path) -> list[Sheet]:
    """Return all sheets, read in a bounded process.

    Raises
    ------
    InputError
        When the file cannot be read, or needs more memory or time than its size explains.
    """
    with _unpacked(path) as plain:
        sheets = run_isolated(read_sheets, plain, where=path, preload=("python_calamine",))
    return [sheet if isinstance(sheet, Sheet) else Sheet(**sheet) for sheet in sheets]


def read_spreadsheet(path: Path, sheet: str = "") -> TextTable:
    """Read the table of one sheet.

    Empty rows, and empty columns at the edges, are passed over. Dates stand as ISO text (a gene that became a date can
    then be found), true and false as TRUE and FALSE, which are no numbers.

    Parameters
    ----------
    path
        The file.
    sheet
        Name of the sheet; '' = the only visible one that holds a table with numbers.

    Returns
    -------
    TextTable
        Its `lines` are the rows of the sheet, from 1.

    Raises
    ------
    InputError
        When there is no such sheet, or several and none is named; when cells are merged, hold errors, or formulas whose
        value was never stored.
    """
    sheets = read_spreadsheet_sheets(path)
    chosen = _choose(sheets, sheet, path)
    where = f"{path}, sheet {chosen.name!r}"
    refuse_damage(chosen, where)
    filled = [(number, row) for number, row in enumerate(chosen.rows, start=1) if not all(map(_is_blank, row))]
    width = range(max((len(row) for _, row in filled), default=0))
    used = [place for place in width if any(place < len(row) and not _is_blank(row[place]) for _, row in filled)]
    columns = range(used[0], used[-1] + 1) if used else range(0)
    texts = [[_as_text(row[place]) if place < len(row) else "" for place in columns] for _, row in filled]
    table = TextTable.from_rows(texts, where, lines=[number for number, _ in filled])
    table.notes += _notes(chosen, sheets, filled, path)
    return table


def _choose(sheets: list[Sheet], name: str, path: Path) -> Sheet:
    if name:
        named = [sheet for sheet in sheets if sheet.name == name]
        if not named:
            raise InputError(_no_sheet(f"there is no sheet {name!r}", sheets, path, "Correct sheet in datasets.tsv."))
        return named[0]
    tables = [sheet for sheet in sheets if not sheet.hidden and _holds_table(sheet)]
    if len(tables) != 1:
        what = f"{len(tables)} sheets hold tables" if tables else "no visible sheet holds a table of numbers"
        first = (tables or sheets or [Sheet("", [])])[0].name
        raise InputError(_no_sheet(what, tables or sheets, path, f"Name the one with the values: sheet: {first}, say."))
    return tables[0]


def _no_sheet(what: str, sheets: list[Sheet], path: Path, next_step: str) -> Problem:
    names = ", ".join(f"{sheet.name!r}{' (hidden)' if sheet.hidden else ''}" for sheet in sheets[:_MAX_TOLD])
    return Problem(what, f"{path}: {names or 'no sheets'}", "one sheet with values, named by `sheet`", next_step)


def _holds_table(sheet: Sheet) -> bool:
    """Tell whether a sheet has two rows and two columns, and a column of numbers below its first row."""
    rows = [row for row in sheet.rows if not all(map(_is_blank, row))]
    return len(rows) > 1 and any(
        sum(not _is_blank(cell) for cell in row) > 1
        and any(is_number(_as_text(cell)) for cell in row if not isinstance(cell, bool))
        for row in rows[1:]
    )


def refuse_damage(sheet: Sheet, where: str) -> None:
    """Refuse a sheet with cells that stand empty and are not: errors, formulas without a stored value, merged ones.

    Parameters
    ----------
    sheet
        The sheet.
    where
        File and sheet, for messages.

    Raises
    ------
    InputError
        With the first of these cells.
    """
    for cells, what, allowed, next_step in (
        (
            sheet.lost,
            "cells hold errors, or formulas whose value was never stored",
            "values in every cell that is filled",
            "Open the file in a spreadsheet program, mend these cells, save it as tab-separated text, and name that copy.",
        ),
        (
            sheet.merged,
            "cells are merged, so that only the first of them has a value",
            "one cell per gene and sample",
            "Undo the merging (what belongs into the empty cells?), save it as tab-separated text, and name that copy.",
        ),
    ):
        if cells:
            raise InputError(Problem(what, f"{where}: {first_of(cells, _MAX_TOLD, '; ')}", allowed, next_step))


def _notes(sheet: Sheet, sheets: list[Sheet], rows: list[tuple[int, list[Cell]]], path: Path) -> list[str]:
    notes = [f"{path.name}: values are those of sheet {sheet.name!r}"]
    others = [f"{other.name!r}{' (hidden)' if other.hidden else ''}" for other in sheets if other is not sheet]
    if others:
        notes.append(f"{path.name}: other sheets were passed over: {', '.join(others[:_MAX_TOLD])}")
    as_text = sum(isinstance(cell, str) and is_number(cell) for _, row in rows[1:] for cell in row[1:])
    if as_text:
        notes.append(f"{path.name}: {as_text} numbers are stored as text")
    if sheet.hidden:
        notes.append(f"{path.name}: sheet {sheet.name!r} is hidden")
    if path.suffix.lower() in {".xls", ".xlsb"}:
        notes.append(f"{path.name}: in this format an error such as #DIV/0! cannot be told from an empty cell")
    return notes


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _as_text(cell: Cell) -> str:
    """Return a cell as text; numbers as they are written shortest, whole ones without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _LARGEST_WHOLE else repr(cell)
    return cell
