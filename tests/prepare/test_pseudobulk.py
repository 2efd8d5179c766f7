"""Single cells: raw counts found, summed per donor × cell type, and refused where cells are no replicates."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from whole_cells import read_whole

from sidemine.errors import InputError, SheetMismatch
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.gene_table import GeneTable
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.single_cell import plan_pseudobulk
from sidemine.sources.cells import CellsWanted
from sidemine.sources.h5ad_cells import read_h5ad_cells
from sidemine.sources.tenx_cells import read_tenx_cells
from sidemine.study.models import DerivedColumn
from sidemine.study.rows import Dataset

pytestmark = pytest.mark.usefixtures("forked_readers")

SYMBOLS = [f"GENE{n}" for n in range(1, 6)]
TABLE = GeneTable(
    pd.DataFrame(
        {"entrez": [str(n) for n in range(1, 6)], "ensembl": [f"ENSG0000000000{n}" for n in range(1, 6)]},
        index=pd.Index(SYMBOLS, name="gene"),
    ),
    None,
    None,
)


def _row(layout: str = "h5ad", **changes: Any) -> Dataset:
    settings = {
        "dataset": "cells",
        "accession": "GSE1",
        "layout": layout,
        "file": "x",
        "identifiers": "symbol",
        "scale": "counts",
        "tissue": "blood",
        "licence": "open",
        "biological_unit": "donor",
        "cell_type": "type",
        "sample_columns": "stim",
    }
    return Dataset.model_validate(settings | changes)


@pytest.fixture
def cells() -> ad.AnnData:
    """60 cells: two donors, two cell types, two conditions; one combination has 3 cells only."""
    rng = np.random.default_rng(5)
    donor = np.repeat(["D 1", "D2"], 30)
    kind = np.array(["T", "B"] * 30)
    stim = np.where(np.arange(60) % 4 < 2, "ctrl", "ifn")
    kind = kind.astype(object)
    kind[:3], kind[3:30] = "rare", "T"
    obs = pd.DataFrame(
        {"donor": donor, "type": kind, "stim": stim, "depth": rng.random(60), "sex": np.where(donor == "D2", "f", "m")},
        index=[f"cell{n}" for n in range(60)],
    )
    counts = sp.csr_matrix(rng.poisson(2, (60, 5)).astype(np.float32))
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=SYMBOLS))


def _save(adata: ad.AnnData, folder: Path) -> dict[str, Path]:
    adata.write_h5ad(folder / "cells.h5ad")
    return {"values": folder / "cells.h5ad"}


def test_cells_are_summed_per_donor_and_type(cells: ad.AnnData, tmp_path: Path) -> None:
    """Every count of a used sample is in exactly one sum; small samples are dropped with the reason."""
    files = _save(cells, tmp_path)
    samples = read_samples(_row(sample_columns=""), files, {}, [])
    by_name = samples.set_index("sample")
    assert list(by_name.index) == ["D_1_T", "D_1_rare", "D2_B", "D2_T"]
    assert by_name.loc["D_1_rare", "fate"] == "too few cells: 3 of at least 10"
    assert by_name.loc["D_1_T", "n_cells"] == "27"
    assert by_name.loc["D_1_T", "unit"] == "D 1"
    assert by_name.loc["D2_B", "sex"] == "f"
    assert "depth" not in samples.columns  # it differs between the cells of a sample
    adata, ledger = prepare_dataset(_row(sample_columns=""), files, samples, TABLE)
    expected = cells.X[(cells.obs["donor"] == "D2").to_numpy() & (cells.obs["type"] == "B").to_numpy()].sum(axis=0)
    np.testing.assert_array_equal(adata["D2_B"].layers["counts"], np.asarray(expected))
    assert ledger["fate"].tolist() == ["kept"] * 5
    assert json.loads(adata.uns["sidemine"])["problem"] is None


@pytest.mark.parametrize("unit", ["", "patient"])
def test_cells_without_donors_cannot_be_tested(cells: ad.AnnData, tmp_path: Path, unit: str) -> None:
    """No donor column: the sums are made for the eye, and the dataset says why it cannot be tested."""
    files = _save(cells, tmp_path)
    row = _row(biological_unit=unit, cell_type="")
    samples = read_samples(row, files, {}, [])
    assert samples["sample"].tolist() == ["ctrl", "ifn"]
    adata, _ = prepare_dataset(row, files, samples, TABLE)
    problem = json.loads(adata.uns["sidemine"])["problem"]
    assert problem["what"] == "cells are no replicates, and no column names their donors"
    assert "donor, type, stim" in problem["where"]


def test_subset_and_derived_columns_work_on_cells(cells: ad.AnnData, tmp_path: Path) -> None:
    """A donor may be read from a cell's column, and a subset leaves out single cells."""
    files = _save(cells, tmp_path)
    derive = {"unit_id": DerivedColumn.model_validate({"from": "donor", "regex": "D ?([0-9])"})}
    row = _row(biological_unit="unit_id", subset="type = T and stim = ctrl", sample_columns="")
    samples = read_samples(row, files, derive, [])
    assert samples["unit"].tolist() == ["1", "2"]
    adata, _ = prepare_dataset(row, files, samples, TABLE, derive=derive)
    taken = ((cells.obs["type"] == "T") & (cells.obs["stim"] == "ctrl")).to_numpy()
    assert samples["n_cells"].astype(int).sum() == taken.sum()
    used = [name for name, fate in zip(samples["sample"], samples["fate"], strict=True) if fate == "used"]
    assert list(adata.obs_names) == used


