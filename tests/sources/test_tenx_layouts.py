"""10x output as it is deposited: nested, packed twice, partly shared, joined; every cell under its own sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deposits import SYMBOLS, packed, row, tenx_h5, triplet, write_members
from whole_cells import read_whole

from sidemine.errors import InputError
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.planned_cells import read_planned_cells
from sidemine.sources.tenx_cells import read_tenx_cells

pytestmark = pytest.mark.usefixtures("forked_readers")

RNG = np.random.default_rng(8)
A, B = (RNG.integers(1, 9, (n, len(SYMBOLS))) for n in (11, 14))


def _within(folder: str, parts: dict[str, str]) -> dict[str, str | bytes]:
    return {f"{folder}{name}": text for name, text in parts.items()}


def _check(path: Path, expected: dict[str, np.ndarray]) -> list[str]:
    """Every sample has its own sums, and nothing else is there."""
    cells = read_whole(read_tenx_cells, path)
    assert sorted(set(cells.obs["sample"])) == sorted(expected)
    for name, counts in expected.items():
        mine = (cells.obs["sample"] == name).to_numpy()
        np.testing.assert_array_equal(np.asarray(cells.whole[mine].sum(axis=0)).ravel(), counts.sum(axis=0))
    assert cells.identifiers == SYMBOLS
    return cells.notes


@pytest.mark.parametrize("container", ["all.tar", "all.tar.gz", "all.zip", "folder"])
@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("S1/outs/filtered_feature_bc_matrix/", "S2/outs/filtered_feature_bc_matrix/", ["S1", "S2"]),
        ("run/ctrl/filtered_gene_bc_matrices/hg19/", "run/ifn/filtered_gene_bc_matrices/hg19/", ["ctrl", "ifn"]),
        ("GSM1_ctrl/", "GSM2_ifn/", ["GSM1", "GSM2"]),
        ("GSM1_ctrl_", "GSM2_ifn_", ["GSM1", "GSM2"]),
        ("d1/Solo.out/Gene/filtered/", "d2/Solo.out/Gene/filtered/", ["d1", "d2"]),
        ("x/a/b/filtered_feature_bc_matrix/", "x/c/b/filtered_feature_bc_matrix/", ["a", "c"]),
    ],
)
def test_the_part_of_the_path_that_differs_names_the_sample(
    tmp_path: Path, container: str, first: str, second: str, names: list[str]
) -> None:
    path = write_members(tmp_path / container, {**_within(first, triplet(A)), **_within(second, triplet(B))})
    _check(path, dict(zip(names, (A, B), strict=True)))


@pytest.mark.parametrize("outer", ["raw.tar", "raw.zip", "folder"])
@pytest.mark.parametrize("inner", [".tar.gz", ".tgz", ".zip", ".tar"])
def test_an_archive_per_sample(tmp_path: Path, outer: str, inner: str) -> None:
    members = {
        f"GSM{n}_{name}{inner}": packed(
            tmp_path, f"{name}{inner}", _within("filtered_feature_bc_matrix/", triplet(counts))
        )
        for n, name, counts in ((1, "A", A), (2, "B", B))
    }
    _check(write_members(tmp_path / outer, members), {"GSM1": A, "GSM2": B})


@pytest.mark.parametrize("container", ["all.tar", "all.zip", "folder"])
def test_hidden_files_are_no_samples(tmp_path: Path, container: str) -> None:
    """Archives of a Mac hold a hidden twin of each file; `tar -C folder .` begins every name with a dot."""
    members: dict[str, str | bytes] = {}
    for name, counts in (("S1", A), ("S2", B)):
        for part, text in triplet(counts).items():
            members[f"./{name}/{part}"] = text
            members[f"{name}/._{part}"] = b"\x00\x05\x16\x07"
            members[f"__MACOSX/{name}/._{part}"] = b"\x00\x05\x16\x07"
    _check(write_members(tmp_path / container, members), {"S1": A, "S2": B})


def test_archives_within_archives_have_an_end(tmp_path: Path) -> None:
    data: bytes = b"x"
    for level in range(5):
        data = packed(tmp_path, f"{level}.tar", {"inner.tar": data})
    path = tmp_path / "outer.tar"
    path.write_bytes(data)
    with pytest.raises(InputError, match="nested too deep"):
        read_tenx_cells(path, "symbol")


@pytest.mark.parametrize("container", ["raw.tar", "folder"])
def test_an_h5_per_sample(tmp_path: Path, container: str) -> None:
    files = {
        f"GSM{n}_{name}_filtered_feature_bc_matrix.h5": tenx_h5(tmp_path / f"{name}.h5", counts).read_bytes()
        for n, name, counts in ((1, "A", A), (2, "B", B))
    }
    _check(write_members(tmp_path / container, files), {"GSM1": A, "GSM2": B})


@pytest.mark.parametrize("shared", ["features.tsv.gz", "GSE1_features.tsv.gz", "genes.tsv"])
def test_one_features_file_of_several_samples(tmp_path: Path, shared: str) -> None:
    members: dict[str, str | bytes] = {}
    for name, counts in (("GSM1_a_", A), ("GSM2_b_", B)):
        parts = triplet(counts)
        features = parts.pop("features.tsv.gz")
        members |= _within(name, parts)
    members[shared] = features
    notes = _check(write_members(tmp_path / "raw.tar", members), {"GSM1": A, "GSM2": B})
    assert f"{shared} is the features file of 2 samples" in notes


def test_two_features_files_to_share_are_refused(tmp_path: Path) -> None:
    parts = triplet(A)
    features = parts.pop("features.tsv.gz")
    members = {**_within("GSM1_a_", parts), "x_features.tsv": features, "y_features.tsv": features}
    with pytest.raises(InputError, match="GSM1_a has only barcodes, matrix"):
        read_tenx_cells(write_members(tmp_path / "raw.tar", members), "symbol")


def test_filtered_is_taken_before_raw_and_triplet_before_h5_and_told(tmp_path: Path) -> None:
    raw = np.vstack([A, np.zeros((3, A.shape[1]), dtype=int) + 1])
    members = {
        **_within("S1/outs/raw_feature_bc_matrix/", triplet(raw)),
        **_within("S1/outs/filtered_feature_bc_matrix/", triplet(A)),
        "S1/outs/filtered_feature_bc_matrix.h5": tenx_h5(tmp_path / "a.h5", A).read_bytes(),
        "S1/outs/molecule_info.h5": b"x",
        **_within("S2/outs/filtered_feature_bc_matrix/", triplet(B)),
    }
    notes = _check(write_members(tmp_path / "all.tar", members), {"S1": A, "S2": B})
    passed_over = [note for note in notes if "was passed over" in note]
    assert len(passed_over) == 2
    assert "S1/outs/raw_feature_bc_matrix/matrix.mtx.gz was passed over" in " ".join(passed_over)
    assert any("molecule_info.h5" in note for note in notes)


def test_words_within_a_name_are_no_form(tmp_path: Path) -> None:
    """`raw` within `straw` or `RAW264` names cells, not a raw matrix."""
    members = {**_within("GSM1_straw1_", triplet(A)), **_within("GSM2_RAW264_", triplet(B))}
    cells = read_tenx_cells(write_members(tmp_path / "raw.tar", members), "symbol")
    assert sorted(set(cells.obs["title"])) == ["RAW264", "straw1"]


def test_two_counts_of_one_sample_are_refused(tmp_path: Path) -> None:
    """STARsolo writes Gene and GeneFull: two samples of one would be one too many."""
    members = {
        **_within("d1/Solo.out/Gene/filtered/", triplet(A)),
        **_within("d1/Solo.out/GeneFull/filtered/", triplet(A)),
    }
    with pytest.raises(InputError, match="two matrices belong to one sample"):
        read_tenx_cells(write_members(tmp_path / "all.tar", members), "symbol")


def _joined() -> tuple[np.ndarray, list[str]]:
    return np.vstack([A, B]), [f"ACGT{n:04d}-{1 if n < len(A) else 2}" for n in range(len(A) + len(B))]


@pytest.mark.parametrize("libraries", [None, ["mock", "virus"]])
def test_aggregated_samples_are_told_apart_by_their_number(tmp_path: Path, libraries: list[str] | None) -> None:
    counts, barcodes = _joined()
    path = tenx_h5(tmp_path / "aggr.h5", counts, barcodes, libraries)
    notes = _check(path, {"aggr-1": A, "aggr-2": B})
    assert any("cellranger aggr" in note and (libraries or ["order of the aggregation"])[0] in note for note in notes)
    (tmp_path / "sheet.tsv").write_text("sample\tdonor\naggr-1\tD1\naggr-2\tD2\n")
    files = {"values": path, "sample_sheet": tmp_path / "sheet.tsv"}
    samples = read_samples(row("tenx", biological_unit="donor"), files, {}, [])
    assert samples["sample"].tolist() == ["D1", "D2"]


def test_wells_of_one_accession_stay_one_sample(tmp_path: Path) -> None:
    counts, barcodes = _joined()
    members = {**_within("GSM1_a_", triplet(counts, barcodes)), **_within("GSM2_b_", triplet(B))}
    notes = _check(write_members(tmp_path / "raw.tar", members), {"GSM1": counts, "GSM2": B})
    assert any("wells of one sample (column well)" in note for note in notes)


def test_quotes_of_r_are_no_part_of_a_barcode(tmp_path: Path) -> None:
    """In quotes the numbers behind the barcodes would not be seen, and joined samples would become one."""
    counts, barcodes = _joined()
    parts = triplet(counts, [f'"{name}"' for name in barcodes])
    parts["features.tsv.gz"] = "".join(f'"{n}"\t"{name}"\n' for n, name in enumerate(SYMBOLS, start=1))
    path = write_members(tmp_path / "aggr", parts)
    _check(path, {"cells-1": A, "cells-2": B})


def test_a_sheet_may_name_cells_by_bare_barcodes(tmp_path: Path) -> None:
    path = write_members(tmp_path / "one", triplet(A, [f"ACGT{n:04d}-1" for n in range(len(A))]))
    half = len(A) // 2
    lines = [f"ACGT{n:04d}-1\tD{1 + (n >= half)}" for n in range(len(A))]
    files = {"values": path, "sample_sheet": tmp_path / "sheet.tsv"}
    files["sample_sheet"].write_text("\n".join(["sample\tdonor", *lines, "ACGT9999-1\tD1"]) + "\n")
    planned = read_planned_cells(row("tenx", biological_unit="donor"), files, {})
    assert planned.cells.obs["donor"].tolist() == ["D1"] * half + ["D2"] * (len(A) - half)
    assert f"1 of {len(A) + 1} rows of the sample sheet name no cell" in planned.notes


def test_a_sheet_that_names_several_cells_by_one_name_is_refused(tmp_path: Path) -> None:
    """The same barcode in two samples: the sheet does not say of which cell it speaks."""
    parts = triplet(A)
    path = write_members(tmp_path / "raw.tar", {**_within("GSM1_a_", parts), **_within("GSM2_b_", parts)})
    files = {"values": path, "sample_sheet": tmp_path / "sheet.tsv"}
    files["sample_sheet"].write_text("sample\tdonor\nACGT0000-1\tD1\n")
    with pytest.raises(InputError, match="1 names of the sample sheet stand for several cells each"):
        read_planned_cells(row("tenx", biological_unit="donor"), files, {})


def _with_antibodies(counts: np.ndarray, antibodies: np.ndarray) -> dict[str, str]:
    parts = triplet(np.hstack([counts, antibodies]), [f"ACGT{n:04d}-1" for n in range(len(counts))])
    extra = "".join(f"AB{n}\tCD{n}\tAntibody Capture\n" for n in range(antibodies.shape[1]))
    return parts | {"features.tsv.gz": parts["features.tsv.gz"] + extra}


def test_antibodies_make_no_cell_and_no_gene(tmp_path: Path) -> None:
    """A drop with ambient antibodies alone is empty; samples with and without antibodies have the same genes."""
    empty = A.copy()
    empty[3] = 0
    stained = _with_antibodies(empty, np.full((len(A), 2), 60))
    path = write_members(tmp_path / "all.tar", {**_within("S1/", stained), **_within("S2/", triplet(B))})
    notes = _check(path, {"S1": empty, "S2": B})
    assert "S1: 1 of 11 barcodes with fewer than 1 genes were left out" in notes
    alone = {name: text.replace("Gene Expression", "Antibody Capture") for name, text in stained.items()}
    with pytest.raises(InputError, match="the matrix holds no genes"):
        read_tenx_cells(write_members(tmp_path / "alone.tar", _within("S1/", alone)), "symbol")
