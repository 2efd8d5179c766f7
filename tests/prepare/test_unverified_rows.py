"""What an unverified row of datasets.tsv asks of a record that does not hold it: all is told, nothing is lost, no stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from declared import derived_columns, titled_row, write_described_table

from sidemine.prepare.metadata import read_or_explain_samples
from sidemine.prepare.sample_table import SAMPLES
from sidemine.study.models import DerivedColumn
from sidemine.tables import check_table

SERIES = """!Series_geo_accession\t"GSE1"

!Sample_title\t"a ctl"\t"b ctl"\t"c ifn"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_platform_id\t"GPL1"\t"GPL1"\t"GPL1"
!Sample_characteristics_ch1\t"group: Control"\t"group: Control"\t"group: IFN"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"
!series_matrix_table_end
"""
TABLE = "gene\ta ctl\tb ctl\tc ifn\nA\t1\t2\t3\n"
DONOR = {"donor": ("title", "([a-z]) .*")}

MISMATCHES: dict[str, tuple[dict[str, Any], dict[str, tuple[str, str]], list[str], list[str]]] = {
    "subset": ({"subset": "group = control"}, {}, [], ['"Control" × 2, "IFN" × 1']),
    "subset_column": ({"subset": "grp = Control"}, {}, [], ["a column 'grp'", "Did you mean group?"]),
    "sample_name": ({"sample_name": "label"}, {}, [], ["no metadata column 'label'", "title"]),
    "values": ({"sample_name": "group"}, {}, [], ["have no column in the value file", "title would match"]),
    "platform": ({"platform": "GPL9"}, {}, [], ["no sample of the series is of platform GPL9", "GPL1"]),
    "unit": ({"biological_unit": "donor"}, {}, [], ["no metadata column 'donor'", "group"]),
    "sex": ({"sex_column": "gender"}, {}, [], ["no metadata column 'gender'", "column sex_column"]),
    "age": ({"age_column": "years"}, {}, [], ["no metadata column 'years'", "column age_column"]),
    "batch": ({"batch_columns": "plate"}, {}, [], ["no metadata column 'plate'", "column batch_columns"]),
    "derive_from": ({}, {"donor": ("titel", "(.).*")}, [], ["derived from does not exist", "title"]),
    "derive_regex": ({}, {"donor": ("title", "([ab]) .*")}, [], ["does not match 1 samples", "'c ifn'"]),
    "exclude": ({}, {}, ["GSM9"], ["1 samples do not exist", "'GSM9'", "'GSM1'"]),
    "nobody": ({}, {}, ["GSM1", "GSM2", "GSM3"], ["no sample takes part"]),
    "several": (
        {"platform": "GPL9", "age_column": "years"},
        DONOR,
        ["GSM9"],
        ["platform GPL9", "'GSM9'", "no metadata column 'years'"],
    ),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A table of values, and a series matrix that describes its samples."""
    return write_described_table(tmp_path, SERIES, TABLE)


def _edits(derive: dict[str, tuple[str, str]], exclude: list[str]) -> tuple[dict[str, DerivedColumn], list[str]]:
    return derived_columns(**derive), exclude


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_mismatch_is_told_and_every_sample_keeps_its_row(files: dict[str, Path], name: str) -> None:
    """Whatever the row asks for in vain, the problems are told: the check of all designs stops for a verified row."""
    cells, derive, exclude, words = MISMATCHES[name]
    samples, problems, _ = read_or_explain_samples(titled_row(**cells), files, *_edits(derive, exclude))
    told = "\n".join(map(str, problems))
    for word in [*words, "where:", "allowed:", "next:"]:
        assert word in told
    check_table(samples, SAMPLES, "samples")
    assert samples["sample"].tolist() == ["GSM1", "GSM2", "GSM3"]
    assert all(fate.startswith("the dataset cannot be tested: ") for fate in samples["fate"])


def test_all_mismatches_of_a_dataset_are_told_at_once(files: dict[str, Path]) -> None:
    """One run shows everything that has to be mended in the row."""
    cells, derive, exclude, _ = MISMATCHES["several"]
    _, problems, _ = read_or_explain_samples(titled_row(**cells), files, *_edits(derive, exclude))
    assert len(problems) == 3


def test_a_row_that_fits_has_no_problem(files: dict[str, Path]) -> None:
    """Unverified is no fault in itself."""
    samples, problems, _ = read_or_explain_samples(titled_row(biological_unit="donor"), files, *_edits(DONOR, ["GSM3"]))
    assert problems == []
    assert samples["fate"].tolist() == ["used", "used", "excluded by hand"]
    assert samples["unit"].tolist() == ["a", "b", "c"]
