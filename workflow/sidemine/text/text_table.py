"""A table of texts, and how its columns become numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.text.cells import SEPARATOR_NAMES
from sidemine.text.numbers import as_numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING_SPELLINGS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
"""The usual spellings of missing values, which Arrow takes for such; any other is judged cell by cell."""
MAX_TOLD = 5


@dataclass
class TextTable:
    """A table of texts; every row has a cell for every column.

    Attributes
    ----------
    where
        File and member, for messages.
    header
        Names of the columns, stripped; '' where a column has none.
    lines
        Line of each row in the file, from 1.
    separator
        Tab, comma, semicolon or `BLANKS`; '' for a table that was no text (a spreadsheet).
    r_layout
        The header was one cell short, as R writes it: the first column holds the names of the rows.
    comments
        Lines before the header that begin with #.
    notes
        What was odd and how it was dealt with.
    name_column
        Column that names a row in messages.
    """

    where: str
    header: list[str]
    lines: Sequence[int]
    separator: str = ""
    r_layout: bool = False
    comments: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    name_column: int = 0
    _cells: Any = None

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[str]], where: str, *, lines: Sequence[int] | None = None) -> TextTable:
        """Make a table of cells that something else has split (a spreadsheet).

        Parameters
        ----------
        rows
            Cells as text, the header first.
        where
            File and sheet, for messages.
        lines
            Row numbers in the file, one per row, the header's first; 1, 2, … where they are not given.

        Raises
        ------
        InputError
            When rows have different lengths, or there is none.
        """
        import pyarrow as pa

        cells = [list(row) for row in rows]
        numbers = list(lines) if lines is not None else list(range(1, len(cells) + 1))
        if not cells:
            raise InputError(no_rows(where))
        width = len(cells[0])
        for number, row in zip(numbers, cells, strict=True):
            if len(row) != width:
                raise InputError(ragged(where, number, row[0] if row else "", len(row), width))
        names = [name.strip() for name in cells[0]]
        arrays = [pa.array([row[i] for row in cells[1:]], pa.string()) for i in range(width)]
        table = pa.table(arrays, names=arrow_names(width))
        return cls(where, names, numbers[1:], _cells=table)

    @property
    def n_rows(self) -> int:
        """Number of rows below the header."""
        return len(self.lines)

    def cells(self, column: int | str, limit: int | None = None) -> list[str]:
        """Return the cells of a column (or the first `limit`), given by position or name, as they stand, unquoted."""
        chosen = self._cells.column(self.position(column)).slice(0, limit)
        cells: list[str] = _as_texts(chosen).to_pylist()
        return cells

    def coded(self, column: int | str) -> tuple[NDArray[np.int64], list[str]]:
        """Return a column of few different cells: for each row the place of its cell among them, and the cells, unquoted."""
        import numpy as np

        codes = _as_texts(self._cells.column(self.position(column))).combine_chunks().dictionary_encode()
        cells: list[str] = codes.dictionary.to_pylist()
        return np.asarray(codes.indices.to_numpy(zero_copy_only=False), dtype=np.int64), cells

    def rows(self, columns: Sequence[int | str] | None = None) -> Iterator[tuple[str, ...]]:
        """Yield the rows, or these columns of them."""
        chosen = range(len(self.header)) if columns is None else columns
        return zip(*(self.cells(column) for column in chosen), strict=True)

    def position(self, column: int | str) -> int:
        """Return the position of a column.

        Raises
        ------
        InputError
            When no column, or more than one, has that name.
        """
        if isinstance(column, int):
            return column
        count = self.header.count(column)
        if count != 1:
            raise InputError(
                Problem(
                    f"column {column!r} is not there" if count == 0 else f"{count} columns are called {column!r}",
                    f"{self.where}: header {', '.join(map(repr, self.header[:20]))}",
                    f"one column {column!r}",
                    "Name a column that exists." if count == 0 else "Rename one of them in a copy of the file.",
                )
            )
        return self.header.index(column)

    def has(self, *names: str) -> bool:
        """Tell whether columns of all these names exist."""
        return all(name in self.header for name in names)

    def place(self, row: int, column: int | str | None = None) -> str:
        """Return where a row, or a cell of it, stands: file, line, name of the row, column."""
        name = self._cells.column(self.name_column)[row].as_py().strip()[:60]
        unit = "line" if self.separator else "row"
        told = f"{self.where}: {unit} {self.lines[row]} ({name})"
        if column is None:
            return told
        position = self.position(column)
        return f"{told}, column {self.header[position] or position + 1!r}"

    def numbers(self, column: int | str, *, infinite: bool = False) -> NDArray[np.float64]:
        """Return a column as numbers, one per row, NaN where a cell means 'no value'; grammar as in `numbers.parse_number`.

        Parameters
        ----------
        column
            Position or name.
        infinite
            Take `inf` for a number.

        Raises
        ------
        InputError
            When a cell is no number: file, line, name of the row, column and value of the first few are told.
        """
        position = self.position(column)
        values = finite_numbers(self._cells.column(position))
        if values is not None:
            return values
        return as_numbers(self.cells(position), lambda row: self.place(row, position), infinite=infinite)

    def matrix(self, columns: Sequence[int]) -> NDArray[np.float64]:
        """Return several columns as numbers, rows × columns, in Fortran order; all bad cells' columns are told.

        Raises
        ------
        InputError
            As `numbers`, for the first few columns that hold such cells.
        """
        import numpy as np

        values = np.empty((self.n_rows, len(columns)), order="F")
        problems: list[Problem] = []
        for target, position in enumerate(columns):
            try:
                values[:, target] = self.numbers(position)
            except InputError as error:
                problems += error.problems
                if len(problems) >= MAX_TOLD:
                    break
        if problems:
            raise InputError(problems[:MAX_TOLD])
        return values


def arrow_names(width: int) -> list[str]:
    """Return names for the columns within Arrow, where those of the file may repeat or be empty."""
    return [f"c{position}" for position in range(width)]


def numbered(width: int) -> list[str]:
    """Return names for the columns of a table without a header."""
    return [f"column {number}" for number in range(1, width + 1)]


def _as_texts(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return column if column.type == pa.string() else pc.fill_null(pc.cast(column, pa.string()), "")


def finite_numbers(column: Any) -> NDArray[np.float64] | None:
    """Return a column as numbers where Arrow takes every cell for one by our grammar; None where that is not sure.

    Arrow's own `nan` is not trusted: it also takes `nan(12)`. Missing values are those of our own spelling, and whatever is
    not finite must be one of them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    spellings = pa.array(MISSING_SPELLINGS)
    for mask_missing in (False, True):  # most columns have none, so that is tried first
        values = column
        if column.type != pa.float64():
            texts = column
            if mask_missing:
                texts = pc.if_else(pc.is_in(column, value_set=spellings), pa.scalar(None, pa.string()), column)
            try:
                values = pc.cast(texts, pa.float64())
            except pa.ArrowInvalid:
                continue
        numbers: NDArray[np.float64] = values.to_numpy()
        if len(numbers) - int(np.isfinite(numbers).sum()) == values.null_count:
            return numbers
    return None