def test_raw_counts_are_found_wherever_they_are(cells: ad.AnnData, tmp_path: Path) -> None:
    """X, a layer or raw: the first that holds whole numbers; never normalised values."""
    counts = cells.X.copy()
    normalised = counts.copy()
    normalised.data = np.log1p(normalised.data)
    layered = cells.copy()
    layered.X, layered.layers["counts"] = normalised, counts
    raw = cells.copy()
    raw.raw = cells
    raw.X = normalised
    for name, adata in {"layer counts": layered, "raw": raw}.items():
        found = read_whole(read_h5ad_cells, _save(adata, tmp_path)["values"])
        assert name in found.notes[0]
        np.testing.assert_array_equal(found.whole.toarray(), counts.toarray())
    cells.X = normalised
    with pytest.raises(InputError, match=r"holds no raw counts where they usually are\n.*X: logarithms"):
        read_whole(read_h5ad_cells, _save(cells, tmp_path)["values"])


@pytest.mark.parametrize("layer", ["", "X"])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda counts: np.rint(1e4 * counts / counts.sum(axis=1, keepdims=True)), "every cell adds up to about"),
        (lambda counts: np.rint(1e6 * counts / counts.sum(axis=1, keepdims=True)), "normalised and rounded"),
        (lambda counts: counts > 0, "no value but 0 and 1"),
    ],
)
def test_whole_numbers_that_count_nothing_are_refused(tmp_path: Path, values: Any, words: str, layer: str) -> None:
    """Normalised and rounded, or seen and not seen: told with what the matrix holds, whether declared or found."""
    rng = np.random.default_rng(3)
    counts = rng.poisson(rng.lognormal(0, 0.5, (60, 1)) * rng.lognormal(1, 1, 300))
    obs = pd.DataFrame(
        {"donor": np.repeat(["a", "b"], 30), "stim": "c", "type": "T"}, index=[f"c{n}" for n in range(60)]
    )
    made = ad.AnnData(sp.csr_matrix(values(counts).astype(np.float32)), obs=obs)
    wanted = CellsWanted(measured=True)
    with pytest.raises(InputError, match=re.escape(words)):
        read_h5ad_cells(_save(made, tmp_path)["values"], "symbol", wanted, layer=layer)
    made.X = sp.csr_matrix(counts.astype(np.float32))
    assert read_h5ad_cells(_save(made, tmp_path)["values"], "symbol", wanted, layer=layer).totals.sum() == counts.sum()


def test_a_study_of_too_few_cells_says_what_adds_up_more(cells: ad.AnnData, tmp_path: Path) -> None:
    """No sample has enough cells: the next step speaks of cells, not of arrays."""
    with pytest.raises(SheetMismatch) as caught:
        read_samples(_row(), _save(cells[::6].copy(), tmp_path), {}, [])
    assert caught.value.problems[0].what == "no sample takes part"
    assert caught.value.problems[0].next_step.startswith("Name fewer sample_columns")


def test_what_is_no_h5ad_is_refused(tmp_path: Path) -> None:
    """A text file under the name of an h5ad is told as such."""
    path = tmp_path / "x.h5ad"
    path.write_text("hello")
    with pytest.raises(InputError, match="cannot be read as h5ad"):
        read_whole(read_h5ad_cells, path)


