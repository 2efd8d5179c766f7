"""Published tables are read as they stand, described honestly, and never believed on their label alone."""

from __future__ import annotations

import datetime
import functools
import gzip
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.differential.table_completeness import implied_tests
from sidemine.errors import InputError
from sidemine.lines.published import reader
from sidemine.lines.published.label_check import check_label
from sidemine.lines.published.measure import describe_published_table, describe_table
from sidemine.lines.published.reader import read_published_table
from sidemine.lines.published.record import DescribedTable, LabelCheck
from sidemine.lines.published.specification import DescribePublishedTable, TableToDescribe
from sidemine.prepare.platform_annotation import read_platform_annotation
from sidemine.records import as_json, as_record
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.study.rows import PublishedTable


@dataclass(frozen=True)
class _Answer:
    symbol: str | None


class _Table:
    def resolve_symbols(self, names: list[str]) -> list[_Answer]:
        return [_Answer({"OLD": "MX1", "?": None}.get(name, name)) for name in names]


def _row(**more: Any) -> PublishedTable:
    values = {
        "table": "one",
        "accession": "GSE1",
        "file": "x.csv",
        "fold_change_column": "logFC",
        "role": "inhibitor",
        "target_label": "drug",
        "reference_label": "vehicle",
        "licence": "CC0",
    }
    return PublishedTable(**(values | more))


def _write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def _table(folder: Path, text: str) -> pd.DataFrame:
    return read_published_table(_row(), _write(folder, text))


def _xlsx(folder: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(cells)
    book.save(folder / "table.xlsx")
    return folder / "table.xlsx"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_tables_are_read_whatever_their_separator(tmp_path: Path, separator: str) -> None:
    text = "# SIDEMINE-SIMULATED\nsymbol,logFC,p\nMX1,-1.5,1e-3\nSTAT1,NA,\n,2,1\n".replace(",", separator)
    table = read_published_table(_row(p_value_column="p"), _write(tmp_path, text))
    assert list(table["identifier"]) == ["MX1", "STAT1"]
    np.testing.assert_array_equal(table["fold_change"], [-1.5, np.nan])
    np.testing.assert_array_equal(table["p_value"], [1e-3, np.nan])
    assert table["adjusted_p"].isna().all()


def test_gzip_and_a_first_column_without_a_name_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b',logFC\n"A,B",1\n'))
    assert list(read_published_table(_row(), path)["identifier"]) == ["A,B"]


def test_zero_and_infinity_are_no_measurements_where_that_is_declared(tmp_path: Path) -> None:
    path = _write(tmp_path, "g,logFC\nA,0\nB,inf\nC,-inf\nD,0.0\n")
    np.testing.assert_array_equal(
        read_published_table(_row(zero_is_missing="yes"), path)["fold_change"], [np.nan, np.inf, -np.inf, np.nan]
    )
    np.testing.assert_array_equal(read_published_table(_row(), path)["fold_change"], [0, np.inf, -np.inf, 0])


def test_spreadsheet_dates_and_numbers_stay_visible_as_names(tmp_path: Path) -> None:
    rows = [["Tag", "logFC"], [datetime.datetime(2022, 3, 8), 1.0], [43891.0, 2], ["MX1", "3"], [None, 4]]
    table = read_published_table(_row(), _xlsx(tmp_path, rows))
    assert list(table["identifier"]) == ["2022-03-08", "43891", "MX1"]
    assert list(table["fold_change"]) == [1, 2, 3]


@pytest.mark.parametrize("lost", ["=1+1", "#DIV/0!"])
def test_formulas_are_not_evaluated_and_errors_are_no_missing_values(tmp_path: Path, lost: str) -> None:
    """A formula whose value was never stored is refused where a wanted column holds it; elsewhere it costs nothing."""
    path = _xlsx(tmp_path, [["Tag", "logFC", "q"], ["MX1", lost, 1], ["STAT1", 2, 1]])
    with pytest.raises(InputError, match=r"errors, or formulas whose value was never stored[^$]*B2"):
        read_published_table(_row(), path)
    table = read_published_table(_row(), _xlsx(tmp_path, [["Tag", "logFC", "q"], ["MX1", 1, lost], ["STAT1", 2, 1]]))
    np.testing.assert_array_equal(table["fold_change"], [1, 2])


