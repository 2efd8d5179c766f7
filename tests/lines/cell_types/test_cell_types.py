"""Cell types side by side: planted signs come back as numbers and sentences; two donors are described, never tested."""

from __future__ import annotations

import re
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.design_check import check_designs
from sidemine.drawing.panel import Subject
from sidemine.lines.cell_types.measure import ComparedCells, describe_cell_types
from sidemine.lines.cell_types.panel import cell_type_panels, cell_type_sentences
from sidemine.lines.cell_types.record import CellTypeEffect, CellTypesOfHypothesis, CellTypesOfStudy
from sidemine.lines.line import LinesOnRecord
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.metadata import read_samples
from sidemine.study.models import GeneTableSource
from sidemine.study.rows import Contrast, Dataset

KANG = "data/Kang2018_PBMC_IFNb/kang2018_muscat_2donors_5types_1556cells.h5ad"


def _sets(weights: dict[str, float]) -> pd.DataFrame:
    rows = [("S", "target", gene, weight, "1", "x") for gene, weight in weights.items()]
    return pd.DataFrame(rows, columns=["gene_set", "family", "gene", "weight", "version", "source"])


def test_the_effect_is_that_of_the_set_minus_the_other_genes() -> None:
    """A fourfold change of five genes among 200, one of them the other way; depth plays no part; a lone sample is counted."""
    genes = [f"G{n}" for n in range(200)]
    counts = np.full((6, 200), 1000.0)
    counts[3:, :5] = [[4000, 4000, 4000, 4000, 250]] * 3
    counts *= np.array([1, 2, 1, 3, 1, 1])[:, None]
    obs = pd.DataFrame(
        {"unit": ["d1", "d2", "d3", "d1", "d2", "d4"], "n_cells": ["50"] * 6, "kind": ["T"] * 6}, index=list("abcdef")
    )
    expression = ad.AnnData(obs=obs, var=pd.DataFrame(index=genes))
    expression.layers["counts"] = counts
    sets = _sets({"G0": 1, "G1": 1, "G2": 1, "G3": 1, "G4": -1})
    compared = ComparedCells("c", ["d", "e", "f"], ["a", "b", "c"], "kind")
    effects, unpaired, shallow = describe_cell_types(compared, expression, sets, "S", 5)
    assert [(row.unit, row.n_cells) for row in effects] == [("d1", [50, 50]), ("d2", [50, 50])]
    np.testing.assert_allclose([row.effect for row in effects], 2, atol=0.01)
    assert (unpaired, shallow) == (2, 0)
    assert describe_cell_types(compared, expression, sets, "S", 6) == ([], 0, 0)


def _of_cells(target: int, reference: int, seed: int, donors: int = 4) -> ad.AnnData:
    """Pairs of five cell types and some donors in which nothing differs but the number of cells, of 3,000 reads each."""
    rng = np.random.default_rng(seed)
    shares = np.sort(np.exp(np.random.default_rng(1).normal(0, 2, 4000)))
    rows, obs = [], []
    for kind in range(5):
        for donor in range(donors):
            for side, cells in (("t", target), ("r", reference)):
                depth = 3000 * cells * np.exp(0.2 * rng.standard_normal())
                rows.append(rng.poisson(shares / shares.sum() * depth * rng.gamma(1 / 0.09, 0.09, 4000)))
                obs.append((f"T{kind}", f"D{donor}", side, cells))
    names = pd.DataFrame(obs, columns=["kind", "unit", "side", "n_cells"], index=[f"s{at}" for at in range(len(obs))])
    return ad.AnnData(
        obs=names, var=pd.DataFrame(index=[f"g{at}" for at in range(4000)]), layers={"counts": np.array(rows, float)}
    )


@pytest.mark.parametrize(
    ("cells", "donors", "most"), [((15, 300), 4, 0.03), ((300, 15), 4, 0.03), ((15, 300), 1, 0.12)]
)
def test_fewer_cells_alone_are_neither_higher_nor_lower(cells: tuple[int, int], donors: int, most: float) -> None:
    """With 15 v 300 cells every pair was lower in the rarer cells, by .4 log2; of a single donor, whose own reads choose the genes, .08 remain."""
    effects = []
    for seed in range(4 if donors > 1 else 12):
        expression = _of_cells(*cells, seed, donors)
        common = np.random.default_rng(9).choice(np.arange(3400, 4000), 40, replace=False)
        sides = [list(expression.obs_names[expression.obs["side"] == side]) for side in "tr"]
        found, _, shallow = describe_cell_types(
            ComparedCells("c", *sides, "kind"), expression, _sets({f"g{at}": 1.0 for at in common}), "S", 5
        )
        assert shallow == 0
        effects += [row.effect for row in found]
    assert len(effects) >= 60
    assert abs(np.median(effects)) < most
    assert donors == 1 or 0.35 < np.mean(np.array(effects) > 0) < 0.65


