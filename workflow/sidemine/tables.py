"""How result files are written and read: tables whose columns are declared and checked, JSON, plain text.

The columns of a table stand in the room that writes it, as a `TableSpec`.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

from sidemine.errors import InputError, Problem

_LARGEST_BLOCK = 2**30
_AGAIN = "Delete the file so that it is written again; if that does not help, this is a bug in sidemine."

ColumnKind = Literal["text", "integer", "number", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column: its name, what kind of value it holds, what it means, and whether a cell may be empty."""

    name: str
    kind: ColumnKind
    meaning: str
    may_be_empty: bool = False


@dataclass(frozen=True)
class TableSpec:
    """A result table: its name, its columns in order, and whether further columns may follow them."""

    name: str
    columns: tuple[Column, ...]
    open_ended: bool = False

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]


MAY_BE_EMPTY = "may be empty"
"""Stands beside the meaning of a field whose cell may be empty although the field is never None: a text."""
_KINDS: dict[object, ColumnKind] = {str: "text", int: "integer", float: "number", bool: "boolean"}


def spec_of(name: str, row: type[object]) -> TableSpec:
    """Return the specification of a table whose rows are records of one kind: a column per field, in their order.

    Parameters
    ----------
    name
        Of the table.
    row
        A dataclass. Every field is `Annotated` with the meaning of its column; a cell may be empty where the field may be
        None, or is marked `MAY_BE_EMPTY`.
    """
    hints = get_type_hints(row, include_extras=True)
    return TableSpec(name, tuple(_column_of(field.name, hints[field.name]) for field in fields(row)))  # type: ignore[arg-type]


def _column_of(name: str, hint: Any) -> Column:
    kind, meaning, *marks = get_args(hint)
    options = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    (plain,) = (option for option in options if option is not NoneType)
    base = type(get_args(plain)[0]) if get_origin(plain) is Literal else plain
    return Column(name, _KINDS[base], meaning, NoneType in options or MAY_BE_EMPTY in marks)


def table_of(rows: Iterable[object], spec: TableSpec) -> pd.DataFrame:
    """Return a table of records, typed as `spec` says; empty cells of whole numbers and truth values are missing values.

    Parameters
    ----------
    rows
        Dataclasses whose fields are the columns; see `spec_of`.
    spec
        The columns.
    """
    import pandas as pd

    table = pd.DataFrame([vars(row) for row in rows], columns=spec.names)
    if not len(table):
        return empty_table(spec)
    kinds = {"number": "float64"}
    missing = {"number": "float64", "integer": "Int64", "boolean": "boolean"}
    types = {
        column.name: kind
        for column in spec.columns
        if (kind := (missing if column.may_be_empty else kinds).get(column.kind))
    }
    return table.astype(types)


def check_table(table: pd.DataFrame, spec: TableSpec, where: str) -> None:
    """Refuse a table that does not have the columns of its specification, in order, with values of their kind.

    Parameters
    ----------
    table
        The table.
    spec
        Its columns.
    where
        The file, for messages.

    Raises
    ------
    InputError
        When columns are missing, too many, out of order or of another kind, or a cell is empty that must not be.
    """
    names = [str(name) for name in table.columns]
    expected = spec.names
    problems: list[Problem] = []
    if names[: len(expected)] != expected or (len(names) > len(expected) and not spec.open_ended):
        problems.append(
            Problem(
                f"{spec.name} does not have its columns",
                f"{where}: {', '.join(names)}",
                ", ".join(expected) + (" and any further ones" if spec.open_ended else ""),
                _AGAIN,
            )
        )
    else:
        problems += [
            problem for column in spec.columns if (problem := _column_problem(table[column.name], column, where))
        ]
    if problems:
        raise InputError(problems)


