"""Every kind of dataset on real public files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidemine.errors import InputError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.expression_store import read_provenance
from sidemine.prepare.gene_table import GeneTable, read_gene_table
from sidemine.prepare.metadata import read_samples
from sidemine.sources.cells import CellsWanted
from sidemine.sources.tenx_cells import read_tenx_cells
from sidemine.study.models import DerivedColumn, GeneTableSource
from sidemine.study.rows import Dataset

pytestmark = pytest.mark.real_files
SERIES = "mirror/ftp.ncbi.nlm.nih.gov/geo/series"


@pytest.fixture(scope="module")
def genes(real_files: Path) -> GeneTable:
    """The Ensembl table of human genes."""
    source = GeneTableSource(file="x", format="ensembl", licence="x", version="GRCh38")
    return read_gene_table(real_files / "data/genes/grch38_genes.tsv.gz", source)


def _prepare(genes: GeneTable, files: dict[str, Path], derive: dict[str, tuple[str, str]], **settings: Any) -> Any:
    columns = {
        name: DerivedColumn.model_validate({"from": source, "regex": regex}) for name, (source, regex) in derive.items()
    }
    row = Dataset.model_validate({"dataset": "d1", "file": "x", "tissue": "x", "licence": "x", **settings})
    samples = read_samples(row, files, columns, [])
    return samples, *prepare_dataset(row, files, samples, genes, derive=columns)


def test_whole_blood_normalised_counts(real_files: Path, genes: GeneTable) -> None:
    """GSE145647: 12,194 symbols, 28 samples of three donors; D1 and D1R are one."""
    files = {"values": real_files / "data/GSE145647/whole_blood_normalized_counts.txt.gz"}
    samples, adata, ledger = _prepare(
        genes,
        files,
        {"donor": ("sample", r"(D\d)R?_.*")},
        accession="GSE145647",
        layout="table",
        identifiers="symbol",
        scale="normalised_counts",
        biological_unit="donor",
    )
    assert adata.shape == (28, 12194)
    assert sorted(set(samples["unit"])) == ["D1", "D2", "D3"]
    assert read_provenance(adata).problem is None
    assert Counter(ledger["fate"]) == {"kept": 12194}
    assert adata.layers["log2"].max() < 20


def test_airway_archive(real_files: Path, genes: GeneTable) -> None:
    """GSE161664: 16 HTSeq files, five counter rows each, one gene list."""
    files = {"values": real_files / SERIES / "GSE161nnn/GSE161664/suppl/GSE161664_RAW.tar"}
    samples, adata, ledger = _prepare(
        genes,
        files,
        {"stimulus": ("title", r"SAEC_(.*)_rep\d")},
        accession="GSE161664",
        layout="archive",
        identifiers="symbol",
        scale="counts",
    )
    assert Counter(samples["stimulus"]) == {"Control": 4, "IFNa": 3, "IFNb": 3, "IFNg": 3, "IFNl3": 3}
    assert adata.shape == (16, 26364)
    counters = ledger["identifier"].str.startswith("__")
    assert counters.sum() == 5
    assert set(ledger.loc[counters, "fate"]) == {"dropped"}
    assert {"MARCHF1", "SEPTIN1", "DELEC1"} <= set(adata.var_names)


def test_virus_counts_are_matched_by_title(real_files: Path, genes: GeneTable) -> None:
    """GSE147507: titles name the columns; without sample_name the error says so."""
    files = {
        "values": real_files / SERIES / "GSE147nnn/GSE147507/suppl/GSE147507_RawReadCounts.tsv.gz",
        "metadata": real_files / SERIES / "GSE147nnn/GSE147507/matrix/GSE147507_series_matrix.txt.gz",
    }
    settings = {"accession": "GSE147507", "layout": "table", "identifiers": "symbol", "scale": "counts"}
    _, adata, _ = _prepare(genes, files, {}, sample_name="title", **settings)
    assert adata.shape == (20, 23710)
    assert adata.obs.loc["GSM4432378", "title"] == "SARS004_mock_3"
    np.testing.assert_array_equal(adata["GSM4432378", "WASH7P"].layers["counts"], [[29]])
    with pytest.raises(InputError, match="title would match 20 of 20"):
        _prepare(genes, files, {}, **settings)


@pytest.mark.parametrize(
    ("series", "platform", "shape", "subset"),
    [
        ("GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz", "GPL571", (41, 12403), 'tissue ~ "Tumor"'),
        ("GSE42nnn/GSE42872/matrix/GSE42872_series_matrix.txt.gz", "GPL6244", (6, 18837), ""),
    ],
)
def test_arrays(
    real_files: Path, genes: GeneTable, series: str, platform: str, shape: tuple[int, int], subset: str
) -> None:
    """Two arrays with old probe maps: no gene is lost for its old symbol, each identifier has a fate."""
    files = {
        "values": real_files / SERIES / series,
        "platform_map": real_files / f"data/platforms/probe_symbol_{platform}.tsv.gz",
    }
    settings = {"accession": "GSE1", "layout": "series_matrix", "identifiers": "probe", "scale": "log2"}
    _, adata, ledger = _prepare(genes, files, {}, platform=platform, subset=subset, **settings)
    assert adata.shape == shape
    assert read_provenance(adata).problem is None
    assert (ledger["fate"] == "kept").sum() == shape[1]
    assert not {"MARCH1", "SEPT2"} & set(adata.var_names)
    other = "GPL6244" if platform == "GPL571" else "GPL571"
    wrong = files | {"platform_map": real_files / f"data/platforms/probe_symbol_{other}.tsv.gz"}
    with pytest.raises(InputError, match=r"do not fit the platform: 0 of"):
        _prepare(genes, wrong, {}, platform=platform, subset=subset, **settings)


def test_cells_without_donors(real_files: Path, genes: GeneTable) -> None:
    """Kang's 2000 cells have no donor: summed, and not testable."""
    files = {"values": real_files / "data/Kang2018_PBMC_IFNb/kang2018_pbmc_ifnb_2000cells.h5ad"}
    _, adata, _ = _prepare(
        genes,
        files,
        {},
        accession="GSE96583",
        layout="h5ad",
        identifiers="symbol",
        scale="counts",
        sample_columns="condition",
    )
    assert list(adata.obs_names) == ["ctrl", "stim"]
    assert read_provenance(adata).problem.what == "cells are no replicates, and no column names their donors"


def test_normalised_cells_and_mouse_cells_are_refused(real_files: Path, genes: GeneTable) -> None:
    """An h5ad of scaled values has no counts; a mouse triplet is read, but is no human dataset."""
    settings = {"accession": "GSE1", "identifiers": "symbol", "scale": "counts"}
    with pytest.raises(InputError, match="holds no raw counts"):
        _prepare(genes, {"values": real_files / "data/singlecell/GSE216457.h5ad"}, {}, layout="h5ad",
                 biological_unit="batch", **settings)  # fmt: skip
    folder = real_files / "data/singlecell/GSE224438"
    assert read_tenx_cells(folder, "symbol", CellsWanted(measured=True)).totals.sum() > 0
    with pytest.raises(InputError, match="another species"):
        _prepare(genes, {"values": folder}, {}, layout="tenx", **settings)
