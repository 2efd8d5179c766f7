"""Counts of cells, read block by block: the same bytes for any size of the blocks, and the same sums as in memory."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from deposits import ENSEMBL, SYMBOLS, tenx_h5, triplet, write_members

from sidemine.errors import InputError
from sidemine.isolation import hdf5, matrix_market
from sidemine.sources import h5ad_cells, tenx_cells
from sidemine.sources.cells import Cells, CellsWanted

pytestmark = pytest.mark.usefixtures("forked_readers")

N = 45
RNG = np.random.default_rng(11)
COUNTS = RNG.poisson(0.8, (N, len(SYMBOLS)))
COUNTS[:, 3] += 1  # no barcode is an empty drop
GROUPS = RNG.integers(-1, 5, N)
WANTED = CellsWanted(
    groups=GROUPS,
    n_groups=7,
    parts=[N],
    measured=True,
    mitochondrial=["MX1", "MYC"],
    picked=["TP53", "nowhere", "ACTB"],
    whole=np.array([40, 2, 17]),
)


def _write(folder: Path, kind: str, counts: np.ndarray) -> tuple[Callable[..., Cells], Path, tuple[Any, ...]]:
    """Write counts as one kind of file; return its reader (in this process), the path, and further arguments."""
    path = folder / "cells.h5ad"
    if kind in {"csr", "csc", "dense", "layer", "raw"}:
        matrix = {"csr": sp.csr_matrix, "csc": sp.csc_matrix}.get(kind, np.asarray)(counts.astype(np.float32))
        obs, var = pd.DataFrame(index=[f"c{n}" for n in range(N)]), pd.DataFrame({"gene_ids": ENSEMBL}, index=SYMBOLS)
        data = ad.AnnData(matrix, obs=obs, var=var)
        if kind == "layer":
            data.layers["counts"], data.X = data.X.copy(), np.log1p(data.X) - 1
        if kind == "raw":
            data.raw = data.copy()
            data = data[:, :4].copy()
        data.write_h5ad(path, compression="gzip")
        return h5ad_cells._read_cells, path, ("X" if counts.dtype.kind == "f" else "",)
    if kind == "tenx h5":
        return tenx_cells._read_cells, tenx_h5(folder / "a.h5", counts), ()
    parts = triplet(counts)
    head, sizes, *lines = parts["matrix.mtx.gz"].splitlines()
    entries = np.array([line.split() for line in lines], dtype=int)
    order = {"cells": entries.T[[0, 1]], "genes": entries.T[[1, 0]], "none": RNG.permutation(len(lines))[None]}
    lines = [lines[place] for place in np.lexsort(order[kind.split()[-1]])]
    parts["matrix.mtx.gz"] = "\n".join([head, sizes, *lines]) + "\n"
    return tenx_cells._read_cells, write_members(folder / "one", parts), ()


def _read(
    monkeypatch: pytest.MonkeyPatch, block: int, read: Callable[..., Cells], path: Path, further: tuple[Any, ...]
) -> Cells:
    monkeypatch.setattr(hdf5, "BLOCK_ENTRIES", block)
    monkeypatch.setattr(matrix_market, "_CHUNK", 8 * block)
    return read(path, "symbol", dataclasses.asdict(WANTED), *further)


KINDS = ["csr", "csc", "dense", "layer", "raw", "tenx h5", "mtx by cells", "mtx by genes", "mtx in order none"]


@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_the_whole_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Whatever the layout: groups, totals, genes, mitochondrial totals, picked genes and whole rows; an empty group is 0."""
    place = _write(tmp_path, kind, COUNTS)
    cells = _read(monkeypatch, 50, *place)
    assert cells.identifiers == SYMBOLS
    expected = np.array([COUNTS[group == GROUPS].sum(axis=0) for group in range(7)])
    np.testing.assert_array_equal(cells.sums, expected)
    assert not cells.sums[5:].any()
    np.testing.assert_array_equal(cells.totals, COUNTS.sum(axis=1))
    np.testing.assert_array_equal(cells.n_genes, (COUNTS > 0).sum(axis=1))
    mitochondrial = [SYMBOLS.index("MX1"), SYMBOLS.index("MYC")]
    np.testing.assert_array_equal(cells.mitochondrial, COUNTS[:, mitochondrial].sum(axis=1))
    assert cells.n_mitochondrial_genes == 2
    picked = COUNTS[:, [SYMBOLS.index("TP53"), 0, SYMBOLS.index("ACTB")]] * [1, 0, 1]
    np.testing.assert_array_equal(cells.picked.toarray(), picked)
    np.testing.assert_array_equal(cells.whole.toarray(), COUNTS[[40, 2, 17]])


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_the_blocks_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Counts that were corrected for ambient RNA have fractions, whose sums depend on their order: it is the file's."""
    counts = (
        COUNTS if "mtx" in kind or kind in {"tenx h5", "layer", "raw"} else COUNTS * RNG.uniform(0.3, 1, COUNTS.shape)
    )
    place = _write(tmp_path, kind, counts)
    # A file in no order has to show it in its first block, which is 16 MB of text.
    read = [
        _read(monkeypatch, block, *place) for block in ((64, 100, 10**6) if "none" in kind else (1, 3, 19, 64, 10**6))
    ]
    for cells in read[1:]:
        for name in ("sums", "totals", "n_genes", "mitochondrial"):
            assert getattr(cells, name).tobytes() == getattr(read[0], name).tobytes(), name
        assert (cells.picked != read[0].picked).nnz == 0
        assert (cells.whole != read[0].whole).nnz == 0