def test_wrong_cell_column_is_told(cells: ad.AnnData, tmp_path: Path) -> None:
    """A cell type column that does not exist is told with those that do."""
    with pytest.raises(InputError, match=r"no column 'celltype'[\s\S]*donor, type"):
        read_samples(_row(cell_type="celltype"), _save(cells, tmp_path), {}, [])


def _triplet(folder: Path, prefix: str, counts: np.ndarray, ids: list[str] | None = None) -> None:
    features = [
        f"{one}\t{name}\tGene Expression" for one, name in zip(ids or TABLE.genes["ensembl"], SYMBOLS, strict=True)
    ]
    features.append("AB1\tCD3\tAntibody Capture")
    full = np.hstack([counts, np.ones((len(counts), 1), dtype=int)])
    entries = [f"{g + 1} {c + 1} {full[c, g]}" for c, g in zip(*np.nonzero(full), strict=True)]
    head = f"%%MatrixMarket matrix coordinate integer general\n{full.shape[1]} {full.shape[0]} {len(entries)}\n"
    parts = {
        "matrix.mtx.gz": head + "\n".join(entries) + "\n",
        "features.tsv.gz": "\n".join(features) + "\n",
        "barcodes.tsv.gz": "".join(f"BC{n}-1\n" for n in range(len(full))),
    }
    for name, text in parts.items():
        (folder / f"{prefix}{name}").write_bytes(gzip.compress(text.encode(), mtime=0))


def test_tenx_triplets_of_several_samples(tmp_path: Path) -> None:
    """One triplet per sample: cells know their sample, antibodies are no genes, a sheet adds donors."""
    folder = tmp_path / "tenx"
    folder.mkdir()
    rng = np.random.default_rng(3)
    counts = {name: rng.poisson(3, (12, 5)) + 1 for name in ("GSM1_ctrl_", "GSM2_ifn_")}
    for name, one in counts.items():
        _triplet(folder, name, one)
    (tmp_path / "sheet.tsv").write_text("sample\tdonor\nGSM1\tD1\nGSM2\tD2\n")
    files = {"values": folder, "sample_sheet": tmp_path / "sheet.tsv"}
    row = _row("tenx", cell_type="", sample_columns="")
    samples = read_samples(row, files, {}, [])
    assert samples["sample"].tolist() == ["D1", "D2"]
    assert samples["title"].tolist() == ["ctrl", "ifn"]
    adata, ledger = prepare_dataset(row, files, samples, TABLE)
    np.testing.assert_array_equal(adata.layers["counts"][1], counts["GSM2_ifn_"].sum(axis=0))
    assert ledger.iloc[-1].tolist() == ["CD3", "", "dropped", "no gene: another feature type"]
    by_id = read_tenx_cells(folder, "ensembl")
    assert by_id.identifiers == TABLE.genes["ensembl"].tolist()


def test_incomplete_and_different_triplets(tmp_path: Path) -> None:
    """A missing part, or samples of two references, are told."""
    _triplet(tmp_path, "GSM1_a_", np.full((12, 5), 2))
    _triplet(tmp_path, "GSM2_b_", np.full((12, 5), 2), ids=[f"X{n}" for n in range(5)])
    with pytest.raises(InputError, match="do not have the same genes"):
        read_tenx_cells(tmp_path, "symbol")
    (tmp_path / "GSM2_b_features.tsv.gz").unlink()
    with pytest.raises(InputError, match="GSM2_b has only barcodes, matrix"):
        read_tenx_cells(tmp_path, "symbol")
    with pytest.raises(InputError, match="none of these"):
        read_tenx_cells(tmp_path / "nothing.txt", "symbol")


@pytest.mark.parametrize("word", ["NA", "nan", "unknown", " ", "Doublet", "unassigned"])
def test_cells_of_an_unknown_donor_are_no_donor(word: str) -> None:
    """Cells that demultiplexing could not assign would be a sample of mixed people."""
    obs = pd.DataFrame({"donor": ["d1", "d2", word] * 20}, index=[f"c{n}" for n in range(60)], dtype=object)
    row = Dataset.model_validate(
        {"dataset": "d", "accession": "GSE1", "layout": "h5ad", "file": "x", "identifiers": "symbol", "scale": "counts",
         "tissue": "blood", "licence": "open", "biological_unit": "donor"}
    )  # fmt: skip
    plan = plan_pseudobulk(row, obs, np.ones(60, dtype=bool))
    assert list(plan.samples.index) == ["d1", "d2"]
    assert plan.notes == ["20 cells have no value in donor and were left out"]
