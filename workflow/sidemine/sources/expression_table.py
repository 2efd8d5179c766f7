"""Read text tables of expression values, genes × samples, in the many shapes that people deposit."""

from __future__ import annotations

import codecs
import csv
import io
import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import decode, open_bytes
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.value_matrix import ValueMatrix

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MISSING_VALUES = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Cells that mean 'no value'. Spreadsheet errors such as #DIV/0! are not among them: they hide a mistake."""

# fmt: off
ANNOTATION_NAMES = frozenset({
    "chr", "chrom", "chromosome", "start", "end", "stop", "strand", "length", "genelength", "gene_length",
    "effective_length", "width", "symbol", "gene_symbol", "genesymbol", "gene_name", "genename",
    "external_gene_name", "hgnc_symbol", "name", "description", "gene_description", "biotype", "gene_biotype",
    "gene_type", "type", "entrez", "entrez_id", "entrezid", "entrez_gene_id", "entrezgene", "ensembl",
    "ensembl_id", "ensembl_gene_id", "gene_id", "geneid", "transcript_id", "transcript_ids", "transcript_id(s)",
    "locus", "tss_id", "refseq",
})
# fmt: on
"""Column names (lower case) that tell about genes and never hold a sample."""

_PEEK_ROWS = 200
_MAX_CELLS_TOLD = 5


@dataclass(frozen=True)
class _Layout:
    """How one file is laid out, found from its first lines."""

    skipped_lines: int
    separator: str
    header: list[str]
    annotation: frozenset[int]
    encoding: str
    simulated: bool


def read_table_columns(path: Path) -> list[str]:
    """Return the sample columns of a text table without reading its values.

    Raises
    ------
    InputError
        When the file is missing, damaged, or no table.
    """
    layout = _find_layout(path, frozenset())
    return [name for position, name in enumerate(layout.header) if position and position not in layout.annotation]


def read_expression_table(path: Path, wanted: Collection[str] = ()) -> ValueMatrix:
    """Read a text table of genes × samples.

    Comma, tab, semicolon or white space; plain or gzip; leading `#` lines; a header whose first cell is blank or that
    is one cell short (R); quoted cells; CRLF; UTF-8 or Latin-1; columns that describe genes (featureCounts and others).

    Parameters
    ----------
    path
        The file.
    wanted
        Names of columns that are samples whatever they look like; other columns are judged by name and content.

    Returns
    -------
    ValueMatrix
        Values float64, identifiers × samples.

    Raises
    ------
    InputError
        When a cell is no number (row, column and value are told), rows have different lengths, a column name repeats,
        or the file is damaged or empty.
    """
    import numpy as np
    import pandas as pd

    layout = _find_layout(path, frozenset(wanted))
    value_positions = [i for i in range(1, len(layout.header)) if i not in layout.annotation]
    columns = [layout.header[i] for i in value_positions]
    _check_columns(columns, path)
    table = _read_typed(path, layout, value_positions)
    values = np.empty((table.num_rows, len(columns)))
    for target, position in enumerate(value_positions):
        values[:, target] = table.column(_arrow_name(position)).to_numpy()
    _check_finite(values, columns, table.column(_arrow_name(0)).to_pylist(), path)
    annotation = pd.DataFrame(
        {layout.header[i]: pd.Series(table.column(_arrow_name(i)).to_pylist(), dtype=object) for i in layout.annotation}
    )
    identifiers = [str(cell or "").strip() for cell in table.column(_arrow_name(0)).to_pylist()]
    notes = []
    if layout.annotation:
        names = ", ".join(sorted(layout.header[i] for i in layout.annotation))
        notes.append(f"{path.name}: columns that describe genes, not samples: {names}")
        identifiers = _replace_row_numbers(identifiers, annotation, notes, path)
    logger.info("%s: %d identifiers × %d samples", path.name, len(identifiers), len(columns))
    return ValueMatrix(identifiers, columns, values, annotation, notes=notes, simulated=layout.simulated)


