"""Text tables of genes × samples, in the shapes that people deposit."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.sources.expression_table import read_expression_table, read_table_columns


def _write(folder: Path, content: str | bytes, name: str = "table.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "gene\ts1\ts2\nA\t1\t2.5\nB\t3\t4\n",
        "gene,s1,s2\nA,1,2.5\nB,3,4\n",
        "gene;s1;s2\nA;1;2.5\nB;3;4\n",
        "gene s1  s2\nA  1 2.5\nB 3   4\n",
        "\ts1\ts2\nA\t1\t2.5\nB\t3\t4\n",
        "s1\ts2\nA\t1\t2.5\nB\t3\t4\n",
        '"","s1","s2"\r\n"A",1,2.5\r\n"B",3,4\r\n',
        "# made by somebody\n#more\n\ngene\ts1\ts2\nA\t1\t2.5\nB\t3\t4",
        "\ufeffgene\ts1\ts2\nA\t 1\t2.5 \n\nB\t3\t4\n",
    ],
    ids=["tab", "comma", "semicolon", "spaces", "blank first header", "R header", "quoted CRLF", "comments", "BOM"],
)
def test_same_table_in_every_shape(tmp_path: Path, content: str) -> None:
    """However the table is written down, the same numbers come out."""
    matrix = read_expression_table(_write(tmp_path, content))
    assert matrix.identifiers == ["A", "B"]
    assert matrix.columns == ["s1", "s2"]
    np.testing.assert_array_equal(matrix.values, [[1, 2.5], [3, 4]])
    assert read_table_columns(tmp_path / "table.txt") == ["s1", "s2"]


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    """A gzip file is read whatever its name says."""
    path = _write(tmp_path, gzip.compress(b"gene\ts1\nA\t1\n", mtime=0), "table.tsv")
    assert read_expression_table(path).values.tolist() == [[1.0]]


def test_latin1_names_survive(tmp_path: Path) -> None:
    """A byte that is not UTF-8 is read as Latin-1, not dropped."""
    matrix = read_expression_table(_write(tmp_path, "gene\tna\xefve\nA\t1\nIFN\xdf\t2\n".encode("latin-1")))
    assert matrix.columns == ["na\xefve"]
    assert matrix.identifiers == ["A", "IFN\xdf"]


def test_feature_counts_columns_are_not_samples(tmp_path: Path) -> None:
    """Chr, Start, End, Strand and Length of featureCounts describe genes."""
    content = "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\nG1\t1;1\t1;5\t2;9\t+;+\t7\t12\n"
    matrix = read_expression_table(_write(tmp_path, content))
    assert matrix.columns == ["a.bam"]
    assert any("Length" in note for note in matrix.notes)


def test_text_column_beside_the_values_is_annotation(tmp_path: Path) -> None:
    """A column without any number describes genes, under whatever name."""
    matrix = read_expression_table(_write(tmp_path, "id\twhat it is\ts1\nA\talpha\t1\nB\tbeta\t2\n"))
    assert matrix.columns == ["s1"]
    assert matrix.annotation is not None
    assert matrix.annotation["what it is"].tolist() == ["alpha", "beta"]


def test_row_numbers_give_way_to_names(tmp_path: Path) -> None:
    """Where the first column only counts rows, the names stand in the next text column."""
    matrix = read_expression_table(_write(tmp_path, '"","gene_id","s1"\n"1","ENSG01",4\n"2","ENSG02",5\n'))
    assert matrix.identifiers == ["ENSG01", "ENSG02"]


def test_missing_values_are_nan_and_duplicates_stay(tmp_path: Path) -> None:
    """NA, null and empty are missing; a repeated identifier stays for the mapping to judge."""
    matrix = read_expression_table(_write(tmp_path, "g\ts1\ts2\nA\tNA\t1\nA\tnull\t\nB\t2\tNaN\n"))
    assert matrix.identifiers == ["A", "A", "B"]
    assert np.isnan(matrix.values).sum() == 4


@pytest.mark.parametrize("cell", ["1,5", "#DIV/0!", "abc", "1_000", "12 34"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    """Row, column and value of a bad cell are told; nothing is guessed."""
    path = _write(tmp_path, f"g\ts1\ts2\nA\t1\t2\nB\t3\t{cell}\n")
    with pytest.raises(InputError, match=rf"row 2 \(B\), column 's2', value '{cell}'"):
        read_expression_table(path)


def test_several_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    """Problems come together, not one per run."""
    with pytest.raises(InputError, match="2 problems"):
        read_expression_table(_write(tmp_path, "g\ts1\ts2\nA\tx\t2\nB\t3\ty\nC\t1\t1\n"))


def test_infinite_value_is_refused(tmp_path: Path) -> None:
    """log of zero was deposited: say so."""
    with pytest.raises(InputError, match=r"row 1 \(A\), column 's1', value -inf"):
        read_expression_table(_write(tmp_path, "g\ts1\nA\t-inf\nB\t1\n"))


def test_short_row_is_refused(tmp_path: Path) -> None:
    """A table that was cut in the middle of a row is not read as one with missing values."""
    with pytest.raises(InputError, match="rows of the table have different lengths"):
        read_expression_table(_write(tmp_path, "g\ts1\ts2\nA\t1\t2\nB\t3\n"))


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    """A gzip stream that breaks off is never read as a short table."""
    whole = gzip.compress(b"g\ts1\n" + b"".join(b"G%d\t%d\n" % (i, i * 7919) for i in range(50_000)))
    with pytest.raises(InputError, match="truncated"):
        read_expression_table(_write(tmp_path, whole[: len(whole) // 2], "table.tsv.gz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no rows"),
        ("g\ts1\n", "no rows"),
        ("g\ts1\ts1\nA\t1\t2\n", "column names repeat"),
        ("g\tdescription\nA\tx\n", "no column of numbers"),
        ("g\ts1\nA\t1\t2\t3\n", "the header has 2 cells"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """An empty, ambiguous or misaligned file is an error that says which."""
    with pytest.raises(InputError, match=message):
        read_expression_table(_write(tmp_path, content))


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(InputError, match=r"absent\.tsv"):
        read_expression_table(tmp_path / "absent.tsv")


def test_simulation_marker_is_seen(tmp_path: Path) -> None:
    """The mark of simulated data travels with the values."""
    assert read_expression_table(_write(tmp_path, "# SIDEMINE-SIMULATED x\ng\ts1\nA\t1\n")).simulated


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=3, max_size=3), min_size=1, max_size=6),
    separator=st.sampled_from(["\t", ",", ";"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_come_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[list[float]], separator: str, newline: str
) -> None:
    """Whatever is written is read back, bit for bit."""
    lines = [separator.join(["gene", "s1", "s2", "s3"])]
    lines += [separator.join([f"G{row}", *map(repr, cells)]) for row, cells in enumerate(values)]
    path = _write(tmp_path_factory.mktemp("t"), newline.join(lines) + newline)
    np.testing.assert_array_equal(read_expression_table(path).values, np.array(values))
