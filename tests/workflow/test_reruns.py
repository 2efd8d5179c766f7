"""Re-runs are true: one command after any edit runs exactly what depends on it, and no page mixes specifications."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import Run, run_once
from test_runs import STUDY, get_planned_rules, kill, read_results, stage_of, wait_for

from sidemine.cli import main
from sidemine.errors import InputError
from sidemine.provenance import check_results

pytestmark = pytest.mark.workflow

WRITTEN_DOWN = {"describe_study", "write_manifest"}
READERS = {"retrieve_input", "read_samples", "prepare_gene_sets", "lock_inputs"}
MATRIX = "mirror/ftp.ncbi.nlm.nih.gov/geo/series/GSE900nnn/GSE900010/matrix/GSE900010_series_matrix.txt.gz"
SWAP = (
    'disease\tdisease_state = "venous thromboembolism"\tdisease_state = healthy',
    'disease\tdisease_state = healthy\tdisease_state = "venous thromboembolism"',
)


@pytest.fixture(scope="module")
def arrows(workflow, finished):
    """Which rule uses what which rule makes."""
    config = finished.folder / "config.yaml"
    run = workflow.run(finished.folder, "--rulegraph", config=config, snakefile=finished.snakefile)
    names = {node: stage_of(rule) for node, rule in re.findall(r'(\d+)\[label = "(\w+)', run.output)}
    return {(names[one], names[other]) for one, other in re.findall(r"(\d+) -> (\d+)", run.output)}


@pytest.fixture(scope="module")
def followers(arrows):
    """What is planned with some rules; the readers of an input are given, not followed.

    Behind the check of designs everything is planned, and decided anew when the check has run.
    """

    def after(rules):
        reached = set(rules)
        while more := {last for first, last in arrows if first in reached - {"retrieve_input"}} - reached:
            reached |= more
        return reached

    return after


def test_every_rule_behind_the_check_asks_for_its_gate(arrows, followers):
    """Snakemake decides anew, after a checkpoint, about these rules only; the others would keep its first plan."""
    for checkpoint, behind in (("check_designs", {"prepare_dataset"}), ("compare_datasets", {"analyse_dataset"})):
        asking = {rule for first, rule in arrows if first == checkpoint}
        assert followers(behind) - {"record_run", "all"} <= asking


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def plan(workflow, finished, folder, *more):
    return get_planned_rules(
        workflow.run(folder, "--dry-run", *more, config=folder / "config.yaml", snakefile=finished.snakefile)
    )


def test_a_moved_study_is_left_alone(workflow, finished, copy):
    """The content counts, not the time stamps: a study moved with its results and its mirror has nothing to do."""
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        if ".snakemake" not in path.parts:
            path.touch()  # one after the other, so that files are newer than what was made of them, or older
    page = copy / STUDY / "report.html"
    assert page.stat().st_size > 1_000_000, "Snakemake of itself compares only smaller inputs by their content"
    for path in (page, copy / MATRIX, copy / "planted.json", copy / "inputs.lock.tsv"):
        path.touch()  # newer than all that was made of it
    assert plan(workflow, finished, copy) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "rules"),
    [
        ("datasets.tsv", "Simulated.", "Simulated, as said.", WRITTEN_DOWN),
        ("config.yaml", "margin: 0.4", "margin: 0.5", {*WRITTEN_DOWN, "measure_effects", "decide_verdicts"}),
        ("config.yaml", "seed: 11", "seed: 11\n  traps: {hidden_structure: stop}", {*WRITTEN_DOWN, "analyse_dataset"}),
        ("config.yaml", "planted: planted.json", "planted: other.json", {"describe_study", "decide_verdicts"}),
        ("config.yaml", "mirror: mirror", "mirror: other_mirror", {"describe_study", "retrieve_input", "read_samples"}),
        ("config.yaml", "mirror: mirror", "mirror: mirror\nlock: other.lock.tsv", {"describe_study", "lock_inputs"}),
        ("config.yaml", "mirror: mirror", "mirror: mirror\ndownloads: other", {"describe_study", *READERS}),
        ("planted.json", "[", '["More was planted.", ', {"decide_verdicts"}),
        ("sets.gmt", "\n", "\nMORE\tna\tISG15\tMX1\tOAS1\tIFI6\tIFIT1\n", {*READERS} - {"read_samples"}),
        ("inputs.lock.tsv", "sets.gmt\t", "sets.gmt\t0", {"lock_inputs"}),
    ],
    ids=[
        *("note", "margin", "trap", "planted", "mirror", "lock", "downloads"),
        *("planted_edited", "sets_edited", "lock_edited"),
    ],
)
def test_an_edit_plans_what_depends_on_it(file, old, new, rules, workflow, finished, copy, followers):
    """Snakemake plans the jobs of the table of re-runs and what follows from them, and nothing else."""
    shutil.copy(copy / "planted.json", copy / "other.json")
    if "other_mirror" in new:
        shutil.copytree(copy / "mirror", copy / "other_mirror")
    edit(copy / file, old, new)
    assert plan(workflow, finished, copy) == followers(rules)


def test_other_results_are_made_from_nothing(workflow, finished, copy):
    """Another results folder, or another id of the study, is another place: nothing of the old one is taken over."""
    everything = plan(workflow, finished, copy, "--forceall")
    assert plan(workflow, finished, copy, "--config", "results=elsewhere") == everything - {"retrieve_input"}
    edit(copy / "config.yaml", "id: planted_positive", "id: other")
    assert plan(workflow, finished, copy) == everything


@pytest.fixture(scope="module")
def swapped(workflow, finished, tmp_path_factory):
    """The planted study with target and reference of one contrast exchanged, run from nothing.

    On one core, and killed (`kill -9`) in mid-run: the same command again goes on, without unlocking.
    """

    def make(folder):
        config = workflow.plant("positive", folder)
        edit(folder / "contrasts.tsv", *SWAP)
        process = workflow.start(folder, config=config, cores=1, snakefile=finished.snakefile)
        wait_for(lambda: any((folder / STUDY).glob("contrasts/*/differential.tsv.gz")), process)
        kill(process)
        assert not (folder / STUDY / "report.html").exists()
        return workflow.run(folder, config=config, cores=1, snakefile=finished.snakefile)

    return run_once(tmp_path_factory, "swapped", make)


@pytest.mark.parametrize("killed", [False, True])
def test_exchanged_groups_are_fitted_again(killed, workflow, finished, copy, swapped):
    """All files of a swapped contrast have the bytes of a fresh run, also when the re-run was killed half-way.

    The fresh run was killed, too, and had one core where this one has two. That the datasets are compared again, with the result that was lost, has no other one analysed.
    """
    edit(copy / "contrasts.tsv", *SWAP)
    (copy / STUDY / "shared_samples.json").unlink()
    other = copy / STUDY / "contrasts" / "cohort_b_vte" / "differential.tsv.gz"
    fitted = copy / STUDY / "provenance" / "analyse_dataset" / "cohort_a.json"
    before, untouched = fitted.read_bytes(), other.stat().st_mtime_ns
    if killed:
        process = workflow.start(copy, config=copy / "config.yaml", snakefile=finished.snakefile)
        wait_for(lambda: fitted.is_file() and fitted.read_bytes() not in {before, b""}, process)
        kill(process)
    run = workflow.run(copy, config=copy / "config.yaml", snakefile=finished.snakefile)
    assert other.stat().st_mtime_ns == untouched
    assert "Score the activities" not in run.output
    assert killed or "Analyse cohort_a:" in run.output
    assert killed or "Look for samples that stand in two datasets" in run.output
    assert "Analyse cohort_b:" not in run.output
    ours, theirs = read_results(copy), read_results(swapped.folder)
    assert len(theirs) > 20
    assert [name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)] == []


def replace(target: Path, source: Path, *names: str) -> None:
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copy2(source / name, target / name)


FITTED = "contrasts/cohort_a_vte"
ANALYSED = [FITTED, "datasets/cohort_a"]
MIXTURES = {
    "old dataset": ([*ANALYSED, "provenance/analyse_dataset/cohort_a.json"], "was computed for another specification"),
    "old files of a contrast": (
        [f"{FITTED}/differential.tsv.gz"],
        "is not the file that analyse_dataset of cohort_a wrote",
    ),
    "old manifest": (["manifest.json"], "manifest.json belongs to another study"),
    "old study": (["study.json"], "manifest.json belongs to another study"),
    "old verdicts": (
        ["verdicts.json", "provenance/decide_verdicts.json"],
        "the results of decide_verdicts come from another",
    ),
    "old evidence": (
        ["evidence", "provenance/measure_effects.json"],
        "come from another contrasts/cohort_a_vte/fit.npz",
    ),
}


@pytest.mark.parametrize("what", MIXTURES)
def test_results_of_two_studies_make_no_page(what, finished, swapped, tmp_path, capsys):
    """Old results beside a new study are refused, whether their records came along or not."""
    names, words = MIXTURES[what]
    results = tmp_path / "results"
    shutil.copytree(swapped.results(), results)
    check_results(results)
    replace(results, finished.results(), *names)
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        check_results(results)
    for part in ("where:", "allowed:", "next:"):
        assert part in str(caught.value)
    (results / "report.html").unlink()
    assert main(["report", str(results)]) == 1
    assert words in capsys.readouterr().err
    assert not (results / "report.html").exists()


def test_a_hand_in_the_results_is_seen(finished, tmp_path):
    """A margin or a number that was changed by hand, a file or a record that is missing."""
    results = tmp_path / "results"
    changes = {
        "study.json": lambda text: text.replace('"margin": 0.4', '"margin": 0.3'),
        "verdicts.json": lambda text: text.replace("supported", "supported ", 1),
        "specificity.tsv": lambda text: text + "\n",
        "provenance/measure_effects.json": lambda text: json.dumps({**json.loads(text), "specification": "0" * 16}),
        "evidence/main.json": None,
        "provenance/vary_analysis.json": None,
    }
    for name, change in changes.items():
        shutil.rmtree(results, ignore_errors=True)
        shutil.copytree(finished.results(), results)
        if change is None:
            (results / name).unlink()
        else:
            text = (results / name).read_text(encoding="utf-8")
            assert change(text) != text
            (results / name).write_text(change(text), encoding="utf-8")
        with pytest.raises(InputError, match="results that were all made by the study"):
            check_results(results)


def test_the_workflow_refuses_to_build_a_page_of_mixed_results(workflow, finished, swapped, copy):
    """A result that was exchanged behind Snakemake's back, older than what was made of it, stops the page."""
    name = f"{STUDY}/{FITTED}/differential.tsv.gz"
    stamp = (copy / name).stat()
    shutil.copy(swapped.folder / name, copy / name)
    os.utime(copy / name, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    edit(copy / "datasets.tsv", "Simulated.", "Simulated, as said.")
    run: Run = workflow.run(copy, config=copy / "config.yaml", snakefile=finished.snakefile, fails=True)
    assert "is not the file that analyse_dataset of cohort_a wrote" in run.output
