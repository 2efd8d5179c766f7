"""The page and the flags, built again from results alone."""

from __future__ import annotations

import json
import shutil

import pytest
from beside_results import add_beside, write_provenance
from example_results import write_example_results

from sidemine.cli import main
from sidemine.errors import InputError
from sidemine.quality.flags import Flag
from sidemine.report.collect import collect
from sidemine.report.flags_mqc import multiqc_flags
from sidemine.report.page import build_report, render
from sidemine.tables import write_json
from sidemine.verdict.rules import RULES_VERSION


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = add_beside(write_example_results(tmp_path_factory.mktemp("again") / "results"))
    write_provenance(folder)
    return folder


def test_command_gives_the_same_bytes(folder, tmp_path, capsys):
    """`sidemine report RESULTS -o FILE` writes what the workflow's job writes, and only that file."""
    build_report(folder, folder / "report.html", flags=folder / "flags_mqc.json")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert main(["report", str(folder), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == (folder / "report.html").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    assert capsys.readouterr().out == f"{tmp_path / 'again.html'}\n"


def test_a_line_that_the_study_no_longer_asks_for_is_not_on_the_page(example_results, tmp_path):
    """`concordance.json` stays in the folder when the bridges leave the study."""
    results = shutil.copytree(example_results, tmp_path / "results")
    assert collect(results).beside.lines.records
    study = json.loads((results / "study.json").read_text())
    write_json({**study, "specifications": {}}, results / "study.json")
    assert (results / "concordance.json").is_file()
    left = render(collect(results))
    (results / "concordance.json").unlink()
    assert left == render(collect(results))


def test_results_of_other_rules_are_refused_by_their_version(example_results, tmp_path, capsys):
    """Before anything else is read, since records of other rules hold other fields."""
    results = shutil.copytree(example_results, tmp_path / "results")
    verdicts = json.loads((results / "verdicts.json").read_text())
    write_json({**verdicts, "rules_version": "2026.5"}, results / "verdicts.json")
    (results / "study.json").write_text('{"of": "another version"}', encoding="utf-8")
    with pytest.raises(InputError, match="other rules"):
        collect(results)
    assert main(["report", str(results)]) == 1
    told = capsys.readouterr().err
    assert "these results hold answers by other rules" in told
    assert "verdicts.json: rules 2026.5" in told
    assert f"allowed: rules {RULES_VERSION}" in told
    assert "next:    Run the study again" in told


def test_command_without_results_tells_what_is_missing(tmp_path, capsys):
    """A folder that holds no results is told in four parts, not by a traceback."""
    assert main(["report", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "study.json" in told
    assert "next:" in told


def test_flags_for_multiqc(folder):
    """One row per data set and contrast, one column per check, the worst status of each; the shape MultiQC asks for."""
    content = multiqc_flags(collect(folder))
    assert content["plot_type"] == "table"
    assert set(content["data"]) == {
        *(f"dataset {key}" for key in ("cohort_a", "cohort_b", "cells_interferon", "cells_inhibitor", "tiny")),
        *(f"contrast {key}" for key in ("vte_a", "vte_b", "interferon", "inhibitor", "too_small")),
    }
    assert content["data"]["contrast vte_a"] == {"reused_samples": "warn"}
    assert content["data"]["dataset cohort_b"] == {"sex genes against the sex label": "ok"}
    assert set(content["headers"]) == {"reused_samples", "sex genes against the sex label"}
    json.dumps(content, allow_nan=False)


def test_worst_status_of_a_check_counts(folder):
    """Two flags of one trap: the worse one is shown, whatever their order."""
    results = collect(folder)
    flags = [Flag("identifiers", "a", status, "") for status in ("ok", "problem", "warn")]
    results.datasets["cohort_a"].quality.flags[:] = flags
    assert multiqc_flags(results)["data"]["dataset cohort_a"] == {"identifiers": "problem"}


def _drop_answer(verdicts, study):
    verdicts["verdicts"].pop()


def _drop_question(verdicts, study):
    study["config"]["hypotheses"].pop(0)


def _exchange_contrast(verdicts, study):
    verdicts["verdicts"][0]["evidence"][0]["contrast"] = "inhibitor"


@pytest.mark.parametrize("change", [_drop_answer, _drop_question, _exchange_contrast])
def test_answers_to_other_questions_make_no_page(folder, tmp_path, change):
    """An answer that is missing, too many, or from a contrast that the study does not name."""
    other = tmp_path / "results"
    shutil.copytree(folder, other)
    verdicts, study = (json.loads((other / name).read_text()) for name in ("verdicts.json", "study.json"))
    change(verdicts, study)
    write_json(verdicts, other / "verdicts.json")
    write_json(study, other / "study.json")
    with pytest.raises(InputError, match="not those to the questions of the study"):
        build_report(other, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_an_unknown_unit_of_differences_makes_no_page(folder, tmp_path):
    other = tmp_path / "results"
    shutil.copytree(folder, other)
    design = other / "contrasts" / "vte_a" / "design.json"
    content = json.loads(design.read_text())
    content["fit"]["unit"] = "furlongs"
    write_json(content, design)
    with pytest.raises(InputError, match="unknown unit of differences"):
        build_report(other, tmp_path / "report.html")
