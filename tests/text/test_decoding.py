"""Bytes of any text become clean UTF-8 lines, or are refused; nothing is cut, and what was odd is told."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.text.decoding import open_decoded, read_text

TEXT = "gène\ts1\nIRF1\t5\nµ\t6\n"


def _packed(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = gzip.compress(data, mtime=0)  # names of tests hold the bytes, and all workers must agree on them
    return data


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_every_encoding_line_end_and_layer_of_gzip_gives_the_same_text(encoding: str, end: str, layers: int) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    data = mark + TEXT.replace("\n", end).encode(encoding)
    for _ in range(layers):
        data = gzip.compress(data)
    text, notes = read_text(data, "here")
    assert text == TEXT
    assert any("gzip within gzip" in note for note in notes) == (layers == 2)
    assert any("Latin-1" in note for note in notes) == (encoding == "latin-1")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=60), st.integers(1, 9))
def test_a_stream_in_small_pieces_gives_the_text_of_the_whole(text: str, size: int) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    with open_decoded(text.encode(), "here") as decoded:
        pieces = list(iter(lambda: decoded.stream.read(size), b""))
    assert b"".join(pieces).decode() == expected


def test_lines_that_cross_a_block_stay_whole() -> None:
    line = "é" * 700_000 + "\r\n"
    assert read_text((line * 3).encode(), "here")[0] == line.replace("\r", "") * 3


def test_a_file_of_two_encodings_is_read_line_by_line_as_geo_needs_it() -> None:
    text, notes = read_text("µ\n".encode() + "µ\n".encode("latin-1"), "x/mixed.txt")
    assert text == "µ\nµ\n"
    assert notes == ["mixed.txt: text that is not UTF-8 was read as Latin-1"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a\tb\n\0\0\n", "NUL"),
        (b"\xff\xfea\0b", "half a character of UTF-16"),
        (b"\xff\xfe\0\xdc", "half a character of UTF-16"),
        ("a\0b".encode("utf-16"), "NUL"),
        ("plain".encode("utf-16-le"), "NUL"),
        (_packed(b"a", times=4), "more than 3 times"),
        (bz2.compress(b"a\tb\n"), "compressed by bzip2"),
        (lzma.compress(b"a\tb\n"), "compressed by xz"),
        (b"\x28\xb5\x2f\xfd\x20\x05", "compressed by zstd"),
        (b"PK\x03\x04\x14", "a zip archive, as spreadsheets are"),
        (b"name".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
        (_packed(b"name".ljust(257, b"\0") + b"ustar\x0000", times=1), "a tar archive"),
        (b"%PDF-1.7\n", "a PDF"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read_text(data, "here")


@pytest.mark.parametrize("layers", [1, 2])
def test_a_gzip_that_was_cut_short_is_refused(layers: int) -> None:
    data = b"a\t1\n" * 5000
    for _ in range(layers):
        data = gzip.compress(data)
    with pytest.raises(InputError, match="damaged or cut short"):
        read_text(data[:-9], "here")


def test_more_than_the_limit_is_refused() -> None:
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        read_text(gzip.compress(bytes(b"a\n" * 1000)), "here", max_bytes=1000)


def test_gzip_in_gzip_unpacks_no_further_than_gzip_alone_could(tmp_path: Path) -> None:
    """Two layers make 100 kB of 10 GB; one cannot."""
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(gzip.compress(b"a\n" * 10_000_000)))
    assert path.stat().st_size < 5_000
    with pytest.raises(InputError, match="it unpacks to more than"):
        read_text(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is not there"):
        read_text(tmp_path / "absent.tsv")


def test_an_open_stream_is_read_too() -> None:
    assert read_text(io.BytesIO(b"\xef\xbb\xbfa\r"), "here") == ("a\n", [])
