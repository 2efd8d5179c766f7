"""Which matrix of an h5ad holds the counts: found where it is plain, asked for where it is not, never guessed."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from deposits import ENSEMBL, SYMBOLS, gene_table, row
from whole_cells import read_whole

from sidemine.errors import InputError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.metadata import read_samples
from sidemine.sources.cells import CellsWanted
from sidemine.sources.h5ad_cells import read_h5ad_cells

pytestmark = pytest.mark.usefixtures("forked_readers")

COUNTS = np.random.default_rng(2).poisson(4, (60, len(SYMBOLS))).astype(np.float32)
RNG = np.random.default_rng(3)
NORMALISED = np.log1p(COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e4)


def _adata(matrix: np.ndarray) -> ad.AnnData:
    obs = pd.DataFrame(
        {"donor": np.tile(["d1", "d2"], 30), "stim": np.repeat(["ctrl", "ifn"], 30)}, index=[f"c{n}" for n in range(60)]
    )
    return ad.AnnData(sp.csr_matrix(matrix), obs=obs, var=pd.DataFrame({"gene_ids": ENSEMBL}, index=SYMBOLS))


def _save(adata: ad.AnnData, folder: Path) -> Path:
    adata.write_h5ad(folder / "x.h5ad")
    return folder / "x.h5ad"


def test_a_layer_of_another_name_is_listed_and_then_read(tmp_path: Path) -> None:
    adata = _adata(NORMALISED)
    adata.layers["UMIs"] = COUNTS
    adata.layers["scaled"] = NORMALISED - NORMALISED.mean(axis=0)
    path = _save(adata, tmp_path)
    with pytest.raises(InputError, match="set layer: UMIs") as caught:
        read_whole(read_h5ad_cells, path)
    message = str(caught.value)
    assert "X: logarithms of normalised values (exp(x) - 1 of every cell adds up to 1e+04)" in message
    assert "layer UMIs: whole numbers up to" in message
    assert "layer scaled: negative values" in message
    assert "set layer: UMIs in datasets.tsv" in message
    one = row("h5ad", layer="UMIs", biological_unit="donor", sample_columns="stim")
    samples = read_samples(one, {"values": path}, {}, [])
    prepared, _ = prepare_dataset(one, {"values": path}, samples, gene_table())
    np.testing.assert_array_equal(prepared[:, SYMBOLS].layers["counts"].sum(axis=0), COUNTS.sum(axis=0))
    for name in ("X", "scaled", "nothing"):
        with pytest.raises(InputError, match=r"raw counts and holds none|has no matrix 'nothing'"):
            read_whole(read_h5ad_cells, path, layer=name)


def test_the_matrix_with_all_genes_wins(tmp_path: Path) -> None:
    whole = _adata(COUNTS)
    some = whole[:, :5].copy()
    some.raw = whole
    cells = read_whole(read_h5ad_cells, _save(some, tmp_path))
    np.testing.assert_array_equal(cells.whole.toarray(), COUNTS)
    assert cells.notes == ["raw counts of 60 cells × 20 genes from raw; other matrices: X (5 genes)"]


def test_counts_of_few_genes_beside_normalised_ones_of_all_are_told(tmp_path: Path) -> None:
    some = _adata(COUNTS)[:, :5].copy()
    some.raw = _adata(NORMALISED)
    cells = read_whole(read_h5ad_cells, _save(some, tmp_path))
    assert cells.whole.shape == (60, 5)
    assert cells.notes == ["raw counts of 60 cells × 5 genes from X; other matrices: raw (20 genes)"]


def test_two_matrices_of_whole_numbers_that_differ_are_asked_about(tmp_path: Path) -> None:
    adata = _adata(COUNTS)
    adata.layers["counts"] = COUNTS + 1
    path = _save(adata, tmp_path)
    with pytest.raises(InputError, match="Set layer to X or counts"):
        read_whole(read_h5ad_cells, path)
    np.testing.assert_array_equal(read_whole(read_h5ad_cells, path, layer="counts").whole.toarray(), COUNTS + 1)
    adata.layers["counts"] = COUNTS
    assert read_whole(read_h5ad_cells, _save(adata, tmp_path)).whole.sum() == COUNTS.sum()


def test_declared_counts_may_have_fractions_but_not_be_normalised(tmp_path: Path) -> None:
    adata = _adata(np.zeros_like(COUNTS))
    adata.layers["ambient corrected"] = COUNTS * RNG.uniform(0.5, 1, COUNTS.shape)
    adata.layers["cpm"] = COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e6
    adata.layers["log2"] = np.log2(adata.layers["cpm"] + 1)
    path = _save(adata, tmp_path)
    assert "ambient" in read_whole(read_h5ad_cells, path, layer="ambient corrected").notes[0]
    with pytest.raises(InputError, match="every cell adds up to 1e\\+06: normalised"):
        read_whole(read_h5ad_cells, path, layer="cpm")
    with pytest.raises(InputError, match="2\\^x - 1 of every cell adds up to 1e\\+06"):
        read_whole(read_h5ad_cells, path, layer="log2")
    with pytest.raises(InputError, match="X: nothing but zeros"):
        read_whole(read_h5ad_cells, path)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (np.log1p(COUNTS), "logarithms: exp(x) - 1 gives whole numbers"),
        (np.log2(COUNTS + 1), "logarithms: 2^x - 1 gives whole numbers"),
        (np.sqrt(COUNTS), "square roots: their squares give whole numbers"),
        (COUNTS * 0.93, "whole numbers times 0.93"),
        (NORMALISED[:, :12], "exp(x) - 1 gives whole numbers times a factor of each cell: normalised"),
        (np.expm1(NORMALISED)[:, :12], "whole numbers times a factor of each cell: normalised"),
    ],
    ids=["log", "log2", "root", "constant", "log of some genes", "some genes"],
)
def test_what_was_made_of_counts_is_no_counts(tmp_path: Path, made: np.ndarray, told: str) -> None:
    """Sums of logarithms are no counts, though no cell's sum shows that they are logarithms."""
    adata = _adata(COUNTS)[:, : made.shape[1]].copy()
    adata.layers["said"] = made.astype(np.float32)
    with pytest.raises(InputError) as caught:
        read_whole(read_h5ad_cells, _save(adata, tmp_path), layer="said")
    assert told in str(caught.value)


