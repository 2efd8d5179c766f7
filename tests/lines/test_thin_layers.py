"""miRNA, promoter and perturbation jobs on the demo's files: what is planted is found, what is not is not, the library that cannot see says so."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sidemine.simulate.demo as demo
from sidemine.differential.contrast_fit import save_fit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.effect.pooled_effect import NO_POOL_OF_ARMS, not_pooled
from sidemine.effect.record import HypothesisEvidence, Margin, PooledEffect
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.errors import InputError
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.mirna.job import JOB as MIRNA
from sidemine.lines.perturbation.job import JOB as PERTURBATION
from sidemine.lines.promoter.job import JOB as PROMOTER
from sidemine.lines.registry import LINES
from sidemine.records import read_record, write_record
from sidemine.simulate.genes import make_universe
from sidemine.simulate.geo_files import write_gene_table, write_gmt
from sidemine.simulate.mirnas import write_mirnas
from sidemine.simulate.promoters import write_promoters
from sidemine.simulate.signatures import write_signatures
from sidemine.study_jobs import JobFiles
from sidemine.tables import write_table

SHEET = Path(demo.__file__).parents[3] / "config" / "demo" / "lines.tsv"
SEED = demo.DEMO_SEED
ROWS = {
    row["line"]: row
    for row in csv.DictReader(SHEET.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    if row["layer"] in {"mirna", "promoter", "perturbation"}
}
JOBS = {"mirna": MIRNA, "promoter": PROMOTER, "perturbation": PERTURBATION}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The demo's files of these layers, with a smaller number of genes, and two fitted contrasts."""
    folder = tmp_path_factory.mktemp("thin")
    data = folder / "demo_data"
    universe = make_universe(2000, SEED)
    sets = demo.demo_sets(universe)
    write_gene_table(data / "gene_table.tsv.gz", universe)
    write_gmt(data / "sets.gmt", sets)
    write_signatures(data / "signatures.tsv.gz", universe, SEED)
    write_mirnas(data / "mirna", universe, "interferon_response", SEED)
    write_promoters(data / "promoters", universe, "interferon_response", SEED)
    table = pd.DataFrame([(name, gene) for name, genes in sets.items() for gene in genes], columns=["gene_set", "gene"])
    for column in GENE_SETS.columns:
        if column.name not in table:
            table[column.name] = {"text": "x", "number": 1.0, "integer": 1, "boolean": False}[column.kind]
    table["family"] = "target"
    write_table(table[GENE_SETS.names], folder / "gene_sets.tsv.gz", GENE_SETS)
    for number, contrast in enumerate(("a", "b")):
        rng = np.random.default_rng(number)
        target = np.arange(40) < 20
        values = 7 + rng.standard_normal((2000, 40)) + rng.standard_normal(2000)[:, None]
        values[universe.rows(universe.modules["interferon_response"])] += 0.8 * target
        samples = pd.DataFrame(index=[f"{contrast}{at}" for at in range(40)])
        fit = fit_contrast(values, list(universe.symbols), build_design(samples, target, ~target, []))
        save_fit(fit, folder / contrast / "fit.npz")
    pooled = PooledEffect(k=2, contrasts=["a", "b"], refused=[], method="common effect")
    write_record(HypothesisEvidence("h", [], None, Margin(None, "", ""), pooled), folder / "h.json")
    return folder


def run(folder, row, effect="h.json"):
    """Run the job of one row; return its evidence, its details and the panel that is made of them."""
    job = JOBS[row["layer"]]
    roles = {"file": row["file"]} | dict(cell.split("=", 1) for cell in row["files"].split(",") if cell)
    paths = {role: folder / path.removeprefix("../../") for role, path in roles.items()}
    declared = {key: row[key] for key in ("line", "layer", "format", "set", "direction", "status")}
    declared["columns"] = dict(cell.split("=", 1) for cell in row["columns"].split(",") if cell)
    specification = {
        "row": declared,
        "files": {role: role for role in paths},
        "gene_table": {"key": "gene_table", "format": "ensembl", "version": "1"},
    }
    if row["layer"] == "promoter":
        specification |= {"hypothesis": "h", "contrasts": ["a", "b"]}
    inputs = {
        "files": list(paths.values()),
        "sets": [folder / "gene_sets.tsv.gz"],
        "gene_table": [folder / "demo_data" / "gene_table.tsv.gz"],
        "effect": [folder / effect],
        "fits": [folder / "a" / "fit.npz", folder / "b" / "fit.npz"],
        **job.resource_files,
    }
    outputs = {name: [folder / f"{row['line']}.{name}.json"] for name in ("evidence", "details")}
    job.execute(JobFiles(inputs), JobFiles(outputs), specification)
    entry = next(line for line in LINES if line.layer == row["layer"])
    evidence = read_record(LayerEvidence, outputs["evidence"][0])
    details = read_record(entry.details, outputs["details"][0])
    return evidence, details, entry.line_panel(evidence, details)