def _find_layout(path: Path, wanted: frozenset[str]) -> _Layout:
    """Read the first lines and decide on separator, header and which columns describe genes."""
    with open_bytes(path) as stream:
        comments, lines = _first_lines(stream)
    text = [decode(line)[0] for line in lines]
    if len(text) < 2:
        raise InputError(
            Problem(
                "the table has no rows",
                str(path),
                "a header line and at least one row of values",
                "Check that this is the right file of the series; sidemine inspect lists them.",
            )
        )
    separator = next((mark for mark in ("\t", ",", ";") if mark in text[0]), None) or _separator_of_row(text[1])
    rows = [_split(line, separator) for line in text]
    header = _complete_header(rows[0], rows[1], path)
    return _Layout(
        skipped_lines=len(comments) + 1,
        separator=separator,
        header=header,
        annotation=_annotation_columns(header, rows[1:], wanted),
        encoding=_encoding(path),
        simulated=any(SIMULATION_MARKER in decode(line)[0] for line in comments),
    )


def _first_lines(stream: IO[bytes]) -> tuple[list[bytes], list[bytes]]:
    comments: list[bytes] = []
    lines: list[bytes] = []
    for line in stream:
        if not lines and (line.startswith(b"#") or not line.strip()):
            comments.append(line)
        elif line.strip():
            lines.append(line.rstrip(b"\r\n"))
        if len(lines) > _PEEK_ROWS:
            break
    return comments, lines


def _separator_of_row(row: str) -> str:
    # A table of one sample written by R has a header of one cell, so only the row shows the separator.
    return next((mark for mark in ("\t", ",", ";") if mark in row), " ")


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return next(csv.reader([re.sub(r"\s+", " ", line.strip())], delimiter=" "))
    return next(csv.reader([line], delimiter=separator))