def no_rows(where: str) -> Problem:
    """Return the problem of an empty table."""
    return Problem(
        "the table is empty",
        where,
        "a header line and rows",
        "Check that this is the right file; retrieve it again if it was cut short.",
    )


def ragged(where: str, number: int, name: str, n_cells: int, wanted: int, separator: str = "") -> Problem:
    """Return the problem of a row that has another number of cells than the header.

    Parameters
    ----------
    where
        File and member.
    number, name
        Line (in a spreadsheet: row) of the row, and its first cell.
    n_cells, wanted
        How many cells it has, and how many the header.
    separator
        What separates the cells; '' for a spreadsheet.
    """
    named = f", separated by {SEPARATOR_NAMES[separator]}" if separator else ""
    unit = "line" if separator else "row"
    return Problem(
        f"a row has {n_cells} cells, the header {wanted}",
        f"{where}: {unit} {number} ({name.strip()[:60]})",
        f"{wanted} cells in every row{named}; empty cells count",
        "Mend the row in a copy of the file and name that copy; retrieve the file again if it was cut short.",
    )


def bad_line(where: str, number: int, line: str, why: str) -> Problem:
    """Return the problem of a line whose quotes cannot be read.

    Parameters
    ----------
    where
        File and member.
    number, line
        The line, and its number in the file.
    why
        What is wrong with it.
    """
    return Problem(
        why,
        f"{where}: line {number}, {line[:80]!r}",
        'cells without quotes, or each within a pair of quotes ("" for a quote in such a cell)',
        "Mend the line in a copy of the file and name that copy.",
    )
