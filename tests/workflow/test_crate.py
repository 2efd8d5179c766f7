"""A finished study packs into a Workflow Run RO-Crate that names every file, every input and the run."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from sidemine.cli import main
from sidemine.errors import InputError
from sidemine.report import crate
from sidemine.report.crate import MAIN, METADATA, write_crate


@pytest.mark.workflow
def test_a_finished_study_is_packed_whole_and_alike(finished, tmp_path):
    """Every identifier leads somewhere, digests are those of the files, and the same results give the same bytes."""
    first, again = tmp_path / "a.zip", tmp_path / "b.zip"
    assert main(["crate", str(finished.results()), "--to", str(first)]) == 0
    write_crate(finished.results(), again)
    assert first.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(first) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    graph = json.loads(files.pop(METADATA))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    assert set(files) == {
        unquote(name) for name in entities if name.startswith(("results/", "workflow/", "resources/"))
    }
    assert all(entities[name]["sha256"] == hashlib.sha256(data).hexdigest() for name, data in files.items())

    run, root = entities["#run"], entities["./"]
    assert run["instrument"] == root["mainEntity"] == {"@id": MAIN}
    assert {"@id": "results/report.html"} in run["result"]
    inputs = json.loads((finished.results() / "inputs.json").read_text())
    assert {entities[part["@id"]]["sha256"] for part in run["object"]} == {record["sha256"] for record in inputs}
    named = {
        part["@id"]
        for entity in graph
        for value in entity.values()
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, dict)
    }
    assert {name for name in named - set(entities) if not name.startswith("https://")} == set()


def test_a_folder_without_a_page_is_no_finished_study(tmp_path, capsys):
    assert main(["crate", str(tmp_path), "--to", str(tmp_path / "a.zip")]) != 0
    assert "this is no finished study" in capsys.readouterr().err
    assert not (tmp_path / "a.zip").exists()


@pytest.fixture
def results(finished, tmp_path):
    """A copy of finished results, to spoil."""
    return Path(shutil.copytree(finished.results(), tmp_path / "results"))


@pytest.mark.workflow
def test_what_an_earlier_version_of_the_study_left_is_not_packed(results, tmp_path):
    """Tables of a contrast that was renamed, and of a job that is gone, are no results of the study; notes beside them stay."""
    shutil.copytree(next(iter((results / "contrasts").iterdir())), results / "contrasts" / "old_name")
    (results / "old.tsv").write_text("old numbers")
    (results / "notes.txt").write_text("seen")
    record = {"specification": "", "code": "", "inputs": {}, "outputs": {"old.tsv": ""}}
    (results / "provenance" / "gone").mkdir()
    (results / "provenance" / "gone" / "old.json").write_text(json.dumps(record))
    write_crate(results, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = set(archive.namelist())
    assert not {name for name in names if "old" in name and name.startswith("results/")}
    assert {"results/notes.txt", "results/report.html", "results/run.json"} <= names


@pytest.mark.workflow
def test_a_crate_among_the_results_does_not_hold_itself(results):
    """Packed twice into the same file of the folder: the same bytes, and every digest is that of the file; any name is a valid id."""
    (results / "my notes #1, 50%.txt").write_text("seen")
    output = results / "study.zip"
    count = write_crate(results, output)
    first = output.read_bytes()
    assert write_crate(results, output) == count
    assert output.read_bytes() == first
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        graph = json.loads(archive.read(METADATA))["@graph"]
        assert not any(name.endswith((".zip", ".unfinished")) for name in archive.namelist())
        assert archive.read("results/my notes #1, 50%.txt") == b"seen"
    assert "results/my%20notes%20%231%2C%2050%25.txt" in {entity["@id"] for entity in graph}


@pytest.mark.workflow
def test_what_cannot_be_packed_is_refused_and_nothing_is_left(results, tmp_path, monkeypatch):
    """Links that lead out, names that are no text, a page as the zip, changed results, other code; no half a crate."""
    output = tmp_path / "a.zip"
    (results / "key").symlink_to("/etc/hostname")
    (results / "gone").symlink_to("nowhere")
    (results / "two\nlines").write_text("x")
    with pytest.raises(InputError) as told:
        write_crate(results, output)
    assert str(told.value).count("link leads out") == 1
    assert "no text" in str(told.value)
    for name in ("key", "gone", "two\nlines"):
        (results / name).unlink()
    page = (results / "report.html").read_bytes()
    with pytest.raises(InputError, match="a crate is a zip"):
        write_crate(results, results / "report.html")
    assert (results / "report.html").read_bytes() == page
    with monkeypatch.context() as other:
        other.setattr(crate, "digest_of_package", lambda: "another")
        with pytest.raises(InputError, match="made by other code"):
            write_crate(results, output)
    with monkeypatch.context() as other:
        other.setattr(crate, "crate_metadata", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_crate(results, output)
    table = results / "evidence.tsv"
    table.write_text(table.read_text() + "\n")
    with pytest.raises(InputError, match=r"evidence\.tsv"):
        write_crate(results, output)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
