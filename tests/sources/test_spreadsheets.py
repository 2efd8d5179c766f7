"""Values from spreadsheets: as they stand, or refused; what spreadsheets do to genes and numbers never passes."""

from __future__ import annotations

import datetime
import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from deposits import SYMBOLS, gene_table, row

from sidemine.errors import InputError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.metadata import read_samples
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.expression_table import read_expression_table

VALUES = [["gene", "s1", "s2"], ["STAT1", 153, 94.25], ["IRF1", 1e-17, 84]]


def _book(folder: Path, change: Callable[[Any], None] | None = None, rows: list[list[Any]] = VALUES) -> Path:
    work = openpyxl.Workbook()
    work.active.title = "values"
    for cells in rows:
        work.active.append(cells)
    if change:
        change(work)
    work.save(folder / "v.xlsx")
    return folder / "v.xlsx"


def _ods(folder: Path, rows: list[list[str]]) -> Path:
    """Write the least that is an ods; a cell that begins with < is XML of its own."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            cell
            if cell.startswith("<")
            else f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p></table:table-cell>'
            if cell.replace(".", "").isdigit()
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in one
        )
        + "</table:table-row>"
        for one in rows
    )
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names} xmlns:calcext="urn:org:documentfoundation:names:'
        f'experimental:calc:xmlns:calcext:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="values">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    path = folder / "v.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest '
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></manifest:manifest>',
        )
        archive.writestr("content.xml", content)
    return path


def test_values_stand_as_they_are_in_the_file(tmp_path: Path) -> None:
    for path in (_book(tmp_path), _ods(tmp_path, [[str(cell) for cell in cells] for cells in VALUES[:2]])):
        matrix = read_expression_table(path)
        assert (matrix.identifiers[0], matrix.columns) == ("STAT1", ["s1", "s2"])
        assert matrix.values[0].tolist() == [153, 94.25]
        assert any("sheet 'values'" in note for note in matrix.notes)
    assert read_expression_table(_book(tmp_path)).values[1].tolist() == [1e-17, 84]


def test_a_dataset_from_a_spreadsheet(tmp_path: Path) -> None:
    rows = [["symbol", "s1", "s2", "s3"], *([name, n + 1, 2 * n, 7] for n, name in enumerate(SYMBOLS))]
    files = {"values": _book(tmp_path, rows=rows)}
    one = row("table", sheet="values")
    adata, ledger = prepare_dataset(one, files, read_samples(one, files, {}, []), gene_table())
    assert adata["s2", "IRF1"].layers["counts"].tolist() == [[2]]
    assert set(ledger["fate"]) == {"kept"}
    assert any("sheet 'values'" in note for note in json.loads(adata.uns["sidemine"])["notes"])


def _second_table(work: Any) -> None:
    for cells in VALUES:
        work.create_sheet("more").append(cells) if "more" not in work.sheetnames else work["more"].append(cells)


def _hide_second(work: Any) -> None:
    _second_table(work)
    work["more"].sheet_state = "hidden"


def _explain(work: Any) -> None:
    work.create_sheet("read me").append(["Counts of reads"])


def test_the_sheet_is_named_or_the_only_one_with_a_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 sheets hold tables\n.*'values', 'more'"):
        read_expression_table(_book(tmp_path, _second_table))
    assert read_expression_table(_book(tmp_path, _second_table), declared=DeclaredValues(sheet="more")).columns
    with pytest.raises(InputError, match="there is no sheet 'x'"):
        read_expression_table(_book(tmp_path), declared=DeclaredValues(sheet="x"))
    hidden = read_expression_table(_book(tmp_path, _hide_second))
    assert any("'more' (hidden)" in note for note in hidden.notes)
    assert any("'read me'" in note for note in read_expression_table(_book(tmp_path, _explain)).notes)
    (tmp_path / "v.tsv").write_text("gene\ts1\nA\t1\n")
    with pytest.raises(InputError, match="the file is no spreadsheet"):
        read_expression_table(tmp_path / "v.tsv", declared=DeclaredValues(sheet="x"))


def _set(place: str, value: Any) -> Callable[[Any], None]:
    def change(work: Any) -> None:
        work.active[place] = value

    return change


def _merge(work: Any) -> None:
    work.active.merge_cells("A2:A3")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("B2", "#DIV/0!"), r"B2: #DIV/0!"),
        (_set("C3", "#N/A"), r"C3: #N/A"),
        (_set("B2", "=1+1"), r"B2: a formula without a stored value"),
        (_merge, r"merged.*\n.*A2:A3"),
        (_set("B2", True), r"column 's1', value 'TRUE'"),
        (_set("B2", "1,867"), r"column 's1', value '1,867'"),
        (_set("B2", "<0.1"), r"row 2 \(STAT1\).*value '<0.1'"),
        (_set("B2", datetime.datetime(2024, 1, 5)), r"value '2024-01-05"),
    ],
)
def test_what_spreadsheets_hide_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_expression_table(_book(tmp_path, change))


@pytest.mark.parametrize(
    "cell",
    [
        '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>',
        '<table:table-cell table:formula="of:=1+1"/>',
    ],
)
def test_errors_and_empty_formulas_of_ods_are_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InputError, match=r"row 2: (an error|a formula)"):
        read_expression_table(_ods(tmp_path, [["gene", "s1"], ["STAT1", cell], ["IRF1", "2"]]))


def test_numbers_as_text_are_numbers_and_told(tmp_path: Path) -> None:
    matrix = read_expression_table(_book(tmp_path, _set("B2", "153")))
    assert matrix.values[0, 0] == 153
    assert any("1 numbers are stored as text" in note for note in matrix.notes)


def test_a_gene_that_became_a_date_is_told_in_the_ledger(tmp_path: Path) -> None:
    rows = [["symbol", "s1", "s2"], *([name, 5, 6] for name in SYMBOLS)]
    rows.append([datetime.datetime(2024, 9, 2), 7, 8])
    files = {"values": _book(tmp_path, rows=rows)}
    one = row("table")
    _, ledger = prepare_dataset(one, files, read_samples(one, files, {}, []), gene_table())
    told = ledger[ledger["identifier"].str.startswith("2024-09-02")]
    assert len(told) == 1
    assert told["fate"].item() == "dropped"


def test_entrez_ids_stay_whole_numbers(tmp_path: Path) -> None:
    rows = [["entrez", "s1", "s2"], [6772, 5, 6], [100287102, 1, 2]]
    assert read_expression_table(_book(tmp_path, rows=rows)).identifiers == ["6772", "100287102"]


def test_gzipped_as_supplementary_files_are(tmp_path: Path) -> None:
    """GEO keeps `…_counts.xlsx.gz`."""
    path = tmp_path / "v.xlsx.gz"
    path.write_bytes(gzip.compress(_book(tmp_path).read_bytes()))
    assert read_expression_table(path).values.tolist() == [[153, 94.25], [1e-17, 84]]
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError, match=r"damaged or cut short|truncated"):
        read_expression_table(path)


def test_a_title_above_the_names_is_named_as_the_likely_cause(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a title or the names of groups stand above"):
        read_expression_table(_book(tmp_path, rows=[["Table S1. Counts"], *VALUES]))