def test_merged_cells_are_refused_where_a_wanted_column_holds_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in [["Tag", "logFC", "note", "more"], ["MX1", 1, "a", "b"], [None, 2, "c", None]]:
        book.active.append(cells)
    book.active.merge_cells("C2:D2")
    book.save(tmp_path / "table.xlsx")
    assert len(read_published_table(_row(), tmp_path / "table.xlsx")) == 1
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "table.xlsx")
    with pytest.raises(InputError, match=r"cells are merged[^$]*A2:A3"):
        read_published_table(_row(), tmp_path / "table.xlsx")


def test_of_several_sheets_with_the_columns_none_is_chosen(tmp_path: Path) -> None:
    """A supplement holds one sheet per comparison, all with the same headers."""
    book = openpyxl.Workbook()
    book.active.title = "VTE"
    for sheet in (book.active, book.create_sheet("PE")):
        sheet.append(["Tag", "logFC"])
        sheet.append(["MX1", 1])
    book.save(tmp_path / "table.xlsx")
    with pytest.raises(InputError, match=r"2 sheets have the columns[^$]*'VTE', 'PE'"):
        read_published_table(_row(), tmp_path / "table.xlsx")
    book["VTE"].sheet_state = "hidden"
    book["PE"]["B2"] = 2
    book.save(tmp_path / "table.xlsx")
    assert list(read_published_table(_row(), tmp_path / "table.xlsx")["fold_change"]) == [2]


def test_the_sheet_that_has_the_columns_is_found(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Read me"])
    sheet = book.create_sheet("data")
    sheet.append(["Tag", "logFC"])
    sheet.append(["MX1", 1])
    book.save(tmp_path / "table.xlsx")
    assert len(read_published_table(_row(), tmp_path / "table.xlsx")) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g,FC\nA,1\n", "lacks column 'logFC'"),
        ("g,logFC\nA,1,5\nB,high\n", "decimal commas"),
        ("g,logFC\nA,1\nB,high\n", "(?s)not a number.*line 3.*'high'"),
        ("g,logFC\nA,#VALUE!\n", "spreadsheet's error"),
        ("g,logFC,logFC\nA,1,2\n", "2 columns are called 'logFC'"),
        ("g,logFC\nA,1\nB,2,3\n", r"line 3 \(B\)"),
        ("g;logFC\nA;1,5\n", "(?s)not a number.*decimal point"),
        ("g,logFC\n", "no row with a gene"),
        ("", "the table is empty"),
        ("<!DOCTYPE html>", "is a web page"),
        ("A\x00", "NUL bytes"),
        ("PK no zip", "lacks column"),
        ('g,logFC\nA,1\n"' + "x" * 200_000, "a quote is opened"),
    ],
)
def test_unreadable_tables_are_refused_with_a_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_published_table(_row(), _write(tmp_path, text))


def test_old_xls_and_absent_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "table.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(InputError, match="the spreadsheet cannot be read"):
        read_published_table(_row(), tmp_path / "table.xls")
    with pytest.raises(InputError, match="not there"):
        read_published_table(_row(), tmp_path / "none.csv")


def test_damaged_workbooks_are_refused(tmp_path: Path) -> None:
    path = _xlsx(tmp_path, [["Tag", "logFC"], ["MX1", 1]])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item, data[: len(data) // 2] if "sheet1" in item.filename else data)
    with pytest.raises(InputError, match="the spreadsheet cannot be read"):
        read_published_table(_row(), broken)


def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ROWS", 2)
    with pytest.raises(InputError, match="more than 2 rows"):
        read_published_table(_row(), _write(tmp_path, "g,logFC\nA,1\nB,1\nC,1\n"))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"g,logFC\n" + data)
    try:
        table = read_published_table(_row(), path)
    except InputError:
        return
    assert len(table) > 0


