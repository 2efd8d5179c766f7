"""Mistakes made with the real command: what a person sees in the terminal, and what stands afterwards."""

from __future__ import annotations

import gzip

import pytest

from sidemine.retrieve.lock import read_lock
from sidemine.simulate.studies import write_planted

RESULTS = "results/planted_positive"

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def run(workflow):
    """Run the workflow in `folder` for some targets; return the exit code and all that the terminal showed."""

    def _run(folder, *targets, config=(), fails=False):
        words = ("--config", *config) if config else ()
        wanted = [f"{RESULTS}/{target}" for target in targets]
        return workflow.run(folder, *wanted, *words, config=folder / "config.yaml", fails=fails).output

    return _run


def _last_words(terminal):
    assert "Traceback" not in terminal
    return terminal.split("What went wrong", 1)[1]


TARGETS = ("inputs.json", "gene_sets.tsv.gz")


def test_a_changed_input_is_refused_until_it_is_recorded_anew(copy, run):
    """A locked file that differs stops every run, not the first one only, until relock=yes is said.

    What stood there stands; then what depends on the new file runs, and all is quiet.
    """
    lock = (copy / "inputs.lock.tsv").read_bytes()
    with (copy / "sets.gmt").open("a", encoding="utf-8") as sets:
        sets.write("SIM_LATE\tx\tISG15\tMX1\n")
    for _ in range(2):  # Snakemake alone would find nothing to do the second time
        terminal = run(copy, *TARGETS, fails=True)
        for words in (
            *("not the file that the lock records", "locked: sha256", "now:    sha256", "where:   sets.gmt"),
            *("12,005 bytes", "--config relock=yes"),
        ):
            assert words in _last_words(terminal)
    assert (copy / "inputs.lock.tsv").read_bytes() == lock
    assert (copy / RESULTS / "report.html").is_file()
    terminal = run(copy, *TARGETS, config=["relock=yes"])
    assert "Read and map the gene sets" in terminal
    assert "Read the samples" not in terminal
    sets = gzip.decompress((copy / RESULTS / "gene_sets.tsv.gz").read_bytes())
    assert b"SIM_LATE" in sets
    assert "Nothing to be done" in run(copy, *TARGETS)


def test_all_missing_and_damaged_inputs_are_told_in_one_run(run, tmp_path):
    """Two files wrong in the mirror: both are told, with where to put them; nothing half is kept."""
    write_planted("positive", tmp_path, 11)
    matrices = sorted((tmp_path / "mirror").rglob("*_series_matrix.txt.gz"))
    matrices[0].unlink()
    matrices[1].write_bytes(matrices[1].read_bytes()[:50_000])
    terminal = run(tmp_path, "inputs.json", fails=True)
    for words in ("the mirror does not have an input", str(matrices[0]), "cut short", str(matrices[1])):
        assert words in _last_words(terminal)
    assert "What is fine: 5 of 7 inputs are in place" in _last_words(terminal)
    assert not [*(tmp_path / "downloads").rglob("*_series_matrix.txt.gz*")]
    terminal = run(tmp_path, "inputs.json", config=["resluts=elsewhere"], fails=True)
    assert "Did you mean results?" in terminal


def test_what_a_reader_refuses_is_not_locked_and_comes_again_by_the_same_command(run, tmp_path):
    """One of two series matrices has a surplus cell: the other is locked, this one is set aside and fetched again."""
    write_planted("positive", tmp_path, 11)
    good, bad = sorted((tmp_path / "mirror").rglob("*_series_matrix.txt.gz"))
    data = bad.read_bytes()
    lines = gzip.decompress(data).decode().split("\n")
    lines[lines.index("!series_matrix_table_begin") + 5] += "\t7"
    bad.write_bytes(gzip.compress("\n".join(lines).encode()))
    run(tmp_path, "datasets/cohort_a/genes_ledger.tsv", "gene_sets_ledger.tsv")
    assert read_lock(tmp_path / "inputs.lock.tsv") == {}  # every run writes the file; nothing is locked in it yet
    terminal = run(tmp_path, "inputs.json", fails=True)
    for words in ("a row has", "set aside in refused/", "the next run fetches it again"):
        assert words in _last_words(terminal)
    locked = (tmp_path / "inputs.lock.tsv").read_text()
    assert good.name in locked
    assert bad.name not in locked
    downloads = tmp_path / "downloads" / "planted_positive"
    kept = [path.relative_to(downloads).parts[0] for path in downloads.rglob(f"{bad.name[:9]}*.gz")]
    assert kept == ["refused"]
    bad.write_bytes(data)
    run(tmp_path, "inputs.json")
    assert bad.name in (tmp_path / "inputs.lock.tsv").read_text()


def test_a_locked_file_that_no_longer_fits_its_declaration_is_kept(copy, run):
    """The declaration changed, not the file: it is not fetched again and again."""
    sheet = copy / "datasets.tsv"
    text = sheet.read_text()
    sheet.write_text(text.replace("\tprobe\t", "\tsymbol\t"))
    terminal = run(copy, "inputs.json", fails=True)
    assert "kept, because the lock records exactly this file" in _last_words(terminal)
    assert not (copy / "downloads" / "planted_positive" / "refused").exists()
    sheet.write_text(text)
    run(copy, "inputs.json")
