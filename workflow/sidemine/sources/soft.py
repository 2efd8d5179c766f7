"""Read what a GEO SOFT file says of a series and its samples; tables within it are passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SeriesMetadata, collect_metadata
from sidemine.text.decoding import Decoded, open_decoded, truncated
from sidemine.text.phrases import first_of

_LAST_KEY = "data_row_count"
"""With this attribute GEO ends the description of a sample."""


def read_soft_metadata(path: Path) -> SeriesMetadata:
    """Read series keys and sample metadata from a SOFT family file (or a SOFT file of samples), streaming.

    Parameters
    ----------
    path
        SOFT file, gzipped or plain.

    Returns
    -------
    SeriesMetadata
        As from the header of a series matrix; `has_values` tells whether any sample has a table of its own.

    Raises
    ------
    InputError
        When the file is no SOFT file, is cut (within a table, before the last sample of the series, or within it), or
        names a sample twice.
    """
    series: dict[str, list[str]] = {}
    platforms: list[str] = []
    samples: dict[str, list[tuple[str, str]]] = {}
    repeated: list[str] = []
    current: list[tuple[str, str]] = []
    has_values = simulated = False
    with open_decoded(path) as decoded:
        for line in _described_lines(decoded):
            text = line.decode("utf-8")
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
    _refuse_cut(path, series, samples)
    return collect_metadata(path, series, samples, platforms, repeated, has_values, simulated, list(decoded.notes))


def _refuse_cut(path: Path, series: dict[str, list[str]], samples: dict[str, list[tuple[str, str]]]) -> None:
    """Raise when the series lists samples that the file does not describe, or the last sample lacks its last line."""
    listed = series.get("sample_id", [])
    absent = [name for name in listed if name not in samples] if samples else []
    if absent:
        raise InputError(truncated(path, f"the series lists {first_of(absent, 3)}, which it does not describe"))
    ended = [any(key == _LAST_KEY for key, _ in attributes) for attributes in samples.values()]
    if len(ended) > 1 and all(ended[:-1]) and not ended[-1]:
        raise InputError(truncated(path, f"its last sample, {list(samples)[-1]}, has no !Sample_{_LAST_KEY}"))


def _described_lines(decoded: Decoded) -> Iterator[bytes]:
    """Yield the lines outside tables (a table's begin line included), each without its line end."""
    within_table = b""
    first = True
    for line in iter(decoded.line, b""):
        text = line.removesuffix(b"\n")
        if first and text.strip() and not text.startswith(b"#"):
            first = False
            if not text.startswith((b"^", b"!")):
                raise InputError(
                    Problem(
                        "the file is not a SOFT file",
                        f"{decoded.where}: it begins with {text[:80].decode('utf-8', 'replace')!r}",
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
        raise InputError(truncated(decoded.where, f"it has no {within_table.decode()}_end"))
