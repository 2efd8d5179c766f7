"""The header of a delimited text: what separates its cells, how many lines it takes, and whether R left a name out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sidemine.errors import InputError, Problem
from sidemine.text.cells import BLANKS, SEPARATOR_NAMES, split_line
from sidemine.text.header_words import ANNOTATION_WORDS, IDENTIFIER_WORDS, plain_word
from sidemine.text.numbers import is_number
from sidemine.text.text_table import bad_line, numbered

Comments = Literal["leading", "anywhere", "none"]
"""Which lines that begin with # are comments."""

_SNIFFED = ("\t", ",", ";")
_MAX_HEADER_LINES = 50


@dataclass(frozen=True)
class TableForm:
    """How a table is written, and what is read of it; the fields are the parameters of `delimited.read_delimited`."""

    separator: str | None = None
    header: bool = True
    quoting: bool = True
    comments: Comments = "leading"
    r_layout: bool = False
    end_mark: str = ""
    numbers_from: int | None = None
    max_rows: int | None = None


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Attributes
    ----------
    names
        Names of the columns; '' where a column has none.
    separator
        What separates the cells of the table.
    n_lines
        How many of the first lines it takes.
    r_layout
        It was one cell short, as R writes it, and has got an empty name for the first column.
    notes
        What was odd.
    """

    names: list[str]
    separator: str
    n_lines: int
    r_layout: bool
    notes: list[str]


def read_header(where: str, lines: list[tuple[int, str]], comments: list[str], form: TableForm) -> Header:
    """Read the header of a table.

    Parameters
    ----------
    where
        Name of the table, for messages.
    lines
        The first lines that count, each with its number in the file.
    comments
        The comments before them.
    form
        How the table is written.

    Raises
    ------
    InputError
        When no separator or more than one makes equal rows, a quote is not closed, or a column has no name.
    """
    return _HeaderReader(where, lines, form).read(comments)


class _HeaderReader:
    def __init__(self, where: str, lines: list[tuple[int, str]], form: TableForm) -> None:
        self.where = where
        self.lines = lines
        self.form = form
        self.separator = form.separator or ""
        self.notes: list[str] = []

    def read(self, comments: list[str]) -> Header:
        self.separator = self.separator or self._sniff()
        names, used = self._header()
        if comments and (marked := self._header_behind_mark(comments[-1], len(names))):
            names, used = marked, 0
        names, r_layout = self._complete(names, used)
        return Header(names, self.separator, used, r_layout, self.notes)

    def _sniff(self) -> str:
        """Return the separator that makes rows of equal length."""
        if "\t" in self.lines[0][1]:
            return "\t"  # nobody writes tabs into a header for another reason
        fits = {mark: self._fit(mark) for mark in _SNIFFED}
        best = max(fits.values())
        if best == 0:
            # Names and descriptions hold blanks: they are asked only when nothing else makes equal rows.
            named = next((mark for mark in (*_SNIFFED, BLANKS) if mark in self.lines[0][1]), "\t")
            return BLANKS if self._fit(BLANKS) else named
        chosen = [mark for mark in _SNIFFED if fits[mark] == best]
        if len(chosen) > 1:
            names = " and ".join(SEPARATOR_NAMES[mark] for mark in chosen)
            raise InputError(
                Problem(
                    f"it is not clear what separates the cells: {names} both make rows of equal length",
                    f"{self.where}: line {self.lines[0][0]}, {self.lines[0][1][:80]!r}",
                    "one of tab, comma, semicolon and blanks between cells, and none of the others in every line",
                    "Save a copy of the table with tabs between the cells and name that copy.",
                )
            )
        return chosen[0]

    def _fit(self, mark: str) -> int:
        """Return 2 when `mark` makes equal rows, 1 when only the header is one short, 0 otherwise."""
        try:
            header, used = self._joined_header(mark) if self.form.header else ([], 0)
            widths = {len(split_line(text, mark, quoting=self.form.quoting)) for _, text in self.lines[used:]}
        except ValueError:
            return 0
        if len(widths) > 1 or max(widths | {len(header)}) < 2:
            return 0
        width = max(widths, default=len(header))
        head = len(header) if self.form.header else width
        if head == width:
            return 2
        return 1 if head == width - 1 and self._may_be_r(self.lines[0][1], self.lines[used][1], header, mark) else 0

    def _may_be_r(self, line: str, row: str, header: list[str], mark: str) -> bool:
        """Tell whether a header that is one cell short may be R's own, and not what something else split wrongly."""
        if not self.form.r_layout or re.search(r"[\t,; ]" if len(header) == 1 else r"[\t,;]", "".join(header)):
            return False  # a header cell that holds other separators was not split by the right one
        if len(set(map(is_number, header))) == 2:
            return False  # a name and numbers are a row that lacks a cell
        # A comma may be that of a decimal fraction, a blank that of thousands: there R's quotes must tell.
        doubtful = mark == "," or (mark == BLANKS and len(header) == 2)
        quoted = line.startswith('"') and row.startswith('"') and not (mark == "," and len(header) == 2)
        return not doubtful or quoted

    def _joined_header(self, mark: str) -> tuple[list[str], int]:
        """Return the cells of the header and how many lines it takes (line breaks within quotes)."""
        joined = self.lines[0][1]
        for used in range(1, len(self.lines) + 1):
            try:
                cells = split_line(joined, mark, quoting=self.form.quoting)
            except ValueError:
                if used == len(self.lines) or used == _MAX_HEADER_LINES or joined.count('"') % 2 == 0:
                    raise
                joined += "\n" + self.lines[used][1]
                continue
            if any("\n" in cell and mark in cell for cell in cells):  # a stray quote that swallowed a row
                raise ValueError("a quote is opened and not closed in its line")
            return cells, used
        raise AssertionError  # the loop returns or raises

    def _header(self) -> tuple[list[str], int]:
        if not self.form.header:
            try:
                return numbered(len(split_line(self.lines[0][1], self.separator, quoting=self.form.quoting))), 0
            except ValueError as error:
                raise InputError(bad_line(self.where, self.lines[0][0], self.lines[0][1], str(error))) from error
        try:
            cells, used = self._joined_header(self.separator)
        except ValueError as error:
            raise InputError(bad_line(self.where, self.lines[0][0], self.lines[0][1], str(error))) from error
        return [re.sub(r"\s*\n\s*", " ", cell).strip() for cell in cells], used

    def _header_behind_mark(self, comment: str, width: int) -> list[str]:
        """Return the cells of a header that begins with #, if the last comment is one; else nothing."""
        try:
            cells = [
                cell.strip() for cell in split_line(comment.lstrip("# "), self.separator, quoting=self.form.quoting)
            ]
        except ValueError:
            return []
        if not self.form.header or len(cells) != width or width < 2 or plain_word(cells[0]) not in IDENTIFIER_WORDS:
            return []
        self.notes.append(f"{self.where.rsplit('/', 1)[-1]}: the header begins with #")
        return cells

    def _complete(self, names: list[str], used: int) -> tuple[list[str], bool]:
        """Add the missing header of R's row names, where that is what is missing."""
        if not self.form.header or used == len(self.lines) or not self.form.r_layout:
            return names, False
        try:
            width = len(split_line(self.lines[used][1], self.separator, quoting=self.form.quoting))
        except ValueError:
            return names, False  # told as a bad row
        if width != len(names) + 1:
            return names, False
        word = next((name for name in names if plain_word(name) in ANNOTATION_WORDS or not name), None)
        sure = word is None and self._may_be_r(self.lines[0][1], self.lines[used][1], names, self.separator)
        if not sure and not self._counts_rows([text for _, text in self.lines[used:]]):
            raise InputError(
                Problem(
                    f"the header has {len(names)} cells, the rows have {width}: the name of a column is missing",
                    f"{self.where}: line {self.lines[0][0]}, header {', '.join(map(repr, names[:20]))}",
                    "as many header cells as columns; or one less, as R writes it, when the first column holds the row "
                    "names and no header cell describes genes"
                    + (f" as {word!r} does" if word else "")
                    + ("; between commas, names and header within quotes" if self.separator == "," else ""),
                    "Find out which column has no name, or whether decimal commas or thousands separators make cells of "
                    "one number; mend it in a copy of the file and name that copy.",
                )
            )
        return ["", *names], True

    def _counts_rows(self, texts: list[str]) -> bool:
        """Tell whether the first cells are 1, 2, 3, …: then R wrote the numbers of its rows, and no header for them."""
        try:
            cells = [split_line(text, self.separator, quoting=self.form.quoting)[0] for text in texts]
        except ValueError:
            return False
        return len(cells) > 2 and cells == [str(number) for number in range(1, len(cells) + 1)]
