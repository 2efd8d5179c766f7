"""Read GEO series matrices: the header alone in a moment, or header and values, streaming.

The header is read by hand, because GEO serves quoted tabs, quoted line breaks, unescaped inner quotes and uneven rows.
The values go through Arrow's CSV reader with declared types, which refuses `1,5` and `#DIV/0!` instead of turning the
whole matrix into text.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import MAX_BYTES, decode, open_bytes, truncated
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.geo_metadata import SampleTable, SeriesMetadata, check_accessions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MISSING = ("", "null", "NULL", "Null", "NA", "N/A", "NaN", "nan")
"""Texts that mean a missing value in the table."""

_BEGIN = b"!series_matrix_table_begin"
_END = b"!series_matrix_table_end"
_NEW_RECORD = re.compile(rb'^"?!(series|sample)_', re.IGNORECASE)
_LINE_LIMIT = 1 << 28
_NUMBER = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity|nan)\s*", re.IGNORECASE)


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
    with open_bytes(path, max_bytes) as stream:
        metadata = _read_header(stream, path)
        stream.readline(_LINE_LIMIT)  # the row of column names
        first = stream.readline(_LINE_LIMIT)
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
    with open_bytes(path, max_bytes) as stream:
        metadata = _read_header(stream, path)
        samples = _read_column_names(stream, path, metadata)
        section = _TableSection(stream, path)
        identifiers, values = _read_values(section, samples, path, max_bytes)
        trailing = section.drain()
    notes = list(metadata.notes)
    if trailing:
        notes.append("There is text after the end of the table; it was left out.")
    metadata.has_values = bool(identifiers)
    if not identifiers:
        return SeriesMatrix(metadata, [], samples, None, notes, metadata.alternatives)
    notes += _notes_on_values(identifiers, values, samples)
    return SeriesMatrix(metadata, identifiers, samples, values, notes)


# ---------------------------------------------------------------------------------------------------------- header


def _read_header(stream: io.BufferedReader, path: Path) -> SeriesMetadata:
    """Read up to and with the line that begins the table."""
    records: list[bytes] = []
    simulated = False
    for line in iter(lambda: stream.readline(_LINE_LIMIT), b""):
        simulated = simulated or SIMULATION_MARKER.encode() in line
        text = line.rstrip(b"\r\n")
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
    text_of_records, encoding = decode(b"\x00".join(record.rstrip() for record in records))
    notes = [] if encoding == "utf-8" else [f"The header is not UTF-8; it was read as {encoding}."]
    return _build_metadata([split_cells(record) for record in text_of_records.split("\x00")], path, simulated, notes)


def _no_series_matrix(path: Path, line: bytes) -> Problem:
    start = decode(line[:80])[0]
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


class _TableSection(io.RawIOBase):
    """The bytes of the rows of the table: ends before the end mark, and refuses a file that has none."""

    def __init__(self, stream: io.BufferedReader, path: Path) -> None:
        super().__init__()
        self._stream = stream
        self._path = path
        self.first_line = stream.readline(_LINE_LIMIT)
        self._carry = b"\n" + self.first_line
        self._done = False
        self._trailing = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._done:
            return b""
        wanted = max(size - len(self._carry), 1 << 16)
        block = self._stream.read(wanted)  # shorter than wanted only at the end of the file
        data = self._carry + block
        mark = data.find(b"\n!")
        if mark >= 0:
            rest = data[mark + 1 :]
            rest += self._stream.read(max(len(_END) - len(rest), 0))
            if rest[: len(_END)].lower() != _END:
                raise InputError(truncated(self._path, f"{decode(rest[:40])[0]!r} stands within its table"))
            self._done = True
            self._trailing = rest[len(_END) :]
            return data[:mark]
        if len(block) < wanted:
            raise InputError(truncated(self._path, f"it has no {_END.decode()}"))
        # A line break at the very end may belong to the end mark: keep it for the next turn.
        self._carry = b"\n" if data.endswith(b"\n") else b""
        return data.removesuffix(b"\n")

    def drain(self) -> bool:
        """Read on to the end of the file (which checks gzip's own checksum); return whether there was more text."""
        more = bool(self._trailing.strip())
        for block in iter(lambda: self._stream.read(1 << 20), b""):
            more = more or bool(block.strip())
        return more


def _read_column_names(stream: io.BufferedReader, path: Path, metadata: SeriesMetadata) -> list[str]:
    line = stream.readline(_LINE_LIMIT)
    if not line.strip() or line.startswith(b"!"):
        raise InputError(truncated(path, "the table has no row of column names"))
    samples = split_cells(decode(line.rstrip(b"\r\n"))[0])[1:]
    while samples and not samples[-1]:
        samples.pop()  # a tab at the end of the line
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
    return samples


def _read_values(
    section: _TableSection, samples: list[str], path: Path, max_bytes: int
) -> tuple[list[str], npt.NDArray[np.float64]]:
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    if section.first_line.lower().startswith(_END):
        section.read()
        return [], np.empty((0, len(samples)))
    names = ["identifier", *(f"value_{number}" for number in range(len(samples)))]
    types = dict.fromkeys(names[1:], pa.float64()) | {"identifier": pa.binary()}
    # A row must fit into a block; rows of one file are about as long as each other.
    block = max(4 << 20, 8 * len(section.first_line))
    try:
        table = csv.read_csv(
            pa.PythonFile(section, mode="r"),
            read_options=csv.ReadOptions(column_names=names, block_size=block),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char='"', double_quote=True),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=list(MISSING), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(_find_bad_row(path, samples, max_bytes, str(error))) from error
    identifiers = _decode_identifiers(table.column(0))
    # Columns are long: filled column by column, and freed as they are copied, the peak stays below two matrices.
    columns: list[Any] = table.columns[1:]
    values = np.empty((len(identifiers), len(samples)), dtype=np.float64, order="F")
    del table
    for position in range(len(samples) - 1, -1, -1):
        values[:, position] = columns.pop().to_numpy()
    return identifiers, values


def _decode_identifiers(column: Any) -> list[str]:
    return [text.strip() for text in decode(b"\x00".join(column.to_pylist()))[0].split("\x00")]


def _find_bad_row(path: Path, samples: list[str], max_bytes: int, message: str) -> Problem:
    """Read the table again, slowly, to name the row, column and value that Arrow refused."""
    with open_bytes(path, max_bytes) as stream:
        for line in iter(lambda: stream.readline(_LINE_LIMIT), b""):
            if line.strip(b'"\t\r\n ').lower() == _BEGIN:
                break
        stream.readline(_LINE_LIMIT)
        for row, line in enumerate(iter(lambda: stream.readline(_LINE_LIMIT), b""), start=1):
            text = line.rstrip(b"\r\n")
            if text.startswith(b"!"):
                break
            if text and (problem := _problem_of_row(decode(text)[0], row, samples, path)):
                return problem
    return Problem(
        "the table of values cannot be read",
        f"{path}: {message}",
        "tab-separated numbers; missing as null, NA, NaN or nothing",
        "Retrieve the file again; if it stays so, report the accession.",
    )


def _problem_of_row(text: str, row: int, samples: list[str], path: Path) -> Problem | None:
    identifier, *cells = split_cells(text)
    if len(cells) != len(samples):
        return Problem(
            "a row of the table has another number of columns",
            f"{path}, row {row} of the table ({identifier}): {len(cells)} values",
            f"{len(samples)} values, one per sample",
            "Retrieve the file again; if it stays so, mend a copy of it by hand.",
        )
    for sample, value in zip(samples, cells, strict=True):
        if value not in MISSING and not _NUMBER.fullmatch(value):
            return Problem(
                "a value of the table is not a number",
                f"{path}, row {row} of the table ({identifier}), column {sample}: {value!r}",
                "numbers with a decimal point; missing as null, NA, NaN or nothing",
                "Mend a copy of the file by hand (decimal commas and spreadsheet errors come from the depositor), "
                "and name the copy in the sheet.",
            )
    return None


def _notes_on_values(identifiers: list[str], values: npt.NDArray[np.float64], samples: list[str]) -> list[str]:
    """Describe repeated identifiers and infinite values; the latter are set to missing, in place."""
    import numpy as np

    notes = []
    seen: set[str] = set()
    repeated = {name for name in identifiers if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
    if repeated:
        example = next(name for name in identifiers if name in repeated)
        notes.append(f"{len(repeated)} identifiers occur more than once (for example {example}); all rows are kept.")
    infinite = 0
    for position in range(len(samples)):
        bad = np.isinf(values[:, position])
        infinite += int(bad.sum())
        values[bad, position] = np.nan
    if infinite:
        notes.append(f"{infinite} infinite values were set to missing.")
    return notes
