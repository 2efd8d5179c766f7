"""What a reader refuses is noted by its job, set aside between runs, and never locked."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from records import record_of

from sidemine.errors import InputError, Problem, StudyError
from sidemine.retrieve.lock import find_accepted
from sidemine.retrieve.record import InputRecord, record_path
from sidemine.retrieve.refusal import _in_use, alone_on, note_refusals, set_aside_refused

RECORD = record_of("a.tsv", size=3)
OTHER = replace(RECORD, key="h.org/b.tsv", url="https://h.org/b.tsv", sha256="b" * 64)
KEYS = (RECORD.key, OTHER.key)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    for record in (RECORD, OTHER):
        retrieve(folder, record)
    return folder


def retrieve(folder: Path, record: InputRecord) -> None:
    (folder / record.key).parent.mkdir(parents=True, exist_ok=True)
    (folder / record.key).write_text("x\ty")
    record.write_beside(folder / record.key)


def refuse(downloads: Path, where: str, *more: str) -> None:
    """Run a reader of both files that refuses one."""
    inputs = [*(str(downloads / key) for key in KEYS), *more]
    with pytest.raises(InputError, match="no table"), note_refusals(inputs):
        raise InputError(Problem("it is no table", where, "a table", "Look."))


def notes(downloads: Path) -> list[str]:
    return sorted(path.name for path in downloads.rglob("*.refused.json"))


def test_only_the_file_that_the_error_names_is_set_aside(downloads: Path) -> None:
    refuse(downloads, f"{downloads / RECORD.key}: line 3")
    # The job itself moves nothing: another one may be reading the file.
    assert (downloads / RECORD.key).is_file()
    done = set_aside_refused(downloads, KEYS, {}, set())
    assert [refusal.record for refusal in done] == [RECORD]
    assert "the next run fetches it again" in str(done[0])
    assert not (downloads / RECORD.key).exists()
    assert not record_path(downloads / RECORD.key).exists()
    place = downloads / "refused" / RECORD.key
    assert (place.read_text(), InputRecord.read(place)) == ("x\ty", RECORD)
    assert "it is no table" in place.with_name("a.tsv.refused.json").read_text()
    assert (downloads / OTHER.key).is_file()
    assert set_aside_refused(downloads, KEYS, {}, set()) == []


def test_an_error_that_names_no_file_may_be_about_any(downloads: Path, tmp_path: Path) -> None:
    samples = tmp_path / "samples.tsv"  # a result, not a retrieved file
    samples.write_text("sample\n")
    refuse(downloads, "dataset d", str(samples))
    assert notes(downloads) == ["a.tsv.refused.json", "b.tsv.refused.json"]
    assert len(set_aside_refused(downloads, KEYS, {}, set())) == 2
    assert samples.is_file()


def test_errors_of_the_study_and_bugs_accuse_no_file(downloads: Path) -> None:
    with pytest.raises(StudyError), note_refusals([str(downloads / key) for key in KEYS]):
        raise StudyError(Problem("a", str(downloads / RECORD.key), "c", "d"))
    with pytest.raises(KeyError), note_refusals([str(downloads / key) for key in KEYS]):
        raise KeyError("a.tsv")
    assert notes(downloads) == []


def test_a_file_that_the_lock_records_is_kept_and_told(downloads: Path) -> None:
    """A newer reader, or another declaration, refuses what was once accepted: fetching it again would change nothing."""
    refuse(downloads, "a.tsv: line 3")
    done = set_aside_refused(downloads, KEYS, {RECORD.url: RECORD.sha256}, set())
    assert [refusal.kept for refusal in done] == [True]
    assert "the lock records exactly this file" in str(done[0])
    assert (downloads / RECORD.key).is_file()
    assert notes(downloads) == []


def test_a_file_that_differs_from_the_lock_is_set_aside(downloads: Path) -> None:
    refuse(downloads, "a.tsv: line 3")
    done = set_aside_refused(downloads, KEYS, {RECORD.url: "c" * 64}, set())
    assert [refusal.kept for refusal in done] == [False]


@pytest.mark.parametrize("how", ["another content came since", "its readers accepted it since", "the file is gone"])
def test_an_outdated_note_is_dropped(downloads: Path, how: str) -> None:
    refuse(downloads, "a.tsv: line 3")
    accepted = set()
    if how == "another content came since":
        retrieve(downloads, replace(RECORD, sha256="d" * 64))
    elif how == "the file is gone":
        record_path(downloads / RECORD.key).unlink()
    else:
        accepted = {RECORD.key}
    assert set_aside_refused(downloads, KEYS, {}, accepted) == []
    assert notes(downloads) == []
    assert (downloads / RECORD.key).is_file()


def test_the_same_bytes_twice_are_told(downloads: Path) -> None:
    refuse(downloads, "a.tsv")
    set_aside_refused(downloads, KEYS, {}, set())
    retrieve(downloads, RECORD)
    refuse(downloads, "a.tsv")
    assert "came twice with the same content" in str(set_aside_refused(downloads, KEYS, {}, set())[0])


def test_a_process_killed_while_it_sets_aside_is_taken_up(downloads: Path) -> None:
    refuse(downloads, "a.tsv")
    place = downloads / "refused" / RECORD.key
    place.parent.mkdir(parents=True)
    (downloads / RECORD.key).replace(place)  # killed before the record and the note went
    assert len(set_aside_refused(downloads, KEYS, {}, set())) == 1
    assert not record_path(downloads / RECORD.key).exists()
    assert place.is_file()


def test_nothing_is_set_aside_while_another_run_uses_the_downloads(downloads: Path) -> None:
    import subprocess
    import sys

    with alone_on(downloads) as alone:
        assert alone
    code = (
        "import sys; from pathlib import Path; from sidemine.retrieve.refusal import alone_on\n"
        "with alone_on(Path(sys.argv[1])) as alone: print(alone)"
    )
    other = subprocess.run([sys.executable, "-c", code, str(downloads)], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == "False"
    with alone_on(downloads) as alone:
        assert alone
    _in_use.pop(downloads).close()  # held until the process ends; here it goes with its folder


def test_an_input_is_accepted_when_all_its_readers_wrote_after_it_came(downloads: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    accepted_by = {RECORD.key: ("samples.tsv", "genes.tsv"), OTHER.key: ("samples.tsv",), "h.org/absent": ()}
    (results / "samples.tsv").touch()
    assert find_accepted(accepted_by, downloads, results) == {OTHER.key}
    (results / "genes.tsv").touch()
    assert find_accepted(accepted_by, downloads, results) == set(KEYS)
    os.utime(results / "genes.tsv", (1000, 1000))  # a result of an earlier content
    assert find_accepted(accepted_by, downloads, results) == {OTHER.key}
