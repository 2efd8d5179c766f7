"""Series matrices as GEO really serves them, and the ways in which one can be broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.sources.series_matrix import read_series_matrix
from sidemine.sources.series_matrix_header import read_series_metadata, split_cells

HEADER = """!Series_title\t"Blood of people"
!Series_geo_accession\t"GSE1"
!Series_type\t"Expression profiling by array"
!Series_supplementary_file\t"ftp://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE1/suppl/GSE1_RAW.tar"
!Series_platform_id\t"GPL570"

!Sample_title\t"one"\t"two"\t"three"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_source_name_ch1\t"blood"\t"blood"\t"blood"
!Sample_characteristics_ch1\t"Disease State: VTE"\t"disease state: healthy"\t""
!Sample_platform_id\t"GPL570"\t"GPL570"\t"GPL570"
"""
NAMES = '"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"\n'
ROWS = '"a_at"\t1.5\t2\t3\n"b_at"\tnull\t\t-4e-2\n'
BEGIN, END = "!series_matrix_table_begin\n", "!series_matrix_table_end\n"


@pytest.fixture
def write(tmp_path: Path):
    """Write a series matrix from its parts, as text or bytes."""

    def write_matrix(header=HEADER, names=NAMES, rows=ROWS, end=END, compress=False) -> Path:
        parts = [header, BEGIN, names, rows, end]
        data = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        path = tmp_path / "GSE1_series_matrix.txt.gz"
        path.write_bytes(gzip.compress(data, mtime=0) if compress else data)
        return path

    return write_matrix


def test_header_and_values_are_read(write):
    """The plain case: keys, samples, numbers, missing values."""
    matrix = read_series_matrix(write(compress=True))
    assert matrix.identifiers == ["a_at", "b_at"]
    assert matrix.samples == ["GSM1", "GSM2", "GSM3"]
    np.testing.assert_array_equal(matrix.values, [[1.5, 2, 3], [np.nan, np.nan, -0.04]])
    assert matrix.metadata.accession == "GSE1"
    assert matrix.metadata.platform_ids == ["GPL570"]
    assert matrix.metadata.has_values
    assert matrix.metadata.samples.index.name == "sample"
    assert list(matrix.metadata.samples["source_name"]) == ["blood"] * 3
    assert list(matrix.metadata.samples["disease_state"]) == ["VTE", "healthy", ""]


def test_header_alone_stops_at_the_table(write):
    """Metadata must not depend on what stands in the table: it may be gigabytes."""
    metadata = read_series_metadata(write(rows="what\tever\n", end=""))
    assert metadata.has_values
    assert list(metadata.samples.index) == ["GSM1", "GSM2", "GSM3"]


@pytest.mark.parametrize("missing", ["null", "NA", "NaN", "", '"null"', '""', "NULL"])
def test_missing_values(write, missing):
    """Every way in which GEO writes a missing value reads as NaN."""
    matrix = read_series_matrix(write(rows=f"7892501\t1\t{missing}\t3\n"))
    assert matrix.identifiers == ["7892501"]
    np.testing.assert_array_equal(matrix.values, [[1, np.nan, 3]])


@pytest.mark.parametrize("bad", ["1,5", "#DIV/0!", "abc", "1.2.3", "--", "0x1A", "1 2"])
def test_a_value_that_is_no_number_is_named(write, bad):
    """Row, column and value are told, and nothing is turned into text."""
    path = write(rows=f'"a_at"\t1\t2\t3\n"b_at"\t1\t{bad}\t3\n')
    with pytest.raises(InputError, match="number") as caught:
        read_series_matrix(path)
    where = caught.value.problems[0].where
    assert "line 15 " in where
    assert "b_at" in where
    assert "GSM2" in where
    assert repr(bad) in where


@pytest.mark.parametrize("row", ['"b_at"\t1\t2\n', '"b_at"\t1\t2\t3\t4\n'])
def test_a_row_of_another_width_is_named(write, row):
    """A row that lost or won a cell would shift values between samples."""
    with pytest.raises(InputError, match="cells, the header 4") as caught:
        read_series_matrix(write(rows=ROWS + row))
    assert "line 16 " in caught.value.problems[0].where


def test_crlf_and_byte_order_mark(tmp_path):
    """Files that went through Windows read the same."""
    path = tmp_path / "matrix.txt"
    text = (HEADER + BEGIN + NAMES + ROWS + END).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    matrix = read_series_matrix(path)
    np.testing.assert_array_equal(matrix.values, [[1.5, 2, 3], [np.nan, np.nan, -0.04]])
    assert list(matrix.metadata.samples["disease_state"]) == ["VTE", "healthy", ""]


def test_latin1_bytes_are_read_and_noted(write):
    """Old records hold bytes that are not UTF-8."""
    header = HEADER.encode().replace(b"Blood of people", b"37 \xb0C, M\xfcller")
    matrix = read_series_matrix(write(header=header))
    assert matrix.metadata.title == "37 °C, Müller"
    assert any("Latin-1" in note for note in matrix.notes)


def test_repeated_probes_are_kept_and_noted(write):
    """Which row speaks for a gene is decided later, by a stated rule."""
    matrix = read_series_matrix(write(rows='"a_at"\t1\t2\t3\n"b_at"\t4\t5\t6\n"a_at"\t7\t8\t9\n'))
    assert matrix.identifiers == ["a_at", "b_at", "a_at"]
    assert matrix.values.shape == (3, 3)
    assert any("more than once" in note and "a_at" in note for note in matrix.notes)


@pytest.mark.parametrize("value", ["-Inf", "inf", "1e400"])
def test_infinite_values_are_refused(write, value):
    """log2(0) is no measurement, and leaving it out would hide the lowest values."""
    with pytest.raises(InputError, match=r"(infinite|too large)(.|\n)*\(a_at\), column 'GSM2'"):
        read_series_matrix(write(rows=f'"a_at"\t1\t{value}\t2\n'))


@pytest.mark.parametrize("row", ['"b_at\t1\t2\t3\n', 'b_at\t"1\t2\t3\n', 'b_at\t1\t2\t3"\n'])
def test_an_unbalanced_quote_is_refused(write, row):
    """It would swallow cells or rows up to the next quote."""
    with pytest.raises(InputError, match="quote"):
        read_series_matrix(write(rows=ROWS + row + '"c_at"\t1\t2\t3\n'))


def test_a_tab_at_the_end_of_every_line_is_no_sample(write):
    """Seen in old records; with a value under it, it is a sample without a name."""
    names = NAMES.replace("\n", "\t\n")
    assert read_series_matrix(write(names=names, rows="a\t1\t2\t3\t\n")).values.tolist() == [[1, 2, 3]]
    with pytest.raises(InputError, match="has values and no sample"):
        read_series_matrix(write(names=names, rows="a\t1\t2\t3\t4\n"))


def test_repeated_samples_are_refused(write):
    """Two columns of one name cannot be told apart."""
    with pytest.raises(InputError, match="sample ids are repeated"):
        read_series_matrix(write(header=HEADER.replace('"GSM2"', '"GSM1"')))
    with pytest.raises(InputError, match="sample ids are repeated"):
        read_series_matrix(write(names=NAMES.replace("GSM2", "GSM1")))


def test_columns_that_the_header_does_not_describe_are_refused(write):
    """A column without metadata could be any sample."""
    with pytest.raises(InputError, match="header does not describe"):
        read_series_matrix(write(names=NAMES.replace("GSM2", "GSM9")))


def test_columns_in_another_order_keep_their_names(write):
    """The row of column names rules the values, the header rules the metadata."""
    matrix = read_series_matrix(write(names='"ID_REF"\t"GSM3"\t"GSM1"\t"GSM2"\n'))
    assert matrix.samples == ["GSM3", "GSM1", "GSM2"]
    assert list(matrix.metadata.samples.index) == ["GSM1", "GSM2", "GSM3"]


def test_header_only_matrix_names_alternatives(write):
    """RNA-seq series have no values in the matrix: say where they are."""
    header = HEADER.replace("profiling by array", "profiling by high throughput sequencing")
    matrix = read_series_matrix(write(header=header, rows=""))
    assert matrix.values is None
    assert not matrix.metadata.has_values
    assert any(address.endswith("GSE1_RAW.tar") for address in matrix.alternatives)
    assert any("rnaseq_counts" in address for address in matrix.alternatives)
    assert not read_series_metadata(write(header=header, rows="")).has_values


@pytest.mark.parametrize("end", ["", "!series_matrix_ta", '"c_at"\t1\t2'])
def test_missing_end_mark_means_truncated(write, end):
    """A plain file that was cut looks like a shorter matrix; the end mark tells."""
    with pytest.raises(InputError, match="truncated"):
        read_series_matrix(write(end=end))


def test_end_before_the_table_means_truncated(tmp_path):
    """Cut within the header."""
    path = tmp_path / "matrix.txt"
    path.write_text(HEADER)
    with pytest.raises(InputError, match="truncated"):
        read_series_metadata(path)


def test_truncated_and_corrupt_gzip_are_refused(write):
    """A download that broke off never passes for data."""
    rows = "".join(f'"{number}_at"\t{number}.25\t{number * 7 % 13}.5\t3\n' for number in range(20000))
    path = write(rows=rows, compress=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut short"):
        read_series_matrix(path)
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    with pytest.raises(InputError, match="damaged"):
        read_series_matrix(path)


def test_unpacked_size_is_bounded(write):
    """A small file that unpacks to a huge one stops at the limit."""
    path = write(rows='"a_at"\t1\t2\t3\n' * 100_000, compress=True)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_series_matrix(path, max_bytes=100_000)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("<!DOCTYPE html><html>", "web page"), ("^SERIES = GSE1\n", "SOFT"), ("gene\ta\tb\n", "address"), ("", "address")],
)
def test_other_files_are_refused_with_a_hint(tmp_path, text, hint):
    """A web page, a SOFT file, a table or nothing is told apart from a series matrix."""
    path = tmp_path / "matrix.txt"
    path.write_text(text)
    with pytest.raises(InputError, match="not a GEO series matrix") as caught:
        read_series_metadata(path)
    assert hint in caught.value.problems[0].next_step


def test_characteristics_go_by_their_own_key(write):
    """Rows are uneven: one row may hold `time point` for some samples and `strain` for others."""
    rows = (
        '!Sample_characteristics_ch1\t"time point: 24hrs"\t"strain: USA-WA1/2020"\t"no key at all"\n'
        '!Sample_characteristics_ch1\t""\t"time point: 24hrs"\t"title: clash"\n'
        '!Sample_characteristics_ch1\t"url: http://x:80"\t"strain: second"\n'
    )
    matrix = read_series_matrix(write(header=HEADER + rows))
    samples = matrix.metadata.samples
    assert list(samples["time_point"]) == ["24hrs", "24hrs", ""]
    assert list(samples["strain"]) == ["", "USA-WA1/2020 | second", ""]
    assert list(samples["characteristics"]) == ["", "", "no key at all"]
    assert list(samples["title_characteristic"]) == ["", "", "clash"]
    assert list(samples["title"]) == ["one", "two", "three"]
    assert samples["url"].iloc[0] == "http://x:80"
    assert any("2 cells for 3 samples" in note for note in matrix.notes)


def test_several_rows_of_one_key_are_joined(write):
    """GEO repeats keys such as relation and data_processing."""
    rows = '!Sample_relation\t"a"\t"b"\t""\n!Sample_relation\t"c"\t""\t"d"\n'
    assert list(read_series_metadata(write(header=HEADER + rows)).samples["relation"]) == ["a | c", "b", "d"]


def test_a_nested_series_is_told_with_its_samples(write):
    """SubSeries and SuperSeries alone, in every row: datasets of one SuperSeries are compared by it."""
    lines = "".join(f'!Series_relation\t"{text}"\n' for text in ("SubSeries of: GSE9", "BioProject: x"))
    assert set(read_series_metadata(write(header=lines + HEADER)).samples["series_relation"]) == {"SubSeries of: GSE9"}
    assert "series_relation" not in read_series_metadata(write(header=HEADER)).samples


def test_more_cells_than_samples_are_refused(write):
    """A stray cell would shift values between samples."""
    with pytest.raises(InputError, match="more cells than there are samples"):
        read_series_metadata(write(header=HEADER + '!Sample_description\t"a"\t"b"\t"c"\t"d"\n'))


def test_quoted_tabs_and_line_breaks_stay_in_their_cell(write):
    """Free text holds anything; the next samples must not shift."""
    rows = '!Sample_description\t"first\tcolumn"\t"two\nlines\n\nmore"\t"say ""hi"" and 5" long"\n'
    samples = read_series_metadata(write(header=HEADER + rows)).samples
    assert list(samples["description"]) == ["first\tcolumn", "two\nlines\n\nmore", 'say "hi" and 5" long']
    assert list(samples["title"]) == ["one", "two", "three"]


def test_simulated_files_are_known(write):
    """The mark of the simulator must reach the report."""
    assert not read_series_metadata(write()).simulated
    assert read_series_metadata(write(header='!Series_summary\t"SIDEMINE-SIMULATED x"\n' + HEADER)).simulated


def test_tables_longer_than_a_block_are_whole(write):
    """The end mark must be found wherever the blocks happen to end."""
    rows = "".join(f'"{number}_at"\t{number}\t{number}.5\tnull\n' for number in range(300_000))
    matrix = read_series_matrix(write(rows=rows))
    assert len(matrix.identifiers) == 300_000
    assert matrix.identifiers[-1] == "299999_at"
    np.testing.assert_array_equal(matrix.values[:, 0], np.arange(300_000))


CELL = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8)


@given(st.lists(CELL, min_size=1, max_size=6))
def test_cells_written_by_the_rule_come_back(cells):
    """Quoted cells are read as they were, tabs and line breaks included."""
    record = "\t".join(["!Sample_x", *('"' + cell.replace('"', "'") + '"' for cell in cells)])
    assert split_cells(record)[1:] == [cell.replace('"', "'") for cell in cells]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.none() | st.floats(allow_infinity=False, allow_nan=False), min_size=width, max_size=width),
            min_size=1,
            max_size=5,
        )
    ),
    st.booleans(),
)
def test_numbers_written_come_back_bit_by_bit(tmp_path, rows, compress):
    """Reading is exact: the shortest decimal text of a float64 gives the same float64."""
    samples = [f"GSM{number}" for number in range(len(rows[0]))]
    quoted = "\t".join(f'"{name}"' for name in samples)
    body = "".join(
        f'"p{number}"\t' + "\t".join("" if value is None else repr(value) for value in row) + "\n"
        for number, row in enumerate(rows)
    )
    text = f"!Sample_geo_accession\t{quoted}\n{BEGIN}" + f'"ID_REF"\t{quoted}\n{body}{END}'
    path = tmp_path / "matrix"
    path.write_bytes(gzip.compress(text.encode()) if compress else text.encode())
    expected = np.array([[np.nan if value is None else value for value in row] for row in rows])
    np.testing.assert_array_equal(read_series_matrix(path).values, expected)


GEO = "mirror/ftp.ncbi.nlm.nih.gov/geo/series"


@pytest.mark.real_files
def test_real_liver_series(real_files):
    """GSE14520: blank characteristics, a label in two spellings, non-ASCII text, two platforms."""
    matrix = read_series_matrix(real_files / f"{GEO}/GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz")
    assert matrix.values.shape == (22268, 43)
    assert matrix.metadata.platform_ids == ["GPL571"]
    assert matrix.metadata.series["platform_id"] == ["GPL571", "GPL3921"]
    counts = matrix.metadata.samples["tissue"].value_counts().to_dict()
    assert counts == {
        "Liver Tumor Tissue": 22,
        "Liver Non-Tumor Tissue": 19,
        "Liver tissue of six healthy donors": 1,
        "Liver tissue of six healthy liver donors": 1,
    }
    assert "45°C" in matrix.metadata.samples["hyb_protocol"].iloc[0]
    assert matrix.values[0, 0] == 6.471
    assert not np.isnan(matrix.values).any()


@pytest.mark.real_files
def test_real_series_with_integer_probes(real_files):
    """GSE42872: integer probe ids stay text."""
    matrix = read_series_matrix(real_files / f"{GEO}/GSE42nnn/GSE42872/matrix/GSE42872_series_matrix.txt.gz")
    assert matrix.identifiers[0] == "7892501"
    assert matrix.values.shape == (33297, 6)


@pytest.mark.real_files
def test_real_header_only_series(real_files):
    """GSE147507: a header, no rows; uneven characteristics; the counts are a supplement."""
    matrix = read_series_matrix(real_files / f"{GEO}/GSE147nnn/GSE147507/matrix/GSE147507_series_matrix.txt.gz")
    assert matrix.values is None
    assert any(address.endswith("GSE147507_RawReadCounts.tsv.gz") for address in matrix.alternatives)
    samples = matrix.metadata.samples
    assert set(samples["time_point"]) == {"24hrs after treatment", "9hrs after treatment"}
    assert (samples["strain"] == "USA-WA1/2020").sum() == 6


def test_a_second_matrix_behind_the_first_is_refused(write):
    """Two platforms in one file: the samples of the second would be lost."""
    second = HEADER + BEGIN + NAMES + ROWS + END
    with pytest.raises(InputError, match="a second series matrix begins behind the end of the first"):
        read_series_matrix(write(end=END + second))
    notes = read_series_matrix(write(end=END + "\nsome words\n")).notes
    assert "There is text after the end of the table; it was left out." in notes
