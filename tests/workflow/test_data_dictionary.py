"""The data dictionary says of every file of a run what it is, and of every table which columns it has."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sidemine.data_dictionary import FILE, RESULT_FILES, write_dictionary


def test_the_dictionary_beside_the_docs_is_current():
    """Run `python -m sidemine.data_dictionary` when a table, a record or a file changes."""
    assert FILE.read_text(encoding="utf-8") == write_dictionary()


def not_described(results: Path) -> list[str]:
    """Return the files that no entry or more than one describes, and tables with other columns than theirs."""
    wrong = []
    for path in sorted(path for path in results.rglob("*") if path.is_file()):
        name = path.relative_to(results).as_posix()
        kinds = [kind for kind in RESULT_FILES if kind.is_at(name)]
        if len(kinds) != 1:
            wrong.append(f"{name}: {len(kinds)} entries")
        elif kinds and kinds[0].tables:
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            header = data.decode("utf-8").splitlines()[0].split("\t")
            if not any(
                header == table.names or (table.open_ended and header[: len(table.names)] == table.names)
                for table in kinds[0].tables
            ):
                wrong.append(f"{name}: {header}")
    return wrong


@pytest.mark.workflow
def test_every_file_of_a_run_stands_in_the_dictionary(finished, tmp_path):
    """And a file or a column that does not is seen."""
    assert not_described(finished.results()) == []
    (tmp_path / "evidence.tsv").write_text("hypothesis\tvotes\n")
    (tmp_path / "votes.json").write_text("{}")
    assert [line.split(":")[0] for line in not_described(tmp_path)] == ["evidence.tsv", "votes.json"]
