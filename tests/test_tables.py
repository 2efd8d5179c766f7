"""The table contract: what is written is checked, the same bytes every time, and read back as it was."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Annotated, Literal

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.errors import InputError
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.prepare.sample_table import SAMPLES
from sidemine.tables import (
    MAY_BE_EMPTY,
    Column,
    TableSpec,
    empty_table,
    read_json,
    read_table,
    spec_of,
    table_of,
    write_json,
    write_table,
)

SETS = pd.DataFrame(
    {
        "gene_set": ["S", "S"],
        "family": ["target", "target"],
        "gene": ["NA", "ISG15"],
        "weight": [1.0, -0.1234567890123],
        "version": ["1", "1"],
        "source": ["a", "a"],
    }
)


@pytest.mark.parametrize("name", ["sets.tsv", "sets.tsv.gz"])
def test_a_table_comes_back_as_it_was(tmp_path, name):
    """Texts stay texts, a gene called NA too; numbers keep ten digits."""
    write_table(SETS, tmp_path / name, GENE_SETS)
    back = read_table(tmp_path / name, GENE_SETS)
    assert back["gene"].to_list() == ["NA", "ISG15"]
    assert back["version"].to_list() == ["1", "1"]
    assert back["weight"].to_numpy() == pytest.approx(SETS["weight"].to_numpy(), rel=1e-9)


def test_the_same_table_gives_the_same_bytes(tmp_path):
    """No time stamp and no file name enters a gzip file."""
    write_table(SETS, tmp_path / "a.tsv.gz", GENE_SETS)
    write_table(SETS, tmp_path / "b.tsv.gz", GENE_SETS)
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.tsv.gz").read_bytes()).startswith(b"gene_set\tfamily")


def test_numbers_are_written_as_pandas_writes_them(tmp_path):
    """Our faster way gives the same bytes: missing, infinite, huge, tiny and whole numbers, in floats of any width."""
    numbers = [float("nan"), float("inf"), -0.0, 0.1 + 0.2, 1e-300, -1.5e22, 3.0, 123456789012.0, 1 / 3]
    table = pd.DataFrame(
        {"wide": numbers, "count": range(9), "truth": [True] * 9, "text": list('a"b,c d;e'), "narrow": numbers}
    )
    table["narrow"] = table["narrow"].astype("float32")
    table["nullable"] = pd.array([*numbers[:8], None], dtype="Float64")
    kinds = [("wide", "number"), ("count", "integer"), ("truth", "boolean"), ("text", "text"), ("narrow", "number")]
    columns = [Column(name, kind, "a column", may_be_empty=True) for name, kind in [*kinds, ("nullable", "number")]]
    write_table(table, tmp_path / "numbers.tsv", TableSpec("numbers", tuple(columns)))
    told = table.to_csv(sep="\t", index=False, float_format="%.10g", lineterminator="\n")
    assert (tmp_path / "numbers.tsv").read_text() == told


def test_an_empty_table_is_typed_and_readable(tmp_path):
    """Nothing found is a table with its columns, not a blank file."""
    write_table(empty_table(GENE_SETS), tmp_path / "none.tsv", GENE_SETS)
    back = read_table(tmp_path / "none.tsv", GENE_SETS)
    assert list(back.columns) == GENE_SETS.names
    assert len(back) == 0


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (SETS.drop(columns="weight"), "does not have its columns"),
        (SETS[SETS.columns[::-1]], "does not have its columns"),
        (SETS.assign(extra=1), "does not have its columns"),
        (SETS.assign(gene=["ISG15", ""]), "column gene has an empty cell"),
        (SETS.assign(weight=["1", "many"]), "column weight holds something that is not a number"),
    ],
    ids=["missing", "order", "extra", "empty", "text"],
)
def test_a_table_that_breaks_its_contract_is_not_written(tmp_path, broken, message):
    """A wrong table stops with the column and the row, and leaves no file behind."""
    with pytest.raises(InputError, match=message):
        write_table(broken, tmp_path / "x.tsv", GENE_SETS)
    assert not (tmp_path / "x.tsv").exists()


def test_open_ended_tables_take_further_columns(tmp_path):
    """Metadata columns follow the fixed ones and are read as text."""
    samples = pd.DataFrame({"sample": ["a"], "unit": ["u"], "fate": ["used"], "value_column": ["a"], "age": ["007"]})
    write_table(samples, tmp_path / "samples.tsv", SAMPLES)
    assert read_table(tmp_path / "samples.tsv", SAMPLES)["age"].to_list() == ["007"]


def test_cells_that_may_be_empty_stay_empty(tmp_path):
    """A dropped identifier has no gene; that is no missing text."""
    ledger = pd.DataFrame({"identifier": ["p1"], "gene": [""], "fate": ["dropped"], "reason": ["unknown"]})
    write_table(ledger, tmp_path / "ledger.tsv", GENES_LEDGER)
    assert read_table(tmp_path / "ledger.tsv", GENES_LEDGER)["gene"].to_list() == [""]


def test_json_is_sorted_and_knows_no_infinity(tmp_path):
    """Keys in one order; NaN and infinity are refused, because null with a reason is the honest value."""
    write_json({"b": 1, "a": "ä"}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text(encoding="utf-8").index('"a"') < 10
    assert read_json(tmp_path / "x.json") == {"a": "ä", "b": 1}
    with pytest.raises(ValueError, match="Out of range float"):
        write_json({"p": float("nan")}, tmp_path / "y.json")


MIXED = TableSpec(
    "mixed.tsv",
    (
        Column("word", "text", "A word."),
        Column("number", "number", "A number.", may_be_empty=True),
        Column("count", "integer", "A count."),
        Column("truth", "boolean", "A truth."),
    ),
)
HEADER = b"word\tnumber\tcount\ttruth\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEADER.strip(),
        HEADER + b"a\t1\t2\tTr",
        HEADER + b"a\t1\t2\n",
        HEADER + b"a\t1\t2\tTrue\t5\n",
        HEADER + b'"a\t1\t2\tTrue\n',
        HEADER + b"\xff\t1\t2\tTrue\n",
        HEADER + b"a\tmany\t2\tTrue\n",
        HEADER + b"a\tTrue\t2\tTrue\n",
        HEADER + b"a\t1\t2.5\tTrue\n",
        HEADER + b"a\t1\tinf\tTrue\n",
        HEADER + b"a\t1\t18446744073709551616\tTrue\n",
        HEADER + b"a\t1\t2\tperhaps\n",
        HEADER + b"a\t1\t2\t1\n",
        HEADER.replace(b"number", b"word") + b"a\t1\t2\tTrue\n",
        HEADER.replace(b"\t", b",") + b"a,1,2,True\n",
        HEADER + b"a\t1\t2\tTrue\n\nb\t1\t2\tTrue\n",
        gzip.compress(HEADER, mtime=0),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, content):
    """Empty, cut off, rows of another length, other kinds of values, other bytes: the file is named."""
    (tmp_path / "mixed.tsv").write_bytes(content)
    with pytest.raises(InputError, match=r"mixed\.tsv"):
        read_table(tmp_path / "mixed.tsv", MIXED)


PACKED = gzip.compress(HEADER + b"a\t1\t2\tTrue\n", mtime=0)  # workers must agree on the names of tests


@pytest.mark.parametrize("content", [b"", HEADER, PACKED[:20], PACKED[:-8] + bytes(8), PACKED + b"more"])
def test_what_gzip_cannot_unpack_is_refused(tmp_path, content):
    (tmp_path / "mixed.tsv.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"mixed\.tsv\.gz"):
        read_table(tmp_path / "mixed.tsv.gz", MIXED)


def test_a_whole_number_that_is_written_otherwise_is_whole(tmp_path):
    (tmp_path / "mixed.tsv").write_bytes(HEADER + b"a\t\t1e5\tTrue\n")
    assert read_table(tmp_path / "mixed.tsv", MIXED)["count"].to_list() == [100_000]


@pytest.mark.parametrize("word", [b"1e5", b'"1e5"'])
def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path, word):
    """It puts a mark of byte order before the first name: the column keeps its name, and a gene called 1e5 is no number."""
    spec = TableSpec("t.tsv", (Column("gene", "text", "any"), Column("number", "number", "any")), open_ended=True)
    (tmp_path / "t.tsv").write_bytes(b"\xef\xbb\xbfgene\tnumber\n" + word + b"\t2\n")
    assert read_table(tmp_path / "t.tsv", spec).to_dict("list") == {"gene": ["1e5"], "number": [2.0]}


ROWS = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    st.none() | st.floats(-1e300, 1e300).map(lambda value: value + 0.0),  # zero has no sign in a table
    st.integers(-(2**53), 2**53),
    st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
def test_whatever_is_written_comes_back(tmp_path, rows):
    """Any words (quotes, tabs, line breaks, nan), and the same bytes when it is written again; a carriage return is a blank."""
    table = pd.DataFrame(rows, columns=MIXED.names).astype({"number": float})
    write_table(table, tmp_path / "a.tsv", MIXED)
    back = read_table(tmp_path / "a.tsv", MIXED)
    write_table(back, tmp_path / "b.tsv", MIXED)
    assert back["word"].to_list() == [word.replace("\r", " ") for word in table["word"]]
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    told = table.assign(word=back["word"]).to_csv(sep="\t", index=False, float_format="%.10g", lineterminator="\n")
    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == told, "as pandas writes it"


NUMBERS = st.floats(-1e300, 1e300) | st.floats(0, 1) | st.integers(0, 10**6).map(float)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(NUMBERS, min_size=1, max_size=5), word=st.sampled_from(["a", '"a"']))
def test_a_number_is_the_same_whatever_stands_beside_it(tmp_path, values, word):
    """A quotation mark in a table has it read another way; each number is still the nearest one to what is written."""
    spec = TableSpec("t.tsv", (Column("word", "text", "any"), Column("number", "number", "any")), open_ended=True)
    table = pd.DataFrame({"word": word, "number": values, "further": [f"{value:.3g}" for value in values]})
    write_table(table, tmp_path / "t.tsv", spec)
    back = read_table(tmp_path / "t.tsv", spec)
    assert back["number"].to_list() == [float(f"{value:.10g}") for value in values]
    assert back["further"].to_list() == table["further"].to_list()
    assert back["word"].to_list() == [word] * len(values)


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    name: Annotated[str, "A name."]
    kind: Annotated[Literal["a", "b"], "A word of two."]
    n: Annotated[int, "How many."]
    measured: Annotated[int | None, "How many were measured."]
    effect: Annotated[float | None, "An effect."]
    agrees: Annotated[bool | None, "Whether it agrees."]
    reason: Annotated[str, "Why.", MAY_BE_EMPTY] = ""


ROWS = spec_of("rows.tsv", Row)


def test_a_cell_of_blanks_or_with_a_nul_is_a_cell(tmp_path):
    """A reader may pass over a row of blanks, and end a cell at a NUL."""
    spec = TableSpec("words", (Column("word", "text", "any"),))
    write_table(pd.DataFrame({"word": ["a\0b", "  ", "c"]}), tmp_path / "t.tsv", spec)
    assert read_table(tmp_path / "t.tsv", spec)["word"].to_list() == ["a b", "  ", "c"]


def test_columns_are_the_fields_of_a_record():
    """Name, kind and emptiness stand once, in the type of the field: a table cannot drift from its record."""
    kinds = [(column.name, column.kind, column.may_be_empty) for column in ROWS.columns]
    assert kinds == [
        ("name", "text", False),
        ("kind", "text", False),
        ("n", "integer", False),
        ("measured", "integer", True),
        ("effect", "number", True),
        ("agrees", "boolean", True),
        ("reason", "text", True),
    ]
    assert ROWS.columns[4].meaning == "An effect."


@pytest.mark.parametrize("rows", [[], [Row("x", "a", 1, None, None, None), Row("y", "b", 2, 3, -0.5, True, "so")]])
def test_records_are_written_as_they_are(rows, tmp_path):
    """Whole numbers beside empty cells stay whole numbers, and a table without rows keeps its types."""
    path = tmp_path / "rows.tsv"
    write_table(table_of(rows, ROWS), path, ROWS)
    lines = path.read_text().splitlines()[1:]
    assert lines == (["x\ta\t1\t\t\t\t", "y\tb\t2\t3\t-0.5\tTrue\tso"] if rows else [])
    assert list(read_table(path, ROWS).columns) == ROWS.names
