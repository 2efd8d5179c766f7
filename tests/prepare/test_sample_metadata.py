"""Samples: where their metadata come from, who takes part, and how columns find their samples."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from declared import derived_columns, titled_row, write_described_table

from sidemine.errors import InputError, SidemineError
from sidemine.prepare.label_notes import find_label_notes, find_undescribed
from sidemine.prepare.metadata import read_samples
from sidemine.prepare.sample_sheet import apply_sample_sheet, read_sample_sheet
from sidemine.prepare.sample_table import SAMPLES
from sidemine.tables import check_table

SERIES = """!Series_geo_accession\t"GSE1"
!Series_title\t"x"

!Sample_title\t"don-1 ctl"\t"don-1 ifn"\t"2_ctl"\t"pool"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"\t"GSM4"
!Sample_platform_id\t"GPL1"\t"GPL1"\t"GPL1"\t"GPL2"
!Sample_characteristics_ch1\t"group: Control"\t"group: IFN"\t"group: control "\t"group: pool"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"\t"GSM4"
!series_matrix_table_end
"""
TABLE = "gene\tdon.1.ctl\tdon-1 ifn\tX2_ctl\nA\t1\t2\t3\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A series matrix with metadata and a table whose columns are named by title, as R mangles titles."""
    return write_described_table(tmp_path, SERIES, TABLE)


def _sheet(files: dict[str, Path], text: str) -> dict[str, Path]:
    path = files["values"].with_name("sheet.tsv")
    path.write_text(text)
    return files | {"sample_sheet": path}


def test_samples_of_another_platform_do_not_take_part(files: dict[str, Path]) -> None:
    """They keep their row, with the reason; the others are matched although R mangled their names."""
    samples = read_samples(titled_row(), files, {}, [])
    check_table(samples, SAMPLES, "samples")
    assert samples["fate"].tolist() == ["used", "used", "used", "another platform: GPL2"]
    assert samples["unit"].tolist() == ["GSM1", "GSM2", "GSM3", "GSM4"]
    assert samples["group"].tolist()[:2] == ["Control", "IFN"]


def test_subset_exclusion_derivation_and_unit(files: dict[str, Path]) -> None:
    """The four edits of a study work together; a sample outside needs no match of the regular expression."""
    samples = read_samples(
        titled_row(subset='title ~ "don"', biological_unit="donor"),
        files,
        derived_columns(donor=("title", r"don-(\d) .*")),
        ["GSM2"],
    )
    assert samples["fate"].tolist() == [
        "used",
        "excluded by hand",
        'outside the subset: title ~ "don"',
        'outside the subset: title ~ "don"',
    ]
    assert samples["unit"].tolist()[0] == "1"


def test_unmatched_derivation_lists_the_values(files: dict[str, Path]) -> None:
    """A regular expression must match every sample that takes part; those that it misses are listed."""
    with pytest.raises(InputError, match=r"does not match 1 samples\n.*'2_ctl'"):
        read_samples(titled_row(), files, derived_columns(donor=("title", r"don-(\d) .*")), [])
    with pytest.raises(InputError, match="derived from does not exist"):
        read_samples(titled_row(), files, derived_columns(donor=("nothing", r"(.*)")), [])


def test_columns_without_samples_show_both_sides(files: dict[str, Path]) -> None:
    """When names do not match, both sides are listed, and the column that would match is named."""
    with pytest.raises(InputError, match=r"'GSM1'.*'don\.1\.ctl'[\s\S]*title would match 3 of 3"):
        read_samples(titled_row(sample_name=""), files, {}, [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_name": "nothing"}, "there is no metadata column 'nothing'"),
        ({"biological_unit": "donor"}, "there is no metadata column 'donor'"),
        ({"platform": "GPL9"}, "no sample of the series is of platform GPL9"),
        ({"subset": "group = nobody"}, "Control"),
        ({"sample_name": "platform_id", "subset": "group = pool"}, "no column in the value file|no sample takes part"),
    ],
)
def test_declarations_that_do_not_fit(files: dict[str, Path], changes: dict[str, str], message: str) -> None:
    """Each wrong name is told with the names that exist."""
    with pytest.raises(SidemineError, match=message):
        read_samples(titled_row(**changes), files, {}, [])


def test_unknown_excluded_sample(files: dict[str, Path]) -> None:
    """An exclusion of a sample that does not exist is a mistake, not a no-op."""
    with pytest.raises(InputError, match="'GSM9'"):
        read_samples(titled_row(), files, {}, ["GSM9"])


def test_sheet_adds_and_replaces(files: dict[str, Path]) -> None:
    """A sheet's value wins where there is one; comments are skipped."""
    sheet = _sheet(files, "# mine\nsample\tgroup\tage\nGSM1\tmock\t30\nGSM2\t\t40\n")
    samples = read_samples(titled_row(), sheet, {}, [])
    assert samples["group"].tolist()[:3] == ["mock", "IFN", "control"]
    assert samples["age"].tolist() == ["30", "40", "", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\tx\nGSM1\t1\n", "first column of a sample sheet"),
        ("sample\tx\nGSM1\t1\nGSM1\t2\n", "stands in line 2 already"),
        ("sample\tx\nGSM1\t1\t2\n", "a row has 3 cells"),
        ("sample\tfate\nGSM1\t1\n", "reserved"),
        ("sample\tx\tx\nGSM1\t1\t1\n", "empty or repeats"),
        ("sample\tx\nGSM1\t1\nGSM1\t2\n\t3\n", "2 problems"),
        ("", "the table is empty"),
    ],
)
def test_bad_sheets(tmp_path: Path, text: str, message: str) -> None:
    """A sheet's mistakes are told with line and value, all at once."""
    path = tmp_path / "sheet.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_sample_sheet(path)


