"""After a run that failed: what was accepted is locked, what was refused is set aside, and the problems come last."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.engine.failed_run import close_failed_run, forget_missing
from sidemine.engine.study_run import open_run
from sidemine.errors import InputError, Problem, SidemineError
from sidemine.retrieve.download import fetch
from sidemine.retrieve.lock import read_lock
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to
from sidemine.simulate.studies import write_planted


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of a planted study in an empty folder, its inputs retrieved from the mirror."""
    monkeypatch.chdir(tmp_path)
    file = write_planted("too_small", tmp_path, 1)
    run = open_run(file, {}, works=True)
    for key, source in run.sources.by_key.items():
        fetch(source, run.downloads / key, mirror=run.study.mirror, lock={}, relock=False, max_bytes=10**9)
    return run


def fail(path: Path, error: Exception) -> None:
    with pytest.raises(SystemExit), log_to(str(path)):
        raise error


def test_problems_are_told_last_with_what_is_fine(run):
    """The words of the job, then how far the run came, then what to do."""
    dataset = next(iter(run.study.datasets))
    samples = run.results / "datasets" / dataset / "samples.tsv"
    samples.parent.mkdir(parents=True)
    samples.write_text("sample\n")
    fail(
        run.logs / "check_designs.log",
        SidemineError(Problem("nothing matches", "contrasts.tsv", "a value", "Mend it.")),
    )
    told = close_failed_run(run, relock=False)
    keys, datasets = len(run.sources.by_key), len(run.study.datasets)
    for words in (
        "What went wrong",
        "nothing matches",
        f"What is fine: {keys} of {keys} inputs are in place; the samples of 1 of {datasets} datasets are read.",
        "give the same command again",
    ):
        assert words in told


def test_a_refused_input_is_set_aside_and_never_locked(run):
    """The next run fetches it again; the inputs that other readers accepted are locked."""
    refused = next(key for key in run.sources.by_key if key.endswith(".txt.gz"))
    path = run.downloads / refused
    error = InputError(Problem("it is no matrix", str(path), "a series matrix", "Check the accession."))

    def read() -> None:
        with note_refusals([str(path)]):
            raise error

    with pytest.raises(InputError, match="it is no matrix"):
        read()
    accepted = run.results / "gene_sets_ledger.tsv"
    accepted.parent.mkdir(parents=True, exist_ok=True)
    accepted.write_text("gene_set\n")
    told = close_failed_run(run, relock=False)
    assert "set aside in refused/" in told
    assert not path.exists()
    assert (run.downloads / "refused" / refused).is_file()
    locked = set(read_lock(run.study.lock))
    assert locked
    assert not locked & set(run.sources.by_key[refused].locations)


def test_a_run_that_nobody_complained_of_says_nothing(run):
    """Stopped from outside: there is no problem to tell of."""
    assert close_failed_run(run, relock=False) == ""


def test_what_a_failed_job_left_is_forgotten(tmp_path):
    """Only of files that are missing: the others stay as Snakemake knows them."""
    (tmp_path / "there").write_text("")
    forgotten: list[str] = []
    forget_missing([str(tmp_path / name) for name in ("there", "gone")], forgotten.append)
    assert forgotten == [str(tmp_path / "gone")]
