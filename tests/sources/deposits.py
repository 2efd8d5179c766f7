"""Small deposits that tests write: archives, 10x output, rows of datasets.tsv, a gene table."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sidemine.prepare.gene_table import GeneTable
from sidemine.study.rows import Dataset

# fmt: off
SYMBOLS = [
    "STAT1", "IRF1", "ISG15", "MX1", "IFIT1", "OAS1", "SOCS3", "GAPDH", "ACTB", "B2M",
    "JAK1", "JAK2", "TYK2", "STAT2", "STAT3", "IRF9", "IFIT3", "CXCL10", "TP53", "MYC",
]
ENTREZ = [
    "6772", "3659", "9636", "4599", "3434", "4938", "9021", "2597", "60", "567",
    "3716", "3717", "7297", "6773", "6774", "10379", "3437", "3627", "7157", "4609",
]
# fmt: on
ENSEMBL = [f"ENSG{n:011d}" for n in range(len(SYMBOLS))]


def gene_table(symbols: list[str] = SYMBOLS, entrez: list[str] = ENTREZ, ensembl: list[str] = ENSEMBL) -> GeneTable:
    """Approved symbols with their ids."""
    genes = pd.DataFrame({"entrez": entrez, "ensembl": ensembl}, index=pd.Index(symbols, name="gene"))
    return GeneTable(genes, None, None)


def row(layout: str, **changes: Any) -> Dataset:
    """A row of datasets.tsv."""
    settings = {
        "dataset": "case",
        "accession": "GSE1",
        "layout": layout,
        "file": "x",
        "identifiers": "symbol",
        "scale": "counts",
        "tissue": "blood",
        "licence": "open",
    }
    return Dataset.model_validate(settings | changes)


def write_members(path: Path, members: Mapping[str, str | bytes]) -> Path:
    """Write a folder, tar, tar.gz or zip (told by the name); members that end in .gz are compressed."""
    contents = {}
    for name, content in members.items():
        data = content.encode() if isinstance(content, str) else content
        contents[name] = gzip.compress(data, mtime=0) if name.endswith(".gz") and data[:2] != b"\x1f\x8b" else data
    if path.name.endswith((".tar", ".tar.gz", ".tgz")):
        with tarfile.open(path, "w" if path.name.endswith(".tar") else "w:gz") as archive:
            for name, data in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in contents.items():
                archive.writestr(name, data)
    else:
        for name, data in contents.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    return path


def packed(folder: Path, name: str, members: Mapping[str, str | bytes]) -> bytes:
    """Return the bytes of an archive of these members."""
    return write_members(folder / name, members).read_bytes()


def triplet(counts: np.ndarray, barcodes: list[str] | None = None) -> dict[str, str]:
    """Return the three texts of a 10x triplet; `counts` is cells × SYMBOLS."""
    entries = [f"{g + 1} {c + 1} {counts[c, g]}" for c, g in zip(*np.nonzero(counts), strict=True)]
    head = f"%%MatrixMarket matrix coordinate integer general\n{counts.shape[1]} {counts.shape[0]} {len(entries)}\n"
    names = barcodes or [f"ACGT{n:04d}-1" for n in range(len(counts))]
    return {
        "matrix.mtx.gz": head + "\n".join(entries) + "\n",
        "features.tsv.gz": "".join(
            f"{one}\t{name}\tGene Expression\n" for one, name in zip(ENSEMBL, SYMBOLS, strict=True)
        ),
        "barcodes.tsv.gz": "".join(f"{name}\n" for name in names),
    }


def tenx_h5(
    path: Path, counts: np.ndarray, barcodes: list[str] | None = None, libraries: list[str] | None = None
) -> Path:
    """Write a 10x .h5 of Cell Ranger 3; `counts` is cells × SYMBOLS."""
    import h5py
    import scipy.sparse as sp

    rows = sp.csr_matrix(counts.astype(np.int32))
    with h5py.File(path, "w") as file:
        if libraries:
            file.attrs["library_ids"] = np.array(libraries, dtype="S")
        group = file.create_group("matrix")
        group["data"], group["indices"], group["indptr"] = rows.data, rows.indices, rows.indptr
        group["shape"] = np.array([counts.shape[1], counts.shape[0]], dtype=np.int32)
        names = barcodes or [f"ACGT{n:04d}-1" for n in range(len(counts))]
        group["barcodes"] = np.array(names, dtype="S")
        features = group.create_group("features")
        features["id"] = np.array(ENSEMBL, dtype="S")
        features["name"] = np.array(SYMBOLS, dtype="S")
        features["feature_type"] = np.array(["Gene Expression"] * len(SYMBOLS), dtype="S")
        features["genome"] = np.array(["GRCh38"] * len(SYMBOLS), dtype="S")
    return path
