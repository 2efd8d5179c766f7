"""Read the sheets of a spreadsheet (xlsx, xls, xlsb, ods) as rows of cells. To be called inside `run_isolated`."""

from __future__ import annotations

import datetime
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.isolation.spreadsheet_xml import find_lost_cells

MAX_MEMBERS = 10_000
_MOST_COMPRESSED = 1_100
"""Deflate makes data at most 1,032 times smaller."""

Cell = str | float | bool | None


@dataclass
class Sheet:
    """One sheet.

    Attributes
    ----------
    name
        As the file says it.
    rows
        Rows from the top, cells from the left. Numbers are floats; dates and times are ISO text; an empty cell is None.
        A formula gives the value that was stored with it.
    hidden
        Whether the sheet is not shown.
    merged
        Ranges of merged cells, as A1:B2: only the first cell of each has a value.
    lost
        Cells that stand empty in `rows` and are not: errors, and formulas without a stored value. Known of xlsx and ods.
    """

    name: str
    rows: list[list[Cell]]
    hidden: bool = False
    merged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def read_sheets(path: Path, where: str = "") -> list[Sheet]:
    """Read all sheets that hold cells; charts and hidden machinery are passed over.

    Parameters
    ----------
    path
        The file.
    where
        The file as messages call it, when it is a member of an archive.

    Raises
    ------
    InputError
        When the file is no spreadsheet, is encrypted or damaged, or claims more than it can hold.
    """
    import python_calamine as calamine

    where = where or str(path)
    sheets: list[Sheet] = []
    if zipfile.is_zipfile(path):
        check_zip(path, where)
    try:
        # From the first cell of the sheet, not of its content: rows and columns keep their numbers.
        book = calamine.CalamineWorkbook.from_path(str(path))
        lost = find_lost_cells(path)
        for metadata in book.sheets_metadata:
            if metadata.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(metadata.name)
            rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
            merged = [f"{_address(*first)}:{_address(*last)}" for first, last in sheet.merged_cell_ranges or ()]
            hidden = metadata.visible != calamine.SheetVisibleEnum.Visible
            sheets.append(Sheet(metadata.name, rows, hidden, merged, lost.get(metadata.name, [])))
    except calamine.PasswordError as error:
        raise InputError(_unreadable(where, "it is protected by a password")) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(_unreadable(where, str(error)[:200])) from error
    return sheets


def _address(row: int, column: int) -> str:
    return f"{column_letters(column)}{row + 1}"


def column_letters(column: int) -> str:
    """Return how a spreadsheet calls its column number `column`, counted from 0.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _cell(cell: object) -> Cell:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, str | bool):
        return cell
    if isinstance(cell, int | float):
        return float(cell)
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def check_zip(path: Path, where: str) -> None:
    """Check what the directory of a zip claims (members, and sizes that can stand in the file), and all checksums.

    Raises
    ------
    InputError
        When there are too many members, they claim more than deflate can give, or one is damaged.
    """
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            _check_claims(archive.infolist(), size, where)
            # The reader stops where its cells end, before the checksum.
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise InputError(_unreadable(where, str(error)[:200])) from error
    if damaged is not None:
        raise InputError(_unreadable(where, f"{damaged} is damaged (its checksum does not fit)"))


def _check_claims(members: list[zipfile.ZipInfo], size: int, where: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise InputError(_unreadable(where, f"it has {len(members):,} parts"))
    if sum(member.compress_size for member in members) > size:
        raise InputError(_unreadable(where, "its parts claim more bytes than the file has"))
    for member in members:
        if member.file_size > _MOST_COMPRESSED * member.compress_size + _MOST_COMPRESSED:
            raise InputError(_unreadable(where, f"{member.filename} claims {member.file_size:,} bytes unpacked"))


def _unreadable(where: str, what: str) -> Problem:
    return Problem(
        "the spreadsheet cannot be read",
        f"{where}: {what}",
        "a complete .xlsx, .xls, .xlsb or .ods file without a password",
        "Open it in a spreadsheet program and save the sheet as tab-separated text, or retrieve the file again.",
    )
