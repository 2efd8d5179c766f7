"""Read GEO series matrices: the header alone in a moment, or header and values, streaming.

The header is split by hand, because GEO serves quoted tabs, quoted line breaks, unescaped inner quotes and uneven rows;
the table of values is read by the strict reader of `text`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SampleTable, SeriesMetadata, check_accessions
from sidemine.text.decoding import MAX_BYTES, Decoded, open_decoded, truncated
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BEGIN = b"!series_matrix_table_begin"
_END = "!series_matrix_table_end"
_NEW_RECORD = re.compile(rb'^"?!(series|sample)_', re.IGNORECASE)


@dataclass
class SeriesMatrix:
    """A series matrix: what the header says, and the values.

    Attributes
    ----------
    metadata
        The header. Its `samples` has one row per sample of the header.
    identifiers
        First column of the table, in file order; repeated ones are kept.
    samples
        Sample accessions, in the order of the columns of `values`.
    values
        Array of shape (identifiers, samples), float64, NaN = missing, on the scale as deposited; None when the table
        has no rows.
    notes
        What was odd about the file and how it was dealt with.
    alternatives
        When there are no values: addresses where they may be had instead.
    """

    metadata: SeriesMetadata
    identifiers: list[str]
    samples: list[str]
    values: npt.NDArray[np.float64] | None
    notes: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)


def read_series_metadata(path: Path, max_bytes: int = MAX_BYTES) -> SeriesMetadata:
    """Read the header of a series matrix and stop at the first row of values.

    Parameters
    ----------
    path
        Series matrix, gzipped or plain.
    max_bytes
        Most decompressed bytes that may be read.

    Returns
    -------
    SeriesMetadata
        Series keys, samples, platforms, and whether values follow.

    Raises
    ------
    InputError
        When the file is no series matrix, is cut before its table, or names a sample twice.
    """
    with open_decoded(path, max_bytes=max_bytes) as decoded:
        metadata = _read_header(decoded, path)
        decoded.line()  # the row of column names
        first = decoded.line()
        metadata.has_values = bool(first.strip()) and not first.startswith(b"!")
    return metadata


def read_series_matrix(path: Path, max_bytes: int = MAX_BYTES) -> SeriesMatrix:
    """Read a whole series matrix, streaming.

    Parameters
    ----------
    path
        Series matrix, gzipped or plain.
    max_bytes
        Most decompressed bytes that may be read.

    Returns
    -------
    SeriesMatrix
        Header, identifiers, samples and values.

    Raises
    ------
    InputError
        When the file is no series matrix, is truncated or corrupt, names a sample twice, has a row of another number
        of columns, or holds a value that is no number (row, column and value are named).
    """
    with open_decoded(path, max_bytes=max_bytes) as decoded:
        metadata = _read_header(decoded, path)
        table = read_delimited(decoded, separator="\t", comments="none", end_mark=_END, numbers_from=1)
        trailing = [
            line[:80] for line in iter(decoded.line, b"") if line.strip()
        ]  # reading on checks gzip's own checksum
    if second := [line for line in trailing if line.startswith((b"!Sample_", b"!series_matrix_table_begin"))]:
        raise InputError(
            Problem(
                "a second series matrix begins behind the end of the first",
                f"{path}: {second[0].decode(errors='replace')[:40]!r} behind {_END}",
                "one series matrix per file",
                "Part the file in two, each a dataset of its own.",
            )
        )
    samples, positions = _columns(table, path, metadata)
    notes = list(dict.fromkeys([*metadata.notes, *table.notes]))
    if trailing:
        notes.append("There is text after the end of the table; it was left out.")
    metadata.has_values = table.n_rows > 0
    if not table.n_rows:
        return SeriesMatrix(metadata, [], samples, None, notes, metadata.alternatives)
    identifiers = [cell.strip() for cell in table.cells(0)]
    notes += _notes_on_identifiers(identifiers)
    values = table.matrix(positions)
    return SeriesMatrix(metadata, identifiers, samples, values, notes)


# ---------------------------------------------------------------------------------------------------------- header


def _read_header(decoded: Decoded, path: Path) -> SeriesMetadata:
    """Read up to and with the line that begins the table."""
    records: list[bytes] = []
    simulated = False
    for line in iter(decoded.line, b""):
        simulated = simulated or SIMULATION_MARKER.encode() in line
        text = line.removesuffix(b"\n")
        if text.strip(b'"\t ').lower() == _BEGIN:
            break
        if _NEW_RECORD.match(text):
            records.append(text)
        elif not records:
            if text.strip() and not text.startswith(b"#"):
                raise InputError(_no_series_matrix(path, text))
        else:
            records[-1] += b"\n" + text  # a line break within a quoted cell, or a blank line between the blocks
    else:
        if not records:
            raise InputError(_no_series_matrix(path, b""))
        raise InputError(truncated(path, f"it ends before {_BEGIN.decode()}"))
    cells = [split_cells(record.decode("utf-8").rstrip()) for record in records]
    return _build_metadata(cells, path, simulated, list(decoded.notes))


def _no_series_matrix(path: Path, line: bytes) -> Problem:
    start = line[:80].decode("utf-8", "replace")
    next_step = "Check the address that the file was retrieved from."
    if line.startswith(b"^"):
        next_step = "This looks like a SOFT file; take the series matrix (…_series_matrix.txt.gz) instead."
    elif line.lstrip().startswith(b"<"):
        next_step = "This looks like a web page saved in place of the file; delete it and retrieve it again."
    return Problem(
        "the file is not a GEO series matrix",
        f"{path}: it begins with {start!r}",
        "lines of !Series_… and !Sample_… before !series_matrix_table_begin",
        next_step,
    )


def split_cells(record: str) -> list[str]:
    r"""Split one tab-separated record into unquoted cells.

    A quoted cell may hold tabs, line breaks, and inner quotes, doubled or not.

    >>> split_cells('!Sample_title\t"a\tb"\t"say ""x"" twice"\t"5" long"')
    ['!Sample_title', 'a\tb', 'say "x" twice', '5" long']
    """
    parts = record.split("\t")
    cells: list[str] = []
    position = 0
    while position < len(parts):
        end = _end_of_cell(parts, position)
        cells.append(_unquote("\t".join(parts[position : end + 1])))
        position = end + 1
    return cells


def _end_of_cell(parts: list[str], start: int) -> int:
    """Return the index of the part that closes the cell begun at `start`; `start` itself when none does."""
    if not parts[start].startswith('"'):
        return start
    for index in range(start, len(parts)):
        part = parts[index].rstrip()
        body = part[1:] if index == start else part
        quotes = len(body) - len(body.rstrip('"'))
        # An even run is an escaped quote, unless what follows begins another quoted cell (GEO does not always escape).
        followed_by_cell = index + 1 == len(parts) or parts[index + 1].startswith('"')
        if quotes % 2 == 1 or (quotes and followed_by_cell):
            return index
    return start


def _unquote(cell: str) -> str:
    text = cell.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    return text


def _build_metadata(records: list[list[str]], path: Path, simulated: bool, notes: list[str]) -> SeriesMetadata:
    series: dict[str, list[str]] = {}
    rows: list[tuple[str, list[str]]] = []
    for key, *cells in records:
        kind, _, name = key.lstrip("!").partition("_")
        if kind.lower() == "series":
            series.setdefault(name, []).append(" ".join(cell for cell in cells if cell))
        else:
            rows.append((name, cells))
    accessions = next((cells for key, cells in rows if key == "geo_accession"), [])
    while accessions and not accessions[-1]:
        accessions = accessions[:-1]
    check_accessions(accessions, f"{path}, !Sample_geo_accession")
    table = SampleTable(accessions, [key for key, _ in rows if not key.startswith("characteristics")])
    for key, cells in rows:
        if any(cells[len(accessions) :]):
            raise InputError(
                Problem(
                    "a row of the header has more cells than there are samples",
                    f"{path}, !Sample_{key}: {len(cells)} cells",
                    f"{len(accessions)} cells, one per sample",
                    "Retrieve the file again; if it stays so, mend a copy of it by hand.",
                )
            )
        if len(cells) < len(accessions):
            notes.append(f"!Sample_{key} has {len(cells)} cells for {len(accessions)} samples; the rest are blank.")
        for position, value in enumerate(cells[: len(accessions)]):
            table.add(position, key, value)
    samples = table.to_frame()
    notes += table.notes
    platforms = list(dict.fromkeys(samples["platform_id"])) if "platform_id" in samples else []
    platforms = [name for name in platforms if name] or series.get("platform_id", [])
    return SeriesMetadata(path, series, samples, platforms, False, simulated, notes)


# ---------------------------------------------------------------------------------------------------------- values


def _columns(table: TextTable, path: Path, metadata: SeriesMetadata) -> tuple[list[str], list[int]]:
    """Return the samples of the table and the positions of their columns."""
    samples = table.header[1:]
    while samples and not samples[-1]:  # a tab at the end of each line
        if any(cell.strip() for cell in table.cells(len(samples))):
            raise InputError(
                Problem(
                    "a column of the table has values and no sample",
                    f"{path}: column {len(samples) + 1} of the table",
                    "the accession of a sample over every column",
                    "Retrieve the file again; if it stays so, mend a copy of it by hand.",
                )
            )
        samples.pop()
    check_accessions(samples, f"{path}, first row of the table")
    described = set(metadata.samples.index)
    unknown = [name for name in samples if name not in described]
    if unknown:
        raise InputError(
            Problem(
                "the table has samples that the header does not describe",
                f"{path}: {', '.join(unknown[:5])}",
                f"the {len(metadata.samples)} samples of !Sample_geo_accession",
                "Retrieve the file again; if it stays so, mend a copy of it by hand.",
            )
        )
    if len(samples) < len(metadata.samples):
        metadata.notes.append(f"{len(metadata.samples) - len(samples)} samples of the header have no column of values.")
    return samples, list(range(1, len(samples) + 1))


def _notes_on_identifiers(identifiers: list[str]) -> list[str]:
    repeated = [name for name, count in Counter(identifiers).items() if count > 1]
    if not repeated:
        return []
    return [f"{len(repeated)} identifiers occur more than once (for example {repeated[0]}); all rows are kept."]
