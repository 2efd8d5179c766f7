"""The beginnings of files that are not here yet: as much as tells who the samples are, and no more."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.retrieve.addresses import safe_name
from sidemine.retrieve.integrity import file_name_of
from sidemine.sources.registry import LAYOUTS

if TYPE_CHECKING:
    from sidemine.preflight.inputs import Input
    from sidemine.preflight.time_budget import TimeBudget
    from sidemine.study.rows import Dataset

WHOLE = 1_000_000
"""A file of up to so many bytes is fetched whole."""
_FAMILY = 16_000_000
"""The same for families in SOFT or MINiML, which hold little but metadata."""
_STEPS = (2**17, 2**19, *([2**21] * 12))
"""Sizes of the parts that are asked for one after the other: 25 MB at most."""
_UNPACKED = 2**27
_ROWS = 2_000
_TABLE_BYTES = 2**22
_MEMBERS = 1_000
_BEGIN, _END = b"!series_matrix_table_begin", b"!series_matrix_table_end\n"
_BLOCK = 512


def bring_head(
    row: Dataset, role: str, item: Input, folder: Path, budget: TimeBudget, whole: int = WHOLE
) -> Path | None:
    """Return a local file that the readers of metadata can read: the input itself, or its beginning.

    Parameters
    ----------
    row
        The dataset.
    role
        What the file is for: values, metadata, sample_sheet, annotation or platform_map.
    item
        The input.
    folder
        Where the beginning is kept.
    budget
        The time there is.
    whole
        Bytes up to which a file is fetched whole.

    Returns
    -------
    Path or None
        None where nothing is known before the run: a large file whose samples stand all over it (single cells,
        spreadsheets, packed archives).

    Raises
    ------
    SidemineError
        When the server does not give it, or it does not begin as it should.
    """
    if item.path is not None:
        return item.path
    if item.size is not None and item.size <= whole:
        return _whole(item, folder / role, budget)
    name = file_name_of(item.url).lower()
    if role == "metadata" and "series_matrix" not in name:  # SOFT and MINiML tell of their samples all over the file
        return _whole(item, folder / role, budget) if item.size is not None and item.size <= _FAMILY else None
    form = LAYOUTS[row.layout].form if role == "values" else "any"
    if role == "metadata" or form == "series_matrix":
        return _written(folder / role / "series_matrix.txt", _series_head(item.url, budget))
    if form == "archive" and name.endswith(".tar"):
        return _tar_of_names(folder / role / "archive.tar", item, budget)
    if role == "sample_sheet" or (form == "numbers" and _is_text(name)):
        return _written(folder / role / "table.txt", _table_head(item.url, budget))
    return None


def _whole(item: Input, folder: Path, budget: TimeBudget) -> Path:
    return _written(folder / safe_name(file_name_of(item.url)), budget.fetch(item.url, 0, max((item.size or 1) - 1, 0)))


def _is_text(name: str) -> bool:
    return not name.endswith((".xlsx", ".xls", ".ods", ".zip", ".h5", ".h5ad"))


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _unpacked(url: str, budget: TimeBudget) -> Iterator[bytes]:
    """Yield a file's content from its start, unpacked where it is gzip, in growing steps."""
    engine = zlib.decompressobj(wbits=31)
    packed = False
    start = total = 0
    for step in _STEPS:
        block = budget.fetch(url, start, start + step - 1)
        packed = packed or (start == 0 and block.startswith(b"\x1f\x8b"))
        try:
            plain = engine.decompress(block, _UNPACKED) if packed else block
        except zlib.error as error:
            raise InputError(_odd(url, f"its gzip stream is damaged ({error})")) from error
        total += len(plain)
        yield plain
        if len(block) < step or total >= _UNPACKED:
            return
        start += step


def _series_head(url: str, budget: TimeBudget) -> bytes:
    """Return the header of a series matrix, its first rows, and an end mark."""
    text = b""
    for plain in _unpacked(url, budget):
        text += plain
        at = text.find(_BEGIN)
        if at >= 0:
            rows = text[at:].split(b"\n", 3)
            if len(rows) == 4:  # the mark, the names of the samples, the first row of values
                last = b"" if rows[2].startswith(b"!") else rows[2] + b"\n"
                return text[:at] + rows[0] + b"\n" + rows[1] + b"\n" + last + _END
    raise InputError(_odd(url, f"there is no {_BEGIN.decode()} in its first {len(text):,} characters"))


def _table_head(url: str, budget: TimeBudget) -> bytes:
    text, ended = b"", True
    for plain in _unpacked(url, budget):
        text += plain
        if text.count(b"\n") >= _ROWS or len(text) >= _TABLE_BYTES:
            ended = False
            break
    return text if ended else text[: text.rfind(b"\n") + 1]


def _tar_of_names(path: Path, item: Input, budget: TimeBudget) -> Path | None:
    """Write the headers of a tar where they stand and nothing between: the names are there, the disk holds no more.

    Headers are asked for one by one, so a tar of very many members is not walked through.
    """
    if item.size is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.truncate(item.size)
        place = 0
        for _ in range(_MEMBERS):
            if place + _BLOCK > item.size:
                return path
            head = budget.fetch(item.url, place, place + _BLOCK - 1)
            if not head.strip(b"\0"):
                return path
            size = _member_size(head, item.url)
            out.seek(place)
            out.write(head)
            if head[156:157] in {b"L", b"K", b"x", b"g"}:  # long names: their text stands where content does
                if size > 2**16:
                    raise InputError(_odd(item.url, "a header of its members is far too long"))
                out.write(budget.fetch(item.url, place + _BLOCK, place + _BLOCK + size - 1))
            place += _BLOCK + -(-size // _BLOCK) * _BLOCK
    return None


def _member_size(head: bytes, url: str) -> int:
    field = head[124:136]
    try:
        if field[0] & 0x80:
            return int.from_bytes(field[1:], "big")
        return int(field.split(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise InputError(_odd(url, "it is no tar archive")) from error


def _odd(url: str, what: str) -> Problem:
    return Problem(
        "a file does not begin as it should",
        f"{url}: {what}",
        "a file of the kind that its row declares",
        "Look at the record; correct file, metadata or layout in datasets.tsv.",
    )
