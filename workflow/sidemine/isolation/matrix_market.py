"""Read a MatrixMarket file of counts strictly. To be called inside `run_isolated`: SciPy's reader is native code.

SciPy takes `6,5` and `6.5` of an integer matrix for 6, passes over what follows the value, and adds up what stands at
one place. Here each line is checked before SciPy sees it, and each place may be given once.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation.entries import Entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK = 2**24
"""Bytes of text that are read at once: about a million entries."""
_MAX_LINE = 10_000
_MAX_COMMENTS = 10_000
_MAX_SIZE = 2**31 - 1
# Possessive: nothing is tried twice, so that a line of any content costs its length.
_NUMBER = rb"[0-9]++(?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]++)?+"
_LINES = {
    b"integer": re.compile(rb"(?:[ \t]*+[0-9]++[ \t]++[0-9]++[ \t]++-?+[0-9]++[ \t]*+\r?+\n)*+"),
    b"real": re.compile(rb"(?:[ \t]*+[0-9]++[ \t]++[0-9]++[ \t]++-?+" + _NUMBER + rb"[ \t]*+\r?+\n)*+"),
}
_BLANK = re.compile(rb"\s*")


def read_matrix_market(stream: IO[bytes], where: str) -> tuple[tuple[int, int], Iterator[Entries]]:
    """Read a sparse matrix of integers or reals, block by block.

    Parameters
    ----------
    stream
        Unpacked content; read once, in pieces.
    where
        File and member, for messages.

    Returns
    -------
    shape : tuple of int
        Cells and genes: a **column** of the file (a cell, in 10x files) is a row here.
    blocks : iterator of Entries
        The entries; to be used up before the stream ends. Of a file that goes cell by cell, or gene by gene, a block is
        held at a time; a file in no order is held whole, since only so can a place that is given twice be seen.

    Raises
    ------
    InputError
        When header, sizes or a line are not what the format says, naming the line; when the matrix is dense, complex,
        symmetric or a pattern without values; when a place is given twice. (The blocks raise it too.)
    """
    kind, sizes, n_lines = _read_header(stream, where)
    blocks = _each_place_once(_parse(_CheckedLines(stream, kind, n_lines, where), kind, sizes, where), where)
    return (sizes[1], sizes[0]), blocks


def _parse(lines: _CheckedLines, kind: bytes, sizes: tuple[int, int, int], where: str) -> Iterator[Entries]:
    import scipy.io

    rows, columns, left = sizes
    while left or lines.pending:
        text = lines.read()
        n_entries = text.count(b"\n")
        if n_entries > left:
            raise InputError(_bad(where, f"Too many lines: the header says {sizes[2]:,} entries"))
        if left and not text and not lines.pending:
            raise InputError(_bad(where, f"Expected another {left} lines"))
        if not n_entries:
            continue
        head = b"%%MatrixMarket matrix coordinate " + kind + b" general\n%d %d %d\n" % (rows, columns, n_entries)
        try:
            part = scipy.io.mmread(io.BytesIO(head + text), spmatrix=False)
        except (ValueError, OverflowError, zlib.error) as error:
            raise InputError(_bad(where, re.sub(r"^Line \d+: ", "", str(error))[:200])) from error
        left -= n_entries
        yield Entries(part.col, part.row, part.data)


def _each_place_once(blocks: Iterator[Entries], where: str) -> Iterator[Entries]:
    """Yield entries after a look for places that are given twice; the last cell (or gene) waits for the next block."""
    import numpy as np

    order = ""
    waiting: list[Entries] = []
    for new in blocks:
        block = _joined([*waiting, new])
        rising = [name for name in ("cells", "genes") if _never_falls(getattr(block, name))]
        if order and order not in rising:
            reason = f"it begins ordered by {order} and goes on otherwise, so that a place may be given twice"
            raise InputError(_bad(where, reason))
        if not rising:  # in no order
            waiting = [block, *blocks]
            break
        waiting = [block]
        if len(rising) == 2 and not order:  # so few entries that either may be meant
            continue
        order = order or rising[0]
        end = int(np.searchsorted(getattr(block, order), getattr(block, order)[-1], side="left"))
        if end:
            yield _checked(_part(block, 0, end), where)
            waiting = [_part(block, end, None)]
    if waiting:
        yield _checked(_joined(waiting), where)


def _part(block: Entries, start: int, end: int | None) -> Entries:
    return Entries(block.cells[start:end], block.genes[start:end], block.values[start:end])


def _never_falls(places: NDArray[Any]) -> bool:
    return bool((places[1:] >= places[:-1]).all())


def _joined(parts: Sequence[Entries]) -> Entries:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    names = ("cells", "genes", "values")
    return Entries(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _checked(block: Entries, where: str) -> Entries:
    """Return entries sorted by cell and gene; refuse a place that stands twice."""
    import numpy as np

    order = np.lexsort((block.genes, block.cells))
    cells, genes = block.cells[order], block.genes[order]
    twice = int(((cells[1:] == cells[:-1]) & (genes[1:] == genes[:-1])).sum())
    if twice:
        raise InputError(_bad(where, f"{twice:,} places are given more than once"))
    return Entries(cells, genes, block.values[order])


def _read_header(stream: IO[bytes], where: str) -> tuple[bytes, tuple[int, int, int], int]:
    """Return the kind of value, rows × columns × entries, and the number of lines that were read."""
    line = _line(stream)
    words = line.lower().split()
    # Some writers give the banner a single %, which SciPy reads as well.
    if words[:1] not in ([b"%%matrixmarket"], [b"%matrixmarket"]) or len(words) != 5:
        raise InputError(_bad(where, f"line 1, {line[:80]!r}, is no header of the format"))
    if words[1:3] != [b"matrix", b"coordinate"] or words[3] not in _LINES or words[4] != b"general":
        raise InputError(_bad(where, f"line 1 declares {b' '.join(words[1:]).decode('ascii', 'replace')[:80]}"))
    for number in range(2, _MAX_COMMENTS):
        line = _line(stream)
        if not line:
            break
        if line.startswith(b"%") or not line.strip():
            continue
        cells = line.split()
        if len(cells) != 3 or not all(cell.isdigit() and len(cell) < 20 for cell in cells):
            break
        rows, columns, entries = (int(cell) for cell in cells)
        if max(rows, columns) > _MAX_SIZE or entries > rows * columns:
            break
        return words[3], (rows, columns, entries), number
    raise InputError(_bad(where, f"no sizes that can be: {line[:80]!r}"))


def _line(stream: IO[bytes]) -> bytes:
    return stream.readline(_MAX_LINE)


class _CheckedLines:
    """The lines of entries, some at a time, after they were looked at."""

    def __init__(self, stream: IO[bytes], kind: bytes, n_lines: int, where: str) -> None:
        self._stream = stream
        self._pattern = _LINES[kind]
        self._n_lines = n_lines
        self._where = where
        self._rest = b""
        self._ended = False

    @property
    def pending(self) -> bool:
        """Whether the end of the file was not seen yet."""
        return not self._ended

    def read(self) -> bytes:
        """Return the next lines, each complete; nothing at the end."""
        return b"" if self._ended else self._next_lines()

    def _next_lines(self) -> bytes:
        data = self._stream.read(_CHUNK)
        self._ended = not data
        lines = self._rest + data
        if self._ended:
            lines += b"" if lines.endswith(b"\n") or not lines else b"\n"
            end = len(lines)
        else:
            end = lines.rfind(b"\n") + 1
        lines, self._rest = lines[:end], lines[end:]
        if len(self._rest) > _MAX_LINE:
            self._refuse(self._rest, 0)
        match = self._pattern.match(lines)
        stop = match.end() if match else 0
        if stop < len(lines) and not (_BLANK.fullmatch(lines, stop) and self._only_blanks_follow()):
            self._refuse(lines, stop)
        self._n_lines += lines.count(b"\n")
        return lines[:stop]

    def _only_blanks_follow(self) -> bool:
        while data := self._rest + self._stream.read(_CHUNK):
            self._rest = b""
            if not _BLANK.fullmatch(data):
                return False
        self._ended = True
        return True

    def _refuse(self, lines: bytes, start: int) -> None:
        line = lines[start : start + 80].split(b"\n")[0]
        number = self._n_lines + lines.count(b"\n", 0, start) + 1
        raise InputError(_bad(self._where, f"line {number}, {line.decode('latin-1')!r}, is no entry"))


def _bad(where: str, what: str) -> Problem:
    return Problem(
        "the MatrixMarket file cannot be read",
        f"{where}: {what}",
        "matrix coordinate integer (or real) general; per line a row, a column and one number with a decimal point; "
        "each place once; as many lines as the header says",
        "Retrieve the file again; if it comes back the same, ask its depositor.",
    )