def _column_problem(values: pd.Series, column: Column, where: str) -> Problem | None:
    import numpy as np
    import pandas as pd

    plain = values.dtype.kind if isinstance(values.dtype, np.dtype) else ""
    if (plain in {"i", "u"} and column.kind in {"number", "integer"}) or (
        column.may_be_empty and (column.kind == "text" or (plain == "f" and column.kind == "number"))
    ):
        return None  # whatever stands in it is one
    if column.kind == "text" and set(map(type, texts := values.tolist())) == {str} and all(texts):
        return None  # as almost every column of text; pandas takes ten times as long to say so
    empty = values.isna() | (values.isin([""]) if column.kind == "text" else False)
    if not column.may_be_empty and bool(empty.any()):
        row = int(empty.to_numpy().argmax())
        return Problem(f"column {column.name} has an empty cell", f"{where}, row {row + 1}", column.meaning, _AGAIN)
    cells = values[~empty]
    if len(cells) == 0 or column.kind == "text" or (plain == "f" and column.kind == "number"):
        return None
    truth = cells.map(type).isin([bool, np.bool_])
    if column.kind == "boolean":
        wrong, kind = ~truth, "neither True nor False"
    else:
        numbers = pd.to_numeric(cells, errors="coerce")
        wrong, kind = truth | numbers.isna(), "not a number"
        if column.kind == "integer" and not bool(wrong.any()):
            wrong, kind = (numbers % 1 != 0) | (numbers.abs() >= 2**63), "not a whole number of 64 bits"
    if not bool(wrong.any()):
        return None
    return Problem(
        f"column {column.name} holds something that is {kind}",
        f"{where}, value {cells[wrong].iloc[0]!r}",
        column.meaning,
        _AGAIN,
    )


def write_table(table: pd.DataFrame, path: Path, spec: TableSpec) -> None:
    """Check a table and write it as TSV, the same bytes every time.

    Parameters
    ----------
    table
        The table.
    path
        The file; gzip when its name ends in .gz.
    spec
        Its columns.

    Raises
    ------
    InputError
        When columns are missing, out of order or of another kind.
    """
    check_table(table, spec, str(path))
    columns = [_words(table[name]) for name in table.columns]
    head = [str(name) for name in table.columns]
    text = "\n".join(map("\t".join, [head, *zip(*columns, strict=True)])) + "\n"
    rows = len(table) + 1
    if len(head) == 1 or any(
        text.count(mark) != count
        for mark, count in (('"', 0), ("\r", 0), ("\0", 0), ("\n", rows), ("\t", rows * (len(head) - 1)))
    ):
        text = _quoted([head, *zip(*columns, strict=True)])
    write_text(text, path)


def _words(values: pd.Series) -> list[str]:
    """Return the cells of a column as they are written; '' where there is nothing."""
    # 17 significant digits would keep every bit; 10 are beyond the last meaningful one and keep files readable.
    if values.dtype.kind == "f":
        numbers = values.to_numpy(dtype=float, na_value=math.nan).tolist()
        return ["" if number != number else f"{number:.10g}" for number in numbers]
    cells = values.tolist()
    if all(isinstance(cell, str) for cell in cells):
        return cells
    return ["" if gone else str(cell) for cell, gone in zip(cells, values.isna().tolist(), strict=True)]


_ENDS = str.maketrans("\r\0", "  ")


def _quoted(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of which a cell holds what parts cells or rows, or what readers take for the end of a row or of a cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerows([cell.translate(_ENDS) for cell in row] for row in rows)
    return stream.getvalue()


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text, gzipped without a time stamp when the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8")
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        # Measured on tables of genes: level 6 takes 2.5 times as long for 3 % less.
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=4) as stream:
            stream.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)


def read_table(path: Path, *specs: TableSpec) -> pd.DataFrame:
    """Read a table that `write_table` wrote, text columns as text, and check it.

    Parameters
    ----------
    path
        The file.
    specs
        What it may be: it is read as the first one that has its columns.

    Raises
    ------
    InputError
        When the file is no table, or keeps to none of `specs`.
    """
    data, header = _data_and_header(path)
    spec = next((spec for spec in specs if spec.names == header), specs[0])
    table = _parsed_at_once(data, header, spec)
    if table is None:
        table = _parsed(data, header, spec)
    check_table(table, spec, str(path))
    for column in spec.columns:
        if column.kind == "integer" and not column.may_be_empty:
            table[column.name] = table[column.name].astype("int64")
    return table


