"""One accession twice, declared sources and wells: a planted effect through the real workflow, in one run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from conftest import SEED

from sidemine.simulate.studies import write_planted_together

pytestmark = pytest.mark.workflow
REASON = "Cells of another donor, treated in another year by others"


def edit(folder: Path, **datasets: dict[str, str]) -> None:
    """Set columns of the rows of datasets."""
    path = folder / "datasets.tsv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [{**row, **datasets.get(row["dataset"], {})} for row in csv.DictReader(stream, delimiter="\t")]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter="\t", lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_two_experiments_of_one_accession_are_supported_only_with_word_and_reason(workflow, tmp_path):
    """The effect is planted in all. One accession with two words for its cells is one source; wells are no cultures."""
    kinds = dict.fromkeys(("once", "declared"), "inhibitor_suppresses")
    config = write_planted_together("planted_sources", kinds, tmp_path, SEED)
    edit(
        tmp_path,
        once_experiment_b={"accession": "GSE900020", "tissue": "another lung cell line", "replicates": "wells"},
        declared_experiment_b={
            "accession": "GSE900120",
            "source": "the other laboratory",
            "independent_because": REASON,
        },
    )
    study = yaml.safe_load(config.read_text(encoding="utf-8"))
    (wells,) = (dict(row) for row in study["hypotheses"] if row["id"] == "once")
    contrasts = ["once_experiment_b_drug", "declared_experiment_a_drug"]
    study["hypotheses"].append({**wells, "id": "wells", "primary": {**wells["primary"], "contrasts": contrasts}})
    config.write_text(json.dumps(study), encoding="utf-8")  # YAML too, and without references

    run = workflow.run(tmp_path, "results/planted_sources/report.html", config=config)
    cards = run.verdicts()
    once, declared, wells = (cards[name] for name in ("once", "declared", "wells"))
    assert once["verdict"] == "suggestive", once["rule"]
    assert "replication" in [cap["cap"] for cap in once["caps"]]
    assert once["agreeing"]["n"] == 1
    assert any("come from one source (GSE900020) and count as one" in note for note in once["notes"])
    assert declared["verdict"] == "supported", declared["rule"]
    assert any(REASON in note for note in declared["notes"])
    assert REASON in run.page()
    assert wells["verdict"] == "suggestive", wells["rule"]
    assert [cap["cap"] for cap in wells["caps"]] == ["replicates"]

    edit(tmp_path, declared_experiment_b={"independent_because": ""})
    refused = workflow.run(tmp_path, "--dry-run", config=config, fails=True)
    assert "declared_experiment_a and declared_experiment_b are one source, and declared as two" in refused.output