def test_sentence_counts_the_measured_panel_genes_and_their_direction(tmp_path: Path) -> None:
    text = "g,with,without\nMX1,1,4\nOLD,1,2\nIFIT1,2,1\nSTAT1,0,3\nJAK1,1,9\n?,1,2\nNEG,1,5\nOAS1,inf,2\n"
    row = _row(fold_change_column="with", compare_with_column="without", zero_is_missing="yes", panel="P")
    panel = {"MX1": 1.0, "IFIT1": 2.0, "STAT1": 1.0, "ABSENT": 1.0, "NEG": -1.0, "OAS1": 1.0}
    sentence = describe_table(row, read_published_table(row, _write(tmp_path, text)), panel, _Table())
    assert sentence.startswith(
        "1 of 2 measured genes of the panel P (5 genes) are lower, 1 higher (drug versus vehicle; median "
    )
    assert "exactly 0 counts as not measured" in sentence
    assert "1 in the whole table" in sentence
    assert sentence.endswith("a description and no test.")


def test_sentence_says_when_only_changed_genes_are_listed(tmp_path: Path) -> None:
    row = _row(adjusted_p_column="q")
    table = read_published_table(row, _write(tmp_path, "g,logFC,q\nA,-1,0.01\nB,0.5,0.04\n"))
    sentence = describe_table(row, table, None, _Table())
    assert sentence.startswith("1 of 2 listed genes of the table are lower")
    assert "only genes with adjusted p ≤ 0.04 and |log2 fold change| ≥ 0.5" in sentence


_RNG = np.random.default_rng(8)
_CHANGE = _RNG.normal(0, 0.4, 2000)
_P = _RNG.uniform(size=2000)


@pytest.mark.parametrize(
    ("change", "p_values", "told"),
    [
        (_CHANGE, _P, ""),
        (_CHANGE, None, ""),
        (_CHANGE[_P < 0.05], _P[_P < 0.05], "(its largest p is 0.05)"),
        (_CHANGE[np.abs(_CHANGE) > 0.5], None, "(its smallest |effect| is 0.5"),
        (_CHANGE[np.abs(_CHANGE) > 0.5], _P[np.abs(_CHANGE) > 0.5], "(its smallest |effect| is 0.5"),
        (3 * _CHANGE[_CHANGE > 0.5], None, "(its smallest |effect| is 1.5"),
        (2**_CHANGE, None, ""),
        (np.sign(_CHANGE) * 2 ** np.abs(_CHANGE), _P, ""),
        (3 * _CHANGE[np.abs(_CHANGE) > 0.5], None, "unless these are signed fold changes and no logarithms)"),
    ],
)
def test_sentence_says_by_what_a_table_was_cut(tmp_path: Path, change: Any, p_values: Any, told: str) -> None:
    """By p or by fold change alone, too; of ratios, signed fold changes and complete tables nothing is said."""
    p_values = np.full(len(change), np.nan) if p_values is None else p_values
    rows = "".join(f"G{at},{one},{p}\n" for at, (one, p) in enumerate(zip(change, p_values, strict=True)))
    row = _row(p_value_column="p")
    sentence = describe_table(
        row, read_published_table(row, _write(tmp_path, f"g,logFC,p\n{rows}".replace("nan", ""))), None, _Table()
    )
    assert told in sentence
    assert ("genes that did not change are absent" in sentence) is bool(told)
    assert (" listed genes of the table" in sentence) is bool(told)


def test_signed_fold_changes_are_told_in_logarithms_or_as_what_they_may_be(tmp_path: Path) -> None:
    """A fold of 1.3 is .38 log2 units; of a list whose p-values do not tell, either may be meant, unless its header says logarithms."""
    signed = np.sign(_CHANGE) * 2 ** np.abs(_CHANGE)
    for header, change, p_values, told, unit in (
        ("FC", signed, _P, "signed fold changes (no value between −1 and 1): their log2 were taken", "log2 units)"),
        (
            "FC",
            signed[_P < 0.05],
            _P[_P < 0.05],
            "",
            "log2 units if these are logarithms; no value lies between −1 and 1",
        ),
        ("logFC", 2 + _CHANGE[_CHANGE > 0], _P[_CHANGE > 0], "", "log2 units)"),
        ("log2FC", 3 * _CHANGE[np.abs(_CHANGE) > 0.5], _P[np.abs(_CHANGE) > 0.5], "", "log2 units)"),
        ("FC", _CHANGE, _P, "", "log2 units)"),
    ):
        rows = "".join(f"G{at},{one},{p}\n" for at, (one, p) in enumerate(zip(change, p_values, strict=True)))
        row = _row(p_value_column="p", fold_change_column=header)
        table = read_published_table(row, _write(tmp_path, f"g,{header},p\n{rows}"))
        sentence = describe_table(row, table, None, _Table())
        assert unit in sentence
        assert told in sentence
        assert ("their log2 were taken" in sentence) is bool(told)
    told = float(re.search(r"median difference (\S+) log2", describe_table(*_signed_table(tmp_path, signed)))[1])
    assert told == pytest.approx(np.median(_CHANGE), abs=0.006)


