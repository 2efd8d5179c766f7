"""No page from results that contradict the study or one another, and a way out for the user who has such results."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from types import SimpleNamespace

import pytest

from sidemine.cli import main
from sidemine.errors import InputError, Problem
from sidemine.provenance import JobRecord, check_results, digest_of_specification, forget_outdated, record_job

SPECIFICATION = {"seed": 1}
FIT, TEST = "contrasts/a/fit.json", "contrasts/a/tests.tsv"


def describe(folder, name, outputs, inputs=()):
    """Write the record of a job as the job itself does."""
    digests = [
        {place: sha256((folder / place).read_bytes()).hexdigest() for place in some} for some in (inputs, outputs)
    ]
    path = folder / "provenance" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(JobRecord(digest_of_specification(SPECIFICATION), "c", *digests))))


@pytest.fixture
def results(tmp_path):
    """A study of one fit and one test of it."""
    folder = tmp_path / "results"
    (folder / "contrasts" / "a").mkdir(parents=True)
    digest = digest_of_specification(SPECIFICATION)
    study = {"config_digest": "d", "specifications": {"fit": {"a": digest}, "test": {"a": digest}}}
    for place, text in {
        FIT: "{}",
        TEST: "p\n0.5\n",
        "inputs.json": "[]",
        "study.json": json.dumps(study),
        "manifest.json": '{"config_digest": "d"}',
    }.items():
        (folder / place).write_text(text)
    describe(folder, "fit/a", [FIT])
    describe(folder, "test/a", [TEST], [FIT])
    describe(folder, "describe_study", ["study.json"])
    describe(folder, "write_manifest", ["manifest.json"])
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_results_of_one_study_pass(results):
    before = files(results)
    check_results(results, forget=True)
    assert files(results) == before


@pytest.mark.parametrize(
    ("place", "text", "gone"),
    [
        (FIT, '{"effect": 3}', {FIT, "provenance/fit/a.json"}),
        (TEST, "p\n0.001\n", {TEST, "provenance/test/a.json"}),
        ("study.json", None, {"study.json", "provenance/describe_study.json"}),
        ("study.json", "{", {"study.json"}),
        ("manifest.json", '{"config_digest": "of another"}', {"manifest.json"}),
        ("manifest.json", '{"config_digest": "d", "seed": 2}', {"manifest.json", "provenance/write_manifest.json"}),
        ("provenance/fit/a.json", "[]", {"provenance/fit/a.json"}),
        ("provenance/fit/a.json", '{"more": 1}', {"provenance/fit/a.json"}),
    ],
)
def test_what_was_edited_by_hand_is_refused_and_made_again(place, text, gone, results):
    """What does not fit is deleted, and nothing else: Snakemake would take it for new and keep it for ever."""
    path = results / place
    path.write_text(path.read_text().replace('"d"', '"d", "title": "Another"') if text is None else text)
    before = files(results)
    with pytest.raises(InputError, match="next: "):
        check_results(results)
    assert files(results) == before
    with pytest.raises(InputError, match="deletes what does not fit"):
        check_results(results, forget=True)
    assert before - files(results) == gone


@pytest.mark.parametrize(
    ("specification", "code", "text", "gone"),
    [
        (SPECIFICATION, "c", None, set()),
        ({"seed": 2}, "c", None, {"provenance/fit/a.json"}),
        (SPECIFICATION, "d", None, {"provenance/fit/a.json", "provenance/test/a.json"}),
        (SPECIFICATION, "c", "{", {"provenance/fit/a.json"}),
    ],
)
def test_a_job_that_was_given_something_else_is_forgotten_before_a_run(specification, code, text, gone, results):
    """Also where Snakemake remembers nothing: its record, an output of the job, is missing then."""
    if text:
        (results / "provenance/fit/a.json").write_text(text)
    before = files(results)
    jobs = {
        "fit": {"a": digest_of_specification(specification)},
        "test": {"a": digest_of_specification(SPECIFICATION), "b": "not run yet"},
    }
    forget_outdated(results, jobs, lambda rule: code)
    assert before - files(results) == gone


def test_a_job_that_fails_on_a_result_edited_by_hand_tells_of_it(results):
    """Whatever it raises: the record of the job that wrote the file tells that it is another one now."""
    job = SimpleNamespace(
        input=[str(results / FIT), str(results / "inputs.json")],
        output=SimpleNamespace(provenance=str(results / "provenance/test/a.json")),
    )

    def fail(error):
        with record_job(job):
            raise error

    with pytest.raises(IndexError):
        fail(IndexError("a bug"))
    (results / FIT).write_text('{"out": [999]}')
    with pytest.raises(
        InputError, match=f"{FIT} is not the file that fit of a wrote[\\s\\S]*next: +Delete the file"
    ) as told:
        fail(IndexError("out of range"))
    assert isinstance(told.value.__cause__, IndexError)
    with pytest.raises(InputError, match="in its own words"):
        fail(InputError(Problem("in its own words", "here", "nothing", "nothing")))


@pytest.mark.parametrize("how", ["another specification", "another input"])
def test_results_from_elsewhere_are_refused_and_made_again(how, results):
    """A whole job of another study, record and all: its results contradict the specification, or what they came from."""
    record = json.loads((results / "provenance" / "test" / "a.json").read_text())
    if how == "another input":
        record["inputs"] = {FIT: "e" * 64}
    else:
        record["specification"] = "e" * 16
    (results / "provenance" / "test" / "a.json").write_text(json.dumps(record))
    before = files(results)
    with pytest.raises(InputError, match=r"another (specification|contrasts/a/fit\.json)"):
        check_results(results, forget=True)
    assert before - files(results) == {TEST, "provenance/test/a.json"}


def test_nothing_outside_the_results_is_deleted(results):
    """A record that came from elsewhere may name any file."""
    (results.parent / "mine.txt").write_text("mine")
    record = json.loads((results / "provenance" / "fit" / "a.json").read_text())
    record["outputs"] = {"../mine.txt": "e" * 64, str(results.parent / "mine.txt"): "e" * 64}
    (results / "provenance" / "fit" / "a.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"mine\.txt"):
        check_results(results, forget=True)
    assert (results.parent / "mine.txt").read_text() == "mine"


def test_command_builds_no_page_from_mixed_results(results, tmp_path, capsys):
    """`sidemine report` refuses what the workflow refuses, and deletes nothing."""
    (results / FIT).write_text('{"effect": 3}')
    before = files(results)
    assert main(["report", str(results), "-o", str(tmp_path / "page.html")]) == 1
    assert f"{FIT} is not the file that fit of a wrote" in capsys.readouterr().err
    assert files(results) == before
    assert not (tmp_path / "page.html").exists()
