"""Columns of p-values, deviations or other quantities beside the values of each sample are never samples themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.errors import InputError, SheetMismatch
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.expression_table import read_expression_table, read_table_columns
from sidemine.sources.scales import Scale


def _columns(tmp_path: Path, header: str, scale: Scale = "linear", named: list[str] | None = None) -> list[str]:
    width = header.count("\t")
    path = tmp_path / "v.tsv"
    path.write_text(
        f"gene\t{header}\n" + "".join(f"G{n}" + f"\t{n + 0.5}" * (width + 1) + "\n" for n in range(5)), "utf-8"
    )
    return read_table_columns(path, DeclaredValues("symbol", scale=scale), named)


def _each(*patterns: str, samples: tuple[str, ...] = ("S1", "S2", "Ctrl 3")) -> str:
    return "\t".join(pattern.replace("*", name) for name in samples for pattern in patterns)


@pytest.mark.parametrize(
    ("patterns", "values"),
    [
        (["*.AVG_Signal", "*.Detection Pval"], "*.AVG_Signal"),
        (["AVG_Signal-*", "BEAD_STDERR-*", "Avg_NBEADS-*", "Detection Pval-*"], "AVG_Signal-*"),
        (["*", "Detection Pval"], "*"),
        (["*", "* SD"], "*"),
        (["*_Signal", "*_Detection", "*_Detection p-value"], "*_Signal"),
        (["*", "*_pvalue", "*_padj"], "*"),
    ],
)
def test_statistics_beside_values(tmp_path: Path, patterns: list[str], values: str) -> None:
    wanted = [values.replace("*", name) for name in ("S1", "S2", "Ctrl 3")]
    assert _columns(tmp_path, _each(*patterns)) == wanted


@pytest.mark.parametrize(("scale", "values"), [("counts", "*_count"), ("tpm", "*_TPM"), ("fpkm", "FPKM.*")])
def test_the_scale_chooses_among_quantities(tmp_path: Path, scale: Scale, values: str) -> None:
    header = _each("*_count", "*_TPM", "FPKM.*")
    assert _columns(tmp_path, header, scale) == [values.replace("*", name) for name in ("S1", "S2", "Ctrl 3")]


def test_bare_names_beside_another_quantity_are_the_declared_one(tmp_path: Path) -> None:
    assert _columns(tmp_path, _each("*", "*_TPM"), "counts") == ["S1", "S2", "Ctrl 3"]


@pytest.mark.parametrize(
    ("patterns", "scale", "message"),
    [
        (["*_count", "*_TPM"], "log2", "several columns of values"),
        (["*_FPKM"], "counts", "say fpkm, and the sheet says counts"),
        (["TPM_*"], "fpkm", "say tpm, and the sheet says fpkm"),
        (["*_padj"], "log2", "say summary"),
        (["*_SD", "*_Detection"], "log2", "say statistic"),
    ],
)
def test_refused(tmp_path: Path, patterns: list[str], scale: Scale, message: str) -> None:
    with pytest.raises(SheetMismatch, match=message):
        _columns(tmp_path, _each(*patterns), scale)


@pytest.mark.parametrize("scale", ["log2", "counts", "normalised_counts", "linear"])
def test_one_quantity_in_the_names_is_a_part_of_the_names(tmp_path: Path, scale: Scale) -> None:
    assert len(_columns(tmp_path, _each("*_counts"), scale)) == 3


def test_names_that_look_alike_stay_samples(tmp_path: Path) -> None:
    """`WT_SD` (a strain) without `WT`, and whatever metadata name, is a sample."""
    assert _columns(tmp_path, "WT_SD\tKO_SD\tctrl", "log2") == ["WT_SD", "KO_SD", "ctrl"]
    assert _columns(tmp_path, "WT\tWT_SD", "log2", named=["WT", "WT_SD"]) == ["WT", "WT_SD"]


def test_they_are_told(tmp_path: Path) -> None:
    path = tmp_path / "v.tsv"
    path.write_text("ID_REF\tSAMPLE 1\tDetection Pval\tSAMPLE 2\tDetection Pval\nP1\t5\t0\t6\t0.1\nP2\t7\t0\t8\t0.2\n")
    matrix = read_expression_table(path, declared=DeclaredValues("probe", scale="linear"))
    assert matrix.columns == ["SAMPLE 1", "SAMPLE 2"]
    assert matrix.values.tolist() == [[5, 6], [7, 8]]
    assert any("columns that hold no values of samples: Detection Pval" in note for note in matrix.notes)


def test_a_sample_that_has_only_its_p_values_is_missed(tmp_path: Path) -> None:
    assert _columns(tmp_path, "S1\tS1_pval\tS2\tS2_pval\tS3_pval", "log2") == ["S1", "S2"]


def test_repeated_names_of_samples_are_still_refused(tmp_path: Path) -> None:
    (tmp_path / "v.tsv").write_text("gene\tS1\tpval\tS1\tpval\nA\t1\t0\t2\t0\nB\t1\t0\t2\t0\n")
    with pytest.raises(InputError, match=r"2 columns are called 'S1'|column names repeat"):
        read_expression_table(tmp_path / "v.tsv")


def test_summaries_of_several_samples(tmp_path: Path) -> None:
    """Means, ratios, fold changes and tests of groups beside the samples; alone, ratios are what is measured."""
    columns = ["S1", "S2", "S3", "S4", "S5", "mean_ctrl", "ifn vs ctrl", "Fold change (ifn/ctrl)", "ifn.p-value"]
    assert _columns(tmp_path, "\t".join(columns), "log2") == columns[:5]
    ratios = ["A_vs_ref", "B_vs_ref", "C_vs_ref"]
    assert _columns(tmp_path, "\t".join(ratios), "log_ratio") == ratios
    assert _columns(tmp_path, "S1\tS2\tlogFC\tratio\tmean", "log2") == ["S1", "S2"]
    assert _columns(tmp_path, "ratio\tmean\tmax", "log2") == ["ratio", "mean", "max"]


@pytest.mark.parametrize(
    "names",
    [
        ["P1", "P1_norm", "P2", "P2_norm"],  # tumour and normal tissue
        ["HeLa", "HeLa_FLAG", "K562", "K562_FLAG"],  # a tag
        ["S1_FC", "S1_HC", "S2_HC", "S3_HC"],  # frontal cortex
        ["S1_VS_1", "S1_HC_1", "S2_HC_1"],  # ventral striatum
        ["WT_SD", "WT_HFD", "KO_SD", "KO_HFD"],  # standard diet
        ["rat1_SE", "rat1_ctrl", "rat2_ctrl"],  # status epilepticus
    ],
)
@pytest.mark.parametrize("scale", ["counts", "log2"])
def test_parts_of_names_that_mean_something_else(tmp_path: Path, names: list[str], scale: Scale) -> None:
    assert _columns(tmp_path, "\t".join(names), scale) == names
