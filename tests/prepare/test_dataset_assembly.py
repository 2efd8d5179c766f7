"""From files to the interchange: layers, ledger, provenance, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from declared import dataset_row

from sidemine.errors import InputError
from sidemine.prepare.dataset import collapse_otherwise, prepare_dataset
from sidemine.prepare.expression_store import read_expression, read_provenance, read_values, write_expression
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.prepare.gene_table import GeneTable
from sidemine.prepare.log_expression import log2_expression, log2_values
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.sample_table import SAMPLES
from sidemine.study.rows import Dataset
from sidemine.tables import check_table, read_table, write_table

SYMBOLS = [f"GENE{n}" for n in range(1, 41)]
TABLE = GeneTable(
    pd.DataFrame(
        {"entrez": [str(n) for n in range(1, 41)], "ensembl": [f"ENSG{n:011d}" for n in range(1, 41)]},
        index=pd.Index(SYMBOLS, name="gene"),
    ),
    [("OLD1", "GENE1")],
    [],
    version="test",
)
RNG = np.random.default_rng(4)


def _table(folder: Path, identifiers: list[str], values: np.ndarray, mark: str = "") -> dict[str, Path]:
    lines = [mark + "\t".join(["gene", *(f"s{n}" for n in range(values.shape[1]))])]
    lines += ["\t".join([name, *map(str, cells)]) for name, cells in zip(identifiers, values.tolist(), strict=True)]
    path = folder / "values.tsv"
    path.write_text("\n".join(lines) + "\n")
    return {"values": path}


def _prepare(row: Dataset, files: dict[str, Path], **rules: Any) -> Any:
    return prepare_dataset(row, files, read_samples(row, files, {}, []), TABLE, **rules)


def test_counts_of_old_and_new_symbol_are_added(tmp_path: Path) -> None:
    """OLD1 is GENE1: their counts are one gene's, and the ledger says so."""
    values = RNG.integers(0, 100, (41, 4))
    adata, ledger = _prepare(dataset_row(), _table(tmp_path, ["OLD1", *SYMBOLS], values))
    assert list(adata.layers) == ["counts"]
    np.testing.assert_array_equal(adata[:, "GENE1"].layers["counts"].ravel(), values[0] + values[1])
    assert adata.var.loc["GENE1"].tolist() == ["1", "ENSG00000000001", "GENE1;OLD1"]
    check_table(ledger, GENES_LEDGER, "ledger")
    assert Counter(ledger["fate"]) == {"merged": 2, "kept": 39}


def test_normalised_counts_are_added_before_the_logarithm(tmp_path: Path) -> None:
    """log2(a + b + 1), not the mean of two logarithms."""
    values = RNG.negative_binomial(0.4, 0.003, (41, 4)) * 1.01
    adata, _ = _prepare(dataset_row(scale="normalised_counts"), _table(tmp_path, ["OLD1", *SYMBOLS], values))
    assert list(adata.layers) == ["log2"]
    np.testing.assert_allclose(adata[:, "GENE1"].layers["log2"].ravel(), np.log2(values[0] + values[1] + 1))


def test_provenance_and_mark(tmp_path: Path) -> None:
    """What was done stands in the file; simulated values say that they are."""
    values = RNG.integers(0, 100, (40, 4))
    adata, _ = _prepare(dataset_row(), _table(tmp_path, SYMBOLS, values, "# SIDEMINE-SIMULATED\n"))
    found = read_provenance(adata)
    assert found.simulated is True
    assert found.scale_found == "counts"
    assert (found.n_identifiers, found.n_genes, found.n_samples) == (40, 40, 4)
    assert found.files == {"values": "values.tsv"}
    assert found.gene_table_version == "test"
    assert found.problem is None


@pytest.mark.parametrize("declared", ["log2", "log_ratio", "linear", "normalised_counts"])
def test_scale_contradiction_makes_the_dataset_untestable(tmp_path: Path, declared: str) -> None:
    """The file is still written, with the four-part reason; linear intensities declared linear are fine."""
    # Its own draw: what the module has drawn before depends on the order of the tests.
    values = 2 ** np.random.default_rng(1).normal(8, 2, (40, 4)).clip(4, 15) + 0.11
    adata, _ = _prepare(dataset_row(scale=declared), _table(tmp_path, SYMBOLS, values))
    problem = json.loads(adata.uns["sidemine"])["problem"]
    if declared in {"linear", "normalised_counts"}:
        assert problem is None
    else:
        assert set(problem) == {"what", "where", "allowed", "next_step"}
        assert "set scale to linear" in problem["next_step"]


