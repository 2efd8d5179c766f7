"""Results equal R's on real files, and agree with the check by hand; `real_files.R` wrote the numbers."""

from __future__ import annotations

import csv
import gzip
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from limma_golden import read, sets_table

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.set_membership import build_membership

pytestmark = pytest.mark.real_files
SERIES = "mirror/ftp.ncbi.nlm.nih.gov/geo/series"
INTERFERON_ALPHA = "HALLMARK_INTERFERON_ALPHA_RESPONSE"
BLOOD = ["IFNbeta", "IFNgamma", "IFNlambda", "IL4", "IL10", "IL13"]
CASES = [
    "GSE42872_vemurafenib",
    "GSE14520_paired",
    *(f"GSE161664_{arm}" for arm in ("IFNa", "IFNb", "IFNg", "IFNl3")),
    *(f"GSE145647_{stimulus}" for stimulus in BLOOD),
]
# By hand, on the 50 Hallmark sets, with plain limma: direction, CAMERA p, FRY p of the interferon-alpha set.
BY_HAND = {
    "GSE145647_IFNbeta": ("up", 0.016, 0.001),
    "GSE145647_IFNgamma": ("up", 0.17, 0.036),
    "GSE145647_IFNlambda": (None, 0.94, 0.96),
    "GSE145647_IL4": ("down", 0.025, 0.003),
    "GSE145647_IL10": ("down", 0.006, 0.0006),
    "GSE145647_IL13": ("down", 0.028, 0.003),
    "GSE42872_vemurafenib": ("up", 0.067, 0.0002),
}


def read_series(path: Path, probe_map: Path) -> tuple[pd.DataFrame, list[str]]:
    with gzip.open(path, "rt", encoding="latin1") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    titles = next(row[1:] for row in rows if row and row[0] == "!Sample_title")
    table = [row for row in rows if row and not row[0].startswith("!")]
    symbols = pd.read_csv(probe_map, sep="\t", dtype=str).drop_duplicates("probe_id").set_index("probe_id")["symbol"]
    values = pd.DataFrame(
        np.array([row[1:] for row in table[1:]], dtype=float), index=[row[0] for row in table[1:]], columns=table[0][1:]
    )
    symbol = symbols.reindex(values.index)
    values, symbol = values[symbol.notna().to_numpy()], symbol.dropna()
    order = np.argsort(-values.mean(axis=1).to_numpy(), kind="stable")
    values = values.iloc[order].set_axis(symbol.iloc[order].to_numpy(), axis=0)
    return values[~values.index.duplicated()].sort_index(), titles


def fit_by(values: pd.DataFrame, group: list[str], target: str, reference: str, block: list[str], **options: object):
    samples = pd.DataFrame({"unit": values.columns, "block": block}, index=values.columns)
    labels = np.array(group)
    design = build_design(samples, labels == target, labels == reference, block="block" if any(block) else "")
    return fit_contrast(values[design.samples].to_numpy(), list(values.index), design, **options)


def fit_case(case: str, files: Path) -> ContrastFit:
    accession, name = case.split("_", 1)
    if accession == "GSE42872":
        values, titles = read_series(
            files / SERIES / "GSE42nnn/GSE42872/matrix/GSE42872_series_matrix.txt.gz",
            files / "data/platforms/probe_symbol_GPL6244.tsv.gz",
        )
        return fit_by(values, ["V" if "Vemurafenib" in t else "C" for t in titles], "V", "C", [""] * len(titles))
    if accession == "GSE14520":
        values, titles = read_series(
            files / SERIES / "GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz",
            files / "data/platforms/probe_symbol_GPL571.tsv.gz",
        )
        group = [t[-1] if "LCS" in t else "-" for t in titles]
        return fit_by(values, group, "A", "B", [t[:-1].split("LCS-")[-1] for t in titles])
    if accession == "GSE161664":
        with tarfile.open(files / SERIES / "GSE161nnn/GSE161664/suppl/GSE161664_RAW.tar") as archive:
            columns = {
                member.name: pd.read_csv(
                    archive.extractfile(member), sep="\t", header=None, index_col=0, compression="gzip"
                )[1]
                for member in sorted(archive.getmembers(), key=lambda member: member.name)
            }
        counts = pd.DataFrame(columns).sort_index()
        counts = counts[~counts.index.str.startswith("__")]
        group = [column.split("SAEC_")[1].split("_rep")[0] for column in counts.columns]
        return fit_by(counts, group, name, "Control", [""] * len(group), layer="counts")
    table = pd.read_csv(files / "data/GSE145647/whole_blood_normalized_counts.txt.gz", sep="\t", index_col=0)
    group = [column.split("_")[1] for column in table.columns]
    donors = [column.split("_")[0] for column in table.columns]
    return fit_by(np.log2(table.sort_index() + 1), group, name, "Buffer", donors, filter_low_expression=True)


