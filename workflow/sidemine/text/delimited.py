"""The one strict reader of delimited text.

Every row has as many cells as the header, quotes are balanced within their line, and every row remembers its line in
the file. Rows are checked here and split into cells by Arrow, which by itself would let a quote swallow lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from sidemine.errors import InputError, Problem
from sidemine.text.cells import BLANKS, split_line, tabbed
from sidemine.text.decoding import MAX_BYTES, Decoded, Source, is_web_page, open_decoded, truncated, web_page
from sidemine.text.header import Comments, Header, TableForm, read_header
from sidemine.text.text_table import (
    MAX_TOLD,
    MISSING_SPELLINGS,
    TextTable,
    arrow_names,
    bad_line,
    finite_numbers,
    no_rows,
    ragged,
)

MAX_COLUMNS = 50_000
"""More than any table of samples has; each column takes some kilobytes, whatever the file's size."""

_SNIFFED_LINES = 200
_BLOCK = 1 << 22


def read_delimited(
    source: Source | Decoded,
    where: str = "",
    *,
    separator: str | None = None,
    header: bool = True,
    quoting: bool = True,
    comments: Comments = "leading",
    r_layout: bool = False,
    end_mark: str = "",
    numbers_from: int | None = None,
    max_bytes: int = MAX_BYTES,
    max_rows: int | None = None,
) -> TextTable:
    """Read a table of delimited text.

    Blank lines are passed over. A header cell may hold line breaks within quotes, a cell of a row may not.

    Parameters
    ----------
    source
        A path, bytes, an open binary stream, or an opened text (which is then read on from where it stands).
    where
        Its name in messages.
    separator
        Tab, comma, semicolon or `BLANKS`; None: the one that makes rows of equal length.
    header
        Whether the first line names the columns.
    quoting
        Whether a cell that begins with a quote ends with one. Tables of GEO's platforms know no quotes.
    comments
        Which lines that begin with # are comments.
    r_layout
        Accept a header that is one cell short, as R writes it: none of its cells is a word for genes or what describes
        them, so that it can only be the samples'.
    end_mark
        The table ends before the line that begins with this text, which must be there.
    numbers_from
        From this column on all cells are numbers or missing: they are refused at once where they are not, and never kept
        as text, which halves time and memory of a large table.
    max_bytes
        Most bytes of text.
    max_rows
        Read no more rows than these (a peek); the end mark is then not looked for.

    Raises
    ------
    InputError
        When a row has another number of cells than the header, a quote is not closed, no separator or more than one
        makes equal rows, the end mark is missing, the table has no header, or the text cannot be decoded.
    """
    form = TableForm(separator, header, quoting, comments, r_layout, end_mark, numbers_from, max_rows)
    if isinstance(source, Decoded):
        return _Reader(source, form).read()
    with open_decoded(source, where, max_bytes) as decoded:
        return _Reader(decoded, form).read()


def read_delimited_blocks(path: Path, *, comments: Comments, columns: Collection[str]) -> Iterator[TextTable]:
    """Yield a table of delimited text block by block, a few megabytes at a time; every block has the whole header.

    Parameters
    ----------
    path
        The table.
    comments
        As in `read_delimited`; so are the errors.
    columns
        Keep the cells of these columns only; others come out empty.
    """
    with open_decoded(path) as decoded:
        yield from _Reader(decoded, TableForm(None, True, True, comments, False, "", None, None)).tables(columns)


