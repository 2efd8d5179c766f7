"""Beginnings of files: the same names as the whole file gives, whatever the tar or table looks like."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.preflight.heads import bring_head
from sidemine.preflight.inputs import Input
from sidemine.retrieve.needed_files import Source
from sidemine.study.rows import Dataset

URL = "https://example.org/"


class _Bytes:
    """Stands for a server: gives ranges of one file and counts what it gave."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.given = 0

    def fetch(self, url: str, start: int, end: int) -> bytes:
        """Return the bytes from start to end, both included."""
        assert 0 <= start <= end, url
        block = self.data[start : end + 1]
        self.given += len(block)
        return block


def _row(layout: str) -> Dataset:
    return Dataset.model_construct(dataset="d", layout=layout)


def _head(layout: str, name: str, data: bytes, folder: Path, role: str = "values") -> tuple[Path | None, _Bytes]:
    server: Any = _Bytes(data)
    item = Input(Source("k", (URL + name,), "values of dataset d"), "to be fetched", URL + name, None, len(data))
    return bring_head(_row(layout), role, item, folder, server, whole=0), server


_NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=150).filter(
        lambda name: name.strip() == name and name not in {".", ".."}
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=_NAMES, form=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), data=st.data()
)
def test_the_names_in_a_tar_are_read_from_its_headers_alone(tmp_path, names, form, data):
    """Long names, names outside ASCII, contents of any size: same members, same sizes, contents never asked for."""
    packed = io.BytesIO()
    try:
        with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = data.draw(st.sampled_from([0, 1, 511, 512, 513, 20_000]))
                archive.addfile(member, io.BytesIO(b"x" * member.size))
    except ValueError:
        return  # USTAR has no room for such a name
    path, server = _head("archive", "a.tar", packed.getvalue(), tmp_path)
    assert path is not None
    with tarfile.open(fileobj=io.BytesIO(packed.getvalue())) as whole, tarfile.open(path) as head:
        assert [(one.name, one.size) for one in head] == [(one.name, one.size) for one in whole]
    assert server.given < 512 * (7 * len(names) + 3)


def test_a_table_is_cut_at_the_end_of_a_line(tmp_path):
    """A row that was cut in the middle would be a row of another number of cells."""
    rows = [f"g{number}\t{number * 7919 % 100_003}\t{number * 104_729 % 99_991}" for number in range(60_000)]
    text = "gene\ts1\ts2\n" + "\n".join(rows) + "\n"
    packed = gzip.compress(text.encode())
    path, server = _head("table", "a.tsv.gz", packed, tmp_path)
    assert path is not None
    lines = path.read_text().splitlines()
    assert lines == text.splitlines()[: len(lines)]
    assert 200 < len(lines) < len(rows)
    assert server.given < len(packed)


def test_a_short_table_without_a_last_line_end_is_whole(tmp_path):
    """Nothing is cut off what ends by itself."""
    path, _ = _head("table", "a.tsv", b"gene\ts1\nMX1\t5", tmp_path)
    assert path is not None
    assert path.read_bytes() == b"gene\ts1\nMX1\t5"


@pytest.mark.parametrize("name", ["a.h5ad", "a.xlsx"])
def test_what_cannot_be_told_from_a_beginning_is_left_to_the_run(tmp_path, name):
    """Samples that stand all over a file are not guessed at."""
    layout = "h5ad" if name.endswith("h5ad") else "table"
    assert _head(layout, name, b"x" * 5000, tmp_path)[0] is None


@pytest.mark.parametrize(
    ("layout", "name", "data", "words"),
    [
        ("archive", "a.tar", b"no tar at all" * 500, "no tar archive"),
        (
            "series_matrix",
            "a.txt.gz",
            gzip.compress(b"!x\n", mtime=0)[:-9] + b"zzzzzzzzzzzzzzzzz",
            "series_matrix_table_begin|damaged",
        ),
        ("series_matrix", "a.txt", b"!Series_title\tx\n" * 50, "series_matrix_table_begin"),
    ],
)
def test_what_does_not_begin_as_it_should_is_told(tmp_path, layout, name, data, words):
    """In four parts, with the address."""
    with pytest.raises(InputError, match=words) as caught:
        _head(layout, name, data, tmp_path)
    assert URL in str(caught.value)


def test_a_file_that_is_here_is_read_itself(tmp_path):
    """No server is asked."""
    there = SimpleNamespace(path=tmp_path / "x.h5ad")
    assert bring_head(_row("h5ad"), "values", there, tmp_path, None) == tmp_path / "x.h5ad"  # type: ignore[arg-type]
