"""Open text files of any size as bytes: gzip or plain by content, bounded, and never silently cut short."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
MAX_BYTES = 20 * 10**9
"""Largest decompressed size that is read unless the caller says otherwise: far above any series matrix."""

_BUFFER = 1 << 20


class BoundedReader(io.RawIOBase):
    """Read-only stream that turns a cut or corrupt gzip file into `InputError`, and stops a decompression bomb.

    Parameters
    ----------
    stream
        The stream that yields decompressed bytes.
    path
        Named in messages.
    max_bytes
        Most decompressed bytes that may be read.
    """

    def __init__(self, stream: io.BufferedIOBase, path: Path, max_bytes: int) -> None:
        super().__init__()
        self._stream = stream
        self._path = path
        self._max_bytes = max_bytes
        self.count = 0

    def readable(self) -> bool:
        """Return True: this stream can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` with decompressed bytes and return how many there are."""
        from isal import isal_zlib

        try:
            count = self._stream.readinto(buffer)
        except EOFError as error:
            raise InputError(truncated(self._path, "its gzip stream ends before its end mark")) from error
        except (gzip.BadGzipFile, zlib.error, isal_zlib.error) as error:
            raise InputError(
                Problem(
                    "the gzip stream is corrupt",
                    f"{self._path}: {error}",
                    "a whole gzip file, or plain text",
                    "Delete the file and retrieve it again.",
                )
            ) from error
        self.count += count
        if self.count > self._max_bytes:
            raise InputError(
                Problem(
                    "the file is larger than it may be once it is unpacked",
                    f"{self._path}: more than {self._max_bytes:,} bytes",
                    f"at most {self._max_bytes:,} bytes",
                    "Check that this is the file you want; if it is, raise the limit.",
                )
            )
        return count


def truncated(path: Path, why: str) -> Problem:
    """Return the problem of a file that was cut short."""
    return Problem(
        "the file is truncated",
        f"{path}: {why}",
        "a file that was retrieved whole",
        "Delete the file and retrieve it again.",
    )


@contextmanager
def open_bytes(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[io.BufferedReader]:
    """Open a gzip or plain file (told by its first bytes, not by its name) for buffered reading of bytes.

    A byte-order mark is left out.

    Raises
    ------
    InputError
        When the file is not there; while reading: when it is cut, corrupt or larger than `max_bytes`.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(
            Problem(
                "the file cannot be opened",
                f"{path}: {error.strerror}",
                "a file that can be read",
                "Check the path, and that the file was retrieved.",
            )
        ) from error
    with raw:
        is_gzip = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        unpacked: io.BufferedIOBase
        if is_gzip:
            from isal import igzip  # halves the time that zlib takes

            unpacked = igzip.IGzipFile(fileobj=raw, mode="rb")
        else:
            unpacked = raw
        with io.BufferedReader(BoundedReader(unpacked, path, max_bytes), _BUFFER) as stream:
            if stream.peek(3)[:3] == UTF8_BOM:
                stream.read(3)
            yield stream


def decode(data: bytes) -> tuple[str, str]:
    """Decode as UTF-8, or as Latin-1 where that fails; return the text and the name of the encoding.

    GEO serves a few old records in Latin-1; that encoding accepts any byte, so nothing is ever lost.
    """
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"
