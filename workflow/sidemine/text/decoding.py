"""Bytes of text files as clean UTF-8 lines, whatever their compression, encoding and line ends.

Gzip (also twice), a byte-order mark, UTF-8, UTF-16 and Latin-1; CR, LF and CRLF. What comes out is UTF-8 with LF.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

from sidemine.errors import InputError, Problem
from sidemine.text.archive import GZIP_MAGIC, open_gunzipped

MAX_BYTES = 20 * 10**9
"""Largest unpacked size that is read unless the caller says otherwise: far above any series matrix."""

Source = Path | IO[bytes] | bytes
"""Where bytes come from."""

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""First bytes of UTF-16 text."""

_MAX_GZIP_LAYERS = 3
_BLOCK = 1 << 20
_MAX_RATIO = 1032
"""What gzip reaches with a file of one repeated byte."""
_LINE_LIMIT = 1 << 26


def truncated(where: Path | str, why: str) -> Problem:
    """Return the problem of a file that was cut short."""
    return Problem(
        "the file is truncated",
        f"{where}: {why}",
        "a file that was retrieved whole",
        "Delete the file and retrieve it again.",
    )


def is_web_page(line: str) -> bool:
    """Tell whether a text whose first line this is is a web page or an error in XML, saved in place of data.

    >>> is_web_page(" <!DOCTYPE html>"), is_web_page("<0.1")
    (True, False)
    """
    return line.lstrip().lower().startswith(("<!doctype", "<html", "<head", "<body", "<?xml", "<error"))


def web_page(where: str) -> Problem:
    """Return the problem of a file that holds a web page."""
    return Problem(
        "the file is a web page, not data",
        where,
        "the file itself",
        "Delete it and retrieve it again; check its address if it stays so.",
    )


@dataclass
class Decoded:
    """A text that is being read.

    Attributes
    ----------
    stream
        UTF-8 without byte-order mark; every line ends in LF (the last one perhaps in nothing).
    where
        File and member, for messages.
    notes
        What was odd and how it was dealt with; complete once the stream has been read to its end.
    number
        Lines that were read so far.
    """

    stream: io.BufferedReader
    where: str
    notes: list[str] = field(default_factory=list)
    number: int = 0

    def line(self) -> bytes:
        """Return the next line with its end and count it; nothing at the end of the text.

        Raises
        ------
        InputError
            When the line is longer than any that holds data.
        """
        line = self.stream.readline(_LINE_LIMIT)
        if len(line) == _LINE_LIMIT:
            raise InputError(_no_text(self.where, f"line {self.number + 1} is longer than {_LINE_LIMIT:,} bytes"))
        self.number += bool(line)
        return line


