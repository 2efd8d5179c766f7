"""A run begins with a study that is right, in folders that are free, or with all that is wrong."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest

from sidemine.engine import local_files
from sidemine.engine.local_files import describe_retrieval, origin_of
from sidemine.engine.study_run import open_run
from sidemine.errors import StudyError
from sidemine.retrieve.record import InputRecord, record_path
from sidemine.simulate.studies import write_planted


@pytest.fixture
def study_file(tmp_path, monkeypatch):
    """The config of a planted study; the working directory is its folder."""
    monkeypatch.chdir(tmp_path)
    return write_planted("too_small", tmp_path, 1)


def test_a_run_knows_its_folders(study_file):
    """The study's id stands below each of them; the command line may name other places."""
    run = open_run(study_file, {"results": "elsewhere"}, works=False)
    name = run.study.config.study.id
    assert [run.results.as_posix(), run.logs.as_posix()] == [f"elsewhere/{name}", f"logs/{name}"]
    assert run.downloads.name == name
    assert not (study_file.parent / "elsewhere").exists(), "a dry run writes nothing"


def test_an_unknown_word_on_the_command_line_is_refused(study_file):
    """It would be passed over in silence."""
    with pytest.raises(StudyError, match="unknown key 'result' on the command line"):
        open_run(study_file, {"result": "elsewhere"}, works=False)


def test_a_folder_that_cannot_be_made_is_a_problem_of_the_machine(study_file):
    """In four parts, without a traceback."""
    (study_file.parent / "results").write_text("a file")
    with pytest.raises(StudyError, match="next:"):
        open_run(study_file, {}, works=True)


def test_a_replaced_file_is_copied_again_whatever_its_date(study_file):
    """Also where Snakemake remembers nothing; one that is the same is left alone."""
    run = open_run(study_file, {}, works=False)
    places = {key: origin_of(source, run.study.mirror)[0] for key, source in run.sources.by_key.items()}
    for key, place in places.items():
        content = (study_file.parent / place).read_bytes()
        (run.downloads / key).parent.mkdir(parents=True, exist_ok=True)
        record = InputRecord(
            key, place, (place,), sha256(content).hexdigest(), len(content), "", "", False, True, False
        )
        record.write_beside(run.downloads / key)

    def kept():
        local_files._identity_of.cache_clear()
        run.forget_replaced_inputs()
        return {key for key in places if record_path(run.downloads / key).is_file()}

    assert kept() == set(places)
    replaced = study_file.parent / places[key]
    replaced.write_bytes(b"other")
    os.utime(replaced, (1, 1))
    assert kept() == set(places) - {key}


def test_a_file_that_takes_the_place_of_another_one_is_another_origin(study_file, monkeypatch):
    """By content, and by size, date and blocks of it where it is large; an older date does not hide it."""
    run = open_run(study_file, {}, works=False)
    key = next(key for key in run.sources.by_key if key.endswith(".txt.gz"))
    source = run.sources.by_key[key]
    (place,) = origin_of(source, run.study.mirror)

    def described():
        local_files._identity_of.cache_clear()
        return describe_retrieval({"key": key}, source, run.study.mirror)

    before = described()
    assert before["key"] == key
    assert len(before["origin"]) == 1
    (study_file.parent / place).write_bytes(b"other")
    assert described() != before
    assert origin_of(source, None) == []
    monkeypatch.setattr(local_files, "LARGE", 200_000)
    large, told = study_file.parent / place, []
    for change in (b"", b"one cell"):
        large.write_bytes(bytes(100_000) + change + bytes(200_000 - len(change)))
        os.utime(large, (1, 1))
        told.append(described())
    assert told[0] != told[1]
    assert describe_retrieval({"key": key}, source, None) == {"key": key}
