"""Read what a GEO SOFT file says of a series and its samples; tables within it are passed over."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import MAX_BYTES, decode, open_bytes, truncated
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SeriesMetadata, collect_metadata

_LINE_LIMIT = 1 << 28


def read_soft_metadata(path: Path, max_bytes: int = MAX_BYTES) -> SeriesMetadata:
    """Read series keys and sample metadata from a SOFT family file (or a SOFT file of samples), streaming.

    Parameters
    ----------
    path
        SOFT file, gzipped or plain.
    max_bytes
        Most decompressed bytes that may be read.

    Returns
    -------
    SeriesMetadata
        As from the header of a series matrix; `has_values` tells whether any sample has a table of its own.

    Raises
    ------
    InputError
        When the file is no SOFT file, is cut within a table, or names a sample twice.
    """
    series: dict[str, list[str]] = {}
    platforms: list[str] = []
    samples: dict[str, list[tuple[str, str]]] = {}
    repeated: list[str] = []
    current: list[tuple[str, str]] = []
    has_values = simulated = False
    encodings: set[str] = set()
    with open_bytes(path, max_bytes) as stream:
        for line in _described_lines(stream, path):
            text, encoding = decode(line)
            encodings.add(encoding)
            simulated = simulated or SIMULATION_MARKER in text
            key, _, value = (part.strip() for part in text.partition("="))
            lower = key.lower()
            if lower == "^sample":
                if value in samples:
                    repeated.append(value)
                current = samples.setdefault(value, [])
            elif lower == "^platform":
                platforms.append(value)
            elif lower.startswith("!series_"):
                series.setdefault(key[len("!series_") :], []).append(value)
            elif lower == "!sample_table_begin":
                has_values = True
            elif lower.startswith("!sample_") and not lower.startswith("!sample_table") and samples:
                current.append((key[len("!sample_") :], value))
    notes = ["Some lines are not UTF-8; they were read as latin-1."] if "latin-1" in encodings else []
    return collect_metadata(path, series, samples, platforms, repeated, has_values, simulated, notes)


def _described_lines(stream: io.BufferedReader, path: Path) -> Iterator[bytes]:
    """Yield the lines outside tables (a table's begin line included), each without its line end."""
    within_table = b""
    first = True
    for line in iter(lambda: stream.readline(_LINE_LIMIT), b""):
        text = line.rstrip(b"\r\n")
        if first and text.strip() and not text.startswith(b"#"):
            first = False
            if not text.startswith((b"^", b"!")):
                raise InputError(
                    Problem(
                        "the file is not a SOFT file",
                        f"{path}: it begins with {decode(text[:80])[0]!r}",
                        "lines that begin with ^ (entity), ! (attribute) or # (column)",
                        "Check the address that the file was retrieved from.",
                    )
                )
        if within_table:
            if text.startswith((b"!", b"^")) and text.lower().startswith((b"^", within_table + b"_end")):
                within_table = b""
            else:
                continue
        elif text.startswith(b"!") and text.lower().rstrip().endswith(b"_table_begin"):
            within_table = text.lower().rstrip().removesuffix(b"_begin")
        if text.startswith((b"^", b"!")):
            yield text
    if within_table:
        raise InputError(truncated(path, f"it has no {within_table.decode()}_end"))
