"""What a run promises: no needless work, one run at a time, nothing lost where it stops."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import UNFINISHED
from documents import blocks

pytestmark = pytest.mark.workflow

REPOSITORY = Path(__file__).parents[2]
STUDY = "results/planted_positive"
# The files that may differ between two runs of one study, and the lock that a run holds.
NOT_A_RESULT = {"run.json", ".run_lock"}


def read_results(folder: Path) -> dict[str, bytes]:
    """Return all result files by their path."""
    files = [path for path in (folder / STUDY).rglob("*") if path.is_file() and path.name not in NOT_A_RESULT]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def wait_for(found, process, seconds=900):
    """Wait until `found` says yes; the process must still be at work."""
    for _ in range(seconds * 20):
        if found():
            return
        assert process.poll() is None, "the run ended before it was interrupted"
        time.sleep(0.05)
    raise AssertionError("nothing happened in time")


def kill(process):
    """End a run and all of its jobs at once, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_second_run_does_nothing(workflow, finished, hash_seed):
    """A finished study is left alone, in whichever order sets give what they hold: forks would all have one order."""
    before = {path: path.stat().st_mtime_ns for path in (finished.folder / STUDY).rglob("*")}
    config = finished.folder / "config.yaml"
    line = workflow.command(finished.folder, config=config, cores=2, snakefile=finished.snakefile)
    environment = workflow.environment | {"PYTHONHASHSEED": hash_seed}
    again = subprocess.run(line, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "Nothing to be done" in again.stdout + again.stderr
    assert {path: path.stat().st_mtime_ns for path in (finished.folder / STUDY).rglob("*")} == before


def test_a_study_can_be_looked_at_while_a_run_is_under_way(workflow, finished):
    """A run holds the lock; who only looks needs none."""
    with (finished.folder / STUDY / ".run_lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = workflow.run(
            finished.folder, "--summary", config=finished.folder / "config.yaml", snakefile=finished.snakefile
        )
    assert f"{STUDY}/report.html" in told.output


def stage_of(rule):
    """Return the name of a rule without that of the dataset that it is about."""
    return re.sub(r"^analyse_dataset_\w+", "analyse_dataset", rule)


def get_planned_rules(run):
    """Return the rules in the job statistics of a dry run."""
    table = re.search(r"^job +count\n-+ +-+\n(.*?)^total ", run.output, re.MULTILINE | re.DOTALL)
    return {stage_of(line.split()[0]) for line in table.group(1).splitlines()} if table else set()


# The manifest states the digest of the whole package, so it and the page that shows it follow every edit.
ALWAYS = {"write_manifest", "build_report", "record_run", "all"}


# CAMERA tests sets in the job of a dataset. Its normal deviates of t serve the rotation engine too.
CAMERA = {
    "analyse_dataset",
    "adjust_composition",
    "adjust_hidden_factors",
    "adjust_set_tests",
    "measure_effects",
    "measure_influence",
    "measure_specificity",
    "measure_calibration",
    "pool_datasets",
    "vary_analysis",
}


UNUSED = (
    ("scripts/analyse_dataset.py", '"""\n', '"""\n# A comment.\n'),
    ("sidemine/enrichment/camera.py", '"""\n', ' And more.\n"""\n'),
    ("sidemine/simulate/demo.py", "\n\n\n", "\n\n\nX = 1\n\n\n"),
)


@pytest.mark.parametrize(
    ("edits", "rules"),
    [
        (UNUSED, set()),
        ([("sidemine/stats/tails.py", "-0.4 * z", "-0.41 * z")], {*CAMERA, "decide_verdicts", *ALWAYS}),
        ([("sidemine/verdict/answer.py", "str(row.gene_set)", "repr(row.gene_set)")], {"decide_verdicts", *ALWAYS}),
        ([("sidemine/report/templates/page.css", "{", "{ color: red; ")], ALWAYS),
    ],
    ids=["comment_docstring_simulator", "camera", "summary", "style"],
)
def test_edit_runs_exactly_the_rules_that_use_it(edits, rules, workflow, finished, tmp_path):
    """An edit to imported code, which Snakemake itself does not see, plans its users and what follows from them."""
    tree = tmp_path / "workflow"
    shutil.copytree(finished.snakefile.parent, tree, ignore=shutil.ignore_patterns(*UNFINISHED), symlinks=True)
    shutil.copytree(finished.snakefile.parents[1] / "resources", tmp_path / "resources")
    for file, old, new in edits:
        text = (tree / file).read_text(encoding="utf-8")
        assert old in text
        (tree / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    config = finished.folder / "config.yaml"
    run = workflow.run(finished.folder, "--dry-run", config=config, snakefile=tree / "Snakefile")
    assert get_planned_rules(run) == rules, run.output


def test_second_run_at_the_same_time_is_refused(workflow, tmp_path):
    """Two runs of one study would write the same files; the second one is told so."""
    config = workflow.plant("too_small", tmp_path)
    process = workflow.start(tmp_path, config=config)
    try:
        wait_for(lambda: any((tmp_path / "downloads").rglob("*.record.json")), process)
        os.killpg(process.pid, signal.SIGSTOP)  # it holds its lock, and does not end before the other one has looked
        refused = workflow.run(tmp_path, config=config, fails=True)
    finally:
        kill(process)
    assert "another run of this study is under way" in refused.output
    for part in ("where:", "allowed:", "next:", "--config results=FOLDER"):
        assert part in refused.output


def test_plan_of_the_default_study_needs_no_network(workflow, tmp_path):
    """Building the graph of jobs reads only the study's own files."""
    run = workflow.run(tmp_path, "--dry-run", config=REPOSITORY / "config" / "config.yaml")
    assert "analyse_dataset" in run.output
    assert not (tmp_path / "downloads").exists()


def test_failing_selector_stops_before_any_fit_and_keeps_what_was_retrieved(workflow, tmp_path):
    """A wrong selector costs a minute: the values that exist are shown, nothing is fitted, nothing is lost."""
    config = workflow.plant("positive", tmp_path)
    sheet = tmp_path / "contrasts.tsv"
    sheet.write_text(sheet.read_text().replace("disease_state = healthy", "disease_state = helthy"))
    run = workflow.run(tmp_path, config=config, fails=True)
    assert "healthy" in run.output.replace("helthy", "")
    for part in ("cohort_a_vte", "cohort_b_vte", "where:", "allowed:", "next:"):
        assert part in run.output
    results = tmp_path / STUDY
    assert list(results.rglob("samples.tsv"))
    assert not list(results.rglob("expression.h5ad"))
    assert not (results / "contrasts").exists()
    retrieved = list((tmp_path / "downloads").rglob("*_series_matrix.txt.gz"))
    assert len(retrieved) == 2


def test_workflow_serves_as_a_module(workflow, tmp_path):
    """The Snakefile of docs/module.md: another workflow, with a rule of its own, plans all of ours and runs one."""
    config = workflow.plant("too_small", tmp_path / "config" / "my_study")
    config.write_text(config.read_text(encoding="utf-8").replace("id: planted_too_small", "id: my_study"))
    (shown,) = (block.text for block in blocks("docs/module.md") if "file=Snakefile" in block.words)
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(shown.replace("PATH/TO/sidemine", str(REPOSITORY)))
    names = re.findall(r"`(rules\.sidemine_[\w.]+)`", (REPOSITORY / "docs" / "module.md").read_text(encoding="utf-8"))
    assert len(names) == 2  # what the page says of the rules holds in the Snakefile as well
    with snakefile.open("a") as stream:
        stream.writelines(f"\n\nassert {name}\n" for name in names)
    planned = workflow.run(tmp_path, "mine", "sidemine_all", "--dry-run", snakefile=snakefile).output
    listed = set(re.findall(r"^(\w+) +\d+$", planned, re.MULTILINE))
    assert {"mine", "sidemine_retrieve_input", "sidemine_check_designs", "sidemine_decide_verdicts"} <= listed
    workflow.run(tmp_path, "results/my_study/design_check.json", snakefile=snakefile)
    assert (tmp_path / "results/my_study/design_check.json").is_file()
    words = ("--config", "theirs=1", "results=elsewhere")  # one key of the other workflow, one of ours
    elsewhere = workflow.run(tmp_path, "sidemine_all", "--dry-run", *words, snakefile=snakefile)
    assert "elsewhere/my_study/design_check.json" in elsewhere.output


def test_annex_of_the_engine_is_written(workflow, finished, tmp_path):
    """`snakemake --report` gives its own page, with our captions."""
    annex = tmp_path / "annex.html"
    config = finished.folder / "config.yaml"
    workflow.run(finished.folder, "--report", annex, config=config, snakefile=finished.snakefile)
    text = annex.read_text(encoding="utf-8")
    assert "strongest reason to doubt" in text
    assert "report.html" in text
