"""Olink's long NPX table, SomaLogic's ADAT and MaxQuant's proteinGroups, as they are deposited: read, counted, refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidemine.cli import main
from sidemine.errors import InputError
from sidemine.prepare.inspection import inspect_file
from sidemine.sources.forms import find_wrong_form
from sidemine.sources.maxquant import read_maxquant
from sidemine.sources.olink_npx import NEEDED_COLUMNS, read_olink
from sidemine.sources.registry import BULK_LAYOUTS
from sidemine.sources.somascan_adat import read_adat

OLINK_HEADER = "SampleID;SampleType;Index;OlinkID;UniProt;Assay;AssayType;Panel;PlateID;QC_Warning;LOD;NPX"
ASSAYS = [("OID1", "P05231", "IL6", "assay"), ("OID2", "P05231", "IL6", "assay"), ("OID3", "P29459_P29460", "IL12", "assay"),
          ("OID4", "INC", "Incubation control", "inc_ctrl")]  # fmt: skip


def write_olink(folder: Path, changed: Callable[[list[str]], Sequence[str]] = list) -> Path:
    """Three samples on two plates and a control; one warning, one failure, one value below its limit."""
    rows = []
    for number, sample in enumerate(["control_1", "VTE_1", "VTE_2", "IPC_1"]):
        for place, (olink_id, uniprot, assay, kind) in enumerate(ASSAYS):
            quality = {("VTE_1", "OID3"): "FAIL", ("VTE_2", "OID1"): "WARN"}.get((sample, olink_id), "PASS")
            kind_of_sample = "PLATE_CONTROL" if sample == "IPC_1" else "SAMPLE"
            rows.append(
                f"{sample};{kind_of_sample};{number};{olink_id};{uniprot};{assay};{kind};Inflammation;P{number // 2};{quality};"
                f"0.5;{number + place / 10}"
            )
    path = folder / "npx.csv"
    path.write_text("\n".join([OLINK_HEADER, *changed(rows)]) + "\n")
    return path


def test_olink_is_samples_by_assays_with_quality_counted(tmp_path: Path) -> None:
    """A person of the control group stays, a control of the plate goes; a failure is missing, a warning is told."""
    matrix = read_olink(write_olink(tmp_path), "uniprot")
    assert matrix.identifiers == ["P05231", "P05231", "P29459_P29460"]
    assert matrix.columns == ["control_1", "VTE_1", "VTE_2"]
    np.testing.assert_array_equal(matrix.values, [[0, 1, 2], [0.1, 1.1, 2.1], [0.2, np.nan, 2.2]])
    assert matrix.left_out == [("OID4", "a control assay")]
    told = "; ".join(matrix.notes)
    assert "control samples, which are left out: 4 (samples: 1; IPC_1)" in told
    assert "QC_Warning: values that failed, and are missing: 1" in told
    assert "QC_Warning: values with a warning, which stay: 1 (samples: 1; VTE_2)" in told
    assert "37.5% of the values lie below the limit of detection, in 0 of 3 assays more than half" in told
    assert read_olink(tmp_path / "npx.csv", "symbol").identifiers == ["IL6", "IL6", "IL12"]


def as_parquet(csv: Path) -> Path:
    """The same table as Explore HT has it."""
    frame = pd.read_csv(csv, sep=";", dtype=object, na_filter=False).astype({"LOD": float, "NPX": float})
    path = csv.with_suffix(".parquet")
    frame.astype({"Panel": "category", "QC_Warning": "category"}).to_parquet(path, index=False)
    return path


def test_parquet_reads_as_its_text_does(tmp_path: Path) -> None:
    """Values, names, what is told of them, and what describes the samples; it may be retrieved, and is inspected."""
    text = write_olink(tmp_path)
    parquet = as_parquet(text)
    found, expected = read_olink(parquet), read_olink(text)
    np.testing.assert_array_equal(found.values, expected.values)
    assert (found.identifiers, found.columns, found.notes) == (expected.identifiers, expected.columns, expected.notes)
    layout = BULK_LAYOUTS["olink_npx"]
    assert layout.describe_samples is not None
    pd.testing.assert_frame_equal(layout.describe_samples(parquet)[0], layout.describe_samples(text)[0])
    assert find_wrong_form(parquet.read_bytes(), layout.form) is find_wrong_form(text.read_bytes(), layout.form) is None
    assert find_wrong_form(parquet.read_bytes(), "table") == "it is Parquet, which is not a table"
    assert inspect_file(parquet).kind == "Olink NPX"


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("NPX", lambda n: [[1.0]] * n, "column NPX holds no texts or numbers"),
        ("NPX", lambda n: [float("inf")] * n, "it is infinite"),
        ("NPX", lambda n: ["low"] * n, "a cell is not a number"),
        ("Assay", lambda n: ["a\nb"] * n, "a quote is opened and not closed"),
        ("OlinkID", None, "lacks columns OlinkID"),
    ],
)
def test_parquet_refuses(tmp_path: Path, column: str, values: Callable[[int], object] | None, words: str) -> None:
    path = as_parquet(write_olink(tmp_path))
    frame = pd.read_parquet(path).drop(columns=column)
    (frame if values is None else frame.assign(**{column: values(len(frame))})).to_parquet(path, index=False)
    with pytest.raises(InputError, match=words):
        read_olink(path)


def test_damaged_parquet_is_a_message(tmp_path: Path) -> None:
    """Cut short, or claiming more than it can hold: a message about the file."""
    path = as_parquet(write_olink(tmp_path))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_olink(path)
    many = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**7, dtype=np.int8)), pa.array(["a" * 100]))
    pq.write_table(pa.table(dict.fromkeys(NEEDED_COLUMNS, many)), path)
    with pytest.raises(InputError, match="needs more memory than a file of its size can"):
        read_olink(path)


def test_olink_describes_its_samples(tmp_path: Path) -> None:
    """Plates are there for batch_columns."""
    describe = BULK_LAYOUTS["olink_npx"].describe_samples
    assert describe is not None
    samples, columns = describe(write_olink(tmp_path))
    assert columns == list(samples.index) == ["control_1", "VTE_1", "VTE_2"]
    assert samples["plate_id"].tolist() == ["P0", "P0", "P1"]
    assert samples.loc["VTE_1", "qc_warning"] == "FAIL and PASS"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda rows: [*rows, rows[4]], "1 assays of a sample have more than one value"),
        (lambda rows: [rows[0].replace("0.5;0.0", "0.5;low"), *rows[1:]], "a cell is not a number"),
        (lambda rows: [row for row in rows if "IPC" in row], "no row of a sample"),
    ],
)
def test_olink_refuses(tmp_path: Path, changed: Callable[[list[str]], Sequence[str]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_olink(write_olink(tmp_path, changed))


def test_olink_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("SampleID,IL6,IL12\na,1.5,2.5\nb,1,2\n")
    with pytest.raises(InputError, match="lacks columns OlinkID, UniProt, Assay, NPX"):
        read_olink(tmp_path / "wide.csv")


ADAT = """!Checksum\tabc
^HEADER
!Version\t1.2
!StudyMatrix\tEDTA Plasma
^COL_DATA
!Name\tSeqId\tUniProt\tEntrezGeneSymbol\tType\tOrganism\tColCheck
^ROW_DATA
!Name\tPlateId\tSampleId\tSampleType\tRowCheck
^TABLE_BEGIN
\t\t\t\tSeqId\t10000-28\t10001-7\t10003-15\t10006-25
\t\t\t\tUniProt\tP43320\tP04049 P04050\tP51814\tP19419
\t\t\t\tEntrezGeneSymbol\tCRYBB2\tRAF1 X\tZNF41\tELK1
\t\t\t\tType\tProtein\tProtein\tHybridization Control Elution\tProtein
\t\t\t\tOrganism\tHuman\tHuman\tHuman\tMouse
\t\t\t\tColCheck\tPASS\tFLAG\tPASS\tPASS
PlateId\tSampleId\tSampleType\tRowCheck\t\t\t\t\t
P1\ts1\tSample\tPASS\t\t476.5\t300\t120\t1
P1\tcal\tCalibrator\tPASS\t\t400\t301\t121\t1
P2\ts2\tSample\tFLAG\t\t500\t310\t\t1
"""


def test_adat_is_samples_by_human_proteins(tmp_path: Path) -> None:
    (tmp_path / "x.adat").write_text(ADAT)
    matrix = read_adat(tmp_path / "x.adat")
    assert (matrix.identifiers, matrix.columns) == (["P43320", "P04049;P04050"], ["s1", "s2"])
    np.testing.assert_array_equal(matrix.values, [[476.5, 500], [300, 310]])
    assert matrix.left_out == [
        ("10003-15", "no protein of the sample: Hybridization Control Elution"),
        ("10006-25", "not human: Mouse"),
    ]
    assert {"left out: 1 × Calibrator", "RowCheck: samples that are flagged, and stay: 1"} <= set(matrix.notes)
    assert "ColCheck: aptamers that are flagged, and stay: 1" in matrix.notes
    describe = BULK_LAYOUTS["somascan_adat"].describe_samples
    assert describe is not None
    assert describe(tmp_path / "x.adat")[0]["row_check"].to_dict() == {"s1": "PASS", "s2": "FLAG"}
    assert read_adat(tmp_path / "x.adat", "symbol").identifiers == ["CRYBB2", "RAF1;X"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("^TABLE_BEGIN", "^TABLE", "no \\^TABLE_BEGIN"),
        ("\ts2\t", "\ts1\t", "no name of their own"),
        ("\t476.5", "\tlow", "line 17, SeqId 10000-28, value 'low'"),
        ("\t500\t310\t\t1", "\t500", "a row of 6 cells where 9 belong"),
        ("SampleId\tSampleType\tRowCheck\t\t", "Name\tSampleType\tRowCheck\t\t", "no column SampleId"),
    ],
)
def test_adat_refuses(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in ADAT
    (tmp_path / "x.adat").write_text(ADAT.replace(old, new))
    with pytest.raises(InputError, match=words):
        read_adat(tmp_path / "x.adat")


MAXQUANT = pd.DataFrame(
    {
        "Protein IDs": ["P02768;P02768-2;Q9", "CON__P1", "REV__P2", "sp|P01024|CO3_HUMAN", "P3"],
        "Majority protein IDs": ["P02768;P02768-2", "CON__P1", "REV__P2", "sp|P01024|CO3_HUMAN", "P3"],
        "Gene names": ["ALB", "KRT1", "", "C3", "X"],
        "Intensity a": [1, 1, 1, 1, 1],
        "LFQ intensity a": [1e9, 5, 6, 0, 3],
        "LFQ intensity b_2": [2e9, 5, 6, 7e6, 3],
        "Only identified by site": ["", "", "", "", "+"],
        "Reverse": ["", "", "+", "", ""],
        "Potential contaminant": ["", "+", "", "", ""],
    }
)


def test_maxquant_without_decoys_and_zeros(tmp_path: Path) -> None:
    MAXQUANT.to_csv(tmp_path / "proteinGroups.txt", sep="\t", index=False)
    matrix = read_maxquant(tmp_path / "proteinGroups.txt")
    assert (matrix.identifiers, matrix.columns) == (["P02768;P02768-2", "P01024"], ["a", "b_2"])
    np.testing.assert_array_equal(matrix.values, [[1e9, 2e9], [np.nan, 7e6]])
    assert [reason for _, reason in matrix.left_out] == [
        "a potential contaminant", "a decoy (reversed sequence)", "identified by a modified site only"
    ]  # fmt: skip
    assert "1 of 4 LFQ intensities are 0" in matrix.notes[-1]


def test_maxquant_without_lfq_is_refused(tmp_path: Path) -> None:
    MAXQUANT[["Protein IDs", "Intensity a"]].to_csv(tmp_path / "p.txt", sep="\t", index=False)
    with pytest.raises(InputError, match="lacks a column 'LFQ intensity' for each sample"):
        read_maxquant(tmp_path / "p.txt")


@pytest.mark.parametrize("kind", ["olink_npx", "somascan_adat", "maxquant"])
def test_inspect_knows_them(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "proteins.txt"
    if kind == "olink_npx":
        path = write_olink(tmp_path)
    elif kind == "somascan_adat":
        path.write_text(ADAT)
    else:
        MAXQUANT.to_csv(path, sep="\t", index=False)
    assert main(["inspect", str(path)]) == 0
    assert f"datasets.tsv: layout: {kind}, identifiers: uniprot" in capsys.readouterr().out


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["olink", "adat", "maxquant"]), data=st.data())
def test_any_bytes_are_read_or_refused(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A piece of a good file is replaced by anything: a table comes out, or a message of ours; never another error."""
    folder = tmp_path_factory.mktemp("any")
    read = {"olink": read_olink, "adat": read_adat, "maxquant": read_maxquant}[kind]
    good = {"olink": lambda: write_olink(folder).read_bytes(), "adat": ADAT.encode}.get(
        kind, lambda: MAXQUANT.to_csv(sep="\t", index=False).encode()
    )()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 60)))
    (folder / "x").write_bytes(good[:start] + data.draw(st.binary(max_size=12)) + good[end:])
    matrix = None
    with contextlib.suppress(InputError):
        matrix = read(folder / "x")
    assert matrix is None or matrix.values.shape == (len(matrix.identifiers), len(matrix.columns))
