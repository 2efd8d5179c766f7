"""Cells that lie apart, doublets and labels by markers: found where planted, left out only when declared, all counted."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from contrast_to_fit import to_fit

from sidemine.differential.groups import design_contrast, match_groups
from sidemine.errors import InputError, SheetMismatch, Untestable
from sidemine.prepare import cell_checks, doublets
from sidemine.prepare.cell_labels import MOVED_BY_STIMULI, UNASSIGNED, label_cells, usable_markers
from sidemine.prepare.cell_quality import FEWEST_CELLS, OwnLimits, find_poor_cells
from sidemine.prepare.cell_record import CellsOnRecord, FilteredCells
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.planned_cells import read_planned_cells, sum_planned_cells
from sidemine.quality.assessment import flag_cell_labels, flag_cell_quality
from sidemine.records import read_record, write_record
from sidemine.report.sections.datasets import cell_sentences
from sidemine.sources import h5ad_cells
from sidemine.sources.cells import MITOCHONDRIAL, Cells, CellsWanted, plain_identifier
from sidemine.study.markers import LABELS, shipped_labels
from sidemine.study.rows import Contrast, Dataset

GENES = [f"G{n}" for n in range(296)] + ["MT-ND1", "MT-CO1", "CD3D", "MS4A1"]
MARKERS = {"t_cell": ["G0", "G1", "CD3D"], "b_cell": ["G2", "G3", "MS4A1", "CD14"]}


def _row(**changes: Any) -> Dataset:
    settings = {"dataset": "d", "accession": "GSE1", "layout": "h5ad", "file": "x", "identifiers": "symbol"}
    settings |= {"scale": "counts", "tissue": "blood", "licence": "open", "biological_unit": "donor"}
    return Dataset.model_validate(settings | {"sample_columns": "stim", "doublets": "off"} | changes)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two donors × two conditions × 60 cells of two types; in donor 1, three nearly empty cells and two damaged ones."""
    rng = np.random.default_rng(21)
    n = 240
    level = rng.lognormal(0, 0.8, len(GENES)) * 2
    level[-4:-2] = 4  # mitochondrial
    counts = rng.poisson(level, (n, len(GENES)))
    kind = np.array(["t_cell", "b_cell"] * (n // 2))
    for name, genes in MARKERS.items():
        for gene in set(genes) & set(GENES):
            counts[:, GENES.index(gene)] = rng.poisson(np.where(kind == name, 6, 0.05))
    counts[:3] = rng.binomial(counts[:3], 0.02)
    counts[:3, 40] = 1
    counts[3:5] = rng.binomial(counts[3:5], 0.5)
    counts[3:5, -4:-2] += 150
    obs = pd.DataFrame(
        {
            "donor": np.repeat(["d1", "d2"], n // 2),
            "stim": np.tile(np.repeat(["ctrl", "ifn"], n // 4), 2),
            "kind": kind,
        },
        index=[f"c{i}" for i in range(n)],
    )
    path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    ad.AnnData(sp.csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=GENES)).write_h5ad(path)
    return {"values": path}


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers in processes of their own are tested elsewhere."""

    def run(
        read: Callable[..., Cells], path: Path, kind: str, wanted: CellsWanted | None, layer: str, **_: Any
    ) -> Cells:
        return read(path, kind, None if wanted is None else dataclasses.asdict(wanted), layer)

    monkeypatch.setattr(h5ad_cells, "run_isolated", run)


def _record(row: Dataset, files: dict[str, Path], markers: dict[str, list[str]] | None = None) -> CellsOnRecord:
    planned = read_planned_cells(row, files, {}, markers)
    sums, record = sum_planned_cells(row, files, planned)
    assert len(sums.columns) == record.n_pseudobulk
    assert record.n_cells == record.n_outside + sum(record.n_dropped.values()) + record.n_summed
    return record


def test_poor_cells_are_told_or_left_out_and_counted(cells: dict[str, Path]) -> None:
    """The planted ones, under their reasons; told changes no sum, filter leaves out what told counts."""
    told, without = _record(_row(), cells), _record(_row(cell_quality="filter"), cells)
    first = told.samples[0]
    assert (first.sample, first.n_cells) == ("d1 ctrl", 60)
    assert first.out == {"few counts": 3, "mitochondrial share": 2}
    assert all(not sample.out for sample in told.samples[1:])
    assert told.n_dropped == {}
    assert told.n_summed == 240
    assert without.samples == told.samples
    assert without.n_dropped == {"few counts": 3, "mitochondrial share": 2}
    assert without.n_summed == 235
    samples = read_samples(_row(cell_quality="filter"), cells, {}, []).set_index("sample")
    assert samples.loc["d1_ctrl", "n_cells"] == "55"
    assert "3 few counts; 2 mitochondrial share; 235 added up" in cell_sentences(without)[0]
    off = _record(_row(cell_quality="off"), cells)
    assert off.samples[0].limits == "not looked at"
    assert off.samples[0].median_counts is None


def test_limits_are_scaled_mads_and_need_cells() -> None:
    """The same as a median absolute deviation by hand; few cells have no limits, and none below 8 % is damaged."""
    rng = np.random.default_rng(2)
    totals = np.append(rng.lognormal(7, 0.3, 200), [20.0, 80_000.0])
    found = find_poor_cells(totals, np.full(202, 500), np.append(np.full(201, 0.02), 0.07))
    logs = np.log1p(totals)
    distance = np.abs(logs - np.median(logs)) / (1.4826 * np.median(np.abs(logs - np.median(logs))))
    np.testing.assert_array_equal(found.reasons != "", distance > 5)
    assert found.reasons[-2:].tolist() == ["few counts", "many counts"]
    few = find_poor_cells(totals[-(FEWEST_CELLS - 1) :], np.full(FEWEST_CELLS - 1, 500), None)
    assert not (few.reasons != "").any()
    assert "fewer than 50 cells" in few.limits
    # Of a panel of twenty genes most cells show all: the others are no poor cells for that.
    alike = find_poor_cells(rng.lognormal(7, 0.3, 100), np.repeat([20, 19], [60, 40]), None)
    assert not (alike.reasons != "").any()
    assert "no limit of genes, in which half of the cells are alike" in alike.limits


def test_labels_by_markers_and_cells_without_one(cells: dict[str, Path]) -> None:
    """Planted types are found; empty drops stay unassigned, make no sample, and are counted."""
    record = _record(_row(cell_type="markers:blood"), cells, MARKERS)
    labels = read_planned_cells(_row(cell_type="markers:blood"), cells, {}, MARKERS).labels
    assert labels is not None
    assert (labels[3:] == np.array(["t_cell", "b_cell"] * 120)[3:]).mean() > 0.98
    assert record.n_dropped == {"no marker tells the type": record.labels[UNASSIGNED]}
    assert sum(record.labels.values()) == 240
    assert record.passed_over == ["CD14"]
    assert "many of the labels are wrong" not in flag_cell_labels(record).evidence
    mostly = dataclasses.replace(record, labels={"t_cell": 100, UNASSIGNED: 140})
    assert "many of the labels are wrong" in flag_cell_labels(mostly).evidence
    assert record.markers["b_cell"] == ["G2", "G3", "MS4A1"]
    samples = read_samples(_row(cell_type="markers:blood"), cells, {}, [], MARKERS)
    assert sorted(set(samples["marker_label"])) == ["b_cell", "t_cell"]
    shares = samples["label_share"].astype(float).to_numpy()
    np.testing.assert_allclose(shares * 60, samples["n_cells"].astype(int), atol=0.01)
    with pytest.raises(SheetMismatch, match="no cell type has three markers"):
        read_samples(_row(cell_type="markers:blood"), cells, {}, [], {"x": ["A", "B", "C"]})


def test_markers_that_the_stimulus_moves_label_nothing() -> None:
    """Monocytes whose CD14 falls stay monocytes; a declared marker is left out as well."""
    usable, out = usable_markers({"monocyte": ["CD14", "LYZ", "CST3"], "t_cell": ["CD3D", "CD2"]}, ["CST3"])
    assert usable == {"monocyte": ["LYZ"], "t_cell": ["CD3D", "CD2"]}
    assert out == ["CD14", "CST3"]
    assert {"CD14", "S100A8"} <= MOVED_BY_STIMULI
    # One count of a gene that leaks is no evidence, however rare the gene.
    genes = {"cell": ["a", "b", "c"], "erythroid": ["h1", "h2", "h3"]}
    counts = sp.csr_matrix(np.vstack([np.tile([5, 4, 6, 0, 0, 0], (30, 1)), [0, 0, 0, 1, 0, 0], [0, 0, 0, 3, 2, 1]]))
    labels, _ = label_cells(counts, np.full(32, 1000.0), [*genes["cell"], *genes["erythroid"]], genes)
    assert labels[-2:].tolist() == [UNASSIGNED, "erythroid"]


def test_markers_of_another_type_that_a_stimulus_induces_turn_no_cell_into_it() -> None:
    """T cells in which activation switches markers of NK cells on are T cells or nothing; and markers that fall cost labels alone."""
    rng = np.random.default_rng(6)
    markers = {kind: [f"{kind}{n}" for n in range(6)] for kind in ("t", "nk", "mono")}
    kinds = np.repeat(["t", "nk", "mono"], [120, 40, 80])
    owner = np.repeat(list(markers), 6)
    level = np.where(kinds[:, None] == owner, 3.0, 0.1)
    is_stimulated = np.arange(240) % 2 == 1
    induced, fallen = level.copy(), level.copy()
    induced[np.ix_(is_stimulated & (kinds == "t"), np.flatnonzero(owner == "nk")[:5])] = 3
    fallen[np.ix_(is_stimulated, np.flatnonzero(owner == "mono")[:4])] *= 0.2
    genes = [gene for names in markers.values() for gene in names]
    for mean, least in ((level, 0.9), (induced, 0.9), (fallen, 0.6)):
        labels, _ = label_cells(sp.csr_matrix(rng.poisson(mean)), np.full(240, 2000.0), genes, markers)
        named = labels != UNASSIGNED
        assert (labels == kinds)[named].mean() > 0.98
        assert (labels[is_stimulated & (kinds == "t")] == "nk").mean() < 0.05
        assert (labels == kinds)[~is_stimulated].mean() > least
        assert (labels == kinds)[kinds == "nk"].mean() > least


@pytest.mark.parametrize("kept", ["t", "nk", "mono"])
def test_sorted_cells_are_not_named_after_what_leaks_into_them(kept: str) -> None:
    """All cells of one type: the labels that are given are right, though scores of a file of one type magnify noise."""
    rng = np.random.default_rng(8)
    markers = {kind: [f"{kind}{n}" for n in range(6)] for kind in ("t", "nk", "mono")}
    genes = [gene for names in markers.values() for gene in names]
    level = np.where(np.repeat(list(markers), 6) == kept, 3.0, 0.15)
    labels, _ = label_cells(sp.csr_matrix(rng.poisson(level, (800, 18))), np.full(800, 2000.0), genes, markers)
    named = labels[labels != UNASSIGNED]
    assert len(named) > 80
    assert (named == kept).mean() > 0.98


def test_doublets_are_called_where_scrublet_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted sums of two kinds of cells are found; samples out of range say so; a threshold in the bulk is no call."""
    rng = np.random.default_rng(4)
    levels = np.tile(np.exp(rng.normal(0, 0.7, 400)), (5, 1))
    for kind in range(5):
        levels[kind, kind * 40 : (kind + 1) * 40] *= 12
    kinds = rng.integers(0, 5, 300)
    counts = rng.poisson(levels[kinds])
    counts[:12] = rng.poisson(levels[kinds[:12]] + levels[(kinds[:12] + 1) % 5])
    called, words = doublets.find_doublets(sp.csr_matrix(counts))
    assert called is not None
    assert called[:12].sum() >= 11
    assert called[12:].sum() <= 2
    assert words.startswith(f"{called.sum()} of 300 cells called")
    again, _ = doublets.find_doublets(sp.csr_matrix(counts))
    np.testing.assert_array_equal(called, again)
    assert doublets.out_of_range(199, 199).startswith("not looked for: 199 cells")
    assert "more than 100,000 cells" in doublets.out_of_range(5000, 200_000)
    monkeypatch.setattr(doublets, "MOST_CALLED", 0.0)
    assert doublets.find_doublets(sp.csr_matrix(counts))[1].startswith("no call: the threshold")


def test_cells_that_take_no_part_are_looked_for_once(
    cells: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found when the samples were read decides when the cells are added up: doublets take a job of their own."""
    row = _row(cell_quality="filter", doublets="filter")
    monkeypatch.setattr(cell_checks, "out_of_range", lambda mine, of_file: "")
    monkeypatch.setattr(cell_checks, "find_doublets", lambda counts: (np.arange(counts.shape[0]) % 10 == 7, "tenth"))
    first = read_planned_cells(row, cells, {})
    write_record(cell_checks.to_filtered(first.checks), tmp_path / "filtered_cells.json")
    filtered = read_record(FilteredCells, tmp_path / "filtered_cells.json")
    assert {cell_checks.DOUBLET} < set(filtered.out)
    assert sum(map(len, filtered.out.values())) == first.checks.left_out.sum()

    def look_again(*_: object) -> None:
        raise AssertionError("looked for twice")

    monkeypatch.setattr(cell_checks, "find_doublets", look_again)
    monkeypatch.setattr(cell_checks, "find_poor_cells", look_again)
    again = read_planned_cells(row, cells, {}, None, filtered)
    pd.testing.assert_frame_equal(again.plan.samples, first.plan.samples)
    (sums, record), (expected_sums, expected) = (sum_planned_cells(row, cells, one) for one in (again, first))
    np.testing.assert_array_equal(sums.values, expected_sums.values)
    assert record == expected
    assert any(sample.n_doublets and sample.doublets == "tenth" for sample in record.samples)
    with pytest.raises(InputError, match="not those whose samples were read"):
        read_planned_cells(row, cells, {}, None, dataclasses.replace(filtered, n_cells=filtered.n_cells - 1))


@pytest.mark.real_files
def test_labels_of_real_cells_are_as_right_as_the_docs_say(real_files: Path) -> None:
    """Kang et al. 2018: all cells together, and each type alone, as sorted cells would be."""
    data = ad.read_h5ad(real_files / "data/Kang2018_PBMC_IFNb/kang2018_muscat_2donors_5types_1556cells.h5ad")
    markers, _ = usable_markers(shipped_labels("blood", LABELS), ())
    genes = sorted({gene for names in markers.values() for gene in names})
    place = {gene: number for number, gene in enumerate(data.var_names)}
    counts = sp.lil_matrix((data.n_obs, len(genes)))
    for number, gene in enumerate(genes):
        if gene in place:
            counts[:, number] = data.X[:, place[gene]]
    totals, kinds = np.asarray(data.X.sum(axis=1)).ravel(), data.obs["cluster_id"].astype(str).to_numpy()
    right = {
        "CD14+ Monocytes": "monocyte",
        "FCGR3A+ Monocytes": "monocyte",
        "CD4 T cells": "t_cell",
        "CD8 T cells": "t_cell",
    }

    def named(mine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        labels, _ = label_cells(counts.tocsr()[mine], totals[mine], genes, markers)
        known = labels != UNASSIGNED
        return labels[known], np.array([right.get(kind, "") for kind in kinds[mine][known]])

    labels, truth = named(np.ones(len(kinds), dtype=bool))
    assert Counter(zip(labels, truth, strict=True)) == {
        ("monocyte", "monocyte"): 595,
        ("t_cell", "t_cell"): 442,
        ("t_cell", "monocyte"): 1,
        ("t_cell", ""): 3,
    }
    for kind in right:
        labels, truth = named(kinds == kind)
        assert 0.19 < len(labels) / (kinds == kind).sum() < 0.33
        assert (labels == truth).mean() > 0.88
    assert len(named(kinds == "B cells")[0]) == 29


@pytest.mark.real_files
def test_markers_that_interferon_moves_were_seen_to_move(real_files: Path) -> None:
    """Kang et al. 2018, log2 of counts per 10,000 in monocytes: eight change more than twofold; two are textbook knowledge."""
    data = ad.read_h5ad(real_files / "data/Kang2018_PBMC_IFNb/kang2018_muscat_2donors_5types_1556cells.h5ad")
    counts = sp.csr_matrix(data.X)
    largest = {}
    for gene in MOVED_BY_STIMULI:
        changes = []
        for kind in ("CD14+ Monocytes", "FCGR3A+ Monocytes"):
            levels = []
            for side in ("stim", "ctrl"):
                mine = counts[((data.obs["cluster_id"] == kind) & (data.obs["group_id"] == side)).to_numpy()]
                levels.append(1e4 * mine[:, data.var_names.get_loc(gene)].sum() / mine.sum())
            if max(levels) >= 5:
                changes.append(abs(np.log2((levels[0] + 0.1) / (levels[1] + 0.1))))
        largest[gene] = max(changes, default=0.0)
    moved = {gene for gene, change in largest.items() if change > 1}
    assert moved == {"CD14", "FCN1", "IFITM3", "ISG15", "MS4A6A", "S100A8", "TYMP", "VCAN"}
    assert max(largest["CD74"], largest["S100A12"]) < 0.8


@pytest.mark.parametrize(
    "name", ["MT-CYB", "mt-Cytb", "ENSG00000198727.2", "ENSMUSG00000064370", "ENSMUSG00000064341.1"]
)
def test_mitochondrial_genes_are_known_by_symbol_and_ensembl_id_in_man_and_mouse(name):
    assert plain_identifier(name) in MITOCHONDRIAL


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three donors × two conditions × 60 cells; every cell of donor 1 under interferon is 85 % mitochondrial. One cell has no type."""
    rng = np.random.default_rng(22)
    counts = rng.poisson(3, (360, len(GENES)))
    counts[60:120, -4] = rng.poisson(85 / 15 * counts[60:120].sum(axis=1))
    obs = pd.DataFrame(
        {"donor": np.repeat(["d1", "d2", "d3"], 120), "stim": np.tile(np.repeat(["ctrl", "ifn"], 60), 3)},
        index=[f"c{i}" for i in range(360)],
    )
    obs["kind"] = ["t_cell"] * 359 + [" "]
    path = tmp_path_factory.mktemp("damaged") / "cells.h5ad"
    ad.AnnData(sp.csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=GENES)).write_h5ad(path)
    return {"values": path}


def test_a_sample_that_is_damaged_as_a_whole_is_told_or_lost_with_its_reason(damaged: dict[str, Path]) -> None:
    """No cell lies apart from the others of its sample there; the contrast says why it has too few donors."""
    told = _record(_row(cell_type="kind"), damaged)
    by_name = {sample.sample: sample for sample in told.samples}
    assert by_name["d1 ifn"].out == {"mitochondrial share": 60}
    assert not by_name["d2 ifn"].out
    flag = flag_cell_quality(told)
    assert "the median cell of 1 of 6 samples has more than 10% mitochondrial counts" in flag.evidence
    assert "d1 ifn 85%" in flag.evidence
    assert told.n_dropped == {"no value in kind": 1}
    row = _row(cell_type="kind", cell_quality="filter")
    left = _record(row, damaged)
    assert left.n_dropped == {"mitochondrial share": 60, "no value in kind": 1}
    assert "no cell is left of d1 ifn" in flag_cell_quality(left).evidence
    samples = read_samples(row, damaged, {}, [])
    fates = dict(zip(samples["sample"], samples["fate"], strict=True))
    assert fates.pop("d1_t_cell_ifn") == "too few cells: 0 of at least 10; 60 were left out as poor or doublets"
    assert set(fates.values()) == {"used"}
    contrast = Contrast.model_validate(
        {"contrast": "c", "dataset": "d", "role": "stimulus", "target": "stim = ifn", "reference": "stim = ctrl",
         "target_label": "a", "reference_label": "b", "block": "donor"}
    )  # fmt: skip
    contrast = to_fit(contrast)
    groups, problems = match_groups(contrast, samples)
    assert not problems
    with pytest.raises(Untestable, match="2 independent units") as caught:
        design_contrast(contrast, groups, 3)
    assert "of the target take no part d1_t_cell_ifn (too few cells: 0 of at least 10; 60 were left" in str(
        caught.value
    )
    # A tissue whose cells hold so much: the study says so.
    heart = _record(_row(cell_type="kind", cell_quality="filter", most_mitochondrial=0.95), damaged)
    assert heart.n_dropped == {"no value in kind": 1}


def test_limits_of_a_study_hold_beside_those_of_the_sample() -> None:
    """Few genes, and few cells, for which there is no median to lie apart from."""
    found = find_poor_cells(
        np.full(20, 900.0), np.append(np.full(19, 400), 80), np.append(np.zeros(19), 0.1), OwnLimits(0.5, 100)
    )
    assert found.reasons.tolist() == [""] * 19 + ["fewer than 100 genes"]
    assert found.limits == "none by MAD: fewer than 50 cells, at most 50.0% mitochondrial, at least 100 genes"