@contextmanager
def open_unpacked(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[io.BufferedReader]:
    """Open a file for reading, out of as many layers of gzip as there are.

    Parameters
    ----------
    path
        The file.
    max_bytes
        As in `open_decoded`; so are the errors.
    """
    with _open_source(path, "") as (raw, place):
        yield _unpack(raw, place, _bound(path, max_bytes), [])


@contextmanager
def open_decoded(source: Source, where: str = "", max_bytes: int = MAX_BYTES) -> Iterator[Decoded]:
    """Open a text for reading as clean UTF-8 bytes.

    Parameters
    ----------
    source
        A path, an open binary stream, or bytes.
    where
        Its name in messages; of a path, the path itself unless another is given.
    max_bytes
        Most bytes that may come out of it.

    Raises
    ------
    InputError
        When the file is not there or cannot be read; while reading: when it is cut short, damaged or larger than
        `max_bytes`, or is no text (NUL bytes, half a UTF-16 character).
    """
    with _open_source(source, where) as (raw, place):
        notes: list[str] = []
        clean = _CleanText(_unpack(raw, place, _bound(source, max_bytes), notes), place, notes)
        yield Decoded(io.BufferedReader(clean, buffer_size=1 << 18), place, notes)


def _bound(source: Source, max_bytes: int) -> int:
    """Return how much may come out of a file: gzip within gzip must not unpack further than gzip alone can."""
    if not isinstance(source, Path):
        return max_bytes
    return min(max_bytes, _MAX_RATIO * source.stat().st_size + _BLOCK)


@contextmanager
def _open_source(source: Source, where: str) -> Iterator[tuple[IO[bytes], str]]:
    if not isinstance(source, Path):
        yield (io.BytesIO(source) if isinstance(source, bytes) else source), where
        return
    where = where or str(source)
    if not source.is_file():
        raise InputError(not_there(where, "it is not there"))
    try:
        raw = source.open("rb")
    except OSError as error:
        raise InputError(not_there(where, str(error.strerror))) from error
    with raw:
        yield raw, where


def read_text(source: Source, where: str = "", max_bytes: int = MAX_BYTES) -> tuple[str, list[str]]:
    """Return a whole text, line ends as LF, and notes on what was odd.

    Parameters
    ----------
    source, where, max_bytes
        As in `open_decoded`; so are the errors.
    """
    with open_decoded(source, where, max_bytes) as decoded:
        return decoded.stream.read().decode("utf-8"), decoded.notes


def not_there(where: str, why: str) -> Problem:
    """Return the problem of a file that cannot be opened."""
    return Problem(
        "the file cannot be read", f"{where}: {why}", "a file that can be read", "Check that the file was retrieved."
    )


def _unpack(raw: IO[bytes], where: str, max_bytes: int, notes: list[str]) -> io.BufferedReader:
    stream: BinaryIO = cast("BinaryIO", raw)
    for layer in range(_MAX_GZIP_LAYERS):
        stream = open_gunzipped(stream, max_bytes, where)
        if cast("io.BufferedReader", stream).peek(2)[:2] != GZIP_MAGIC:
            return cast("io.BufferedReader", stream)
        if layer == 0:
            notes.append(f"{_name(where)}: gzip within gzip was unpacked")
    raise InputError(_no_text(where, f"it is gzip within gzip, more than {_MAX_GZIP_LAYERS} times"))


def _name(where: str) -> str:
    return where.rsplit("/", 1)[-1]


def _no_text(where: str, why: str) -> Problem:
    return Problem(
        "the file is no text",
        f"{where}: {why}",
        "text as UTF-8, UTF-16 with a byte-order mark, or Latin-1; plain or gzip",
        "Check that this is the file that was meant, and its layout; retrieve it again if it should be text.",
    )


_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, as spreadsheets are, too",
    b"BZh91AY&SY": "compressed by bzip2",
    b"\xfd7zXZ\x00": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!\x1a": "a rar archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"\x89HDF": "an HDF5 file",
    b"%PDF-": "a PDF",
}
"""What files are that are taken for text, by their first bytes."""
_TAR_MARK, _TAR_PLACE = b"ustar", 257


def _other_format(start: bytes) -> str:
    if start[_TAR_PLACE:].startswith(_TAR_MARK):
        return "a tar archive"
    return next((words for mark, words in _OTHER_FORMATS.items() if start.startswith(mark)), "")


class _CleanText(io.RawIOBase):
    """Turns the bytes below into UTF-8 with LF, block by block."""

    def __init__(self, stream: io.BufferedReader, where: str, notes: list[str]) -> None:
        self._stream = stream
        self._where = where
        self._notes = notes
        self._carry = b""
        self._ready = memoryview(b"")
        self._utf16: codecs.IncrementalDecoder | None = None
        self._latin1 = False
        if other := _other_format(stream.peek(_TAR_PLACE + len(_TAR_MARK))):
            raise InputError(_no_text(where, f"it is {other}"))
        start = stream.peek(3)[:3]
        if start == codecs.BOM_UTF8:
            stream.read(3)
        elif start[:2] in UTF16_MARKS:
            self._utf16 = codecs.getincrementaldecoder("utf-16")()
            notes.append(f"{_name(where)}: UTF-16 text")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            block = self._stream.read(_BLOCK)
            self._ready = memoryview(self._clean(block, final=not block))
            if not block:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _clean(self, block: bytes, *, final: bool) -> bytes:
        if self._utf16 is not None:
            try:
                block = self._utf16.decode(block, final).encode("utf-8")
            except UnicodeError as error:
                raise InputError(_no_text(self._where, f"half a character of UTF-16 ({error})")) from error
        data = self._carry + block
        self._carry = b""
        if b"\0" in block:
            raise InputError(_no_text(self._where, "it holds NUL bytes"))
        if not final:
            # A line is decoded as a whole, and CR LF is one line end: hold back what may not be complete.
            whole = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
            if whole == 0 and len(data) > _LINE_LIMIT:
                raise InputError(_no_text(self._where, f"a line is longer than {_LINE_LIMIT:,} bytes"))
            data, self._carry = data[:whole], data[whole:]
        if not data.isascii():
            data = self._as_utf8(data)
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data

    def _as_utf8(self, data: bytes) -> bytes:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            # Some GEO records mix encodings, so each line is judged by itself; Latin-1 takes any byte.
            return b"\n".join(map(self._line_as_utf8, data.split(b"\n")))
        return data

    def _line_as_utf8(self, line: bytes) -> bytes:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            if not self._latin1:
                self._notes.append(f"{_name(self._where)}: text that is not UTF-8 was read as Latin-1")
                self._latin1 = True
            return line.decode("latin-1").encode("utf-8")
        return line