def _complete_header(header: list[str], row: list[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in header]
    if len(names) == len(row) - 1:
        names = ["", *names]  # R leaves out the header of the row names
    if len(names) != len(row):
        raise InputError(
            Problem(
                f"the header has {len(header)} cells, the first row has {len(row)}",
                str(path),
                "as many header cells as columns, or one less (R)",
                "Mend the file, or look for another supplementary file of the series.",
            )
        )
    return names


def _annotation_columns(header: list[str], rows: list[list[str]], wanted: frozenset[str]) -> frozenset[int]:
    """Columns that describe genes: by their name, or because no cell of the first rows is a number."""
    found = set()
    for position, name in enumerate(header):
        if position == 0 or name in wanted:
            continue
        cells = [row[position].strip() for row in rows if position < len(row)]
        present = [cell for cell in cells if cell not in MISSING_VALUES]
        all_text = bool(present) and not any(_is_number(cell) for cell in present)
        nameless = not name and not present
        if name.lower().replace(" ", "_") in ANNOTATION_NAMES or all_text or nameless:
            found.add(position)
    return frozenset(found)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python takes 1_000 for a number, a table does not


def _encoding(path: Path) -> str:
    """Look through the bytes once: UTF-8, or Latin-1 where they are none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_bytes(path) as stream:
            while block := stream.read(1 << 20):
                decoder.decode(block)
    except UnicodeDecodeError:
        return "latin1"
    return "utf8"


def _check_columns(columns: list[str], path: Path) -> None:
    if not columns:
        raise InputError(
            Problem(
                "the table has no column of numbers",
                str(path),
                "one column of numbers per sample",
                "Check that this file holds expression values.",
            )
        )
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise InputError(
            Problem(
                "column names repeat",
                f"{path}: {', '.join(map(repr, repeated))}",
                "one column per sample, each with its own name",
                "Rename the columns in a copy of the file and name that copy in datasets.tsv.",
            )
        )


def _arrow_name(position: int) -> str:
    return f"c{position}"


def _read_typed(path: Path, layout: _Layout, value_positions: list[int]) -> Any:
    """Read the whole table with declared types: pyarrow fails loudly on `1,5`, `#DIV/0!` and short rows."""
    import pyarrow as pa

    types = {_arrow_name(i): pa.string() for i in range(len(layout.header))}
    try:
        return _arrow_table(path, layout, types | {_arrow_name(i): pa.float64() for i in value_positions})
    except pa.ArrowInvalid as error:
        try:
            as_text = _arrow_table(path, layout, types)
        except pa.ArrowInvalid as ragged:
            raise InputError(
                Problem(
                    "rows of the table have different lengths",
                    f"{path}: {str(ragged)[:200]}",
                    f"{len(layout.header)} columns in every row",
                    "Retrieve the file again (it may be truncated), or mend it.",
                )
            ) from error
        raise InputError(list(_bad_cells(as_text, layout, value_positions, path))) from error


def _arrow_table(path: Path, layout: _Layout, types: dict[str, Any]) -> Any:
    from pyarrow import csv as arrow_csv

    with open_bytes(path) as stream:
        source: Any = stream
        separator = layout.separator
        if separator == " ":
            separator = "\t"
            source = io.BytesIO(_tabbed(stream.read(), layout.encoding))
        return arrow_csv.read_csv(
            source,
            read_options=arrow_csv.ReadOptions(
                column_names=list(types), skip_rows=layout.skipped_lines, use_threads=False, encoding=layout.encoding
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=separator),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, null_values=list(MISSING_VALUES), strings_can_be_null=False
            ),
        )


def _tabbed(data: bytes, encoding: str) -> bytes:
    # Comments and blank lines stay, so that the number of lines to skip stays the same.
    lines = ("\t".join(_split(line, " ")) if line.strip() else "" for line in data.decode(encoding).splitlines())
    return "\n".join(lines).encode(encoding)


def _bad_cells(
    table: Any,
    layout: _Layout,
    value_positions: list[int],
    path: Path,
) -> Iterator[Problem]:
    """Find the cells that are no numbers: row, column and value of each, the first few."""
    identifiers = table.column(_arrow_name(0)).to_pylist()
    told = 0
    for position in value_positions:
        for row, cell in enumerate(table.column(_arrow_name(position)).to_pylist()):
            if cell is None or cell.strip() in MISSING_VALUES or _is_number(cell):
                continue
            yield Problem(
                "a cell is not a number",
                f"{path}: row {row + 1} ({identifiers[row]}), column {layout.header[position]!r}, value {cell!r}",
                "a number with a decimal point, or an empty cell, NA or null",
                "Mend the cell in a copy of the file and name that copy in datasets.tsv.",
            )
            told += 1
            if told == _MAX_CELLS_TOLD:
                return
    if told == 0:
        yield Problem(
            "a cell is not a number", str(path), "numbers with a decimal point", "Look for stray text in the file."
        )


def _check_finite(values: NDArray[np.float64], columns: list[str], identifiers: list[str], path: Path) -> None:
    import numpy as np

    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, column = infinite[0]
        raise InputError(
            Problem(
                f"{len(infinite)} values are infinite",
                f"{path}: row {row + 1} ({identifiers[row]}), column {columns[column]!r}, value {values[row, column]}",
                "finite numbers, or an empty cell, NA or null",
                "Infinite values come from the logarithm of zero: use the file before that step.",
            )
        )


def _replace_row_numbers(identifiers: list[str], annotation: pd.DataFrame, notes: list[str], path: Path) -> list[str]:
    """Use the first text column where the first column only counts rows (R's write.csv without row names)."""
    if identifiers != [str(number) for number in range(1, len(identifiers) + 1)] or len(identifiers) < 2:
        return identifiers
    for name in annotation.columns:
        cells = [str(cell).strip() for cell in annotation[name]]
        if not any(_is_number(cell) for cell in cells):
            notes.append(f"{path.name}: the first column only counts rows; identifiers come from column {name!r}")
            return cells
    return identifiers
