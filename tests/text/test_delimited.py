"""Every row of a table has a cell for every column and knows its line; what is not so is refused with its place."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.text import decoding, delimited
from sidemine.text.cells import BLANKS, split_line
from sidemine.text.decoding import open_decoded
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable


def rows_of(table: TextTable) -> list[tuple[str, ...]]:
    return list(table.rows())


PLAIN = st.text("abcXYZ019._- ", min_size=1, max_size=6).map(str.strip).filter(bool)
QUOTED = st.text("abc,;\t\"' é", max_size=6)


@st.composite
def written_tables(draw: st.DrawFn) -> tuple[bytes, list[str], list[list[str]], list[float]]:
    """Draw a table of names, texts and numbers, written in one of the ways that depositors and tools write."""
    width = draw(st.integers(1, 4))
    names = draw(st.lists(PLAIN, min_size=width, max_size=width))
    n_rows = draw(st.integers(1, 5))
    mark = draw(st.sampled_from("\t,;"))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    cells = st.text("abc019 é", max_size=4) if mark == "\t" else QUOTED
    body = [draw(st.lists(cells, min_size=width, max_size=width)) for _ in range(n_rows)]
    numbers = draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=n_rows, max_size=n_rows))
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter=mark, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"]))
    )
    writer.writerow([*names, "value"])
    writer.writerows([*row, repr(number)] for row, number in zip(body, numbers, strict=True))
    data = text.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))
    for _ in range(draw(st.integers(0, 2))):
        data = gzip.compress(data, 1)
    return data, [name.strip() for name in names], body, numbers


@given(written_tables())
def test_what_was_written_is_what_is_read(table: tuple[bytes, list[str], list[list[str]], list[float]]) -> None:
    """The differential oracle: Python's csv writes, in any encoding, separator, quoting, line end and gzip layer."""
    data, names, body, numbers = table
    try:
        found = read_delimited(data, "here")
    except InputError as error:
        assume("not clear what separates" not in str(error))  # told, not guessed: fine
        raise
    assert found.header == [*names, "value"]
    assert [list(row[:-1]) for row in rows_of(found)] == body
    np.testing.assert_array_equal(found.numbers(len(names)), numbers)


@given(
    st.lists(st.lists(st.integers(0, 99).map(str), min_size=3, max_size=3), min_size=2, max_size=6),
    st.data(),
    st.sampled_from("\t,; "),
)
def test_a_cell_more_or_less_in_any_row_is_refused_with_its_line(
    body: list[list[str]], data: st.DataObject, mark: str
) -> None:
    row = data.draw(st.integers(0, len(body) - 1))
    body[row] = body[row] + ["7"] if data.draw(st.booleans()) else body[row][:-1]
    text = "\n".join([mark.join(["gene", "s1", "s2"]), *(mark.join(cells) for cells in body)])
    with pytest.raises(InputError, match=rf"line {row + 2} "):
        read_delimited(text.encode(), "here", separator=mark)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_table_or_a_told_problem(data: bytes) -> None:
    try:
        table = read_delimited(data, "here", r_layout=True)
    except InputError:
        return
    assert len(rows_of(table)) == table.n_rows


@pytest.mark.parametrize("line", ['A\t"5', 'A\t5"', 'A\t"5"x', '"A\t5', '"A"\t"5"6"', 'A\t"', 'A"\t"5"'])
def test_a_quote_that_is_not_balanced_is_refused(line: str) -> None:
    text = f'gene\ts1\nB\t1\n{line}\nC\t"2"\n'
    with pytest.raises(InputError, match=r"quote(.|\n)*here: line 3"):
        read_delimited(text.encode(), "here")


def test_a_separator_within_quotes_makes_no_cell() -> None:
    """A row with as many separators as the header, one of them quoted, lacks a cell."""
    rows = "\n".join(f"g{number},{number},x" for number in range(9))
    with pytest.raises(InputError, match="a row has 2 cells, the header 3"):
        read_delimited(f'gene,s1,s2\n{rows}\n"a,b",1\n'.encode(), "here", separator=",")


def test_a_quote_cannot_swallow_a_row() -> None:
    """Arrow and Python's csv both read this as one row of B whose value holds a line break."""
    with pytest.raises(InputError, match="line 2"):
        read_delimited(b'gene\ts1\nA\t"5\nB\t6"\nC\t7\n', "here")


@pytest.mark.parametrize("header", [True, False])
def test_a_quote_in_the_first_line_cannot_swallow_the_second(header: bool) -> None:
    """Line breaks are allowed in the header only, and not together with what parts its cells."""
    with pytest.raises(InputError, match="line 1"):
        read_delimited(b'"gene\ts1\nA"\t5\nB\t6\n', "here", header=header)


def test_quotes_inside_a_cell_that_is_not_quoted_are_text() -> None:
    assert rows_of(read_delimited(b'g\td\nA\tsay "x" twice\n', "here")) == [("A", 'say "x" twice')]


