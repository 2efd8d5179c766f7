"""MatrixMarket: what SciPy would read as another number, or add up, is refused with its line."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.isolation.entries import to_csr
from sidemine.isolation.matrix_market import read_matrix_market

HEAD = "%%MatrixMarket matrix coordinate integer general\n% by hand\n3 2 2\n"


def _read(text: bytes) -> np.ndarray:
    shape, blocks = read_matrix_market(io.BytesIO(text), "a.mtx")
    return to_csr(blocks, shape).toarray()


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "1 1 6\n3 2 4\n",
        HEAD + "1 1 6\n3 2 4",
        HEAD + "1\t1  6 \r\n3 2 4\r\n\n  \n",
        HEAD.replace("3 2 2", "  3  2   2")
        + "    1     1       6\n    3     2       4\n",  # padded, as some tools write
        HEAD.replace("integer", "real") + "1 1 6.0\n3 2 0.4e1\n",
    ],
)
def test_entries_are_read_transposed(text: str) -> None:
    """Columns of the file are cells, rows of the result; line ends and spaces may differ."""
    np.testing.assert_array_equal(_read(text.encode("latin-1")), [[6, 0, 0], [0, 0, 4]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "1 1 6,5\n2 2 3\n", "line 4, '1 1 6,5', is no entry"),
        (HEAD + "1 1 6\n2 2 3.5\n", "line 5, '2 2 3.5', is no entry"),
        (HEAD + "1 1 6 5\n2 2 3\n", "line 4, '1 1 6 5'"),
        (HEAD + "1 1 1_000\n2 2 3\n", "line 4, '1 1 1_000'"),
        (HEAD + "1 1 5-3\n2 2 3\n", "line 4, '1 1 5-3'"),
        (HEAD + "1 1\n2 2 3\n", "line 4, '1 1'"),
        (HEAD + "1 1 6\n\n2 2 3\n", "line 5, ''"),
        (HEAD.replace("integer", "real") + "1 1 nan\n2 2 3\n", "line 4, '1 1 nan'"),
        (HEAD + "1 1 6\n", "Expected another 1 lines"),
        (HEAD + "1 1 6\n2 2 3\n1 2 3\n", "Too many lines"),
        (HEAD + "4 1 6\n2 2 3\n", "index out of bounds"),
        (HEAD + "0 1 6\n2 2 3\n", "index out of bounds"),
        (HEAD + "1 1 6\n1 1 3\n", "1 places are given more than once"),
        (HEAD.replace("general", "symmetric") + "1 1 6\n2 2 3\n", "declares matrix coordinate integer symmetric"),
        (HEAD.replace("integer", "pattern") + "1 1\n2 2\n", "declares matrix coordinate pattern"),
        (HEAD.replace("integer", "complex") + "1 1 1 1\n", "declares matrix coordinate complex"),
        (HEAD.replace("3 2 2", "3 2 7"), "no sizes that can be"),
        (HEAD.replace("3 2 2", "3 -2 1"), "no sizes that can be"),
        ("", "is no header"),
        ("<html>", "is no header"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused_with_its_place(text: str, words: str) -> None:
    """Never another number than the one that stands there, never a sum of two."""
    with pytest.raises(InputError, match="MatrixMarket file cannot be read") as caught:
        _read(text.encode("latin-1"))
    assert words in str(caught.value)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(1, 10**9)), unique_by=lambda one: one[:2]))
def test_whatever_scipy_writes_comes_back(entries: list[tuple[int, int, int]]) -> None:
    """Any matrix that SciPy writes is read, in any order of its entries."""
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    matrix = (
        sp.coo_array((np.array(values, dtype=np.int64), (np.array(rows) - 1, np.array(columns) - 1)), shape=(9, 7))
        if entries
        else sp.coo_array((9, 7), dtype=np.int64)
    )
    written = io.BytesIO()
    scipy.io.mmwrite(written, matrix, symmetry="general")
    np.testing.assert_array_equal(_read(written.getvalue()), matrix.toarray().T)
