"""The curated core in resources/ keeps to its own rules."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from sidemine.considerations.composition.cell_proxies import read_panels
from sidemine.enrichment.libraries import read_library
from sidemine.errors import Problem
from sidemine.study.choices import Family
from sidemine.study.markers import markers_of, read_marker_files

FOLDER = Path(__file__).parents[2] / "resources" / "gene_sets"
FILES = sorted(FOLDER.glob("*.tsv"))
COLUMNS = ["gene_set", "family", "gene", "weight", "reason", "source", "verified"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def _genes(*families: str) -> dict[str, set[str]]:
    return {path.stem: {row["gene"] for row in _rows(path)} for path in FILES if _rows(path)[0]["family"] in families}


def test_there_is_a_core_set_of_each_kind_that_the_study_needs() -> None:
    needed = {
        "jak_stat_members",
        "jak_stat_feedback",
        "isg",
        "erythroid",
        "platelet",
        "neutrophil",
        "ribosome",
        "oxphos",
    }
    assert needed <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_list_is_short_complete_and_says_why(path: Path) -> None:
    rows = _rows(path)
    assert list(rows[0]) == COLUMNS
    assert 10 <= len(rows) <= 40
    assert len({row["gene"] for row in rows}) == len(rows)
    assert {row["gene_set"] for row in rows} == {f"CORE_{path.stem.upper()}"}
    assert len({row["family"] for row in rows}) == 1
    assert rows[0]["family"] in get_args(Family)
    for row in rows:
        assert all(value == value.strip() != "" for value in row.values()), row
        assert row["weight"] == "1"
        assert row["verified"] in {"yes", "no"}
        assert (row["source"] == "textbook") == (row["verified"] == "no"), row
    assert set(read_library(path, "sets_tsv").sets) == {f"CORE_{path.stem.upper()}"}


def test_no_marker_of_composition_is_a_target_or_a_member() -> None:
    pathway = set().union(*_genes("target", "member").values())
    for name, genes in _genes("confounder", "negative_control").items():
        assert not genes & pathway, name


PANEL = FOLDER.parent / "markers" / "tissue.tsv"


def test_the_tissue_panel_has_the_form_of_a_marker_file_and_tells_its_cells_apart() -> None:
    """Every rule that a study's own file is held to, a source for each gene, and no gene of the pathway."""
    problems: list[Problem] = []
    found = read_marker_files([(str(PANEL), "datasets.tsv, line 2")], PANEL.parent, problems)
    assert problems == []
    cells = markers_of(found[str(PANEL)])
    needed = "endothelial fibroblast epithelial smooth_muscle adipocyte t_cell b_cell nk_cell macrophage neutrophil mast_cell"
    assert {*needed.split(), "erythroid", "platelet", "hepatocyte", "skeletal_muscle", "neuron"} <= set(cells)
    assert all(row["source"] == "textbook" or row["source"].startswith("MCP-counter, ") for row in _rows(PANEL))
    pathway = set().union(*_genes("target", "member").values())
    assert not pathway & set().union(*cells.values())


def test_a_panel_leaves_out_the_target_genes_of_the_study() -> None:
    """A proxy holds no gene that the question is about."""
    sets = pd.DataFrame({"gene_set": ["T", "M", "C"], "family": ["target", "member", "comparator"]})
    sets["gene"] = ["VWF", "CDH5", "ESAM"]
    panels = read_panels([PANEL, FOLDER / "t_cell.tsv"], {"own.tsv": {"lining": ["VWF", "PRG4"]}}, sets)
    assert sorted(panels) == ["blood", "own.tsv", "tissue"]
    assert not {"VWF", "CDH5"} & set(panels["tissue"]["endothelial"])
    assert "ESAM" in panels["tissue"]["endothelial"]
    assert panels["own.tsv"] == {"lining": ["PRG4"]}


@pytest.mark.real_files
def test_markers_are_no_interferon_genes_and_no_stat_or_irf_targets(real_files: Path) -> None:
    mirror = real_files / "mirror"
    hallmarks = read_library(
        mirror / "data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt", "gmt"
    )
    regulons = read_library(mirror / "zenodo.org/records/8192729/files/CollecTRI_regulons.csv", "collectri")
    progeny = read_library(real_files / "data/regulons/progeny_human_top100.tsv.gz", "progeny")
    moved = {gene for gene, _ in progeny.sets["JAK-STAT"]}
    for name in (
        "INTERFERON_ALPHA_RESPONSE",
        "INTERFERON_GAMMA_RESPONSE",
        "IL6_JAK_STAT3_SIGNALING",
        "IL2_STAT5_SIGNALING",
    ):
        moved |= {gene for gene, _ in hallmarks.sets[f"HALLMARK_{name}"]}
    for factor, targets in regulons.sets.items():
        if factor.startswith(("STAT", "IRF")):
            moved |= {gene for gene, _ in targets}
    for name, genes in {
        **_genes("confounder", "negative_control"),
        "tissue": {row["gene"] for row in _rows(PANEL)},
    }.items():
        assert not genes & moved, name


@pytest.mark.real_files
def test_rows_called_verified_stand_in_the_hallmark_that_they_cite(real_files: Path) -> None:
    library = read_library(
        real_files / "mirror/data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt", "gmt"
    )
    old = {"RIGI": "DDX58", "ATP5F1A": "ATP5A1", "ATP5F1B": "ATP5B", "ATP5F1C": "ATP5C1"}
    cited = [row for path in FILES for row in _rows(path) if row["source"].startswith("MSigDB ")]
    assert len(cited) > 50
    for row in cited:
        genes = {gene for gene, _ in library.sets[row["source"].split()[1]]}
        assert row["gene"] in genes or old.get(row["gene"]) in genes, row