def test_sheet_with_unknown_sample(files: dict[str, Path]) -> None:
    """A sheet for samples that do not exist is a mistake."""
    with pytest.raises(InputError, match="'GSM77'"):
        read_samples(titled_row(), _sheet(files, "sample\tx\nGSM77\t1\n"), {}, [])


def test_a_sample_whose_row_may_be_a_comment_is_asked_about(tmp_path: Path) -> None:
    """`#1` is a usual name of a person: without its row the sample would be in no group, and nobody would be told."""
    path = tmp_path / "sheet.tsv"
    samples = pd.DataFrame(index=pd.Index(["#1", "#2"], name="sample"))
    path.write_text('sample\tgroup\n#1\tcase\n"#2"\tcontrol\n')
    with pytest.raises(SidemineError, match=r"begin with #[^$]*'#1'[^$]*within quotes"):
        apply_sample_sheet(samples, read_sample_sheet(path), path)
    path.write_text('sample\tgroup\n"#1"\tcase\n"#2"\tcontrol\n')
    assert list(apply_sample_sheet(samples, read_sample_sheet(path), path)["group"]) == ["case", "control"]


def test_table_without_metadata_names_its_own_samples(files: dict[str, Path]) -> None:
    """Without GEO metadata the columns are the samples, and a sheet may tell about them."""
    only = {"values": files["values"]}
    row = titled_row(sample_name="", platform="")
    samples = read_samples(row, only, derived_columns(stim=("sample", r".*(ctl|ifn)")), [])
    assert samples["sample"].tolist() == ["don.1.ctl", "don-1 ifn", "X2_ctl"]
    assert samples["stim"].tolist() == ["ctl", "ifn", "ctl"]
    assert samples["title"].tolist() == samples["sample"].tolist()


def test_samples_that_a_sheet_lacks_are_told():
    """They are in no group, and nothing else would say so."""
    samples = pd.DataFrame({"title": ["a", "b", "c"], "group": ["x", "", "y"], "age": ["", "", "4"]})
    assert find_undescribed(samples, ["a", "b", "c"]) == ["1 of 3 samples have no metadata and are in no group: b"]
    assert find_undescribed(samples.iloc[[0, 2]], ["a", "c"]) == []
    assert find_undescribed(samples[["title"]], ["a", "b", "c"]) == []


def test_label_spellings_are_noted() -> None:
    """Case, punctuation and a repeated word make spellings; other words, signs and order make labels."""
    samples = pd.DataFrame(
        {
            "tissue": ["Liver of six healthy donors", "Liver of six healthy liver donors", "Tumour", "Non-Tumour"],
            "group": ["IFN-beta", "IFNbeta", "donor 1 rep 2", "donor 2 rep 1"],
            "cells": ["CD4+", "CD4", "1", "1.0"],
        }
    )
    notes = find_label_notes(samples)
    assert len(notes) == 2
    assert "healthy liver donors" in notes[0]
    assert "'IFN-beta' and 'IFNbeta'" in notes[1]


def test_rows_of_separators_alone_are_passed_over(tmp_path: Path) -> None:
    """Spreadsheets save rows that were once filled as tabs."""
    path = tmp_path / "sheet.tsv"
    path.write_text("sample\tgroup\nS1\ta\n\t\nS2\tb\n\t\n\t\n")
    assert read_sample_sheet(path)["group"].to_dict() == {"S1": "a", "S2": "b"}
    path.write_text("sample\tgroup\nS1\ta\n\tb\n")
    with pytest.raises(InputError, match="the row names no sample"):
        read_sample_sheet(path)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (["NA", "NA", "D1", "D2"], "2 samples have no biological unit"),
        (["unknown", "D1", "D1", "D2"], "1 samples have no biological unit"),
        (["01", "1", "02", "2"], "differ in case, blanks or leading zeros alone(.|\n)*01/1"),
        (["1", "1.0", "2", "3"], "1/1.0"),
        (["Donor 1", "donor_1", "Donor 2", "x"], "Donor 1/donor_1"),
    ],
)
def test_units_that_may_be_one_or_two_are_asked_about(files: dict[str, Path], units: list[str], message: str) -> None:
    """Samples of one unit are merged, those of two count as independent: neither is guessed."""
    names = list(read_samples(titled_row(), files, {}, [])["sample"])
    cells = [*units, *(f"other{n}" for n in range(len(names)))][: len(names)]
    lines = [f"{name}\t{cell}" for name, cell in zip(names, cells, strict=True)]
    described = _sheet(files, "\n".join(["sample\tdonor", *lines]) + "\n")
    with pytest.raises(SidemineError, match=message):
        read_samples(titled_row(biological_unit="donor"), described, {}, [])
    distinct = _sheet(files, "sample\tdonor\n" + "".join(f"{name}\tP{n}0\n" for n, name in enumerate(names)))
    assert read_samples(titled_row(biological_unit="donor"), distinct, {}, [])["unit"].tolist() == [
        f"P{n}0" for n in range(len(names))
    ]
