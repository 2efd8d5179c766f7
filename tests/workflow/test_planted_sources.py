"""One accession twice, declared sources and wells: a planted effect through the real workflow."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
REASON = "Cells of another donor, treated in another year by others"


def edit(folder: Path, **columns: str) -> None:
    """Set columns of the second experiment's row."""
    path = folder / "datasets.tsv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    rows = [{**row, **dict.fromkeys(columns.keys() - row.keys(), "")} for row in rows]
    rows[1].update(columns)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_two_experiments_of_one_accession_are_supported_only_with_word_and_reason(workflow, tmp_path):
    """The effect is planted in both. One accession with two words for its cells is one source; wells are no cultures."""
    config = workflow.plant("inhibitor_suppresses", tmp_path)

    def card():
        return workflow.run(tmp_path, "results/planted_inhibitor_suppresses/verdicts.json", config=config).verdicts()[
            "main"
        ]

    edit(tmp_path, accession="GSE900020", tissue="another lung cell line")
    once = card()
    assert once["verdict"] == "suggestive", once["rule"]
    assert "replication" in [cap["cap"] for cap in once["caps"]]
    assert once["agreeing"]["n"] == 1
    assert any("come from one source (GSE900020) and count as one" in note for note in once["notes"])

    edit(tmp_path, source="the other laboratory", independent_because=REASON)
    declared = card()
    assert declared["verdict"] == "supported", declared["rule"]
    assert any(REASON in note for note in declared["notes"])
    report = workflow.run(tmp_path, "results/planted_inhibitor_suppresses/report.html", config=config).page()
    assert REASON in report

    edit(tmp_path, replicates="wells")
    wells = card()
    assert wells["verdict"] == "suggestive", wells["rule"]
    assert [cap["cap"] for cap in wells["caps"]] == ["replicates"]

    edit(tmp_path, source="", independent_because="")
    edit(tmp_path, source="the other laboratory")
    refused = workflow.run(tmp_path, "--dry-run", config=config, fails=True)
    assert "experiment_a and experiment_b are one source, and declared as two" in refused.output