def test_sums_and_measures_are_those_of_scanpy(tmp_path: Path) -> None:
    """`scanpy.get.aggregate` and `calculate_qc_metrics`, which need the matrix in memory, give the same numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy as sc
    _, path, _ = _write(tmp_path, "csr", COUNTS)
    data = ad.read_h5ad(path)
    data.obs["group"] = pd.Categorical([f"g{group}" for group in GROUPS])
    data.var["mt"] = [name in {"MX1", "MYC"} for name in SYMBOLS]
    sums = sc.get.aggregate(data[GROUPS >= 0], "group", "sum").layers["sum"]
    sc.pp.calculate_qc_metrics(data, qc_vars=["mt"], percent_top=None, log1p=False, inplace=True)
    cells = h5ad_cells.read_h5ad_cells(path, "symbol", WANTED)
    np.testing.assert_array_equal(cells.sums[:5], np.asarray(sums))
    np.testing.assert_array_equal(cells.totals, data.obs["total_counts"])
    np.testing.assert_array_equal(cells.n_genes, data.obs["n_genes_by_counts"])
    np.testing.assert_array_equal(cells.mitochondrial, data.obs["total_counts_mt"])


def test_fractions_are_found_in_any_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix that begins with whole numbers and goes on otherwise holds no raw counts."""
    counts = COUNTS.astype(np.float32)
    counts[-1, -1] = 0.5
    path = _write(tmp_path, "csr", counts)[1]
    for block in (2, 10**6):
        monkeypatch.setattr(hdf5, "BLOCK_ENTRIES", block)
        with pytest.raises(InputError, match=r"holds no raw counts[\s\S]*X: fractions \(for example 0.5\)"):
            h5ad_cells._read_cells(path, "symbol", {}, "")


def test_an_order_that_changes_midway_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that stood in a block that was already added could be given again."""
    read, path, _ = _write(tmp_path, "mtx by cells", COUNTS)
    parts = triplet(COUNTS)
    head, sizes, *lines = parts["matrix.mtx.gz"].splitlines()
    parts["matrix.mtx.gz"] = "\n".join([head, sizes, *lines[:-3], lines[5], *lines[-2:]]) + "\n"
    path = write_members(tmp_path / "two", parts)
    monkeypatch.setattr(matrix_market, "_CHUNK", 400)
    with pytest.raises(InputError, match="it begins ordered by cells and goes on otherwise"):
        read(path, "symbol", None)