def test_probes_and_their_rule(tmp_path: Path) -> None:
    """A series of probes goes through the platform; the declared rule is recorded."""
    values = RNG.normal(7, 2, (80, 5)).clip(2, 15)
    files = _table(tmp_path, [f"{n}_at" for n in range(80)], values)
    files["platform_map"] = tmp_path / "map.tsv"
    pairs = "".join(f"{n}_at\t{SYMBOLS[n % 40]}\n" for n in range(79))
    files["platform_map"].write_text("probe_id\tsymbol\n" + pairs)
    row = dataset_row(identifiers="probe", platform="GPL1", scale="log2")
    adata, ledger = _prepare(row, files)
    assert adata.shape == (5, 40)
    assert Counter(ledger["fate"]) == {"kept": 40, "dropped": 40}
    assert ledger["reason"].iloc[79] == "not on the platform"
    best = max((0, 40), key=lambda n: values[n].mean())
    assert adata.var.loc["GENE1", "identifier"] == f"{best}_at"
    averaged, _ = _prepare(row, files, probe_rule="mean_of_probes")
    np.testing.assert_allclose(averaged[:, "GENE1"].layers["log2"].ravel(), values[[0, 40]].mean(axis=0))


def test_other_probe_rules_are_read_once_and_equal_the_declared_way(tmp_path: Path) -> None:
    """What the robustness grid takes for another probe rule is what the dataset would hold under that rule."""
    platform = tmp_path / "map.tsv"
    platform.write_text("probe_id\tsymbol\n" + "".join(f"p{n}\tGENE{n % 20 + 1}\n" for n in range(40)))
    row = dataset_row(identifiers="probe", platform_map="map.tsv", scale="log2")
    files = _table(tmp_path, [f"p{n}" for n in range(40)], RNG.normal(8, 2, (40, 6)).round(4)) | {
        "platform_map": platform
    }
    samples = read_samples(row, files, {}, [])
    _, ledger = prepare_dataset(row, files, samples, TABLE)
    found = collapse_otherwise(row, files, samples, ledger, ["highest_variance", "mean_of_probes"])
    for rule, matrix in found.items():
        adata, _ = prepare_dataset(row, files, samples, TABLE, probe_rule=rule)
        assert matrix.genes == list(adata.var_names)
        np.testing.assert_array_equal(matrix.values.T, adata.layers["log2"])
    with pytest.raises(InputError, match="not those that the ledger"):
        collapse_otherwise(row, files, samples, ledger.iloc[::-1], ["highest_variance"])


def test_incomplete_rows_are_told(tmp_path: Path) -> None:
    """Counts must be complete; a log2 gene may miss some samples, not most."""
    values = RNG.normal(7, 2, (40, 4)).clip(2, 15)
    values[0, 0] = values[1, :3] = np.nan
    adata, ledger = _prepare(dataset_row(scale="log2"), _table(tmp_path, SYMBOLS, values))
    assert "GENE1" in adata.var_names
    assert "GENE2" not in adata.var_names
    assert ledger["reason"].iloc[1] == "approved symbol; no value in 3 of 4 samples"
    counts = RNG.integers(0, 100, (40, 4)).astype(float)
    counts[2, 1] = np.nan
    adata, _ = _prepare(dataset_row(), _table(tmp_path, SYMBOLS, counts))
    assert "GENE3" not in adata.var_names