def _parsed_at_once(data: bytes, header: list[str], spec: TableSpec) -> pd.DataFrame | None:
    """Return a table of plain texts and numbers, parsed by Arrow in a third of the time; None where it is none, or damaged."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv as arrow

    kinds = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64()}
    columns = [column for column in spec.columns if column.name in header]
    if not _is_plain(data) or any(
        column.kind == "boolean" or (column.kind == "integer" and column.may_be_empty) for column in columns
    ):
        return None
    types = {column.name: kinds[column.kind] for column in columns}
    try:
        cells = arrow.read_csv(
            pa.py_buffer(data),
            read_options=arrow.ReadOptions(use_threads=False, block_size=min(len(data) + 1, _LARGEST_BLOCK)),
            parse_options=arrow.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()) | types, null_values=["", "nan"]
            ),
        )
    except pa.ArrowInvalid:
        return None  # read cell by cell, which tells what is wrong
    return pd.DataFrame({name: cells.column(name).to_numpy(zero_copy_only=False) for name in header})


def _parsed(data: bytes, header: list[str], spec: TableSpec) -> pd.DataFrame:
    """Return a table of whatever cells; what is no number in a column of numbers is left as it stands."""
    import pandas as pd

    text_columns = [column.name for column in spec.columns if column.kind == "text"]
    dtypes = {name: object for name in header if name in text_columns or name not in spec.names}
    unknown = {name: ["", "nan"] for name in spec.names if name not in text_columns}
    return pd.read_csv(
        io.BytesIO(data),
        sep="\t",
        encoding="utf-8",
        dtype=dtypes,
        keep_default_na=False,
        na_values=unknown,
        skip_blank_lines=False,
        float_precision="round_trip",  # as Arrow reads them: equal words are equal numbers, whichever way a table is read
    )


def _data_and_header(path: Path) -> tuple[bytes, list[str]]:
    """Return a table as UTF-8 and the names of its columns; refuse one whose rows are not all as long as its header."""
    import numpy as np
    from isal import igzip, isal_zlib

    not_packed = cast("type[Exception]", isal_zlib.error)  # its stubs call the class an instance
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = igzip.decompress(data)
        data = data.removeprefix(codecs.BOM_UTF8)  # spreadsheets put it before a table that they save
        text, plain = data.decode("utf-8"), _is_plain(data)
        head = text.partition("\n")[0] if plain else text
        rows = csv.reader(io.StringIO(head, newline=""), delimiter="\t", strict=True)
        header = next(rows, [])
        if not header or not text.endswith("\n"):
            raise ValueError("its end is missing" if header else "it is empty")
        if len(set(header)) < len(header):
            raise ValueError("two columns have one name")
        lengths = _cells_of_lines(data)[1:] if plain else np.fromiter(map(len, rows), dtype=np.int64)
        if len(unlike := np.flatnonzero(lengths != len(header))):
            row = int(unlike[0])
            raise ValueError(f"row {row + 1} has {lengths[row]} cells, the header {len(header)}")
    except (ValueError, EOFError, not_packed, csv.Error, gzip.BadGzipFile) as error:
        allowed = "a table as the workflow wrote it" + (", packed with gzip" if path.suffix == ".gz" else "")
        raise InputError(Problem("a result is not a table", f"{path}: {error}", allowed, _AGAIN)) from error
    return data, header


def _is_plain(data: bytes) -> bool:
    """Tell whether a row of the table is a line, and a cell what stands between two tabs."""
    return b'"' not in data and b"\r" not in data


def _cells_of_lines(data: bytes) -> NDArray[np.int64]:
    """Return how many cells each line has: none where it is empty."""
    import numpy as np

    marks = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(marks == ord("\n"))
    tabs = np.diff(np.searchsorted(np.flatnonzero(marks == ord("\t")), ends), prepend=0)
    empty = np.diff(ends, prepend=-1) == 1
    return np.where(empty, 0, tabs + 1)


def empty_table(spec: TableSpec) -> pd.DataFrame:
    """Return a table with the columns of `spec`, typed, and no rows: 'nothing found' is a result."""
    import pandas as pd

    kinds = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}
    return pd.DataFrame({column.name: pd.Series(dtype=kinds[column.kind]) for column in spec.columns})


def write_json(content: object, path: Path) -> None:
    """Write JSON with sorted keys, the same bytes every time.

    Raises
    ------
    ValueError
        When a number is not finite: JSON has no such value, and null with a reason is the honest one.
    """
    write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote.

    Raises
    ------
    InputError
        When the file is not JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            Problem("a result is not JSON", f"{path}: {error}", "JSON", "Delete the file and run the workflow again.")
        ) from error


def parse_json(text: str) -> Any:
    """Return what JSON holds.

    Raises
    ------
    ValueError
        When it is no JSON: NaN, Infinity and halves of letters, which Python's reader takes, are none.
    """
    try:
        content = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if "\\ud" in text.lower():  # half of a pair of surrogates is no text
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _finite(word: str) -> float:
    number = float(word)
    return number if math.isfinite(number) else _no_number(word)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
