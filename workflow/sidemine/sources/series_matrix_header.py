"""Read the header of a GEO series matrix: what it says of the series and its samples.

It is split by hand, because GEO serves quoted tabs, quoted line breaks, unescaped inner quotes and uneven rows.
"""

from __future__ import annotations

import re
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SampleTable, SeriesMetadata, check_accessions
from sidemine.text.decoding import Decoded, open_decoded, truncated

_BEGIN = b"!series_matrix_table_begin"
_NEW_RECORD = re.compile(rb'^"?!(series|sample)_', re.IGNORECASE)


def read_series_metadata(path: Path) -> SeriesMetadata:
    """Read the header of a series matrix and stop at the first row of values.

    Parameters
    ----------
    path
        Series matrix, gzipped or plain.

    Returns
    -------
    SeriesMetadata
        Series keys, samples, platforms, and whether values follow.

    Raises
    ------
    InputError
        When the file is no series matrix, is cut before its table, or names a sample twice.
    """
    with open_decoded(path) as decoded:
        metadata = read_header(decoded, path)
        named = decoded.line()
        first = decoded.line()
    metadata.has_values = bool(first.strip()) and not first.startswith(b"!")
    if metadata.has_values:
        metadata.columns = [cell for cell in split_cells(named.decode("utf-8").rstrip())[1:] if cell]
    return metadata


def read_header(decoded: Decoded, path: Path) -> SeriesMetadata:
    """Read up to and with the line that begins the table.

    Parameters
    ----------
    decoded
        The file, at its start.
    path
        Where it lies, for messages.

    Raises
    ------
    InputError
        When the file is no series matrix, or is cut before its table.
    """
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