def _signed_table(tmp_path: Path, signed: Any) -> tuple[Any, Any, None, Any]:
    rows = "".join(f"G{at},{one},{p}\n" for at, (one, p) in enumerate(zip(signed, _P, strict=True)))
    row = _row(p_value_column="p")
    return row, read_published_table(row, _write(tmp_path, f"g,logFC,p\n{rows}")), None, _Table()


def test_sentence_says_when_fold_changes_may_be_ratios(tmp_path: Path) -> None:
    """No value below 0, on both sides of 1: of ratios the smaller ones would be lower."""
    for values, told in (("0.4 0.7 1.6", True), ("-0.4 0.7 1.6", False), ("1.4 2.7 1.6", False)):
        rows = "".join(f"{gene},{value}\n" for gene, value in zip("ABC", values.split(), strict=True))
        sentence = describe_table(
            _row(), read_published_table(_row(), _write(tmp_path, f"g,logFC\n{rows}")), None, _Table()
        )
        assert ("2 lie below 1: if they are ratios" in sentence) is told


def test_panel_without_a_measured_gene_is_said_to_say_nothing(tmp_path: Path) -> None:
    table = read_published_table(_row(), _write(tmp_path, "g,logFC\nA,-1\n"))
    assert "says nothing" in describe_table(_row(panel="P"), table, {"B": 1.0}, _Table())


def test_unknown_panel_is_refused_with_near_names(tmp_path: Path) -> None:
    sets = pd.DataFrame({"gene_set": ["CORE_ISG"], "gene": ["MX1"], "weight": [1.0]})
    with pytest.raises(InputError, match=r"(?s)is no gene set of this study.*nearest: CORE_ISG"):
        describe_published_table(_row(panel="core_isg"), _table(tmp_path, "g,logFC\nA,1\n"), {}, sets, _Table())


@pytest.mark.parametrize("tests", [500, 13_515])
@pytest.mark.parametrize("listed", [30, 400])
def test_number_of_tests_is_found_from_the_smallest_p_values(tests: int, listed: int) -> None:
    rng = np.random.default_rng(tests)
    p_values = np.sort(np.r_[rng.uniform(0, 1e-4, 300), rng.uniform(size=tests - 300)])
    adjusted = benjamini_hochberg(p_values)
    found = implied_tests(p_values[:listed][::-1], adjusted[:listed][::-1])
    assert found is not None
    assert (found.count, found.method) == (tests, "Benjamini–Hochberg")


def test_a_table_filtered_by_fold_change_gives_a_lower_bound() -> None:
    rng = np.random.default_rng(1)
    p_values = np.sort(rng.uniform(size=5000) ** 3)
    keep = rng.uniform(size=5000) < 0.4
    found = implied_tests(p_values[keep], benjamini_hochberg(p_values)[keep])
    assert found is not None
    assert found.count <= 5000


def test_bonferroni_is_told_from_benjamini_hochberg() -> None:
    p_values = np.linspace(1e-8, 1e-6, 20)
    found = implied_tests(p_values, p_values * 22_277)
    assert found is not None
    assert (found.count, found.method) == (22_277, "Bonferroni")


def test_number_of_tests_stays_unknown_without_usable_values() -> None:
    assert implied_tests(np.array([np.nan, 0, 0.1]), np.array([0.1, 0, 1])) is None


def _maps(**genes: range) -> dict[str, pd.DataFrame]:
    return {
        name: pd.DataFrame({"identifier": [f"{name}_{i}" for i in numbers], "symbol": [f"G{i}" for i in numbers]})
        for name, numbers in genes.items()
    }


