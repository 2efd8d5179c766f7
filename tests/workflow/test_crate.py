"""A finished study packs into a Workflow Run RO-Crate that names every file, every input and the run."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest

from sidemine.cli import main
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
    assert set(files) == {name for name in entities if name.startswith(("results/", "workflow/", "resources/"))}
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
