"""HDF5 files that lie, lead elsewhere or are damaged: a message about the file, and nothing is read from elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from whole_cells import read_whole

from sidemine.errors import InputError
from sidemine.prepare.inspection import inspect_file
from sidemine.sources.h5ad_cells import read_h5ad_cells
from sidemine.sources.tenx_cells import read_tenx_cells

pytestmark = pytest.mark.usefixtures("forked_readers")


@pytest.fixture
def h5ad(tmp_path: Path) -> Path:
    """An h5ad of 40 cells and 6 genes, with things in uns, obsm and obsp that are not our business."""
    rng = np.random.default_rng(1)
    obs = pd.DataFrame(
        {"donor": pd.Categorical(["D1", "D2"] * 20), "age": np.arange(40.0), "note": ["x"] * 40},
        index=[f"c{n}" for n in range(40)],
    )
    data = ad.AnnData(sp.csr_matrix(rng.poisson(1, (40, 6)).astype(np.float32)), obs=obs)
    data.layers["counts"] = sp.csc_matrix(data.X)
    data.obsm["X_pca"], data.uns["other"] = np.zeros((40, 2)), {"a": [1, 2]}
    path = tmp_path / "cells.h5ad"
    data.write_h5ad(path, compression="gzip")
    return path


def _secret(path: Path) -> Path:
    secret = path.with_name("secret.bin")
    secret.write_bytes(np.arange(40, dtype=np.int64).tobytes())
    return secret


def _external_link(file: h5py.File, path: Path) -> None:
    with h5py.File(path.with_name("other.h5"), "w") as other:
        other["layer"] = np.ones((40, 6))
    file["layers/ours"] = h5py.ExternalLink("other.h5", "/layer")


def _dangling_link(file: h5py.File, path: Path) -> None:
    del file["X"]
    file["X"] = h5py.ExternalLink("nowhere.h5", "/layer")


def _soft_link(file: h5py.File, path: Path) -> None:
    file["obs/ours"] = h5py.SoftLink("/uns/other/a")


def _external_storage(file: h5py.File, path: Path) -> None:
    secret = _secret(path)
    file.create_dataset("obs/ours", (40,), "i8", external=[(str(secret), 0, 320)])


def _virtual(file: h5py.File, path: Path) -> None:
    layout = h5py.VirtualLayout((40, 6), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "layer", (40, 6))
    file.create_virtual_dataset("layers/ours", layout)


def _claims(file: h5py.File, path: Path) -> None:
    file.create_dataset("layers/ours", (10**6, 10**6), "f8", chunks=(1000, 1000), compression="gzip")


def _big_chunks(file: h5py.File, path: Path) -> None:
    file.create_dataset("layers/ours", (10, 10), "f8", chunks=(2**15, 2**14), maxshape=(None, None))


def _plugin(file: h5py.File, path: Path) -> None:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((40,))
    creation.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    space = h5py.h5s.create_simple((40,))
    h5py.h5d.create(file["obs"].id, b"ours", h5py.h5t.NATIVE_INT64, space, creation)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_external_link, "layers/ours is a link (ExternalLink)"),
        (_dangling_link, "X is a link (ExternalLink)"),
        (_soft_link, "obs/ours is a link (SoftLink)"),
        (_external_storage, "obs/ours keeps its values in other files"),
        (_virtual, "layers/ours keeps its values in other files"),
        (_claims, "layers/ours claims 1,000,000 × 1,000,000 values"),
        (_big_chunks, "layers/ours is cut into chunks of 4,294,967,296 bytes"),
        (_plugin, "obs/ours is compressed by a plugin (HDF5 filter 32015)"),
    ],
)
def test_what_leads_out_of_the_file_or_cannot_stand_in_it_is_refused(
    damage: Callable[[h5py.File, Path], None], words: str, h5ad: Path
) -> None:
    """Structure is looked at before anything is read, for a run as for `sidemine inspect`."""
    with h5py.File(h5ad, "r+") as file:
        damage(file, h5ad)
    for read in (lambda: read_whole(read_h5ad_cells, h5ad), lambda: inspect_file(h5ad)):
        with pytest.raises(InputError, match="the HDF5 file is refused") as caught:
            read()
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("X/indices", 10**6, "parts of a sparse matrix do not fit together"),
        ("X/indptr", 2**40, "parts of a sparse matrix do not fit together"),
        ("X/indices", 0, "gives one place twice"),
    ],
)
def test_a_sparse_matrix_whose_parts_disagree_is_refused(part: str, value: int, words: str, h5ad: Path) -> None:
    """Indices outside the matrix crash native code; a place that is given twice would be added up."""
    with h5py.File(h5ad, "r+") as file:
        file[part][:] = np.minimum(value, np.iinfo(file[part].dtype).max)
    with pytest.raises(InputError, match=words):
        read_whole(read_h5ad_cells, h5ad)


def test_what_else_a_file_holds_is_never_read(h5ad: Path) -> None:
    """`uns`, `obsm` and the like may hold anything, links to nowhere included."""
    expected = read_whole(read_h5ad_cells, h5ad)
    with h5py.File(h5ad, "r+") as file:
        file["uns/away"] = h5py.ExternalLink("nowhere.h5", "/x")
        file.create_dataset("obsm/claim", (10**6, 10**6), "f8", chunks=(1000, 1000))
    found = read_whole(read_h5ad_cells, h5ad)
    np.testing.assert_array_equal(found.whole.toarray(), expected.whole.toarray())
    pd.testing.assert_frame_equal(found.obs, expected.obs)
    assert found.obs["donor"].tolist() == ["D1", "D2"] * 20
    assert found.obs["age"].tolist()[:2] == ["0", "1"]


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.02])
def test_a_file_that_is_cut_short_is_told(keep: float, h5ad: Path) -> None:
    """Half a download is no h5ad."""
    content = h5ad.read_bytes()
    h5ad.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(InputError, match=str(h5ad)):
        read_whole(read_h5ad_cells, h5ad)


def test_gzipped_and_dense_files_are_read(h5ad: Path, tmp_path: Path) -> None:
    """GEO serves h5ad as .h5ad.gz; some are dense."""
    expected = read_whole(read_h5ad_cells, h5ad)
    data = ad.read_h5ad(h5ad)
    data.X = data.X.toarray()
    data.write_h5ad(tmp_path / "dense.h5ad")
    (tmp_path / "dense.h5ad.gz").write_bytes(gzip.compress((tmp_path / "dense.h5ad").read_bytes()))
    for name in ("dense.h5ad", "dense.h5ad.gz"):
        found = read_whole(read_h5ad_cells, tmp_path / name)
        np.testing.assert_array_equal(found.whole.toarray(), expected.whole.toarray())
        assert inspect_file(tmp_path / name).samples["donor"].tolist() == ["D1", "D2"] * 20


def _write_tenx(path: Path, counts: np.ndarray, new: bool) -> None:
    matrix = sp.csc_matrix(counts)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if new else "GRCh38")
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(matrix, name)
        group["shape"] = matrix.shape
        group["barcodes"] = [f"BC{n}-1".encode() for n in range(matrix.shape[1])]
        features = group.create_group("features") if new else group
        features["id" if new else "genes"] = [f"ENSG{n}".encode() for n in range(matrix.shape[0])]
        features["name" if new else "gene_names"] = [f"GENE{n}".encode() for n in range(matrix.shape[0])]
        if new:
            features["feature_type"] = [b"Gene Expression"] * (matrix.shape[0] - 1) + [b"Antibody Capture"]


@pytest.mark.parametrize("new", [True, False])
def test_both_layouts_of_a_tenx_h5_are_read(new: bool, tmp_path: Path) -> None:
    """Cell Ranger 2 and 3; an antibody is no gene, and is told."""
    counts = np.random.default_rng(2).poisson(2, (5, 8)) + 1
    _write_tenx(tmp_path / "a.h5", counts, new)
    cells = read_whole(read_tenx_cells, tmp_path / "a.h5")
    n_genes = 4 if new else 5
    np.testing.assert_array_equal(cells.whole.toarray(), counts[:n_genes].T)
    assert cells.identifiers == [f"GENE{n}" for n in range(n_genes)]
    assert [name for name, _ in cells.left_out] == (["GENE4"] if new else [])
    assert cells.obs["barcode"].tolist()[0] == "BC0-1"


@pytest.mark.parametrize(
    ("part", "words"),
    [("shape", "the file is no 10x .h5"), ("barcodes", "the file is no 10x .h5"), ("indptr", "do not fit together")],
)
def test_a_tenx_h5_whose_parts_disagree_is_refused(part: str, words: str, tmp_path: Path) -> None:
    """Sizes that do not fit each other are told, and never indexed with."""
    _write_tenx(tmp_path / "a.h5", np.ones((5, 8), dtype=int), new=True)
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        kept = file["matrix"][part][:]
        del file["matrix"][part]
        file["matrix"][part] = kept[:-1]
    with pytest.raises(InputError, match=words):
        read_tenx_cells(tmp_path / "a.h5", "symbol")