def test_counts_that_were_stored_inexactly_are_whole_again(tmp_path: Path) -> None:
    back = np.expm1(np.log1p(COUNTS)).astype(np.float32)
    assert (back != COUNTS).any()
    np.testing.assert_array_equal(read_whole(read_h5ad_cells, _save(_adata(back), tmp_path)).whole.toarray(), COUNTS)


@pytest.mark.parametrize("names", ["symbols", "ensembl", "barcodes"])
@pytest.mark.parametrize("values", [True, False])
def test_genes_by_cells_is_refused_and_never_turned(tmp_path: Path, names: str, values: bool) -> None:
    adata = _adata(COUNTS)
    if names == "ensembl":
        adata.var_names = ENSEMBL
    elif names == "barcodes":
        adata.obs_names = [f"s1_{'ACGT' * 4}-{n}" for n in range(60)]
        adata.var_names = [f"gene {n}" for n in range(20)]
    with pytest.raises(InputError, match="genes × cells, not cells × genes"):
        read_h5ad_cells(_save(adata.T.copy(), tmp_path), "symbol", CellsWanted() if values else None)
    assert read_h5ad_cells(_save(adata, tmp_path), "symbol", CellsWanted() if values else None).obs.shape == (60, 2)


def test_repeated_names_of_cells_are_told(tmp_path: Path) -> None:
    """Lanes that were joined without new names, or cells that stand twice: counted all, and said."""
    with pytest.warns(UserWarning, match="not unique"):
        data = ad.AnnData(
            sp.csr_matrix(np.ones((4, 3), dtype=np.float32)), obs=pd.DataFrame(index=["a", "b", "a", "a"])
        )
    data.write_h5ad(tmp_path / "c.h5ad")
    cells = read_h5ad_cells(tmp_path / "c.h5ad", "symbol", CellsWanted(measured=True))
    assert cells.totals.tolist() == [3, 3, 3, 3]
    assert cells.notes[-1] == "2 cells bear a name that a cell before them bears; all are counted"
