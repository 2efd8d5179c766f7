"""Archives are read without harm, and every byte of a file is looked at."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.retrieve.integrity import carries_simulation_marker, find_defect
from sidemine.sources.forms import error_in_place_of_data
from sidemine.text.archive import check_member_name, iter_tar_members, iter_zip_members, open_data

TABLE = b"gene\tvalue\n" + b"".join(b"G%d\t%d\n" % (number, number * 7919 % 1013) for number in range(5000))


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w", **changes: object) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_tar_members_come_in_order_and_unpacked(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "RAW.tar", {"b.txt.gz": gzip.compress(TABLE), "a.txt": TABLE, "d/": b""})
    names = ["b.txt.gz", "a.txt", "d/"]
    read = [(name, stream.read()) for name, stream in iter_tar_members(path)]
    assert [name for name, _ in read] == names
    assert read[0][1] == read[1][1] == TABLE


@pytest.mark.parametrize(("suffix", "mode"), [("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar", "w")])
def test_compressed_tars_are_read_and_sound(tmp_path: Path, suffix: str, mode: str) -> None:
    path = write_tar(tmp_path / f"x.{suffix}", {"a.txt": TABLE}, mode)
    assert [name for name, _ in iter_tar_members(path)] == ["a.txt"]
    assert find_defect(path, path.name) is None


def test_zip_members_come_in_order_and_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"b.gz": gzip.compress(TABLE), "folder/": b"", "folder/a.txt": TABLE})
    assert [(name, stream.read()) for name, stream in iter_zip_members(path)] == [
        ("b.gz", TABLE),
        ("folder/a.txt", TABLE),
    ]
    assert find_defect(path, "x.zip") is None


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "..\\evil", "C:\\evil", "a/.."])
def test_members_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    tar = write_tar(tmp_path / "x.tar", {"good": b"1", name: b"x"})
    with pytest.raises(InputError, match="leads out of it"):
        list(iter_tar_members(tar))
    assert "leads out of it" in (find_defect(tar, "x.tar") or "")
    packed = write_zip(tmp_path / "x.zip", {name: b"x"})
    with pytest.raises(InputError, match="leads out of it"):
        list(iter_zip_members(packed))


@given(st.text(alphabet="ab./\\:\0", min_size=1, max_size=12))
def test_a_name_that_passes_stays_inside(name: str) -> None:
    try:
        check_member_name(name, "x.tar")
    except InputError:
        return
    root = Path("/root/of/archive")
    import os

    assert os.path.normpath(root / name).startswith(str(root))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = write_tar(tmp_path / "x.tar", {"a": b""}, type=kind, linkname="/etc/passwd")
    with pytest.raises(InputError, match="no ordinary file"):
        list(iter_tar_members(path))


def test_a_member_that_unpacks_without_end_is_cut_off(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    path = write_tar(tmp_path / "x.tar", {"bomb.gz": bomb})
    _, stream = next(iter_tar_members(path, max_member_bytes=1_000_000))
    with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes"):
        stream.read()


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "x.gz", (folder / "x.gz").write_bytes(gzip.compress(bytes(5_000_000))))[0],
        lambda folder: write_zip(folder / "x.zip", {"a": bytes(5_000_000)}),
        lambda folder: write_tar(folder / "x.tar", {f"{n}.gz": gzip.compress(bytes(800_000)) for n in range(3)}),
        lambda folder: write_tar(folder / "x.tar.gz", {"a": bytes(5_000_000)}, "w:gz"),
    ],
)
def test_bombs_are_defects(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """The bound holds for all members together."""
    path = make(tmp_path)
    assert "unpacks to more than" in (find_defect(path, path.name, max_unpacked=1_000_000) or "")
    assert find_defect(path, path.name) is None


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    members = {str(number): b"x" for number in range(20)}
    for path, read in (
        (write_tar(tmp_path / "x.tar", members), iter_tar_members),
        (write_zip(tmp_path / "x.zip", members), iter_zip_members),
    ):
        with pytest.raises(InputError, match="more than 10 members"):
            list(read(path, max_members=10))
        assert "more than 10 members" in (find_defect(path, path.name, max_members=10) or "")


@pytest.mark.parametrize("cut", [1, 9, 600, 2000])
@pytest.mark.parametrize("kind", ["gz", "zip", "tar.gz"])
def test_truncation_is_found_in_compressed_files(tmp_path: Path, kind: str, cut: int) -> None:
    path = tmp_path / f"x.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(TABLE))
    elif kind == "zip":
        write_zip(path, {"a.txt": TABLE})
    else:
        write_tar(path, {"a.txt": TABLE}, "w:gz")
    path.write_bytes(path.read_bytes()[:-cut])
    assert "damaged or cut short" in (find_defect(path, path.name) or "")


def test_truncation_is_found_in_plain_tars_also_between_members(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "x.tar", {"a": b"x" * 1000, "b": b"y" * 1000}).read_bytes()
    for length in (512, 700, 1536, 2048, 2500, 3072):  # 1536 and 3072 lie exactly between two members
        path = tmp_path / "cut.tar"
        path.write_bytes(whole[:length])
        assert "damaged or cut short" in (find_defect(path, "cut.tar") or ""), length


@pytest.mark.parametrize("position", [30, 2000, -6])
def test_a_flipped_byte_is_found(tmp_path: Path, position: int) -> None:
    data = bytearray(gzip.compress(TABLE))
    data[position] ^= 0xFF
    path = tmp_path / "x.gz"
    path.write_bytes(bytes(data))
    assert "damaged" in (find_defect(path, "x.gz") or "")


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "RAW.tar", {"good.gz": gzip.compress(TABLE), "bad.gz": gzip.compress(TABLE)[:-5]})
    assert "member 'bad.gz'" in (find_defect(path, "RAW.tar") or "")


def test_a_wrong_checksum_in_a_zip_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", b"abcdefgh" * 100)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdefgX", 1))
    assert "damaged" in (find_defect(path, "x.zip") or "")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"a.txt": TABLE})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the member's header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert "encrypted" in (find_defect(path, "x.zip") or "")


def test_kinds_follow_the_content_not_only_the_name(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(TABLE)[:-5])
    assert "damaged" in (find_defect(path, "counts.tsv") or "")
    path.write_bytes(TABLE)
    assert find_defect(path, "counts.tsv") is None
    assert "promises gzip" in (find_defect(path, "counts.tsv.gz") or "")
    path.write_bytes(b"")
    assert find_defect(path, "counts.tsv") == "the file is empty"


def test_pages_are_told_from_data() -> None:
    assert error_in_place_of_data(b"\n <!DOCTYPE HTML PUBLIC") == "an HTML page"
    assert error_in_place_of_data(b"<?xml version='1.0'?><html>") == "an HTML page"
    assert error_in_place_of_data(b"<5\t>3\n") is None
    assert error_in_place_of_data(b"gene\t<html>\n") is None


def test_a_damaged_stream_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TABLE)[:-20])
    with open_data(path) as stream, pytest.raises(InputError, match=r"x\.gz"):
        stream.read()


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_a_cut_hdf5_file_is_found(tmp_path: Path, version: str) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "cells.h5ad"
    with h5py.File(path, "w", libver=version) as file:
        file["X"] = list(range(5000))
        file["uns/simulated"] = MARK.decode()
    assert find_defect(path, path.name) is None
    assert carries_simulation_marker(path)
    data = path.read_bytes()
    for length in (len(data) - 1, len(data) // 2):
        path.write_bytes(data[:length])
        assert "cut short" in (find_defect(path, path.name) or "")
    path.write_bytes(data[:10])
    assert "superblock" in (find_defect(path, path.name) or "")


MARK = b"SIDEMINE-SIMULATED"
LONG = b"gene\t1\n" * 300_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("head.tsv", b"# " + MARK + b"\n" + TABLE),
        ("tail.tsv", LONG + b"__" + MARK + b"\t0\n"),
        ("split.tsv", b"x" * (2**20 - 5) + MARK),
        ("matrix.txt.gz", gzip.compress(b'!Series_summary\t"' + MARK + b'"\n' + TABLE, mtime=0)),
        ("tail.txt.gz", gzip.compress(LONG + MARK, mtime=0)),
        ("cells.h5ad", b"\x89HDF\r\n\x1a\n" + bytes(3_000_000) + MARK + bytes(1000)),
    ],
)
def test_the_simulators_mark_is_found(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert carries_simulation_marker(path)
    path.write_bytes(TABLE)
    assert not carries_simulation_marker(path)


def test_the_simulators_mark_is_found_inside_archives(tmp_path: Path) -> None:
    marked = gzip.compress(LONG + b"__" + MARK + b"\t0\n")
    members = {"a.txt": TABLE, "b.txt.gz": marked}
    assert carries_simulation_marker(write_tar(tmp_path / "x.tar", members))
    assert carries_simulation_marker(write_tar(tmp_path / "x.tar.gz", members, "w:gz"))
    assert carries_simulation_marker(write_zip(tmp_path / "x.zip", members))
    assert not carries_simulation_marker(write_tar(tmp_path / "y.tar", {"a.txt": TABLE}))
    assert not carries_simulation_marker(write_zip(tmp_path / "y.zip", {"a.txt": TABLE}))


def test_a_tar_under_another_compression_is_at_least_not_mistaken(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(bz2.compress(TABLE))
    assert "promises tar" in (find_defect(path, "x.tar") or "")


@pytest.mark.real_files
def test_real_files_are_sound_and_real(real_files: Path) -> None:
    """No check cries wolf on genuine files; the one truncated file is found."""
    for path in sorted((real_files / "mirror").rglob("*")):
        if path.is_file():
            assert find_defect(path, path.name) is None, path
            assert not carries_simulation_marker(path), path
    for path in sorted((real_files / "data").rglob("*.h5ad")):
        assert find_defect(path, path.name) is None, path
    truncated = real_files / "data/miniatures/GPL10558.truncated.annot.gz"
    assert "damaged or cut short" in (find_defect(truncated, truncated.name) or "")