@pytest.fixture(scope="module")
def hallmarks(real_files: Path) -> pd.DataFrame:
    path = real_files / "mirror/data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return sets_table(
        pd.DataFrame([(row[0], gene, 1.0) for row in rows for gene in row[2:]], columns=["gene_set", "gene", "weight"])
    )


@pytest.mark.parametrize("case", CASES)
def test_real_files_equal_limma(case: str, real_files: Path, hallmarks: pd.DataFrame) -> None:
    """Every gene and all Hallmark sets of a real file give R's fold change, p and direction."""
    fit = fit_case(case, real_files)
    genes = read("real_genes").query("case == @case").set_index("gene")
    assert len(fit.genes) == genes["n_genes"].iloc[0]
    at = [fit.genes.index(gene) for gene in genes.index]
    assert np.abs(fit.log2_fold_change[at] - genes["log2_fold_change"]).max() < 1e-8
    for name in ("p_value", "q_value", "df"):
        np.testing.assert_allclose(getattr(fit, name)[at], genes[name], rtol=1e-6)
    np.testing.assert_allclose(fit.ci_low[at], genes["ci_low"], rtol=1e-6, atol=1e-8)

    membership = build_membership(hallmarks, fit.genes, min_size=5)
    sets = read("real_set_tests").query("case == @case").set_index("gene_set").loc[membership.gene_sets]
    competitive, self_contained = camera(fit, membership), fry(fit, membership)
    np.testing.assert_allclose(competitive["p_value"], sets["camera_p"], rtol=1e-6)
    np.testing.assert_allclose(competitive["inter_gene_correlation"], sets["camera_correlation"], rtol=1e-6)
    np.testing.assert_allclose(self_contained["p_value"], sets["fry_p"], rtol=1e-6)
    np.testing.assert_allclose(self_contained["p_mixed"], sets["fry_mixed_p"], rtol=1e-6)
    assert list(competitive["direction"]) == list(sets["camera_direction"].str.lower())
    assert list(self_contained["direction"]) == list(sets["fry_direction"].str.lower())


@pytest.mark.parametrize("case", BY_HAND)
def test_interferon_alpha_agrees_with_the_check_by_hand(case: str, real_files: Path, hallmarks: pd.DataFrame) -> None:
    """The pre-declared set has the direction found by hand, and p within a factor of three (other software choices)."""
    direction, camera_p, fry_p = BY_HAND[case]
    fit = fit_case(case, real_files)
    membership = build_membership(hallmarks, fit.genes, min_size=5)
    for table, by_hand in ((camera(fit, membership), camera_p), (fry(fit, membership), fry_p)):
        row = table.set_index("gene_set").loc[INTERFERON_ALPHA]
        assert direction in (None, row["direction"])
        assert 1 / 3 < row["p_value"] / by_hand < 3


@pytest.mark.parametrize("arm", ["IFNa", "IFNb", "IFNg", "IFNl3"])
def test_airway_interferons_light_up(arm: str, real_files: Path, hallmarks: pd.DataFrame) -> None:
    """Interferons raise the interferon-alpha set in airway cells: CAMERA p <= 8e-4 and FRY p <= 2e-6 by hand."""
    fit = fit_case(f"GSE161664_{arm}", real_files)
    membership = build_membership(hallmarks, fit.genes, min_size=5)
    for table, by_hand in ((camera(fit, membership), 8e-4), (fry(fit, membership), 2e-6)):
        row = table.set_index("gene_set").loc[INTERFERON_ALPHA]
        assert row["direction"] == "up"
        assert row["p_value"] <= 3 * by_hand