def test_same_bytes_twice_and_back(tmp_path: Path) -> None:
    """Written twice, the file is the same, byte for byte; read back, it is what was written."""
    values = RNG.integers(0, 100, (40, 4))
    files = _table(tmp_path, SYMBOLS, values)
    files["sample_sheet"] = tmp_path / "sheet.tsv"
    files["sample_sheet"].write_text("sample\tgroup\tage\ns0\ta\t3\ns1\tb\t\ns2\ta\t5\ns3\tb\t6\n")
    row = dataset_row()
    samples = read_samples(row, files, {}, [])
    write_table(samples, tmp_path / "samples.tsv", SAMPLES)
    stored = read_table(tmp_path / "samples.tsv", SAMPLES)
    digests = set()
    for name, frame in {"one": samples, "two": stored}.items():
        adata, _ = prepare_dataset(row, files, frame, TABLE)
        write_expression(adata, tmp_path / f"{name}.h5ad")
        digests.add(hashlib.sha256((tmp_path / f"{name}.h5ad").read_bytes()).hexdigest())
    assert len(digests) == 1
    back = read_expression(tmp_path / "one.h5ad")
    assert back.X is None
    assert back.obs["age"].tolist() == ["3", "", "5", "6"]
    assert all(isinstance(cell, str) for cell in back.obs["age"])
    assert back.obs.index.name == "sample"
    assert back.var.index.name == "gene"
    np.testing.assert_array_equal(back.layers["counts"], values[[SYMBOLS.index(gene) for gene in back.var_names]].T)
    assert not list(tmp_path.glob("*.part"))


