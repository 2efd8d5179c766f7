"""Read a MatrixMarket file of counts strictly. To be called inside `run_isolated`: SciPy's reader is native code.

SciPy takes `6,5` and `6.5` of an integer matrix for 6, passes over what follows the value, and adds up what stands at
one place. Here each line is checked before SciPy sees it, and each place may be given once.
"""

from __future__ import annotations

import re
import zlib
from typing import IO, Any

from sidemine.errors import InputError, Problem

_CHUNK = 2**20
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


def read_matrix_market(stream: IO[bytes], where: str) -> Any:
    """Read a sparse matrix of integers or reals.

    Parameters
    ----------
    stream
        Unpacked content; read once, in pieces.
    where
        File and member, for messages.

    Returns
    -------
    scipy.sparse.csr_matrix
        The **transposed** matrix: a column of the file (a cell, in 10x files) is a row here.

    Raises
    ------
    InputError
        When header, sizes or a line are not what the format says, naming the line; when the matrix is dense, complex,
        symmetric or a pattern without values; when a place is given twice.
    """
    import scipy.io
    import scipy.sparse as sp

    kind, sizes, n_lines = _read_header(stream, where)
    body = _CheckedLines(stream, kind, sizes, n_lines, where)
    try:
        entries = scipy.io.mmread(body, spmatrix=False)
    except (ValueError, OverflowError, zlib.error) as error:
        raise InputError(_bad(where, re.sub(r"^Line \d+: ", "", str(error))[:200])) from error
    matrix = sp.csr_matrix(entries.T)
    if matrix.nnz != sizes[2]:
        raise InputError(_bad(where, f"{sizes[2] - matrix.nnz:,} places are given more than once"))
    return matrix


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
    """The file as SciPy reads it: a plain header, and lines that were looked at."""

    def __init__(self, stream: IO[bytes], kind: bytes, sizes: tuple[int, int, int], n_lines: int, where: str) -> None:
        self._stream = stream
        self._pattern = _LINES[kind]
        self._n_lines = n_lines
        self._where = where
        self._waiting = b"%%MatrixMarket matrix coordinate " + kind + b" general\n%d %d %d\n" % sizes
        self._rest = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; nothing at the end."""
        while not self._waiting and not self._ended:
            self._waiting = self._next_lines()
        size = len(self._waiting) if size < 0 else size
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return taken

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