def test_pairs_of_too_few_reads_are_counted_and_told() -> None:
    """Genes that a sample of 15 cells cannot hold: no pair has a sign, and the page says why."""
    expression = _of_cells(15, 300, 1)
    sides = [list(expression.obs_names[expression.obs["side"] == side]) for side in "tr"]
    rare = _sets({f"g{at}": 1.0 for at in range(1400, 1440)})
    assert describe_cell_types(ComparedCells("c", *sides, "kind"), expression, rare, "S", 5) == ([], 0, 20)
    mine = CellTypesOfHypothesis([], 0, [], 20)
    (panel,) = cell_type_panels(
        Subject("h", "S", False, "log2", [], {}), LinesOnRecord([CellTypesOfStudy({"h": mine})])
    )
    assert panel.chart is None
    assert panel.facts[0].startswith("20 pairs of cell type and donor are not shown")
    some = CellTypesOfHypothesis([CellTypeEffect("c", "T", "d", 0.1, [15, 300])], 0, ["c"], 1)
    assert cell_type_sentences(some)[-1].startswith("1 pair of cell type and donor is not shown")


def test_sentences_say_what_may_be_said() -> None:
    """Equal signs are described; the contrast without a test is named; a card without cell types has no panel."""
    effects = [
        CellTypeEffect(f"{kind}_ifn", kind, unit, effect, [20, 30])
        for kind, effect in (("T", 0.4), ("B", 1.2))
        for unit in ("d1", "d2")
    ]
    same = cell_type_sentences(CellTypesOfHypothesis(effects, 1, ["T_ifn"]))
    assert same[0] == "All 4 pairs of cell type and donor (2 cell types and 2 donors) are higher in the first group."
    assert "no test" in same[1]
    assert same[2] == "Too few donors for a test of its own: B_ifn."
    mixed = cell_type_sentences(
        CellTypesOfHypothesis([*effects, CellTypeEffect("K", "K", "d1", -0.1, [9, 9])], 0, ["T_ifn", "B_ifn", "K"])
    )
    assert "4 are higher in the first group and 1 lower" in mixed[0]
    turned = [CellTypeEffect(row.contrast, row.cell_type, row.unit, -row.effect, row.n_cells) for row in effects[:3]]
    one = cell_type_sentences(CellTypesOfHypothesis([effects[3], *turned], 0, ["T_ifn", "B_ifn"]))
    assert ", 1 is higher in the first group and 3 lower." in one[0]
    subject = Subject("h", "S", False, "log2", [], {})
    shown = LinesOnRecord([CellTypesOfStudy({"h": CellTypesOfHypothesis(effects, 1, [])})])
    (panel,) = cell_type_panels(subject, shown)
    assert panel.table is not None
    assert panel.table.rows[0] == {"pair": "T, d1", "effect": "0.40", "cells": "20 and 30", "contrast": "T_ifn"}
    assert [row["words"] for row in panel.chart["data"]["values"]] == [row["effect"] for row in panel.table.rows]
    assert cell_type_panels(Subject("other", "S", False, "log2", [], {}), shown) == []


@pytest.mark.real_files
def test_two_real_donors_have_the_right_sign_and_no_test(real_files: Path) -> None:
    """Kang et al. 2018: interferon genes rise in all five cell types of both donors; no contrast is testable."""
    row = Dataset.model_validate(
        {"dataset": "kang", "accession": "GSE96583", "layout": "h5ad", "file": "x", "identifiers": "symbol",
         "scale": "counts", "tissue": "blood", "licence": "x", "biological_unit": "donor", "cell_type": "cluster_id",
         "sample_columns": "group_id", "doublets": "off"}
    )  # fmt: skip
    files = {"values": real_files / KANG}
    samples = read_samples(row, files, {}, [])
    source = GeneTableSource(file="x", format="ensembl", licence="x", version="GRCh38")
    genes = read_gene_table(real_files / "data/genes/grch38_genes.tsv.gz", source)
    expression, _ = prepare_dataset(row, files, samples, genes)
    core = [
        "ISG15",
        "IFI6",
        "ISG20",
        "IFIT3",
        "IFIT1",
        "IFIT2",
        "MX1",
        "LY6E",
        "IFITM3",
        "OAS1",
        "STAT1",
        "IFI44L",
        "IRF7",
    ]
    effects = []
    for kind in sorted(set(samples["cluster_id"])):
        contrast = to_fit(
            Contrast.model_validate(
                {"contrast": re.sub(r"\W+", "_", kind).strip("_").lower(), "dataset": "kang", "role": "stimulus",
                 "target": f'cluster_id = "{kind}" and group_id = stim', "reference": f'cluster_id = "{kind}" and group_id = ctrl',
                 "target_label": "interferon", "reference_label": "none", "block": "donor"}
            )
        )  # fmt: skip
        design = check_designs([contrast], {"kang": samples}, min_group_size=3, on_untestable="continue")
        assert "2 independent units, fewer than the minimum of 3" in str(design[contrast.contrast].problems)
        sides = [
            samples.loc[(samples["cluster_id"] == kind) & (samples["group_id"] == side), "sample"].tolist()
            for side in ("stim", "ctrl")
        ]
        compared = ComparedCells(contrast.contrast, *sides, "cluster_id")
        found, unpaired, shallow = describe_cell_types(compared, expression, _sets(dict.fromkeys(core, 1.0)), "S", 5)
        effects += found
        assert (unpaired, shallow) == (0, 0)
    assert len(effects) == 10
    assert min(effect.effect for effect in effects) > 1
    told = cell_type_sentences(CellTypesOfHypothesis(effects, 0, []))
    assert told[0] == "All 10 pairs of cell type and donor (5 cell types and 2 donors) are higher in the first group."
