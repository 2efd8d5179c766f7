"""SOFT family files: the same metadata as a series matrix gives."""

from __future__ import annotations

import gzip

import pytest

from sidemine.errors import InputError
from sidemine.sources.series_matrix_header import read_series_metadata
from sidemine.sources.soft import read_soft_metadata

FAMILY = """^DATABASE = GeoMiame
^SERIES = GSE1
!Series_title = Blood
!Series_geo_accession = GSE1
^PLATFORM = GPL1
!platform_table_begin
ID\tx
!Sample_title = not a title
!platform_table_end
^SAMPLE = GSM1
!Sample_title = one
!Sample_geo_accession = GSM1
!Sample_characteristics_ch1 = time point: 24 h
!Sample_relation = a = b
!Sample_relation = c
!Sample_platform_id = GPL1
!sample_table_begin
ID_REF\tVALUE
a\t1
!sample_table_end
^SAMPLE = GSM2
!Sample_title = two
!Sample_characteristics_ch1 = strain: A2
!Sample_platform_id = GPL1
"""


def test_family_file(tmp_path):
    """Tables are passed over; repeated keys are joined; an equals sign may stand in a value."""
    path = tmp_path / "family.soft.gz"
    path.write_bytes(gzip.compress(FAMILY.encode()))
    metadata = read_soft_metadata(path)
    assert metadata.accession == "GSE1"
    assert metadata.platform_ids == ["GPL1"]
    assert metadata.has_values
    assert list(metadata.samples.index) == ["GSM1", "GSM2"]
    assert list(metadata.samples["title"]) == ["one", "two"]
    assert list(metadata.samples["time_point"]) == ["24 h", ""]
    assert list(metadata.samples["strain"]) == ["", "A2"]
    assert list(metadata.samples["relation"]) == ["a = b | c", ""]


def test_cut_within_a_table(tmp_path):
    """The samples that follow the table would be missing."""
    path = tmp_path / "family.soft"
    path.write_text(FAMILY[: FAMILY.index("!sample_table_end")])
    with pytest.raises(InputError, match="truncated"):
        read_soft_metadata(path)


def test_repeated_sample(tmp_path):
    """One accession, two descriptions."""
    path = tmp_path / "family.soft"
    path.write_text(FAMILY.replace("^SAMPLE = GSM2", "^SAMPLE = GSM1"))
    with pytest.raises(InputError, match="sample ids are repeated"):
        read_soft_metadata(path)


def test_another_file(tmp_path):
    """A table is no SOFT file."""
    path = tmp_path / "x"
    path.write_text("gene\ta\n")
    with pytest.raises(InputError, match="not a SOFT file"):
        read_soft_metadata(path)


@pytest.mark.real_files
def test_soft_and_matrix_of_a_real_series_agree(real_files):
    """GSE147507: both files tell the same of every sample."""
    folder = real_files / "mirror/ftp.ncbi.nlm.nih.gov/geo/series/GSE147nnn/GSE147507"
    soft = read_soft_metadata(folder / "soft/GSE147507_family.soft.gz").samples
    matrix = read_series_metadata(folder / "matrix/GSE147507_series_matrix.txt.gz").samples
    assert list(soft.index) == list(matrix.index)
    for name in ("title", "source_name", "cell_line", "treatment", "time_point", "strain", "description"):
        assert list(soft[name]) == list(matrix[name])


def _family(n: int = 3) -> str:
    listed = "".join(f"!Series_sample_id = GSM{k}\n" for k in range(1, n + 1))
    samples = "".join(
        f"^SAMPLE = GSM{k}\n!Sample_title = s{k}\n!Sample_platform_id = GPL1\n!Sample_data_row_count = 0\n"
        for k in range(1, n + 1)
    )
    return f"^SERIES = GSE1\n{listed}{samples}"


@pytest.mark.parametrize(
    ("cut", "why"),
    [
        ("^SAMPLE = GSM3", "lists GSM3, which"),
        ("^SAMPLE = GSM2", "lists GSM2, GSM3, which"),
        ("!Sample_platform_id", "GSM3, has no"),
    ],
)
def test_a_file_that_ends_between_or_within_samples_is_truncated(tmp_path, cut, why):
    """Plain SOFT has no end mark: without this, the last samples would be missing from the study."""
    path = tmp_path / "f.soft"
    path.write_text(_family())
    assert list(read_soft_metadata(path).samples.index) == ["GSM1", "GSM2", "GSM3"]
    path.write_text(_family()[: _family().rindex(cut)])
    with pytest.raises(InputError, match=f"truncated(.|\n)*{why}"):
        read_soft_metadata(path)


def test_records_of_samples_alone_and_of_several_series_are_whole(tmp_path):
    path = tmp_path / "f.soft"
    path.write_text(_family().partition("^SAMPLE")[2].join(["^SAMPLE", ""]))
    assert len(read_soft_metadata(path).samples) == 3
