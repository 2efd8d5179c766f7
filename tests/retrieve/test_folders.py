"""A local folder of files is one input: the same tar for the same files, and nothing that it does not hold itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidemine.errors import RetrievalError
from sidemine.retrieve.download import fetch
from sidemine.retrieve.needed_files import Source
from sidemine.sources.forms import Form
from sidemine.text.archive import iter_tar_members


def _folder(place: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"ISG15\t{number}\nMX1\t{10 * number + 1}\n")
    return place


def _source(folder: Path, form: Form = "archive") -> Source:
    return Source("local/1/counts", (str(folder),), "values of dataset airway", local_path=folder, form=form)


def test_a_folder_arrives_as_one_tar_with_the_same_bytes_whatever_its_dates_and_order(tmp_path: Path) -> None:
    names = ["GSM2_b.txt", "sub/GSM3_c.txt", "GSM1_a.txt", ".DS_Store"]
    first = _folder(tmp_path / "one", names)
    second = _folder(tmp_path / "two", names)
    for file in sorted(second.rglob("*"), reverse=True):
        os.utime(file, (1, 1))
        file.chmod(0o700)
    records = [
        fetch(_source(folder), tmp_path / f"downloads{number}/local/1/counts", max_bytes=10**6)
        for number, folder in enumerate((first, second))
    ]
    assert records[0].sha256 == records[1].sha256
    members = {name: stream.read() for name, stream in iter_tar_members(tmp_path / "downloads0/local/1/counts")}
    assert list(members) == ["GSM1_a.txt", "GSM2_b.txt", "sub/GSM3_c.txt"]
    assert members["sub/GSM3_c.txt"] == (first / "sub/GSM3_c.txt").read_bytes()
    (second / "GSM1_a.txt").write_text("ISG15\t9\nMX1\t21\n")
    changed = fetch(_source(second), tmp_path / "downloads2/local/1/counts", max_bytes=10**6)
    assert changed.sha256 != records[0].sha256


def test_a_folder_with_a_link_is_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", ["GSM1_a.txt"])
    (tmp_path / "secret").write_text("not of this folder")
    (folder / "GSM2_b.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(RetrievalError, match=r"holds a link, or something else that is no plain file \(GSM2_b.txt\)"):
        fetch(_source(folder), tmp_path / "downloads/local/1/counts", max_bytes=10**6)
    assert not list((tmp_path / "downloads").rglob("*.part"))


def test_an_empty_folder_and_one_that_is_too_large_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RetrievalError, match="holds no file"):
        fetch(_source(tmp_path / "empty"), tmp_path / "downloads/local/1/counts", max_bytes=10**6)
    folder = _folder(tmp_path / "one", ["GSM1_a.txt"])
    with pytest.raises(RetrievalError, match=r"more than settings.max_download_gb allows \(3\)"):
        fetch(_source(folder), tmp_path / "downloads/local/1/counts", max_bytes=3)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "one", ["GSM1_a.txt"])
    with pytest.raises(RetrievalError, match="a local input is a folder"):
        fetch(_source(folder, "numbers"), tmp_path / "downloads/local/1/counts", max_bytes=10**6)