def _checks(row: PublishedTable, names: list[str], maps: dict[str, pd.DataFrame]) -> dict[str, LabelCheck]:
    table = pd.DataFrame({"identifier": names, "fold_change": 1.0, "compared_with": np.nan, "mean": np.nan})
    table["p_value"] = np.sort(np.random.default_rng(1).uniform(size=len(names)))
    table["adjusted_p"] = benjamini_hochberg(table["p_value"].to_numpy())
    return {check.check: check for check in check_label(row, table, maps)}


def test_maps_are_known_by_the_roles_that_retrieval_gives_them() -> None:
    files = {"table": "t.csv", "platform_map": "a.tsv", "rival_GPL11": "b.tsv"}
    genes = {"key": "g", "format": "hgnc", "version": "1"}
    row = TableToDescribe.of(_row(platform="GPL22"))
    described = DescribePublishedTable(table=row, files=files, gene_table=genes)
    assert described.maps == {"GPL22": "a.tsv", "GPL11": "b.tsv"}


def test_a_description_counts_different_genes_and_holds_the_checks(tmp_path: Path) -> None:
    table = _table(tmp_path, "g,logFC\n" + "".join(f"G{i},1\n" for i in range(300)) + "G1,2\nG301,inf\n")
    described = describe_published_table(
        _row(platform="GPL22"), table, _maps(**SMALL_AND_LARGE), pd.DataFrame(), _Table()
    )
    assert (described.n_genes, described.verdict) == (300, "not testable")
    assert described.checks == check_label(_row(platform="GPL22"), table, _maps(**SMALL_AND_LARGE))
    assert as_record(DescribedTable, as_json(described)) == described


SMALL_AND_LARGE = {"GPL11": range(1000), "GPL22": range(2000)}


@pytest.mark.parametrize(
    ("declared", "names", "status"),
    [
        ("GPL11", range(0, 1000, 3), "agrees"),
        ("GPL22", range(0, 2000, 3), "agrees"),
        ("GPL11", range(0, 2000, 3), "contradicts"),
        ("GPL22", range(0, 1000, 3), "contradicts"),
        ("GPL11", range(0, 1000, 30), "cannot be checked"),
        ("GPL33", range(0, 1000, 3), "cannot be checked"),
        ("", range(0, 1000, 3), "cannot be checked"),
    ],
)
def test_identifiers_tell_which_platform_fits(declared: str, names: range, status: str) -> None:
    found = _checks(_row(platform=declared), [f"G{i}" for i in names], _maps(**SMALL_AND_LARGE))
    check = found["identifiers on the declared platform"]
    assert check.status == status
    if status == "contradicts":
        assert f"would fit: {'GPL22' if declared == 'GPL11' else 'GPL11'}" in check.detail


def test_probe_ids_are_compared_with_probe_ids() -> None:
    maps = _maps(GPL11=range(1000), GPL22=range(2000))
    found = _checks(_row(platform="GPL22"), [f"GPL11_{i}" for i in range(300)], maps)
    check = found["identifiers on the declared platform"]
    assert check.status == "contradicts"
    assert "probe ids" in check.detail


def test_mangled_names_and_affymetrix_lists_are_flagged() -> None:
    names = ["1-Mar", "2022-03-08 00:00:00", "A /// B", *(f"G{i}" for i in range(20))]
    found = _checks(_row(platform="GPL10558"), names, {})
    assert found["names that a spreadsheet turned into dates"].status == "contradicts"
    assert "MARCH8" in found["names that a spreadsheet turned into dates"].detail
    assert found["way of naming several genes"].status == "contradicts"
    assert found["sign convention"].status == "cannot be checked"
    assert _checks(_row(), ["A"], {})["names that a spreadsheet turned into dates"].status == "agrees"


def test_checks_without_columns_say_so() -> None:
    found = _checks(_row(platform="GPL571"), [f"G{i}" for i in range(20)], {})
    assert found["number of tests"].status == "cannot be checked"
    assert found["range of mean expression"].status == "cannot be checked"


@pytest.fixture(scope="module")
def real_maps(real_files: Path) -> dict[str, Path]:
    return {
        path.name.removeprefix("probe_symbol_").removesuffix(".tsv.gz"): path
        for path in sorted((real_files / "data/platforms").glob("probe_symbol_*.tsv.gz"))
    }


