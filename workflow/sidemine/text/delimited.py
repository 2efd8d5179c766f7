"""The one strict reader of delimited text.

Every row has as many cells as the header, quotes are balanced within their line, and every row remembers its line in
the file. Rows are checked here and split into cells by Arrow, which by itself would let a quote swallow lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sidemine.errors import InputError, Problem
from sidemine.text.decoding import MAX_BYTES, Decoded, Source, is_web_page, open_decoded, truncated, web_page
from sidemine.text.numbers import as_numbers, is_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLANKS = " "
"""The separator 'one or several blanks'."""

Comments = Literal["leading", "anywhere", "none"]
"""Which lines that begin with # are comments."""

SEPARATOR_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", BLANKS: "blanks"}

# fmt: off
IDENTIFIER_WORDS = frozenset({
    "accession", "affyid", "ensembl", "ensemblgeneid", "ensemblid", "ensg", "ensgene", "ensid", "entrez",
    "entrezgene", "entrezgeneid", "entrezid", "externalgenename", "feature", "featureid", "gene", "geneid",
    "geneids", "genename", "genenames", "genes", "genesymbol", "genesymbols", "hgnc", "hgncid", "hgncsymbol", "id", "identifier",
    "idref", "ilmngene", "locus", "locustag", "mirna", "name", "orf", "probe", "probeid", "probename", "probeset", "probesetid",
    "protein", "proteinid", "refseq", "rowname", "rownames", "symbol", "symbols", "targetid", "trackingid", "transcript",
    "transcriptid", "transcriptids", "tssid", "uniprot",
})
"""Header words, of letters and digits only and in lower case, that stand over the names of rows."""

ANNOTATION_WORDS = IDENTIFIER_WORDS | {
    "biotype", "chr", "chrom", "chromosome", "description", "cdsend", "cdsstart", "classcode", "effectivelength",
    "end", "exoncount", "exonnumber", "exons", "gc", "gccontent", "genebiotype", "genedescription",
    "genelength", "genetype", "geneversion", "length",
    "numexons", "percentgc", "transcriptlength", "txend", "txlen", "txlength", "txstart", "seqname", "start", "stop", "strand", "type", "width",
}
"""Header words that describe genes and never stand over a sample."""

STATISTIC_WORDS = frozenset({
    "abscall", "adjpval", "adjpvalue", "adjustedpvalue", "aveexpr", "avgnbeads", "b", "basemean", "beadstderr", "beadstdev",
    "bonferroni", "cv", "detection", "detectioncall", "detectionpval", "detectionpvalue", "f", "fc", "fdr", "foldchange", "lfcse",
    "log10pvalue", "log2fc", "log2foldchange", "logcpm", "logfc", "logfoldchange", "lr", "max", "mean", "median", "min",
    "average", "padj", "pval", "pvalue", "qval", "ratio",
    "qvalue", "sd", "se", "sem", "stat", "stddev", "stderr", "stdev", "svalue", "t", "zscore",
})
"""Header words of results of tests and of measurement errors, which are no samples either."""
SHORT_STATISTICS = frozenset({
    "average", "b", "cv", "f", "fc", "lr", "max", "mean", "median", "min", "ratio", "sd", "se", "sem", "stat", "t",
})
"""Those of them that fit many things: statistics only beside one of an unmistakable name."""
# fmt: on

MAX_COLUMNS = 50_000
"""More than any table of samples has; each column takes some kilobytes, whatever the file's size."""

_MISSING_SPELLINGS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
"""The usual spellings of missing values, which Arrow takes for such; any other is judged cell by cell."""
_SNIFFED = ("\t", ",", ";")
_SNIFFED_LINES = 200
_BLOCK = 1 << 22
_MAX_HEADER_LINES = 50
_MAX_TOLD = 5
_BLANK_CELLS = re.compile(r'"(?:[^"]|"")*+"(?= |$)|[^ "][^ ]*')


