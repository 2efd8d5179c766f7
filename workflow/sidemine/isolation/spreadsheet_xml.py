"""Find the cells of an xlsx or ods that a reader of values shows as empty: errors, and formulas without a stored value."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO
from xml.parsers import expat

MAX_TOLD = 20
_BLOCK = 1 << 20


def find_lost_cells(path: Path) -> dict[str, list[str]]:
    """Return, per sheet, the first cells that a reader of values shows as empty ("C3: #DIV/0!"); nothing for formats other than xlsx and ods.

    To be called inside `run_isolated`, after the zip was checked.
    """
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            with archive.open("content.xml") as stream:
                return _lost_in_ods(stream)
        return {
            sheet: _lost_in_worksheet(archive, part)
            for sheet, part in _worksheet_parts(archive, names).items()
            if part in names
        }


def _parse(stream: IO[bytes], start: Callable[..., None], end: Callable[..., None], text: Callable[..., None]) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(f"its XML is damaged: {error}") from error


def _refuse(*details: object) -> None:
    del details
    raise ValueError("its XML declares a document type")


def _nothing(*details: object) -> None:
    del details


def _worksheet_parts(archive: zipfile.ZipFile, names: set[str]) -> dict[str, str]:
    """Return sheet name → part of the zip."""
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relationship(element: str, attributes: dict[str, str]) -> None:
        if element.endswith("Relationship"):
            target = attributes.get("Target", "")
            part = PurePosixPath(target[1:]) if target.startswith("/") else PurePosixPath("xl") / target
            targets[attributes.get("Id", "")] = str(part)

    def sheet(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(":")[2] == "sheet":
            key = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            sheets[attributes.get("name", "")] = targets.get(key, "")

    for part, handler in (("xl/_rels/workbook.xml.rels", relationship), ("xl/workbook.xml", sheet)):
        if part in names:
            with archive.open(part) as stream:
                _parse(stream, handler, _nothing, _nothing)
    return sheets


def _lost_in_worksheet(archive: zipfile.ZipFile, part: str) -> list[str]:
    with archive.open(part) as stream:
        # Most sheets hold neither errors nor formulas, and finding that out is fast.
        carry, suspicious = b"", False
        while not suspicious and (block := stream.read(_BLOCK)):
            data = carry + block
            suspicious = any(mark in data for mark in (b't="e"', b"t='e'", b"<f", b":f>", b":f "))
            carry = data[-8:]
    if not suspicious:
        return []
    lost: list[str] = []
    cell: dict[str, str] = {}
    within: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        name = element.rpartition(":")[2]
        within.append(name)
        if name == "c":
            cell.clear()
            cell.update({"r": attributes.get("r", "?"), "t": attributes.get("t", "n")})
        elif name == "f" and "r" in cell:
            cell["f"] = "yes"

    def text(data: str) -> None:
        if within and within[-1] == "v":
            cell["v"] = cell.get("v", "") + data

    def end(element: str) -> None:
        within.pop()
        if element.rpartition(":")[2] != "c" or len(lost) >= MAX_TOLD:
            return
        if cell.get("t") == "e":
            lost.append(f"{cell['r']}: {cell.get('v', 'an error')}")
        elif "f" in cell and not cell.get("v") and cell.get("t") != "str":
            lost.append(f"{cell['r']}: a formula without a stored value")

    with archive.open(part) as stream:
        _parse(stream, start, end, text)
    return lost


def _lost_in_ods(stream: IO[bytes]) -> dict[str, list[str]]:
    cells: dict[str, list[str]] = {}
    names: list[str] = []
    row = [0]

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "table:table":
            names.append(attributes.get("table:name", ""))
            cells.setdefault(names[-1], [])
            row[0] = 0
        elif element == "table:table-row":
            row[0] += int(attributes.get("table:number-rows-repeated", "1"))
        elif element == "table:table-cell" and names and len(cells[names[-1]]) < MAX_TOLD:
            if attributes.get("calcext:value-type") == "error":
                cells[names[-1]].append(f"row {row[0]}: an error")
            elif "table:formula" in attributes and "office:value-type" not in attributes:
                cells[names[-1]].append(f"row {row[0]}: a formula without a stored value")

    _parse(stream, start, _nothing, _nothing)
    return cells
