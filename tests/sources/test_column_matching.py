"""Which column belongs to which sample: by name within a path or before a suffix, never where two could be meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deposits import row
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import SidemineError
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.value_columns import find_names


@pytest.mark.parametrize(
    ("names", "columns", "expected"),
    [
        (["S1", "S10"], ["bam/S1.bam", "bam/S10.bam"], ["bam/S1.bam", "bam/S10.bam"]),
        (["GSM1", "GSM2"], ["GSM1_a.CEL.gz", "GSM2_b.CEL.gz"], ["GSM1_a.CEL.gz", "GSM2_b.CEL.gz"]),
        (["A", "A_2"], ["A.txt", "A_2.txt"], ["A.txt", "A_2.txt"]),
        (["Ctrl-1", "IFN-1"], ["X.data.Ctrl.1.bam", "X.data.IFN.1.bam"], ["X.data.Ctrl.1.bam", "X.data.IFN.1.bam"]),
        (["d1", "d2"], ["/x/d1/hits.bam", "/x/d2/hits.bam"], ["/x/d1/hits.bam", "/x/d2/hits.bam"]),
        (["a b", "c"], ["a.b", "c"], ["a.b", "c"]),
        ([r"C:\s1", "s2"], [r"C:\s1", "s2_count"], [r"C:\s1", "s2_count"]),
    ],
)
def test_one_column_per_name(names: list[str], columns: list[str], expected: list[str]) -> None:
    assert find_names(names, columns) == dict(zip(names, expected, strict=True))


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["S1"], ["S10.bam", "S11.bam"]),
        (["S1"], ["S1_L001.bam", "S1_L002.bam"]),
        (["S1", "S2"], ["S1_vs_S2"]),
        (["CD4+", "CD4-"], ["CD4.bam"]),
        (["CD4+", "CD4-"], ["CD4+.bam", "CD4-.bam"]),
        (["CD4+", "CD4-"], ["CD4."]),
        (["1", "2"], ["Ctrl_1", "Ctrl_2", "IFN_1", "IFN_2"]),
        (["", "  "], ["a", "b"]),
    ],
)
def test_no_column_where_two_could_be_meant(names: list[str], columns: list[str]) -> None:
    assert find_names(names, columns) == {}


_NAME = st.from_regex(r"[A-Za-z]{1,3}[_-]?[0-9]{0,2}", fullmatch=True)


@given(st.lists(_NAME, min_size=1, max_size=8, unique=True), st.sampled_from(["bam/{}.sorted.bam", "{}_x.CEL.gz"]))
def test_a_match_is_always_right(names: list[str], pattern: str) -> None:
    """Columns made of names by path and suffix are given back to just these names, or to none."""
    made = {name: pattern.format(name) for name in names}
    for name, column in find_names(names, list(made.values())).items():
        assert column == made[name]


def test_samples_without_a_column_are_refused_with_both_lists_and_the_key(tmp_path: Path) -> None:
    matrix = tmp_path / "m.txt"
    matrix.write_text(
        '!Series_geo_accession\t"GSE1"\n!Sample_title\t"Ctrl_1"\t"Ctrl_2"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
        '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n!series_matrix_table_end\n'
    )
    values = tmp_path / "v.tsv"
    values.write_text("gene\tx/Ctrl_1.bam\tx/Ctrl_2.bam\nA\t1\t2\nB\t3\t4\n")
    files = {"values": values, "metadata": matrix}
    with pytest.raises(SidemineError) as caught:
        read_samples(row("table"), files, {}, [])
    message = str(caught.value)
    assert "'GSM1', 'GSM2'" in message
    assert "'x/Ctrl_1.bam', 'x/Ctrl_2.bam'" in message
    assert "sample_name: title would match 2 of 2" in message
    assert read_samples(row("table", sample_name="title"), files, {}, [])["fate"].tolist() == ["used", "used"]
    values.write_text("gene\tGSM1\nA\t1\nB\t3\n")
    with pytest.raises(
        SidemineError, match=re.compile(r"1 samples have no column.*'GSM2'.*`exclude`.*`subset`", re.DOTALL)
    ):
        read_samples(row("table"), files, {}, [])
    assert read_samples(row("table", subset="sample = GSM1"), files, {}, [])["fate"].tolist()[0] == "used"


def test_a_sample_of_the_header_without_values_is_told_before_any_value_is_read(tmp_path: Path) -> None:
    """The columns of a series matrix are those of its table, not the samples of its header."""
    matrix = tmp_path / "m.txt"
    matrix.write_text(
        '!Series_geo_accession\t"GSE1"\n!Sample_title\t"a"\t"b"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
        '!series_matrix_table_begin\n"ID_REF"\t"GSM2"\n"p1"\t1.5\n!series_matrix_table_end\n'
    )
    with pytest.raises(SidemineError, match=r"(?s)1 samples have no column.*'GSM1'"):
        read_samples(row("series_matrix"), {"values": matrix}, {}, [])
    samples = read_samples(row("series_matrix", subset="sample = GSM2"), {"values": matrix}, {}, [])
    assert dict(zip(samples["sample"], samples["value_column"], strict=True)) == {"GSM1": "", "GSM2": "GSM2"}


def test_the_header_of_a_series_matrix_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sidemine.sources import series_matrix_header

    matrix, reads = tmp_path / "m.txt", []
    matrix.write_text(
        '!Series_geo_accession\t"GSE1"\n!Sample_geo_accession\t"GSM1"\n'
        '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\n"p1"\t1.5\n!series_matrix_table_end\n'
    )
    read_header = series_matrix_header.read_header
    monkeypatch.setattr(series_matrix_header, "read_header", lambda *given: (reads.append(1), read_header(*given))[1])
    read_samples(row("series_matrix"), {"values": matrix}, {}, [])
    assert reads == [1]
