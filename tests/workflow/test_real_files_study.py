"""The study on real public files must agree with what was found by hand on the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidemine.tables import read_json

pytestmark = [pytest.mark.workflow, pytest.mark.real_files]

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "tests" / "real_files" / "config.yaml"

# Hand check with voom/limma in R on these files, before this workflow existed. Per contrast and set: direction, CAMERA
# with estimated correlation, FRY; None where the hand check gives no number of its own. It took the two runs of blood
# donor D1 for two donors; the hypotheses count that donor once, which makes p larger and leaves the verdicts.
HAND_CHECK = (
    ("blood_ifnb_by_run", "IFN_ALPHA", "up", 0.016, 0.001),
    ("blood_ifng_by_run", "IFN_ALPHA", "up", 0.17, 0.036),
    ("blood_ifnl_by_run", "IFN_ALPHA", None, 0.94, 0.96),
    ("blood_il4_by_run", "IFN_ALPHA", "down", 0.025, 0.003),
    ("blood_il10_by_run", "IFN_ALPHA", "down", 0.006, 0.0006),
    ("blood_il13_by_run", "IFN_ALPHA", "down", 0.028, 0.003),
    ("vemurafenib", "IFN_ALPHA", "up", 0.067, 0.0002),
    ("vemurafenib", "IL6_JAK_STAT3", None, 0.85, None),
    ("blood_ifng_by_run", "IFN_GAMMA", "up", None, None),
    ("blood_ifng_by_run", "IL6_JAK_STAT3", "up", None, None),
)
# For the airway cells it gives upper bounds.
AIRWAY = ("airway_ifna", "airway_ifnb", "airway_ifng", "airway_ifnl3")
AIRWAY_CAMERA, AIRWAY_FRY = 8e-4, 2e-6

VERDICTS = {
    "airway_ifn_alpha": "suggestive",
    "interferon_beta": "supported",  # two independent experiments: airway cells and blood
    "airway_ifn_gamma": "suggestive",
    "airway_ifn_lambda": "suggestive",
    "blood_ifn_beta_by_run": "suggestive",
    "blood_ifn_gamma": "suggestive",
    "blood_ifn_lambda": "not supported",
    "blood_il4": "suggestive",
    "blood_il10": "suggestive",
    "blood_il13": "suggestive",
    "lung_line_other_viruses": "not testable",
    "pbmc_cells": "not testable",
    "pbmc_cell_types": "not testable",  # two donors
    "vemurafenib_suppresses": "not supported",
}


@pytest.fixture(scope="module")
def study(real_files, workflow):
    """The study, run to its end where `make real-files` runs it: after that command only what was edited since runs."""
    return replace(workflow.run(REPOSITORY, config=CONFIG), study="real_files")


def read_tests(study, contrast):
    """Return the rows of a contrast's enrichment table by set and test."""
    lines = (study.results() / "contrasts" / contrast / "enrichment.tsv").read_text().splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]
    return {(row["gene_set"], row["test"]): row for row in rows}


# One test, so that only one worker runs the study.
def test_real_files_agree_with_the_hand_check(study):
    """Directions, p-values within a factor of three, verdicts, and the contradictions of mislabelled tables."""
    for contrast, gene_set, direction, camera, fry in HAND_CHECK:
        rows = read_tests(study, contrast)
        for test, expected in (("camera", camera), ("fry", fry)):
            row = rows[gene_set, test]
            assert direction in {None, row["direction"]}, (contrast, gene_set, test)
            if expected is not None:
                assert expected / 3 <= float(row["p_value"]) <= min(1, expected * 3), (contrast, gene_set, test)
    for contrast in AIRWAY:
        rows = read_tests(study, contrast)
        assert rows["IFN_ALPHA", "camera"]["direction"] == rows["IFN_ALPHA", "fry"]["direction"] == "up"
        assert float(rows["IFN_ALPHA", "camera"]["p_value"]) <= AIRWAY_CAMERA
        assert float(rows["IFN_ALPHA", "fry"]["p_value"]) <= AIRWAY_FRY
    verdicts = study.verdicts()
    assert {name: verdicts[name]["verdict"] for name in VERDICTS} == VERDICTS
    assert verdicts["vemurafenib_suppresses"]["opposite"] is True
    assert verdicts["vemurafenib_stat3"]["verdict"] not in {"supported", "suggestive"}
    assert not any(verdicts[name]["opposite"] for name in VERDICTS if name != "vemurafenib_suppresses")
    assert "donor" in verdicts["pbmc_cells"]["evidence"][0]["problem"]["what"]
    # Two donors are read, summed per cell type, and too few.
    problems = [row["problem"] for row in verdicts["pbmc_cell_types"]["evidence"]]
    assert len(problems) == 5
    assert all("2" in problem["what"] + problem["where"] for problem in problems)
    assert {row["contrast"] for row in verdicts["lung_line_other_viruses"]["evidence"] if row["problem"]} == {
        "a549_rsv",
        "a549_iav",
    }
    check_published_tables(read_json(study.results() / "verdicts.json"))
    assert "Simulated data" not in study.page()


def check_published_tables(answer):
    """Compare the label checks: both tables of the two cohorts contradict their file names."""
    assert answer["simulated"] is False
    tables = {row["table"]: row for row in answer["published_tables"]}
    assert {row["verdict"] for row in tables.values()} == {"not testable"}
    assert tables["ruxolitinib_infected"]["sentence"].startswith("33 of 34 measured genes")
    contradicted = {
        name: {check["check"] for check in row["checks"] if check["status"] == "contradicts"}
        for name, row in tables.items()
    }
    assert contradicted["ruxolitinib_infected"] == set()
    dates = "names that a spreadsheet turned into dates"
    # 31,412 tests and means below zero cannot come from the 22,277 probe sets of GPL571.
    assert contradicted["vte_gse19151"] >= {"number of tests", "range of mean expression", dates}
    # ` /// ` between gene names is Affymetrix's way, not that of the Illumina array GPL10558.
    assert contradicted["vte_gse48000"] >= {
        "identifiers on the declared platform",
        "way of naming several genes",
        dates,
    }