def plain_word(name: str) -> str:
    """Return a header cell as a word of letters and digits, in lower case, as the lists of words hold it.

    >>> plain_word("Gene_ID"), plain_word("adj.P.Val")
    ('geneid', 'adjpval')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def unquoted(cell: str) -> str:
    """Return a cell without the pair of quotes that R and spreadsheets write around it.

    >>> unquoted('"STAT1"'), unquoted("5'-UTR"), unquoted('"')
    ('STAT1', "5'-UTR", '"')
    """
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


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
    def from_rows(
        cls, rows: Iterable[Sequence[str]], where: str, *, lines: Sequence[int] | None = None, header: bool = True
    ) -> TextTable:
        """Make a table of cells that something else has split (a spreadsheet).

        Parameters
        ----------
        rows
            Cells as text, the header first.
        where
            File and sheet, for messages.
        lines
            Row numbers in the file, one per row, the header's first; 1, 2, … where they are not given.
        header
            Whether the first row is a header.

        Raises
        ------
        InputError
            When rows have different lengths, or there is none.
        """
        import pyarrow as pa

        cells = [list(row) for row in rows]
        numbers = list(lines) if lines is not None else list(range(1, len(cells) + 1))
        if not cells:
            raise InputError(_no_rows(where))
        width = len(cells[0])
        for number, row in zip(numbers, cells, strict=True):
            if len(row) != width:
                raise InputError(_ragged(where, number, row[0] if row else "", len(row), width))
        names = [name.strip() for name in cells[0]] if header else _numbered(width)
        body = cells[1:] if header else cells
        arrays = [pa.array([row[i] for row in body], pa.string()) for i in range(width)]
        table = pa.table(arrays, names=_arrow_names(width))
        return cls(where, names, numbers[1:] if header else numbers, _cells=table)

    @property
    def n_rows(self) -> int:
        """Number of rows below the header."""
        return len(self.lines)

    def cells(self, column: int | str, limit: int | None = None) -> list[str]:
        """Return the cells of a column (or the first `limit`), given by position or name, as they stand, unquoted."""
        chosen = self._cells.column(self.position(column)).slice(0, limit)
        cells: list[str] = _as_texts(chosen).to_pylist()
        return cells

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

    def numbers(self, column: int | str, *, infinite: bool = False, complete: bool = False) -> NDArray[np.float64]:
        """Return a column as numbers, one per row, NaN where a cell means 'no value'; grammar as in `numbers.parse_number`.

        Parameters
        ----------
        column
            Position or name.
        infinite
            Take `inf` for a number.
        complete
            Refuse missing values.

        Raises
        ------
        InputError
            When a cell is no number: file, line, name of the row, column and value of the first few are told.
        """
        position = self.position(column)
        values = _finite_numbers(self._cells.column(position))
        if values is not None and not complete:
            return values
        return as_numbers(
            self.cells(position), lambda row: self.place(row, position), infinite=infinite, complete=complete
        )

    def matrix(self, columns: Sequence[int], *, complete: bool = False) -> NDArray[np.float64]:
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
                values[:, target] = self.numbers(position, complete=complete)
            except InputError as error:
                problems += error.problems
                if len(problems) >= _MAX_TOLD:
                    break
        if problems:
            raise InputError(problems[:_MAX_TOLD])
        return values


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
    if isinstance(source, Decoded):
        return _Reader(source, separator, header, quoting, comments, r_layout, end_mark, numbers_from, max_rows).read()
    with open_decoded(source, where, max_bytes) as decoded:
        return _Reader(decoded, separator, header, quoting, comments, r_layout, end_mark, numbers_from, max_rows).read()


def split_line(line: str, separator: str, *, quoting: bool = True) -> list[str]:
    """Split one line into unquoted cells.

    Parameters
    ----------
    line
        The line, without its end.
    separator
        A character, or `BLANKS` for any run of blanks.
    quoting
        Whether `"` encloses cells; a doubled one inside stands for itself.

    Raises
    ------
    ValueError
        When a quote is not closed, or text stands after a closing quote.

    Examples
    --------
    >>> split_line('"a,b",say "x",5', ",")
    ['a,b', 'say "x"', '5']
    """
    if separator == BLANKS:
        return split_line(_tabbed(line, quoting), "\t", quoting=quoting)
    if not quoting or '"' not in line:
        return line.split(separator)
    cells: list[str] = []
    position = 0
    while True:
        if line.startswith('"', position):
            end = position + 1
            while (end := line.find('"', end)) >= 0 and line.startswith('"', end + 1):
                end += 2
            if end < 0:
                raise ValueError("a quote is opened and not closed in its line")
            if end + 1 < len(line) and not line.startswith(separator, end + 1):
                raise ValueError("text stands after a closing quote")
            cells.append(line[position + 1 : end].replace('""', '"'))
            end += 1
        else:
            end = line.find(separator, position)
            end = len(line) if end < 0 else end
            cell = line[position:end]
            if cell.count('"') % 2:
                raise ValueError("a quote within a cell has no partner")
            cells.append(cell)
        if end >= len(line):
            return cells
        position = end + 1


def _tabbed(line: str, quoting: bool) -> str:
    """Return a line of cells parted by blanks as one of cells parted by single tabs."""
    if "\t" in line:
        raise ValueError("a tab stands in a line of a table whose cells are parted by blanks")
    if not quoting or '"' not in line:
        return re.sub(" +", "\t", line.strip(" "))
    if _BLANK_CELLS.sub("", line).strip(" "):
        raise ValueError("a quote is opened and not closed in its line")
    return "\t".join(_BLANK_CELLS.findall(line))


class _Reader:
    """Reads one table; the parameters are those of `read_delimited`."""

    def __init__(
        self,
        decoded: Decoded,
        separator: str | None,
        header: bool,
        quoting: bool,
        comments: Comments,
        r_layout: bool,
        end_mark: str,
        numbers_from: int | None,
        max_rows: int | None,
    ) -> None:
        self.decoded = decoded
        self.where = decoded.where
        self.has_header = header
        self.quoting = quoting
        self.comments = comments
        self.accepts_r_layout = r_layout
        self.end_mark = end_mark.encode().lower()
        self.numbers_from = numbers_from
        self.max_rows = max_rows
        self.notes: list[str] = []
        self.separator = separator or ""
        self.width = 0
        self.ended = False

    def read(self) -> TextTable:
        import pyarrow as pa

        comments, first = self._first_lines()
        if not first:
            raise InputError(_no_rows(self.where))
        texts = [(number, line.decode("utf-8")) for number, line in first]
        if is_web_page(texts[0][1]):
            raise InputError(web_page(self.where))
        if not self.separator:
            self.separator = self._sniff(texts)
        names, used = self._header(texts)
        if comments and (marked := self._header_behind_mark(comments[-1].decode("utf-8"), len(names))):
            names, used = marked, 0
        names, r_layout = self._complete(names, texts, used)
        self.width = len(names)
        if self.width > MAX_COLUMNS:
            raise InputError(_too_wide(self.where, self.width))
        lines: list[int] = []
        tables = []
        for numbers, block in self._blocks(first[used:]):
            lines += numbers
            tables.append(self._parse(block) if self.numbers_from is None else self._typed(block, numbers, names))
            if self.max_rows is not None and len(lines) >= self.max_rows:
                break
        cells = pa.concat_tables(tables).slice(0, self.max_rows)
        return TextTable(
            self.where,
            names,
            lines[: self.max_rows],
            self.separator,
            r_layout,
            [line.decode("utf-8") for line in comments],
            [*self.decoded.notes, *self.notes],
            _cells=cells,
        )

    # ------------------------------------------------------------------------------------------------------ lines

    def _next_line(self) -> bytes | None:
        """Return the next line without its end; None at the end of the table."""
        line = b"" if self.ended else self.decoded.line()
        if not line:
            self._finish()
            return None
        if self.end_mark and line.startswith(b"!"):
            if not line.lower().startswith(self.end_mark):
                found = line[:40].decode("utf-8", "replace").strip()
                raise InputError(truncated(self.where, f"{found!r} stands within its table"))
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
        wanted = _SNIFFED_LINES if self.max_rows is None else min(_SNIFFED_LINES, self.max_rows + self.has_header)
        while len(first) < wanted and (line := self._next_line()) is not None:
            if line.startswith(b"#") and self.comments != "none" and (not first or self.comments == "anywhere"):
                comments.append(line)
            elif self._is_row(line):
                first.append((self.decoded.number, line))
        return comments, first

    def _is_row(self, line: bytes) -> bool:
        """Tell whether a line is neither blank nor a comment; a line of separators alone is a row of empty cells."""
        return bool(line.strip(b" ")) and not (self.comments == "anywhere" and line.startswith(b"#"))

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
                pairs = [pair for pair in zip(numbers, lines, strict=True) if self._is_row(pair[1])]
                if len(pairs) < len(lines):
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

    # ----------------------------------------------------------------------------------------------------- layout

    def _sniff(self, lines: list[tuple[int, str]]) -> str:
        """Return the separator that makes rows of equal length."""
        if "\t" in lines[0][1]:
            return "\t"  # nobody writes tabs into a header for another reason
        fits = {mark: self._fit(lines, mark) for mark in _SNIFFED}
        best = max(fits.values())
        if best == 0:
            # Names and descriptions hold blanks: they are asked only when nothing else makes equal rows.
            named = next((mark for mark in (*_SNIFFED, BLANKS) if mark in lines[0][1]), "\t")
            return BLANKS if self._fit(lines, BLANKS) else named
        chosen = [mark for mark in _SNIFFED if fits[mark] == best]
        if len(chosen) > 1:
            names = " and ".join(SEPARATOR_NAMES[mark] for mark in chosen)
            raise InputError(
                Problem(
                    f"it is not clear what separates the cells: {names} both make rows of equal length",
                    f"{self.where}: line {lines[0][0]}, {lines[0][1][:80]!r}",
                    "one of tab, comma, semicolon and blanks between cells, and none of the others in every line",
                    "Save a copy of the table with tabs between the cells and name that copy.",
                )
            )
        return chosen[0]

    def _fit(self, lines: list[tuple[int, str]], mark: str) -> int:
        """Return 2 when `mark` makes equal rows, 1 when only the header is one short, 0 otherwise."""
        try:
            header, used = self._joined_header(lines, mark) if self.has_header else ([], 0)
            widths = {len(split_line(text, mark, quoting=self.quoting)) for _, text in lines[used:]}
        except ValueError:
            return 0
        if len(widths) > 1 or max(widths | {len(header)}) < 2:
            return 0
        width = max(widths, default=len(header))
        head = len(header) if self.has_header else width
        if head == width:
            return 2
        return 1 if head == width - 1 and self._may_be_r(lines[0][1], lines[used][1], header, mark) else 0

    def _may_be_r(self, line: str, row: str, header: list[str], mark: str) -> bool:
        """Tell whether a header that is one cell short may be R's own, and not what something else split wrongly."""
        if not self.accepts_r_layout or re.search(r"[\t,; ]" if len(header) == 1 else r"[\t,;]", "".join(header)):
            return False  # a header cell that holds other separators was not split by the right one
        if len(set(map(is_number, header))) == 2:
            return False  # a name and numbers are a row that lacks a cell
        # A comma may be that of a decimal fraction, a blank that of thousands: there R's quotes must tell.
        doubtful = mark == "," or (mark == BLANKS and len(header) == 2)
        quoted = line.startswith('"') and row.startswith('"') and not (mark == "," and len(header) == 2)
        return not doubtful or quoted

    def _joined_header(self, lines: list[tuple[int, str]], mark: str) -> tuple[list[str], int]:
        """Return the cells of the header and how many lines it takes (line breaks within quotes)."""
        joined = lines[0][1]
        for used in range(1, len(lines) + 1):
            try:
                cells = split_line(joined, mark, quoting=self.quoting)
            except ValueError:
                if used == len(lines) or used == _MAX_HEADER_LINES or joined.count('"') % 2 == 0:
                    raise
                joined += "\n" + lines[used][1]
                continue
            if any("\n" in cell and mark in cell for cell in cells):  # a stray quote that swallowed a row
                raise ValueError("a quote is opened and not closed in its line")
            return cells, used
        raise AssertionError  # the loop returns or raises

    def _header(self, lines: list[tuple[int, str]]) -> tuple[list[str], int]:
        if not self.has_header:
            try:
                return _numbered(len(split_line(lines[0][1], self.separator, quoting=self.quoting))), 0
            except ValueError as error:
                raise InputError(_bad_line(self.where, lines[0][0], lines[0][1], str(error))) from error
        try:
            cells, used = self._joined_header(lines, self.separator)
        except ValueError as error:
            raise InputError(_bad_line(self.where, lines[0][0], lines[0][1], str(error))) from error
        return [re.sub(r"\s*\n\s*", " ", cell).strip() for cell in cells], used

    def _header_behind_mark(self, comment: str, width: int) -> list[str]:
        """Return the cells of a header that begins with #, if the last comment is one; else nothing."""
        try:
            cells = [cell.strip() for cell in split_line(comment.lstrip("# "), self.separator, quoting=self.quoting)]
        except ValueError:
            return []
        if not self.has_header or len(cells) != width or width < 2 or plain_word(cells[0]) not in IDENTIFIER_WORDS:
            return []
        self.notes.append(f"{self.where.rsplit('/', 1)[-1]}: the header begins with #")
        return cells

    def _complete(self, names: list[str], lines: list[tuple[int, str]], used: int) -> tuple[list[str], bool]:
        """Add the missing header of R's row names, where that is what is missing."""
        if not self.has_header or used == len(lines) or not self.accepts_r_layout:
            return names, False
        try:
            width = len(split_line(lines[used][1], self.separator, quoting=self.quoting))
        except ValueError:
            return names, False  # told as a bad row
        if width != len(names) + 1:
            return names, False
        word = next((name for name in names if plain_word(name) in ANNOTATION_WORDS or not name), None)
        sure = word is None and self._may_be_r(lines[0][1], lines[used][1], names, self.separator)
        if not sure and not self._counts_rows([text for _, text in lines[used:]]):
            raise InputError(
                Problem(
                    f"the header has {len(names)} cells, the rows have {width}: the name of a column is missing",
                    f"{self.where}: line {lines[0][0]}, header {', '.join(map(repr, names[:20]))}",
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
            cells = [split_line(text, self.separator, quoting=self.quoting)[0] for text in texts]
        except ValueError:
            return False
        return len(cells) > 2 and cells == [str(number) for number in range(1, len(cells) + 1)]

    # ------------------------------------------------------------------------------------------------------- rows

    def _checked(self, numbers: list[int], lines: list[bytes]) -> bytes:
        """Return the lines as one text for Arrow, after checking the width of each."""
        if self.separator == BLANKS:
            lines = [self._as_tabbed(number, line) for number, line in zip(numbers, lines, strict=True)]
        mark = self._mark.encode()
        wanted = self.width - 1
        problems: list[Problem] = []
        for number, line in zip(numbers, lines, strict=True):
            found = self._quoted_width(number, line, mark) if self.quoting and b'"' in line else line.count(mark)
            if found != wanted:
                name = line.decode("utf-8").split(self._mark)[0]
                problems.append(_ragged(self.where, number, name, found + 1, self.width, self.separator))
                if len(problems) == _MAX_TOLD:
                    break
        if problems:
            raise InputError(problems)
        return b"\n".join([*lines, b""])

    @property
    def _mark(self) -> str:
        return "\t" if self.separator == BLANKS else self.separator

    def _as_tabbed(self, number: int, line: bytes) -> bytes:
        text = line.decode("utf-8")
        try:
            return _tabbed(text, self.quoting).encode()
        except ValueError as error:
            raise InputError(_bad_line(self.where, number, text, str(error))) from error

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
            raise InputError(_bad_line(self.where, number, line.decode("utf-8"), str(error))) from error

    def _typed(self, block: bytes, numbers: list[int], names: list[str]) -> Any:
        """Return the cells of a block, from `numbers_from` on as numbers."""
        import pyarrow as pa

        first = self.numbers_from or 0
        try:
            table = self._split(block, first)
        except pa.ArrowInvalid:
            table = None
        if table is None or any(_finite_numbers(column) is None for column in table.columns[first:]):
            texts = self._parse(block)
            cells = TextTable(self.where, names, numbers, self.separator, _cells=texts)
            values = cells.matrix(range(first, self.width))  # refuses what is no number, with its place
            columns = [pa.array(column, pa.float64(), from_pandas=True) for column in values.T]
            table = pa.table([*texts.columns[:first], *columns], names=_arrow_names(self.width))
        return table

    def _parse(self, block: bytes) -> Any:
        import pyarrow as pa

        try:
            return self._split(block, self.width)
        except pa.ArrowInvalid as error:  # rows were checked above, so this is a difference of the two parsers
            raise InputError(
                Problem(
                    "the table cannot be split into cells",
                    f"{self.where}: {str(error)[:200]}",
                    "plain delimited text",
                    "Save a copy of the table as tab-separated text without quotes and name that copy.",
                )
            ) from error

    def _split(self, block: bytes, numbers_from: int) -> Any:
        import pyarrow as pa
        from pyarrow import csv

        names = _arrow_names(self.width)
        types = {name: pa.float64() if i >= numbers_from else pa.string() for i, name in enumerate(names)}
        if not block:
            return pa.table([pa.array([], kind) for kind in types.values()], names=names)
        return csv.read_csv(
            pa.py_buffer(block),
            read_options=csv.ReadOptions(
                column_names=names, block_size=len(block) + 1, use_threads=len(block) > _BLOCK // 4
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._mark,
                quote_char='"' if self.quoting else False,
                double_quote=self.quoting,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=_MISSING_SPELLINGS, strings_can_be_null=False, check_utf8=False
            ),
        )


def _arrow_names(width: int) -> list[str]:
    return [f"c{position}" for position in range(width)]


def _numbered(width: int) -> list[str]:
    return [f"column {number}" for number in range(1, width + 1)]


def _as_texts(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return column if column.type == pa.string() else pc.fill_null(pc.cast(column, pa.string()), "")


def _finite_numbers(column: Any) -> NDArray[np.float64] | None:
    """Return a column as numbers where Arrow takes every cell for one by our grammar; None where that is not sure.

    Arrow's own `nan` is not trusted: it also takes `nan(12)`. Missing values are those of our own spelling, and whatever is
    not finite must be one of them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    spellings = pa.array(_MISSING_SPELLINGS)
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


def _too_wide(where: str, width: int) -> Problem:
    return Problem(
        f"the table has {width:,} columns",
        where,
        f"at most {MAX_COLUMNS:,} columns of text",
        "Single cells are read from h5ad or 10x files; check that this is the file that was meant.",
    )


def _no_rows(where: str) -> Problem:
    return Problem(
        "the table is empty",
        where,
        "a header line and rows",
        "Check that this is the right file; retrieve it again if it was cut short.",
    )


def _ragged(where: str, number: int, name: str, found: int, wanted: int, separator: str = "") -> Problem:
    named = f", separated by {SEPARATOR_NAMES[separator]}" if separator else ""
    unit = "line" if separator else "row"
    return Problem(
        f"a row has {found} cells, the header {wanted}",
        f"{where}: {unit} {number} ({name.strip()[:60]})",
        f"{wanted} cells in every row{named}; empty cells count",
        "Mend the row in a copy of the file and name that copy; retrieve the file again if it was cut short.",
    )


def _bad_line(where: str, number: int, line: str, why: str) -> Problem:
    return Problem(
        why,
        f"{where}: line {number}, {line[:80]!r}",
        'cells without quotes, or each within a pair of quotes ("" for a quote in such a cell)',
        "Mend the line in a copy of the file and name that copy.",
    )
