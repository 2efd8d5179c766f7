"""Open text files of any size as bytes: gzip or plain by content, bounded, and never silently cut short."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sidemine.errors import InputError, Problem
from sidemine.retrieve.archive import open_data

UTF8_BOM = b"\xef\xbb\xbf"
MAX_BYTES = 20 * 10**9
"""Largest decompressed size that is read unless the caller says otherwise: far above any series matrix."""


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
    if not path.is_file():
        raise InputError(
            Problem(
                "the file is not there",
                str(path),
                "a file that can be read",
                "Check the path, and that the file was retrieved.",
            )
        )
    with open_data(path, max_bytes) as data:
        stream = cast("io.BufferedReader", data)
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
