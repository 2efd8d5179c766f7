"""A perturbation library gives a percentile or nothing, never a p; on L1000 ruxolitinib is uninformative."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.errors import InputError
from sidemine.lines.bridge.comparators import read_signatures
from sidemine.lines.bridge.library import SignatureLibrary
from sidemine.lines.perturbation.measure import as_measured, declared_place, place_perturbation
from sidemine.lines.specification import DeclaredLine
from sidemine.places import RESOURCES
from sidemine.prepare.gene_table import GeneTable

GENES = [f"G{number:03d}" for number in range(200)]
INTERFERON = [
    "CXCL10",
    "PSMB8",
    "PSMB9",
    "STAT1",
    "IRF1",
    "CASP1",
    "B2M",
    "TAP1",
    "LAP3",
    "IFIT3",
    "ISG20",
    "SP110",
    "PSME2",
    "UBE2L6",
    "OAS1",
]
"""Genes that interferon induces; the core of them is hardly measured by L1000."""
SETS = pd.DataFrame(
    [("CONTROL", gene, 1.0) for gene in GENES[:20]] + [("ASKED", gene, 1.0) for gene in GENES[20:40]],
    columns=["gene_set", "gene", "weight"],
)


def declared(**changed):
    columns = {"perturbation": "DRUG", "identifiers": "symbol", "control_set": "CONTROL", "control_expected": "down"}
    row = DeclaredLine(
        line="x",
        layer="perturbation",
        format="signatures",
        columns=columns | changed,
        set="ASKED",
        direction="down",
        status="verified",
    )
    return declared_place(row, {"CONTROL", "ASKED"})


def library(control_shift, asked_shift, n=400):
    rng = np.random.default_rng(7)
    values = rng.standard_normal((n + 1, 200)) * rng.uniform(0.5, 3, n + 1)[:, None]
    values[-1] = rng.standard_normal(200)
    values[-1, :20] += control_shift
    values[-1, 20:40] += asked_shift
    table = pd.DataFrame(values, index=[*(f"P{at}" for at in range(n)), "DRUG"], columns=GENES)
    return SignatureLibrary(table.iloc[:-1], table.iloc[-1:])


def test_a_library_that_sees_the_drug_places_it_and_gives_no_p():
    details = place_perturbation(library(-3, -3), declared(exclude="P1; P2"), SETS)
    measured = as_measured(details, 20, 20)
    assert details.excluded == ["P1", "P2"]
    assert (measured.instead, measured.p_value, measured.p_declared) == ("described", None, None)
    assert measured.percentile <= 1
    assert details.smallest_percentile == pytest.approx(0.25)
    other_way = as_measured(place_perturbation(library(-3, 3), declared(), SETS), 20, 20)
    assert (other_way.instead, other_way.percentile > 99) == ("described", True)


@pytest.mark.parametrize("control_shift", [0, 3])
def test_a_library_that_does_not_see_the_drug_is_uninformative_whatever_is_asked(control_shift):
    """The asked set is not even looked at: a place that cannot be trusted must not be told."""
    details = place_perturbation(library(control_shift, -5), declared(), SETS)
    measured = as_measured(details, 20, 20)
    assert (measured.instead, measured.percentile, details.found) == ("uninformative", None, None)
    assert "uninformative" in measured.reason


def test_in_l1000_ruxolitinib_is_uninformative(real_files):
    folder = real_files / "data" / "LINCS_L1000_consensus"
    if not folder.is_dir():
        pytest.skip("no LINCS file here")
    genes = pd.read_csv(folder / "genes.tsv.gz", sep="\t", dtype=str).drop_duplicates("symbol")
    frame = pd.DataFrame({"entrez": genes["entrez_gene_id"].to_numpy(), "ensembl": ""}, index=genes["symbol"])
    asked = declared(perturbation="DB08877", identifiers="entrez", control_set="CONTROL")
    core = pd.read_csv(RESOURCES / "gene_sets" / "isg.tsv", sep="\t")
    sets = pd.concat([core.assign(gene_set="CONTROL"), core.assign(gene_set="ASKED")])
    found = read_signatures(folder / "consensi-drugbank.tsv.gz", asked.file, GeneTable(frame, [], []))
    details = place_perturbation(found, asked, sets)
    assert (details.control.n_signatures, details.control.n_genes) == (1169, 2)
    assert as_measured(details, 40, 2).instead == "uninformative"
    interferon = pd.DataFrame({"gene_set": "CONTROL", "gene": INTERFERON, "weight": 1.0})
    details = place_perturbation(found, asked, interferon)
    assert details.control.n_genes >= 5
    assert details.control.percentile > 5
    assert as_measured(details, 8, 8).instead == "uninformative"


def test_the_positive_control_is_not_what_is_asked():
    """Else the library may speak exactly where it says what was hoped for."""
    with pytest.raises(InputError, match="other than that which is asked about, ASKED"):
        declared(control_set="ASKED")