EXPECTED = {
    "mirna_targets": "in favour",
    "mirna_null": "undecided",
    "promoter_chip": "described",
    "promoter_isre": "in favour",
    "promoter_null": "undecided",
    "library_inhibitor": "described",
    "library_null": "uninformative",
}


def test_every_row_of_the_demo_is_expected():
    assert ROWS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("line", EXPECTED)
def test_planted_rows_are_found_and_null_rows_are_not(files, line):
    evidence, details, panel = run(files, ROWS[line])
    assert evidence.call == EXPECTED[line], evidence
    assert evidence.cap, "no layer of these is more than suggestive"
    assert evidence.reason.endswith(".")
    assert panel.facts[0] == evidence.reason
    assert panel.table is not None
    assert panel.caption
    assert panel.chart is not None
    told = {"mirna": "share", "promoter": "effect", "perturbation": "percentile"}[evidence.layer]
    told = "place" if line == "promoter_chip" else told
    in_table = [row[told].split(" ±")[0] for row in panel.table.rows if row[told] != "—"]
    words = [row.get("words") or row["value"] for row in panel.chart["data"]["values"]]
    in_figure = [
        word.split(" [")[0].removeprefix("percentile ").removeprefix("further than ").split(" of ")[0]
        for word in words
        if word
    ]
    assert in_figure == in_table, "the figure shows the numbers of the table"
    if evidence.layer == "mirna":
        assert details.unit == "seed family"
        assert next((row.n, row.why) for row in details.lost) == (4, "the name says no arm, and the miRNA has two")
    if evidence.layer == "perturbation":
        assert (evidence.p_value, evidence.p_declared) == (None, None)
        assert (details.found is None) == (line == "library_null")
        assert evidence.percentile == (None if line == "library_null" else details.found.percentile)
    if line == "promoter_chip":
        assert (evidence.p_value, evidence.p_declared, evidence.percentile) == (None, None, 100)
    elif evidence.layer == "promoter":
        assert evidence.p_declared in (pytest.approx(evidence.p_value / 2), pytest.approx(1 - evidence.p_value / 2))
        assert [row.contrast for row in details.effects] == ["a", "b"]


def test_the_other_direction_speaks_against(files):
    evidence, _, _ = run(files, ROWS["promoter_isre"] | {"direction": "down"})
    assert evidence.call == "against"
    evidence, _, _ = run(files, ROWS["mirna_targets"] | {"direction": "up"})
    assert (evidence.call, evidence.p_declared) == ("not testable", None), (
        "those that are down say nothing of those that are up"
    )
    assert "0 units that are up in the disease" in evidence.reason
    evidence, _, _ = run(files, ROWS["mirna_targets"] | {"direction": "listed"})
    assert (evidence.call, evidence.p_value) == ("in favour", evidence.p_declared)


def test_the_first_arm_of_a_panel_does_not_stand_for_it(files):
    """A panel pools nothing, so promoters have no contrast to look at; the row says why, and names no arm."""
    panel = HypothesisEvidence("h", [], None, Margin(None, "", ""), not_pooled(NO_POOL_OF_ARMS))
    write_record(panel, files / "panel.json")
    evidence, details, _ = run(files, ROWS["promoter_isre"], "panel.json")
    assert (evidence.call, evidence.p_value, details.effects) == ("not testable", None, [])
    assert "one model gives each its own effect" in evidence.reason


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("promoter_isre", {"columns": "family=ETS"}, "no motif family 'ETS'"),
        ("promoter_chip", {"set": "SIM_ELSEWHERE"}, "does not hold its set"),
        ("library_null", {"columns": "perturbation=X,identifiers=ids,control_set=Y,control_expected=low"}, r"'ids'(.|\n)*'low'(.|\n)*'Y'"),
        ("library_null", {"columns": "perturbation=X,identifiers=symbol,control_set=SIM_HEME,control_expected=up"}, "X(.|\n)*line library_null"),
        ("mirna_null", {"columns": "mirna=name"}, "lacks column 'name'"),
    ],
)  # fmt: skip
def test_mistakes_of_a_row_are_told_in_four_parts(files, line, change, message):
    with pytest.raises(InputError, match=message):
        run(files, ROWS[line] | change)


def test_a_row_that_lists_its_finds_only_is_not_testable(files):
    """Without a universe nothing says what the assay could have found."""
    row = ROWS["mirna_targets"] | {"columns": "mirna=mirna", "direction": "listed"}
    evidence, _, _ = run(files, row)
    assert (evidence.call, evidence.p_declared) == ("not testable", None)
    assert "declare all miRNAs" in evidence.reason
    evidence, _, _ = run(files, row | {"direction": "up"})
    assert "which miRNAs are up" in evidence.reason