def _real_row(accession: str, platform: str) -> PublishedTable:
    return _row(
        accession=accession,
        platform=platform,
        gene_column="Tag",
        p_value_column="P.Value",
        adjusted_p_column="adj.P.Val",
        mean_column="AveExpr",
        role="disease",
    )


def _real_checks(accession: str, platform: str, real_files: Path, maps: dict[str, Path]) -> dict[str, LabelCheck]:
    path = real_files / f"data/published_tables/{accession}_degs_1.2_0.05_limma.xlsx"
    frames = {name: _read_map(file) for name, file in maps.items()}
    checks = check_label(_real_row(accession, platform), _read_once(path), frames)
    return {check.check: check for check in checks}


@functools.cache
def _read_map(path: Path) -> pd.DataFrame:
    return read_platform_annotation(path)


@functools.cache
def _read_once(path: Path) -> pd.DataFrame:
    return read_published_table(_real_row("GSE1", "GPL1"), path)


@pytest.mark.real_files
@pytest.mark.parametrize("only_two_maps", [False, True])
@pytest.mark.parametrize(
    ("accession", "declared", "fits", "tests"),
    [("GSE19151", "GPL571", "GPL10558", "31,412"), ("GSE48000", "GPL10558", "GPL571", "13,515")],
)
def test_the_two_real_vte_tables_are_found_to_be_swapped(
    accession: str,
    declared: str,
    fits: str,
    tests: str,
    only_two_maps: bool,
    real_files: Path,
    real_maps: dict[str, Path],
) -> None:
    maps = {name: path for name, path in real_maps.items() if not only_two_maps or name in {declared, fits}}
    wrong = _real_checks(accession, declared, real_files, maps)
    names, number = wrong["identifiers on the declared platform"], wrong["number of tests"]
    assert names.status == "contradicts"
    assert f"would fit: {fits}" in names.detail
    assert f"{tests} tests" in number.detail
    assert number.status == ("contradicts" if declared == "GPL571" else "cannot be checked")
    assert fits in number.detail
    right = _real_checks(accession, fits, real_files, maps)
    assert right["identifiers on the declared platform"].status == "agrees"
    assert right["number of tests"].status == "agrees"


@pytest.mark.real_files
def test_ruxolitinib_table_gives_a_sentence_and_no_verdict(real_files: Path) -> None:
    column = "fold-change Series16 A549-ACE2_SARS-CoV-2"
    row = _row(fold_change_column=f"{column}_Rux", compare_with_column=column, zero_is_missing="yes", panel="ISG")
    panel = ["MX1", "IFIT1", "ISG15", "OAS1", "RSAD2", "NOT_A_GENE"]
    sets = pd.DataFrame({"gene_set": "ISG", "gene": panel, "weight": 1.0})
    path = real_files / "data/published_tables/fold_change_genes_1_GSE147507.csv.gz"
    entry = describe_published_table(row, read_published_table(row, path), {}, sets, _Table())
    assert entry.verdict == "not testable"
    assert entry.sentence.startswith("4 of 4 measured genes of the panel ISG (6 genes) are lower, 0 higher (drug")


@pytest.mark.parametrize("value", ["12.5", "-0.1", "1.0001"])
@pytest.mark.parametrize("column", ["p_value_column", "adjusted_p_column"])
def test_p_values_lie_between_0_and_1(tmp_path: Path, column: str, value: str) -> None:
    """-log10 p under the name of p would be counted as tests."""
    path = _write(tmp_path, f"gene,logFC,p\nMX1,1,0.5\nSTAT1,1,{value}\nIRF1,2,NA\n")
    with pytest.raises(InputError, match=rf"(?s)does not lie between 0 and 1.*line 3 \(STAT1\).*{value}"):
        read_published_table(_row(**{column: "p"}), path)


def test_a_counter_of_rows_names_no_genes(tmp_path: Path) -> None:
    path = _write(tmp_path, '"",gene,logFC\n1,MX1,2\n2,STAT1,1\n3,IRF1,1\n')
    with pytest.raises(InputError, match=r"only counts rows: 1, 2, 3(.|\n)*gene_column(.|\n)*gene"):
        read_published_table(_row(), path)
    assert list(read_published_table(_row(gene_column="gene"), path)["identifier"]) == ["MX1", "STAT1", "IRF1"]