def test_without_quoting_a_quote_is_text() -> None:
    table = read_delimited(b'ID\tdescription\n1\t"5 prime\n2\t3"\n', "here", quoting=False)
    assert rows_of(table) == [("1", '"5 prime'), ("2", '3"')]


def test_a_header_cell_may_hold_a_line_break() -> None:
    table = read_delimited(b'gene,"log2\nFC"\nIRF1,2\n', "here")
    assert (table.header, list(table.lines)) == (["gene", "log2 FC"], [3])


@pytest.mark.parametrize(
    ("text", "mark", "header"),
    [
        ("gene\ts1\nA\t1,5\n", "\t", ["gene", "s1"]),
        ("gene;s1;s2\nA;1,5;2,5\n", ";", ["gene", "s1", "s2"]),
        ('gene,d\nA,"x;y"\n', ",", ["gene", "d"]),
        ("gene  s1 s2\nA    1  2\n", BLANKS, ["gene", "s1", "s2"]),
        ('"s1" "s 2"\n"A" 1 2\n', BLANKS, ["", "s1", "s 2"]),
        ("gene name\ts1\nIRF 1\t5\n", "\t", ["gene name", "s1"]),
        ("s1\nA\t5\n", "\t", ["", "s1"]),
        ('"s1","s2","s3"\n"A",5,6,7\n', ",", ["", "s1", "s2", "s3"]),
        ("s1;s2\nA;5;6\n", ";", ["", "s1", "s2"]),
    ],
)
def test_the_separator_is_what_makes_equal_rows(text: str, mark: str, header: list[str]) -> None:
    table = read_delimited(text.encode(), "here", r_layout=True)
    assert (table.separator, table.header) == (mark, header)


def test_two_separators_that_both_fit_are_refused() -> None:
    with pytest.raises(InputError, match="comma and semicolon both make rows of equal length"):
        read_delimited(b"a,b;c\n1,2;3\n", "here")


@pytest.mark.parametrize(
    "text", ["gene\ts1\ts2\nA\t\t1\t2\n", "gene\ts1\nA\t1,234\nB\t1\t2\n", "a;b\nA;1,5\nB;2,5;\n", "gene s1\nA 1\t2\n"]
)
def test_a_ragged_table_is_not_saved_by_another_separator(text: str) -> None:
    with pytest.raises(InputError, match=r"a row has|tab stands|header has"):
        read_delimited(text.encode(), "here", r_layout=True)


@pytest.mark.parametrize("header", ["gene_id s0 s1 s2", "s0 s1 Symbol s2", "ID_REF\ts0\ts1\ts2", "s0,,s1,s2"])
def test_a_header_that_lacks_one_name_is_refused_unless_it_is_rs_own(header: str) -> None:
    mark = next(mark for mark in "\t, " if mark in header)
    row = mark.join(["IRF1", "1", "2", "3", "4"])
    with pytest.raises(InputError, match="the name of a column is missing"):
        read_delimited(f"{header}\n{row}\n".encode(), "here", separator=mark, r_layout=True)


@pytest.mark.parametrize(
    "text",
    [
        "g,logFC\nA,1,5\nB,2,5\n",
        "g,count,logFC\nA,12,1,5\nB,13,2,5\n",
        "g s1\nA 1 500\nB 2 300\n",
        "A\t5\nB\t6\tx\n",
        '"x","s1"\n"A",1,234\n"B",2,345\n',
    ],
)
def test_decimal_commas_and_blanks_of_thousands_are_not_rs_layout(text: str) -> None:
    """Every row is one cell longer than the header, and none of it is R's doing."""
    with pytest.raises(InputError, match="decimal commas or thousands separators"):
        read_delimited(text.encode(), "here", r_layout=True)


def test_rs_layout_is_read_where_it_is_asked_for_and_refused_elsewhere() -> None:
    data = b'"s1"\t"s2"\n"IRF1"\t1\t2\n'
    table = read_delimited(data, "here", r_layout=True)
    assert (table.header, table.r_layout, rows_of(table)) == (["", "s1", "s2"], True, [("IRF1", "1", "2")])
    with pytest.raises(InputError, match="3 cells, the header 2"):
        read_delimited(data, "here")


def test_rows_know_their_lines_past_comments_and_blank_lines() -> None:
    data = b"# made by hand\n\ngene\ts1\n\nA\t1\n  \nB\tx\n"
    table = read_delimited(data, "here")
    assert table.comments == ["# made by hand"]
    assert list(table.lines) == [5, 7]
    with pytest.raises(InputError, match=r"here: line 7 \(B\), column 's1', value 'x'"):
        table.numbers("s1")


def test_lines_are_right_far_down_a_large_file() -> None:
    lines = [f"g{number}\t{number}" for number in range(700_000)]
    lines[650_000] = "odd\t1,5"
    data = ("gene\ts1\n\n" + "\n".join(lines)).encode()
    table = read_delimited(data, "here")
    assert table.n_rows == 700_000
    with pytest.raises(InputError, match=r"line 650003 \(odd\)"):
        table.numbers(1)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "!table_end"])
