"""Spreadsheets: cells as they stand; what lies about its size or unpacks without end is a message about the file."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from sidemine.errors import InputError
from sidemine.isolation import Limits, run_isolated
from sidemine.isolation.spreadsheet import read_sheets

LIMITS = Limits(memory=100_000_000, cpu_seconds=20)


def _read(path: Path) -> dict[str, list]:
    sheets = run_isolated(read_sheets, path, where=path, preload=("python_calamine",), limits=LIMITS)
    return {sheet["name"]: sheet["rows"] for sheet in sheets}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two sheets; the first begins below and right of A1."""
    work = openpyxl.Workbook()
    first = work.active
    first.title = "values"
    for row, cells in enumerate([["gene", "s1"], ["MARCH1", 1.5], ["TP53", None], [True, datetime.date(2020, 3, 1)]]):
        for column, cell in enumerate(cells):
            first.cell(row + 3, column + 2, cell)
    work.create_sheet("notes")["A1"] = "text"
    work.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def _replace(path: Path, member: str, change: object) -> None:
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content[member] = change(content[member])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_cells_keep_their_place_and_kind(book: Path) -> None:
    """Numbers are floats, dates ISO text, empty cells None; rows and columns count from A1."""
    sheets = _read(book)
    assert sheets["values"][2:] == [
        [None, "gene", "s1"],
        [None, "MARCH1", 1.5],
        [None, "TP53", None],
        [None, True, "2020-03-01"],
    ]
    assert sheets["notes"] == [["text"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="C6"', b'r="XFD1048576"'),
        (
            b"</sheetData>",
            b"<row r='9'>"
            + b"<c r='A9' t='inlineStr'><is><t>"
            + b"x" * 150_000_000
            + b"</t></is></c></row></sheetData>",
        ),
        (b'<c r="B3"', b'<c r="B99999999999999999999"'),
    ],
)
def test_a_small_file_with_a_huge_claim_is_told(old: bytes, new: bytes, book: Path) -> None:
    """One cell in the last corner, or 150 MB of one letter: memory is bounded, the message names the file."""
    _replace(book, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(old, new))
    with pytest.raises(InputError, match=str(book)):
        _read(book)


def test_no_changed_byte_passes(book: Path) -> None:
    """A sheet whose checksum does not fit may hold another number than was saved."""
    with zipfile.ZipFile(book) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    data = book.read_bytes()
    assert data.count(b"<v>1.5</v>") == 1
    book.write_bytes(data.replace(b"<v>1.5</v>", b"<v>9.5</v>"))
    with pytest.raises(InputError, match=r"sheet1\.xml is damaged"):
        _read(book)


def test_a_zip_that_lies_and_a_file_that_is_none(book: Path, tmp_path: Path) -> None:
    """A directory that claims more than deflate gives; half a file; text under the name of a spreadsheet."""
    content = book.read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.xlsx").write_text("gene\ts1\n")
    place = content.rindex(b"PK\x01\x02") + 24
    (tmp_path / "lie.xlsx").write_bytes(content[:place] + (2**31).to_bytes(4, "little") + content[place + 4 :])
    for name in ("cut.xlsx", "text.xlsx", "lie.xlsx"):
        with pytest.raises(InputError, match=f"the spreadsheet cannot be read\n.*{name}"):
            _read(tmp_path / name)