def test_scanpy_opens_the_file_with_its_default_calls(tmp_path: Path) -> None:
    """X is filled, without a second copy of the values; one call after the other runs as on any h5ad."""
    import scanpy as sc

    values = RNG.integers(0, 100, (40, 4))
    adata, _ = _prepare(dataset_row(), _table(tmp_path, SYMBOLS, values))
    write_expression(adata, tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad") as file:
        assert file["X"] == file["layers/counts"]
    opened = sc.read_h5ad(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(opened.X, opened.layers["counts"])
    sc.pp.normalize_total(opened)
    sc.pp.log1p(opened)
    sc.pp.pca(opened, n_comps=2)
    assert opened.obsm["X_pca"].shape == (4, 2)


def test_who_deposited_a_record_is_not_passed_on(tmp_path: Path) -> None:
    """Names and addresses of persons stand in every record of GEO; the place, which may be a batch, stays."""
    files = _table(tmp_path, SYMBOLS, RNG.integers(0, 100, (40, 2)))
    files["sample_sheet"] = tmp_path / "sheet.tsv"
    personal = ["contact_name", "contact_email", "contact_phone", "contact_address", "contact_zip/postal_code"]
    lines = [["sample", "contact_institute", *personal]] + [[f"s{n}", "Here", *"abcde"] for n in range(2)]
    files["sample_sheet"].write_text("".join("\t".join(line) + "\n" for line in lines))
    samples = read_samples(dataset_row(), files, {}, [])
    assert [name for name in samples if name.startswith("contact")] == ["contact_institute"]


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    """Only sidemine's own files are read as its interchange."""
    path = tmp_path / "x.h5ad"
    path.write_bytes(b"no hdf5")
    for read in (read_expression, read_values):
        with pytest.raises(InputError, match="no expression file of sidemine"):
            read(path)


def test_values_alone_are_those_of_the_whole_dataset(tmp_path: Path) -> None:
    """They are read without anndata; a file whose values do not fit its names, or are none of ours, is refused."""
    path = tmp_path / "x.h5ad"
    adata, _ = _prepare(dataset_row(), _table(tmp_path, SYMBOLS, RNG.integers(0, 100, (40, 4))))
    write_expression(adata, path)
    whole, alone = read_expression(path), read_values(path)
    assert (alone.samples, alone.genes) == (whole.obs_names.tolist(), whole.var_names.tolist())
    np.testing.assert_array_equal(log2_values(alone.values, alone.layer), log2_expression(whole))

    def refused(change: Callable[[h5py.File], None], problem: str) -> None:
        write_expression(adata, path)
        with h5py.File(path, "a") as file:
            change(file)
        with pytest.raises(InputError, match=problem):
            read_values(path)

    def replace(name: str, values: np.ndarray) -> Callable[[h5py.File], None]:
        def change(file: h5py.File) -> None:
            del file[name]
            file[name] = values

        return change

    refused(replace("layers/counts", np.zeros((4, 3))), r"\(4, 3\) values of 4 samples")
    refused(replace("layers/counts", np.full((4, len(alone.genes)), b"x")), "values that are no numbers")
    refused(lambda file: file.move("layers/counts", "layers/tpm"), "layers tpm")
    refused(lambda file: file.copy("layers/counts", "layers/log2"), "layers counts, log2")
    refused(replace("var", np.zeros(3)), "KeyError")
    refused(replace("layers", np.zeros(3)), "TypeError")


def test_header_only_series_matrix_names_alternatives(tmp_path: Path) -> None:
    """A series matrix without rows says where the counts may be had."""
    path = tmp_path / "series.txt"
    path.write_text(
        '!Series_geo_accession\t"GSE1"\n!Series_type\t"Expression profiling by high throughput sequencing"\n'
        '!Series_supplementary_file\t"ftp://x/GSE1_counts.tsv.gz"\n\n!Sample_title\t"a"\n!Sample_geo_accession\t"GSM1"\n'
        '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\n!series_matrix_table_end\n'
    )
    adata, ledger = _prepare(dataset_row(layout="series_matrix", file=""), {"values": path})
    assert adata.shape == (1, 0)
    problem = read_provenance(adata).problem
    assert "holds no values" in problem.what
    assert "GSE1_counts" in problem.next_step
    assert ledger.empty


def test_ncbi_counts_use_their_annotation(tmp_path: Path) -> None:
    """Entrez ids that the gene table lacks are mapped by NCBI's annotation."""
    ids = [*map(str, range(2, 41)), "9001", "9002"]
    files = _table(tmp_path, ids, RNG.integers(0, 100, (41, 4)))
    files["annotation"] = tmp_path / "annot.tsv"
    files["annotation"].write_text("GeneID\tSymbol\n9001\tOLD1\n9002\tNOBODY\n")
    row = dataset_row(layout="ncbi_counts", file="", identifiers="entrez")
    adata, ledger = _prepare(row, files)
    assert adata.var.loc["GENE1", "identifier"] == "9001"
    assert ledger.set_index("identifier").loc["9002", "fate"] == "dropped"


def test_no_probe_is_chosen_by_rounding(tmp_path: Path) -> None:
    """Rows of z-scores all have mean 0 and SD 1: no probe speaks for its gene by its level, so the mean of probes does."""
    values = RNG.normal(size=(41, 6))
    scores = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)
    adata, _ = _prepare(dataset_row(scale="z_score"), _table(tmp_path, ["OLD1", *SYMBOLS], scores.round(4)))
    assert list(adata.layers) == ["z_score"]
    assert read_provenance(adata).probe_rule == "mean_of_probes"
    mean = scores[:2].round(4).mean(axis=0)
    np.testing.assert_allclose(adata[:, "GENE1"].layers["z_score"].ravel(), mean)


def test_proteins_of_olink_become_genes_by_accession(tmp_path: Path) -> None:
    """NPX has no level to choose an assay by: two assays of one protein are averaged; a complex of two genes drops out."""
    proteins = [(f"P{n:05d}", f"GENE{n}") for n in range(1, 41)]
    table = GeneTable(TABLE.genes, [], [], uniprot_ids=proteins)
    values = RNG.normal(4, 2, (43, 4))
    names = [*(name for name, _ in proteins), "P00001-2", "P00002;P00003", "Q99999"]
    lines = ["SampleID,OlinkID,UniProt,Assay,NPX"]
    lines += [
        f"s{column},OID{row},{name},x,{values[row, column]}" for row, name in enumerate(names) for column in range(4)
    ]
    (tmp_path / "npx.csv").write_text("\n".join(lines))
    files, row = {"values": tmp_path / "npx.csv"}, dataset_row(layout="olink_npx", identifiers="uniprot", scale="log2")
    adata, ledger = prepare_dataset(row, files, read_samples(row, files, {}, []), table)
    assert (list(adata.layers), adata.shape) == (["log2"], (4, 40))
    np.testing.assert_allclose(adata[:, "GENE1"].layers["log2"].ravel(), (values[0] + values[40]) / 2)
    fates = ledger.set_index("identifier")
    assert fates.loc["P00002;P00003", "reason"] == "several genes: GENE2, GENE3"
    assert "obsolete" in fates.loc["Q99999", "reason"]
    assert read_provenance(adata).problem is None