class _Reader:
    """Reads one table."""

    def __init__(self, decoded: Decoded, form: TableForm) -> None:
        self.decoded = decoded
        self.where = decoded.where
        self.form = form
        self.end_mark = form.end_mark.encode().lower()
        self.separator = ""
        self.width = 0
        self.ended = False

    def read(self) -> TextTable:
        import pyarrow as pa

        header, comments, first = self._begin()
        lines: list[int] = []
        tables = []
        most = self.form.max_rows
        for numbers, block in self._blocks(first):
            lines += numbers
            untyped = self.form.numbers_from is None
            tables.append(self._parse(block) if untyped else self._typed(block, numbers, header.names))
            if most is not None and len(lines) >= most:
                break
        return TextTable(
            self.where,
            header.names,
            lines[:most],
            self.separator,
            header.r_layout,
            comments,
            [*self.decoded.notes, *header.notes],
            _cells=pa.concat_tables(tables).slice(0, most),
        )

    def tables(self, columns: Collection[str] | None) -> Iterator[TextTable]:
        """Yield the table block by block; cells of other columns than these are empty."""
        header, comments, first = self._begin()
        names = header.names
        kept = [place for place, name in enumerate(names) if columns is None or name in columns] or [0]
        for numbers, block in self._blocks(first):
            cells = self._parse(block, kept if len(kept) < len(names) else None)
            yield TextTable(
                self.where, names, numbers, self.separator, False, comments, header.notes, kept[0], _cells=cells
            )

    def _begin(self) -> tuple[Header, list[str], list[tuple[int, bytes]]]:
        """Return the header, the comments before it, and the first rows with their lines."""
        marked, first = self._first_lines()
        if not first:
            raise InputError(no_rows(self.where))
        texts = [(number, line.decode("utf-8")) for number, line in first]
        if is_web_page(texts[0][1]):
            raise InputError(web_page(self.where))
        comments = [line.decode("utf-8") for line in marked]
        header = read_header(self.where, texts, comments, self.form)
        self.separator, self.width = header.separator, len(header.names)
        if self.width > MAX_COLUMNS:
            raise InputError(_too_wide(self.where, self.width))
        return header, comments, first[header.n_lines :]

    # ------------------------------------------------------------------------------------------------------ lines

    def _next_line(self) -> bytes | None:
        """Return the next line without its end; None at the end of the table."""
        line = b"" if self.ended else self.decoded.line()
        if not line:
            self._finish()
            return None
        if self.end_mark and line.startswith(b"!"):
            if not line.lower().startswith(self.end_mark):
                beginning = line[:40].decode("utf-8", "replace").strip()
                raise InputError(truncated(self.where, f"{beginning!r} stands within its table"))
            self.ended = True
            return None
        return line.removesuffix(b"\n")

    def _finish(self) -> None:
        if self.end_mark and not self.ended:
            raise InputError(truncated(self.where, f"it has no {self.end_mark.decode()}"))
        self.ended = True

    def _first_lines(self) -> tuple[list[bytes], list[tuple[int, bytes]]]:
        """Return the comments and the first lines that count, with their numbers."""
        comments: list[bytes] = []
        first: list[tuple[int, bytes]] = []
        wanted = (
            _SNIFFED_LINES if self.form.max_rows is None else min(_SNIFFED_LINES, self.form.max_rows + self.form.header)
        )
        while len(first) < wanted and (line := self._next_line()) is not None:
            if (
                line.startswith(b"#")
                and self.form.comments != "none"
                and (not first or self.form.comments == "anywhere")
            ):
                comments.append(line)
            elif self._is_row(line):
                first.append((self.decoded.number, line))
        return comments, first

    def _is_row(self, line: bytes) -> bool:
        """Tell whether a line is neither blank nor a comment; a line of separators alone is a row of empty cells."""
        return bool(line.strip(b" ")) and not (self.form.comments == "anywhere" and line.startswith(b"#"))

    def _may_hold_other_lines(self, data: bytes) -> bool:
        """Tell whether a text may hold lines that are no rows: one search of the whole is faster than one of each line."""
        begins = (b"\n", b" ", b"#") if self.form.comments == "anywhere" else (b"\n", b" ")
        return data.startswith(begins) or any(b"\n" + begin in data for begin in begins)

    def _blocks(self, first: list[tuple[int, bytes]]) -> Iterator[tuple[list[int], bytes]]:
        """Yield numbers and checked text of whole lines, a few megabytes at a time."""
        numbers = [number for number, _ in first]
        lines = [line for _, line in first]
        yield numbers, self._checked(numbers, lines)
        del first
        carry = b""
        while not self.ended:
            if self.end_mark:
                numbers, lines = self._lines_up_to_mark()
            else:
                block = self.decoded.stream.read(_BLOCK)
                data = carry + block
                if block:
                    cut = data.rfind(b"\n") + 1
                    data, carry = data[:cut], data[cut:]
                else:
                    self._finish()
                lines = data.split(b"\n")
                if not lines[-1]:
                    lines.pop()
                numbers = list(range(self.decoded.number + 1, self.decoded.number + 1 + len(lines)))
                self.decoded.number += len(lines)
                if self._may_hold_other_lines(data):
                    pairs = [pair for pair in zip(numbers, lines, strict=True) if self._is_row(pair[1])]
                    numbers, lines = [number for number, _ in pairs], [line for _, line in pairs]
            if lines:
                yield numbers, self._checked(numbers, lines)

    def _lines_up_to_mark(self) -> tuple[list[int], list[bytes]]:
        numbers: list[int] = []
        lines: list[bytes] = []
        size = 0
        while size < _BLOCK and (line := self._next_line()) is not None:
            if self._is_row(line):
                numbers.append(self.decoded.number)
                lines.append(line)
                size += len(line)
        return numbers, lines

    # ------------------------------------------------------------------------------------------------------- rows

    def _checked(self, numbers: list[int], lines: list[bytes]) -> bytes:
        """Return the lines as one text for Arrow, after checking the width of each."""
        if self.separator == BLANKS:
            lines = [self._as_tabbed(number, line) for number, line in zip(numbers, lines, strict=True)]
        mark = self._mark.encode()
        wanted = self.width - 1
        problems: list[Problem] = []
        text = b"\n".join([*lines, b""])
        for place in _lines_to_look_at(text, len(lines), mark, wanted, quoting=self.form.quoting):
            number, line = numbers[place], lines[place]
            width = self._quoted_width(number, line, mark) if self.form.quoting and b'"' in line else line.count(mark)
            if width != wanted:
                name = line.decode("utf-8").split(self._mark)[0]
                problems.append(ragged(self.where, number, name, width + 1, self.width, self.separator))
                if len(problems) == MAX_TOLD:
                    break
        if problems:
            raise InputError(problems)
        return text

    @property
    def _mark(self) -> str:
        return "\t" if self.separator == BLANKS else self.separator

    def _as_tabbed(self, number: int, line: bytes) -> bytes:
        text = line.decode("utf-8")
        try:
            return tabbed(text, self.form.quoting).encode()
        except ValueError as error:
            raise InputError(bad_line(self.where, number, text, str(error))) from error

    def _quoted_width(self, number: int, line: bytes, mark: bytes) -> int:
        """Return how many separators stand outside quotes in a line with quotes."""
        end = line.find(b'"', 1)
        if line.startswith(b'"') and line.startswith(mark, end + 1) and line.find(b'"', end + 1) < 0:
            return line.count(mark, end)  # the name of the row alone is quoted, as in a series matrix
        parts = line.split(b'"')
        first, *between, last = parts[::2] if len(parts) % 2 else (b'"', b"")
        # The usual: every quoted piece is a whole cell. Only what is not so plain is split cell by cell.
        if (
            (not first or first.endswith(mark))
            and (not last or last.startswith(mark))
            and all(piece.startswith(mark) and piece.endswith(mark) for piece in between)
        ):
            return sum(piece.count(mark) for piece in parts[::2])
        try:
            return len(split_line(line.decode("utf-8"), self._mark)) - 1
        except ValueError as error:
            raise InputError(bad_line(self.where, number, line.decode("utf-8"), str(error))) from error

    def _typed(self, block: bytes, numbers: list[int], names: list[str]) -> Any:
        """Return the cells of a block, from `numbers_from` on as numbers."""
        import pyarrow as pa

        first = self.form.numbers_from or 0
        try:
            table = self._split(block, first)
        except pa.ArrowInvalid:
            table = None
        if table is None or any(finite_numbers(column) is None for column in table.columns[first:]):
            texts = self._parse(block)
            cells = TextTable(self.where, names, numbers, self.separator, _cells=texts)
            values = cells.matrix(range(first, self.width))  # refuses what is no number, with its place
            columns = [pa.array(column, pa.float64(), from_pandas=True) for column in values.T]
            table = pa.table([*texts.columns[:first], *columns], names=arrow_names(self.width))
        return table

    def _parse(self, block: bytes, kept: Sequence[int] | None = None) -> Any:
        import pyarrow as pa

        try:
            return self._split(block, self.width, kept)
        except pa.ArrowInvalid as error:  # rows were checked above, so this is a difference of the two parsers
            raise InputError(
                Problem(
                    "the table cannot be split into cells",
                    f"{self.where}: {str(error)[:200]}",
                    "plain delimited text",
                    "Save a copy of the table as tab-separated text without quotes and name that copy.",
                )
            ) from error

    def _split(self, block: bytes, numbers_from: int, kept: Sequence[int] | None = None) -> Any:
        import pyarrow as pa
        from pyarrow import csv

        names = arrow_names(self.width)
        types = {name: pa.float64() if i >= numbers_from else pa.string() for i, name in enumerate(names)}
        if not block:
            return pa.table([pa.array([], kind) for kind in types.values()], names=names)
        table = csv.read_csv(
            pa.py_buffer(block),
            read_options=csv.ReadOptions(
                column_names=names, block_size=len(block) + 1, use_threads=len(block) > _BLOCK // 4
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._mark,
                quote_char='"' if self.form.quoting else False,
                double_quote=self.form.quoting,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=[] if kept is None else [names[place] for place in kept],
                null_values=MISSING_SPELLINGS,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        if kept is None:
            return table
        empty = pa.nulls(table.num_rows, pa.string())
        return pa.table([table.column(name) if i in kept else empty for i, name in enumerate(names)], names=names)


def _lines_to_look_at(text: bytes, n_lines: int, mark: bytes, wanted: int, *, quoting: bool) -> Sequence[int]:
    """Return which lines of a text have another number of separators, or quotes that may hold some."""
    import numpy as np

    if not n_lines or (quoting and text.count(b'"') > n_lines // 2):
        return range(n_lines)
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    odd = np.diff(np.searchsorted(np.flatnonzero(data == ord(mark)), ends), prepend=0) != wanted
    if quoting:
        odd[np.searchsorted(ends, np.flatnonzero(data == ord('"')))] = True
    return [int(place) for place in np.flatnonzero(odd)]


def _too_wide(where: str, width: int) -> Problem:
    return Problem(
        f"the table has {width:,} columns",
        where,
        f"at most {MAX_COLUMNS:,} columns of text",
        "Single cells are read from h5ad or 10x files; check that this is the file that was meant.",
    )