def test_the_edge_of_a_block_is_nowhere_to_be_seen(
    monkeypatch: pytest.MonkeyPatch, block: int, end: str, mark: str
) -> None:
    """Rows, line ends, characters and end marks that cross from one block to the next are whole."""
    monkeypatch.setattr(delimited, "_BLOCK", block)
    monkeypatch.setattr(delimited, "_SNIFFED_LINES", 2)
    monkeypatch.setattr(decoding, "_BLOCK", block)
    rows = [(f"géne{number}", "x" * number) for number in range(40)]
    lines = ["gene\ttext", *("\t".join(row) for row in rows), *([mark] if mark else [])]
    data = end.join(lines).encode()
    assert rows_of(read_delimited(data, "here", separator="\t", end_mark=mark)) == rows
    assert rows_of(read_delimited(data.decode().encode("utf-16"), "here", separator="\t", end_mark=mark)) == rows


@pytest.mark.parametrize(("comments", "names"), [("leading", ["A", "#B", "C"]), ("anywhere", ["A", "C"])])
def test_comments_below_the_header_are_rows_unless_told_otherwise(comments: str, names: list[str]) -> None:
    table = read_delimited(b"#x\ngene\ts1\nA\t1\n#B\t2\nC\t3\n", "here", comments=comments)  # type: ignore[arg-type]
    assert table.cells(0) == names


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
@pytest.mark.parametrize("other", ["#x", "", "  "])
def test_lines_that_are_no_rows_are_passed_over_wherever_a_block_begins(
    monkeypatch: pytest.MonkeyPatch, block: int, other: str
) -> None:
    """One kind of them alone, far below the lines that are looked at first; the others keep their numbers."""
    monkeypatch.setattr(delimited, "_BLOCK", block)
    monkeypatch.setattr(delimited, "_SNIFFED_LINES", 2)
    monkeypatch.setattr(decoding, "_BLOCK", block)
    lines = ["gene\ts1", *(other if number in {9, 10, 25} else f"g{number}\t{number}" for number in range(2, 40))]
    table = read_delimited("\n".join(lines).encode(), "here", comments="anywhere")
    kept = [number for number in range(2, 40) if number not in {9, 10, 25}]
    assert table.cells(0) == [f"g{number}" for number in kept]
    assert list(table.lines) == kept


@pytest.mark.parametrize("tail", ["", "A\t2\n!Other\n", "!series\n"])
def test_a_table_without_its_end_mark_is_truncated(tail: str) -> None:
    with pytest.raises(InputError, match="truncated"):
        read_delimited(f"g\ts1\nA\t1\n{tail}".encode(), "here", separator="\t", end_mark="!table_end")


def test_reading_goes_on_after_the_end_mark() -> None:
    with open_decoded(b"!begin\ng\ts1\nA\t1\n!Table_End\nmore\n", "here") as decoded:
        decoded.stream.readline()
        table = read_delimited(decoded, separator="\t", end_mark="!table_end")
        assert rows_of(table) == [("A", "1")]
        assert decoded.stream.read() == b"more\n"


def test_a_peek_reads_no_further() -> None:
    table = read_delimited(b"g\ts1\nA\t1\nB\t2\nC\t3\t4\n", "here", max_rows=2)
    assert rows_of(table) == [("A", "1"), ("B", "2")]


@pytest.mark.parametrize("data", [b"", b"\n \n", b"# only a comment\n"])
def test_an_empty_table_is_told(data: bytes) -> None:
    with pytest.raises(InputError, match="the table is empty"):
        read_delimited(data, "here")


def test_a_table_of_too_many_columns_is_refused() -> None:
    """Each column takes kilobytes: a small file of nothing but tabs must not fill the memory."""
    with pytest.raises(InputError, match="50,001 columns"):
        read_delimited(b"\t" * delimited.MAX_COLUMNS + b"\n", "here")


def test_a_column_of_a_repeated_name_cannot_be_asked_for() -> None:
    table = read_delimited(b"gene\tfc\tfc\nA\t1\t2\n", "here")
    with pytest.raises(InputError, match="2 columns are called 'fc'"):
        table.numbers("fc")
    with pytest.raises(InputError, match="'p' is not there"):
        table.cells("p")


def test_rows_of_a_spreadsheet_have_one_width_too() -> None:
    with pytest.raises(InputError, match=r"book.xlsx, sheet 1: row 3 \(B\)"):
        TextTable.from_rows([["gene", "s1"], ["A", "1"], ["B"]], "book.xlsx, sheet 1")


def test_without_a_header_the_first_line_is_a_row() -> None:
    table = read_delimited(b"A\t1\nB\t2\n", "here", header=False)
    assert table.numbers(1).tolist() == [1, 2]


@given(st.lists(st.text("ab,\"' ", max_size=5), min_size=1, max_size=5))
def test_split_line_undoes_what_csv_wrote(cells: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="", quoting=csv.QUOTE_ALL).writerow(cells)
    assert split_line(text.getvalue(), ",") == cells
