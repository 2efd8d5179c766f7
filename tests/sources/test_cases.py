"""Inputs made for their traits, by folder: each comes to the result that is right for it, through the shipped functions."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from deposits import ENTREZ, SYMBOLS, gene_table, row

from sidemine.differential.counts import expressed_by_counts, voom
from sidemine.enrichment.libraries import read_library
from sidemine.errors import SidemineError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.gene_table import GeneTable
from sidemine.prepare.metadata import read_samples

pytestmark = pytest.mark.usefixtures("forked_readers")


@pytest.fixture(scope="module")
def cases() -> Path:
    """Folder of the inputs, named by SIDEMINE_REAL_FILES; skips when there is none."""
    folder = Path(os.environ.get("SIDEMINE_REAL_FILES", "")) / "cases"
    if not os.environ.get("SIDEMINE_REAL_FILES") or not folder.is_dir():
        pytest.skip("SIDEMINE_REAL_FILES names no folder with cases/: these inputs are not here")
    return folder


def _prepare(
    path: Path, layout: str, metadata: Path | None = None, table: GeneTable | None = None, **settings: Any
) -> tuple[ad.AnnData, pd.DataFrame, dict[str, Any]]:
    """Return the dataset, its ledger and its provenance, by the two functions that the workflow calls."""
    files = {"values": path} | ({"metadata": metadata} if metadata else {})
    one = row(layout, **settings)
    samples = read_samples(one, files, {}, [])
    adata, ledger = prepare_dataset(one, files, samples, table or gene_table())
    return adata, ledger, json.loads(adata.uns["sidemine"])


def _values(adata: ad.AnnData, samples: list[str], genes: list[str], layer: str = "counts") -> np.ndarray:
    return np.asarray(adata[samples, genes].layers[layer])


def _frame(path: Path, **options: Any) -> pd.DataFrame:
    """Read a plain text table by other means than those that are tested."""
    data = path.read_bytes()
    while data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8")
    return pd.read_csv(io.StringIO(text), **options)


def _check_counts(adata: ad.AnnData, expected: pd.DataFrame) -> None:
    """Every gene and sample of `expected` is there, with its count, and nothing else."""
    assert sorted(adata.var_names) == sorted(expected.index)
    assert sorted(adata.obs_names) == sorted(expected.columns)
    found = _values(adata, list(expected.columns), list(expected.index)).T
    np.testing.assert_array_equal(found, expected.to_numpy(dtype=float))


def _table_of(symbols: Iterable[str]) -> GeneTable:
    """A gene table of these symbols."""
    names = list(symbols)
    return gene_table(names, [str(n) for n in range(len(names))], [f"ENSG{n:011d}" for n in range(len(names))])


CELLS = {"biological_unit": "sample"}


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("01_tenx_tar_nested_folders/all.tar", ["S1", "S2"]),
        ("02_tenx_folder_of_folders/cells", ["GSM1", "GSM2"]),
        ("04_tenx_h5_in_tar/raw.tar", ["GSM1", "GSM2"]),
        ("05_tenx_targz_in_tar/raw.tar", ["GSM1", "GSM2"]),
    ],
)
def test_tenx_samples(cases: Path, place: str, names: list[str]) -> None:
    """01, 02, 04, 05: two samples, named by what differs; the smaller one has too few cells, which its fate says."""
    one = row("tenx", biological_unit="sample")
    samples = read_samples(one, {"values": cases / place}, {}, [])
    assert list(samples["sample"]) == names
    assert list(samples["n_cells"]) == ["8", "12"]
    assert list(samples["fate"]) == ["too few cells: 8 of at least 10", "used"]
    adata, ledger, _ = _prepare(cases / place, "tenx", **CELLS)
    assert list(adata.obs_names) == names[1:]
    assert list(ledger["fate"]) == ["kept"] * len(SYMBOLS)


def test_row_counter_before_entrez(cases: Path) -> None:
    """07: the column `entrez` names the genes."""
    path = cases / "07_table_rownumbers_entrez/counts.csv"
    expected = _frame(path, index_col=0, dtype={"entrez": str}).set_index("entrez")
    ids = list(expected.index)
    table = gene_table([f"G{name}" for name in ids], ids, [f"ENSG{n:011d}" for n in range(len(ids))])
    adata, _, provenance = _prepare(path, "table", table=table, identifiers="entrez")
    _check_counts(adata, expected.rename(index=lambda name: f"G{name}"))
    assert any("identifiers come from column 'entrez'" in note for note in provenance["notes"])


def test_pandas_index(cases: Path) -> None:
    """08: the symbols name the genes, never the index."""
    path = cases / "08_table_pandas_index/counts.csv"
    adata, _, _ = _prepare(path, "table")
    _check_counts(adata, _frame(path, index_col=0).set_index("symbol"))


def test_fractional_counts(cases: Path) -> None:
    """11: expected counts of RSEM are counts."""
    path = cases / "11_rsem_noninteger_counts/counts.tsv"
    adata, _, provenance = _prepare(path, "table")
    _check_counts(adata, _frame(path, sep="\t", index_col=0))
    assert provenance["problem"] is None


def test_star_archive(cases: Path) -> None:
    """12: the unstranded column unless a strand is declared; column and balance are told, a wrong strand is refused."""
    path = cases / "12_star_readspergene_in_tar/raw.tar"
    totals = {}
    for strand in ("no", "reverse"):
        adata, ledger, provenance = _prepare(path, "archive", strand=strand)
        totals[strand] = adata.layers["counts"].sum()
        assert list(adata.obs_names) == ["GSM1", "GSM2", "GSM3", "GSM4"]
        assert _values(adata, ["GSM1"], ["STAT1"]).item() == {"no": 111, "reverse": 109}[strand]
        assert any("column 2" in note or "column 4" in note for note in provenance["notes"])
        assert any("2% to 2% of the reads" in note for note in provenance["notes"])
        dropped = set(ledger.loc[ledger["fate"] == "dropped", "identifier"])
        assert dropped == {"N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"}
    assert totals["no"] > totals["reverse"]
    with pytest.raises(SidemineError, match="most reads lie on the other one"):
        _prepare(path, "archive", strand="forward")


def test_bam_columns(cases: Path) -> None:
    """14: matched by title once that is declared; before that, both lists and the key are told."""
    folder = cases / "14_featurecounts_bam_columns"
    path, metadata = folder / "counts.txt", folder / "GSE1_series_matrix.txt.gz"
    with pytest.raises(SidemineError, match="sample_name: title would match 4 of 4"):
        _prepare(path, "table", metadata)
    adata, _, provenance = _prepare(path, "table", metadata, sample_name="title")
    expected = _frame(path, sep="\t", comment="#", index_col=0).iloc[:, 5:]
    expected.columns = ["GSM1", "GSM2", "GSM3", "GSM4"]
    _check_counts(adata, expected)
    assert any("Ctrl_1 = /data/bam/Ctrl_1.Aligned" in note for note in provenance["notes"])


def test_identical_rows(cases: Path) -> None:
    """17: haplotype copies are counted once, and the ledger says so."""
    path = cases / "17_identical_duplicate_rows/counts.tsv"
    adata, ledger, provenance = _prepare(
        path, "table", table=gene_table([*SYMBOLS, "ABCF1"], [*ENTREZ, "23"], ["E"] * 21)
    )
    _check_counts(adata, _frame(path, sep="\t", index_col=0).drop_duplicates())
    copies = ledger[ledger["reason"] == "identical to another row of ABCF1: counted once"]
    assert list(copies["fate"]) == ["dropped"] * 6
    assert any("6 rows that repeat another row" in note for note in provenance["notes"])


def test_different_rows_of_one_gene_are_added(tmp_path: Path) -> None:
    """17, the rest of its kind: other values are other reads."""
    path = tmp_path / "counts.tsv"
    path.write_text("gene\ts1\ts2\nSTAT1\t1\t2\nSTAT1\t1\t3\nSTAT1\t1\t2\nIRF1\t0\t0\nIRF1\t0\t0\n")
    adata, ledger, _ = _prepare(path, "table")
    assert _values(adata, ["s1", "s2"], ["STAT1", "IRF1"]).tolist() == [[2, 0], [5, 0]]
    assert list(ledger["fate"]) == ["merged", "merged", "dropped", "kept", "dropped"]


def test_ncbi_counts_that_lack_a_sample(cases: Path) -> None:
    """25: the sample is named, and so are `exclude` and `subset`, which then serve."""
    folder = cases / "25_ncbi_counts_fewer_samples"
    path, metadata = folder / "GSE1_raw_counts_GRCh38.p13_NCBI.tsv.gz", folder / "GSE1_series_matrix.txt.gz"
    kind = {"identifiers": "entrez", "file": ""}
    with pytest.raises(SidemineError, match=re.compile("'GSM6'.*`exclude`.*`subset`", re.DOTALL)):
        _prepare(path, "ncbi_counts", metadata, **kind)
    adata, _, _ = _prepare(path, "ncbi_counts", metadata, subset="sample != GSM6", **kind)
    expected = _frame(path, sep="\t", index_col=0)
    _check_counts(adata, expected.rename(index=dict(zip(map(int, ENTREZ), SYMBOLS, strict=True))))


def test_gmt_without_description(cases: Path) -> None:
    """26: no gene is lost: refused with the line, or read whole."""
    genes, message = set(), ""
    try:
        library = read_library(cases / "26_gmt_without_description/sets.gmt", "gmt")
        genes = {gene for gene, _ in library.sets["IFN_A"]}
    except SidemineError as error:
        message = str(error)
    assert genes == {"STAT1", "IRF1", "ISG15", "MX1", "OAS1"} or "line 1" in message


def test_counts_in_another_layer(cases: Path) -> None:
    """32: the refusal lists the layers and names the key; with it, the counts are read."""
    path = cases / "32_h5ad_counts_in_other_layer/x.h5ad"
    settings = {"biological_unit": "donor", "sample_columns": "stim"}
    with pytest.raises(SidemineError, match=re.compile("X: .*layer UMIs: whole numbers.*set layer: UMIs", re.DOTALL)):
        _prepare(path, "h5ad", **settings)
    _, ledger, provenance = _prepare(path, "h5ad", layer="UMIs", **settings)
    assert set(ledger["fate"]) == {"kept"}
    assert any("from layer UMIs, as declared" in note for note in provenance["notes"])


@pytest.mark.parametrize("place", ["34_utf16_table/counts.txt", "35_gzip_twice/counts.tsv.gz"])
def test_encodings(cases: Path, place: str) -> None:
    """34, 35: read, with a note."""
    adata, _, provenance = _prepare(cases / place, "table")
    _check_counts(adata, _frame(cases / place, sep="\t", index_col=0))
    assert any("UTF-16" in note or "gzip within gzip" in note for note in provenance["notes"])


def test_spreadsheet(cases: Path) -> None:
    """37: the only sheet with a table, which is told."""
    adata, _, provenance = _prepare(cases / "37_xlsx_values/counts.xlsx", "table")
    assert _values(adata, ["s1", "s2", "s3"], ["STAT1", "IRF1"]).T.tolist() == [[153, 94, 127], [83, 84, 266]]
    assert adata.shape == (3, len(SYMBOLS))
    assert any("sheet 'Sheet1'" in note for note in provenance["notes"])


def test_z_scores_as_log2(cases: Path) -> None:
    """39: refused as log2."""
    _, _, provenance = _prepare(cases / "39_zscored_as_log2/expr.tsv", "table", scale="log2")
    assert "z-score" in json.dumps(provenance["problem"])


def test_thousands_separators(cases: Path) -> None:
    """41: refused with column, row and cell."""
    with pytest.raises(SidemineError, match=r"STAT1.*column 's1', value '1,234'"):
        _prepare(cases / "41_thousands_separators/counts.tsv", "table")


def test_genes_in_a_later_column(cases: Path) -> None:
    """42: the gene column is found, and coordinates are no samples."""
    path = cases / "42_counts_without_genes_column_first/counts.tsv"
    adata, _, _ = _prepare(path, "table")
    _check_counts(adata, _frame(path, sep="\t").set_index("gene_name")[["s1", "s2", "s3"]])


def test_statistics_beside_counts(cases: Path) -> None:
    """43: statistics are no samples."""
    path = cases / "43_deseq2_table_as_values/counts.tsv"
    adata, _, provenance = _prepare(path, "table")
    _check_counts(adata, _frame(path, sep="\t", index_col=0)[["s1", "s2", "s3"]])
    assert any("baseMean" in note and "padj" in note for note in provenance["notes"])


def test_negative_intensities(cases: Path) -> None:
    """45: an offset that is told, and no spike of floored values."""
    path = cases / "45_illumina_negative_linear/expr.tsv"
    adata, _, provenance = _prepare(path, "table", table=_table_of(_frame(path, sep="\t")["gene"]), scale="linear")
    values = adata.layers["log2"].ravel()
    assert np.isfinite(values).all()
    assert np.unique(values, return_counts=True)[1].max() < 0.02 * values.size
    assert "offset" in provenance["transformation"]


def test_cel_suffix(cases: Path) -> None:
    """50: matched by accession."""
    folder = cases / "50_columns_with_cel_suffix"
    adata, _, provenance = _prepare(folder / "rma.txt", "table", folder / "GSE1_series_matrix.txt.gz", scale="log2")
    expected = _frame(folder / "rma.txt", sep="\t", index_col=0)
    found = _values(adata, ["GSM1", "GSM2", "GSM3", "GSM4"], list(expected.index), "log2").T
    np.testing.assert_allclose(found, expected.to_numpy())
    assert any("GSM1 = GSM1_Ctrl1.CEL.gz" in note for note in provenance["notes"])


def test_depth_is_corrected(cases: Path) -> None:
    """52: accepted as counts; twice the depth and nothing else is no difference once libraries are scaled."""
    path = cases / "52_rsem_advice_uncorrected_depth/counts.tsv.gz"
    frame = _frame(path, sep="\t", keep_default_na=False).set_index("gene")
    adata, _, provenance = _prepare(path, "table", table=_table_of(frame.index))
    assert provenance["problem"] is None
    _check_counts(adata, frame)
    counts = np.asarray(adata[list(frame.columns)].layers["counts"]).T
    totals = counts.sum(axis=0)
    target = totals > np.median(totals)
    assert target.sum() == 4
    assert totals[target].mean() > 1.7 * totals[~target].mean()
    design = np.column_stack([np.ones(len(target)), target])
    kept = expressed_by_counts(counts, design)
    values = voom(counts[kept], design).log_cpm
    difference = values[:, target].mean(axis=1) - values[:, ~target].mean(axis=1)
    assert abs(np.median(difference)) < 0.05


def test_every_folder_has_a_test(cases: Path) -> None:
    """A folder that is added without a test here fails."""
    text = Path(__file__).read_text()
    missing = sorted(one.name for one in cases.iterdir() if one.is_dir() and one.name not in text)
    assert missing == []
