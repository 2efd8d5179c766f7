"""The test of tables without samples equals limma's cameraPR, groups of proteins as one row; Simes equals base R. `preranked.R` wrote the numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.gene_statistics import TableColumns
from sidemine.enrichment.preranked_camera import Reference, preranked_camera
from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.complete_table.measure import TableToTest, measure_table
from sidemine.lines.complete_table.rows import TableRows
from sidemine.lines.specification import DeclaredLine
from sidemine.prepare.gene_table import GeneTable
from sidemine.stats.multiplicity import simes
from sidemine.stats.tails import two_sided_p

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def statistics() -> pd.DataFrame:
    """Return the deviates that R drew."""
    return pd.read_csv(HERE / "preranked_statistics.tsv.gz", sep="\t")


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """Return what R gave, by set."""
    return pd.read_csv(HERE / "preranked_sets.tsv.gz", sep="\t", index_col="gene_set").sort_index()


def test_a_correlation_for_each_set_gives_what_camera_pr_gives(statistics, expected) -> None:
    """Sets of 2 to 40 genes, correlations of 0 to 0.3."""
    sets = expected["genes"].str.split(",").explode().reset_index().rename(columns={"genes": "gene"})
    sets = sets.assign(family="panel", version="", weight=1.0)
    membership = build_membership(sets, list(statistics["gene"]), min_size=2)
    ours = preranked_camera(statistics["z"].to_numpy(), membership, expected["correlation"].to_numpy())
    ours = ours.set_index("gene_set")
    assert list(ours.index) == list(expected.index)
    np.testing.assert_allclose(ours["p_value"], expected["p_value"], rtol=1e-10)
    assert (ours["direction"].str.capitalize() == expected["direction"]).all()
    assert (ours["n_measured"] == expected["n"]).all()
    assert ((ours["ci_low"] > 0) | (ours["ci_high"] < 0)).tolist() == (expected["p_value"] < 0.05).tolist()


def test_simes_equals_base_r(statistics, expected) -> None:
    """The smallest Benjamini–Hochberg adjusted p of a set."""
    p_values = pd.Series(two_sided_p(statistics["z"].to_numpy(), np.inf), index=statistics["gene"])
    ours = [simes(p_values[genes.split(",")].to_numpy()) for genes in expected["genes"]]
    np.testing.assert_allclose(ours, expected["simes"], rtol=1e-12)


@pytest.mark.parametrize("case", ["single", "groups", "twice"])
def test_a_group_of_proteins_is_one_row_of_camera_pr(case: str) -> None:
    """Groups whose genes are all, or in part, of the set; a gene in two values, which cameraPR does not know and R's formula does."""
    values, theirs = read("tables").query("case == @case"), read("groups").query("case == @case")
    row = theirs.iloc[0]
    reference, members = read("reference"), read("members")
    genes = list(reference["gene"])
    known = GeneTable(
        pd.DataFrame({"entrez": "", "ensembl": ""}, index=pd.Index(genes, name="gene")), [], [], uniprot_ids=[]
    )
    sets = members.assign(gene_set="SET", family="pathway", version="1", weight=1.0)
    residuals = reference.set_index("gene").to_numpy()
    rows = TableRows("table.tsv", list(values["genes"]), None, TableColumns(z=values["z"].to_numpy()))
    line = DeclaredLine(
        line="p1", layer="protein", format="table", columns={}, set="SET", direction="up", status="verified"
    )
    measured, details = measure_table(
        line, TableToTest(rows, None, sets, known, [Reference("other samples", genes, residuals)])
    )
    assert details.correlation == pytest.approx(row["correlation"], rel=1e-10)
    for name, value in (
        ("effect", measured.effect),
        ("ci_low", measured.ci_low),
        ("ci_high", measured.ci_high),
        ("p_value", measured.p_value),
    ):
        assert value == pytest.approx(row[name], rel=1e-10), name
    assert details.p_simes == pytest.approx(row["simes"], rel=1e-10)
    assert len(details.members) == row["m"]
    if case != "twice":
        assert measured.p_value == pytest.approx(row["limma_p"], rel=1e-10)
    if case == "single":
        assert details.correlation == pytest.approx(row["limma_correlation"], rel=1e-10)


def read(name: str) -> pd.DataFrame:
    """Return a stored table."""
    return pd.read_csv(HERE / f"preranked_{name}.tsv.gz", sep="\t")
