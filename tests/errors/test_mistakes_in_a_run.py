"""Mistakes made with the real command: what a person sees in the terminal, and what stands afterwards."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidemine.retrieve.lock import read_lock
from sidemine.simulate.studies import write_planted

ROOT = Path(__file__).parents[2]
RESULTS = "results/planted_positive"

pytestmark = pytest.mark.workflow


def _run(folder, *targets, config=()):
    """Run the workflow in `folder` for some targets; return the exit code and all that the terminal showed."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", str(folder / "config.yaml"), "--cores", "2"]
    command += [f"{RESULTS}/{target}" for target in targets]
    command += ["--config", *config] if config else []
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False, timeout=1800
    )
    return done.returncode, done.stdout + done.stderr


def _last_words(terminal):
    assert "Traceback" not in terminal
    return terminal.split("What went wrong", 1)[1]


TARGETS = ("inputs.json", "gene_sets.tsv.gz")


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A study whose inputs are all in the lock; tests copy it."""
    folder = tmp_path_factory.mktemp("locked")
    write_planted("positive", folder, 11)
    code, terminal = _run(folder, *TARGETS)
    assert code == 0, terminal
    return folder


def test_a_changed_input_is_refused_until_it_is_recorded_anew(locked, tmp_path):
    """A locked file that differs stops every run, not the first one only, until relock=yes is said."""
    shutil.copytree(locked, tmp_path, dirs_exist_ok=True)
    lock = (tmp_path / "inputs.lock.tsv").read_bytes()
    with (tmp_path / "sets.gmt").open("a", encoding="utf-8") as sets:
        sets.write("SIM_LATE\tx\tISG15\tMX1\n")
    for _ in range(2):  # Snakemake alone would find nothing to do the second time
        code, terminal = _run(tmp_path, *TARGETS)
        assert code == 1
        for words in ("not the file that the lock records", "where:   sets.gmt", "12,005 bytes", "relock=yes"):
            assert words in _last_words(terminal)
    assert (tmp_path / "inputs.lock.tsv").read_bytes() == lock
    assert _run(tmp_path, *TARGETS, config=["relock=yes"])[0] == 0
    sets = gzip.decompress((tmp_path / RESULTS / "gene_sets.tsv.gz").read_bytes())
    assert b"SIM_LATE" in sets
    code, terminal = _run(tmp_path, *TARGETS)
    assert code == 0
    assert "Nothing to be done" in terminal


def test_all_missing_and_damaged_inputs_are_told_in_one_run(tmp_path):
    """Two files wrong in the mirror: both are told, with where to put them; nothing half is kept."""
    write_planted("positive", tmp_path, 11)
    matrices = sorted((tmp_path / "mirror").rglob("*_series_matrix.txt.gz"))
    matrices[0].unlink()
    matrices[1].write_bytes(matrices[1].read_bytes()[:50_000])
    code, terminal = _run(tmp_path, "inputs.json")
    assert code == 1
    for words in ("the mirror does not have an input", str(matrices[0]), "cut short", str(matrices[1])):
        assert words in _last_words(terminal)
    assert "What is fine: 5 of 7 inputs are in place" in _last_words(terminal)
    assert not [*(tmp_path / "downloads").rglob("*_series_matrix.txt.gz*")]
    code, terminal = _run(tmp_path, "inputs.json", config=["resluts=elsewhere"])
    assert code == 1
    assert "Did you mean results?" in terminal


def test_what_a_reader_refuses_is_not_locked_and_comes_again_by_the_same_command(tmp_path):
    """One of two series matrices has a surplus cell: the other is locked, this one is set aside and fetched again."""
    write_planted("positive", tmp_path, 11)
    good, bad = sorted((tmp_path / "mirror").rglob("*_series_matrix.txt.gz"))
    data = bad.read_bytes()
    lines = gzip.decompress(data).decode().split("\n")
    lines[lines.index("!series_matrix_table_begin") + 5] += "\t7"
    bad.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert _run(tmp_path, "datasets/cohort_a/genes_ledger.tsv", "gene_sets_ledger.tsv")[0] == 0
    assert read_lock(tmp_path / "inputs.lock.tsv") == {}  # every run writes the file; nothing is locked in it yet
    code, terminal = _run(tmp_path, "inputs.json")
    assert code == 1
    for words in ("a row has", "set aside in refused/", "the next run fetches it again"):
        assert words in _last_words(terminal)
    locked = (tmp_path / "inputs.lock.tsv").read_text()
    assert good.name in locked
    assert bad.name not in locked
    downloads = tmp_path / "downloads" / "planted_positive"
    kept = [path.relative_to(downloads).parts[0] for path in downloads.rglob(f"{bad.name[:9]}*.gz")]
    assert kept == ["refused"]
    bad.write_bytes(data)
    assert _run(tmp_path, "inputs.json")[0] == 0
    assert bad.name in (tmp_path / "inputs.lock.tsv").read_text()


def test_a_locked_file_that_no_longer_fits_its_declaration_is_kept(locked, tmp_path):
    """The declaration changed, not the file: it is not fetched again and again."""
    shutil.copytree(locked, tmp_path, dirs_exist_ok=True)
    sheet = tmp_path / "datasets.tsv"
    text = sheet.read_text()
    sheet.write_text(text.replace("\tprobe\t", "\tsymbol\t"))
    code, terminal = _run(tmp_path, "inputs.json")
    assert code == 1
    assert "kept, because the lock records exactly this file" in _last_words(terminal)
    assert not (tmp_path / "downloads" / "planted_positive" / "refused").exists()
    sheet.write_text(text)
    assert _run(tmp_path, "inputs.json")[0] == 0
