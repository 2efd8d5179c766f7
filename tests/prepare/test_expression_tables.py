"""Text tables of genes × samples, in the shapes that people deposit."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.sources.declarations import DeclaredValues, IdentifierKind
from sidemine.sources.expression_table import read_expression_table, read_table_columns, to_value_matrix
from sidemine.text.delimited import read_delimited


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


def test_a_column_of_text_under_an_unknown_name_is_asked_for(tmp_path: Path) -> None:
    """It may be a sample whose cells are `<0.1`, so only a declaration or the metadata say what it is."""
    path = _write(tmp_path, "id\twhat it is\ts1\nA\talpha\t1\nB\tbeta\t2\n")
    with pytest.raises(InputError, match=r"line 2 \(A\), column 'what it is', value 'alpha'(.|\n)*annotation_columns"):
        read_expression_table(path)
    declared = DeclaredValues(annotation_columns=("what it is",))
    assert read_expression_table(path, declared=declared).columns == ["s1"]
    assert read_expression_table(path, ["s1"], named=["s1"]).columns == ["s1"]


@pytest.mark.parametrize("cell", ["<0.1", "\u22121.5", "6,5", "#VALUE!", "1,234", "1_000", "n.d."])
def test_a_sample_whose_cells_are_no_numbers_stays_a_sample(tmp_path: Path, cell: str) -> None:
    """Every cell of the sample is bad: with and without metadata the column is refused, never dropped."""
    path = _write(tmp_path, f"gene\ts1\ts2\nA\t{cell}\t2\nB\t{cell}\t3\n")
    with pytest.raises(InputError, match=rf"line 2 \(A\), column 's1', value '{re.escape(cell)}'"):
        read_expression_table(path)
    assert read_table_columns(path, named=["s1", "s2"]) == ["s1", "s2"]
    with pytest.raises(InputError, match=rf"line 2 \(A\), column 's1', value '{re.escape(cell)}'"):
        read_expression_table(path, ["s1", "s2"], named=["s1", "s2"])


def test_a_sample_without_any_value_is_refused(tmp_path: Path) -> None:
    """A column of NA is a sample that has no data, which somebody must know."""
    with pytest.raises(InputError, match=r"1 samples have no value at all(.|\n)*'s2'"):
        read_expression_table(_write(tmp_path, "gene\ts1\ts2\nA\t1\tNA\nB\t2\t\n"))


ENTREZ = ["57709", "645121", "119395", "7157"]
SYMBOLS = ["STAT1", "IRF1", "ISG15", "MX1"]


@pytest.mark.parametrize("counter", [["1", "2", "3", "4"], ["0", "1", "2", "3"], ["3", "1", "7", "2"]])
@pytest.mark.parametrize(
    ("kind", "name", "genes"),
    [("entrez", "entrez", ENTREZ), ("symbol", "symbol", SYMBOLS), ("symbol", "Gene", SYMBOLS)],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_row_counter_is_never_an_identifier(
    tmp_path: Path, counter: list[str], kind: IdentifierKind, name: str, genes: list[str], quote: str
) -> None:
    """R's row names and pandas' index, also after subsetting, give way to the column of identifiers."""
    rows = [f"{quote}{n}{quote},{gene},{i},{i + 1}" for i, (n, gene) in enumerate(zip(counter, genes, strict=True))]
    path = _write(tmp_path, "\n".join([f"{quote}{quote},{name},s1,s2", *rows]))
    matrix = read_expression_table(path, declared=DeclaredValues(kind))
    assert (matrix.identifiers, matrix.columns) == (genes, ["s1", "s2"])
    assert any(f"identifiers come from column '{name}'" in note for note in matrix.notes)


def test_a_row_counter_without_another_column_of_genes_is_refused(tmp_path: Path) -> None:
    """Nothing in the table names the genes, or two columns do: the key to set is told."""
    rows = "".join(f"{n},{n * 7},{n * 9}\n" for n in range(1, 6))
    with pytest.raises(InputError, match=r"not clear which column names the genes(.|\n)*gene_column"):
        read_expression_table(_write(tmp_path, f",s1,s2\n{rows}"), declared=DeclaredValues("entrez"))
    two = _write(tmp_path, ",symbol,hgnc_symbol,s1\n1,A,B,5\n2,C,D,6\n3,E,F,7\n")
    with pytest.raises(InputError, match="Set gene_column to one of: 'symbol', 'hgnc_symbol'"):
        read_expression_table(two)
    matrix = read_expression_table(two, declared=DeclaredValues("symbol", "hgnc_symbol"))
    assert (matrix.identifiers, matrix.columns) == (["B", "D", "F"], ["s1"])


def test_row_numbers_after_subsetting_are_no_entrez_ids(tmp_path: Path) -> None:
    """Numbers without a name over them, 60 of 9,000 rows: nothing in the table names the genes."""
    numbers = [7 * number % 8_999 + 1 for number in range(300, 360)]
    rows = "\n".join(f'"{number}",5,6' for number in numbers)
    path = _write(tmp_path, f'"","s1","s2"\n{rows}\n')
    with pytest.raises(InputError, match="seems to count rows"):
        read_expression_table(path, declared=DeclaredValues("entrez"))
    named = _write(tmp_path, f'"entrez","s1","s2"\n{rows}\n', "named.csv")
    assert len(read_expression_table(named, declared=DeclaredValues("entrez")).identifiers) == 60


def test_r_numbers_its_rows_without_a_header_over_them(tmp_path: Path) -> None:
    """write.table of a data frame with a gene column: one header cell short although `symbol` describes genes."""
    path = _write(tmp_path, '"symbol" "s1"\n"1" "STAT1" 5\n"2" "IRF1" 6\n"3" "MX1" 7\n')
    matrix = read_expression_table(path, declared=DeclaredValues("symbol"))
    assert (matrix.identifiers, matrix.columns) == (["STAT1", "IRF1", "MX1"], ["s1"])


def test_numbered_probes_are_identifiers(tmp_path: Path) -> None:
    """Some arrays number their probes from 1: a column called ID holds them."""
    path = _write(tmp_path, "ID\ts1\n1\t5\n2\t6\n3\t7\n")
    assert read_expression_table(path, declared=DeclaredValues("probe")).identifiers == ["1", "2", "3"]


@pytest.mark.parametrize(
    "header",
    ["chr\tstart\tend\tgene_name\ts1\ts2", "Chromosome\tStart\tEnd\tSymbol\ts1\ts2", "Chr\tStop\tStart\tGene\ts1\ts2"],
)
def test_coordinates_are_never_samples(tmp_path: Path, header: str) -> None:
    """The gene column is found behind the coordinates."""
    rows = "chr1\t0\t50\tSTAT1\t153\t94\nchr2\t100\t150\tIRF1\t83\t84\n"
    matrix = read_expression_table(_write(tmp_path, f"{header}\n{rows}"), declared=DeclaredValues("symbol"))
    assert (matrix.identifiers, matrix.columns) == (["STAT1", "IRF1"], ["s1", "s2"])


@pytest.mark.parametrize(
    "statistics",
    [
        "baseMean log2FoldChange lfcSE stat pvalue padj",
        "logFC logCPM F PValue FDR",
        "logFC AveExpr t P.Value adj.P.Val B",
        "logFC logCPM LR PValue FDR",
    ],
)
def test_statistics_are_never_samples(tmp_path: Path, statistics: str) -> None:
    """DESeq2, edgeR and limma tables that carry counts: only the counts are samples."""
    names = statistics.split()
    header = "\t".join(["gene", "s1", "B1", *names])
    row = "\t".join(["STAT1", "5", "6", *("0.1" for _ in names)])
    assert read_table_columns(_write(tmp_path, f"{header}\n{row}\n")) == ["s1", "B1"]


def test_many_columns_are_no_matter_of_their_square(tmp_path: Path) -> None:
    """20,000 columns are read; looking at each of them once for each other one would be 400 million looks."""
    path = _write(
        tmp_path, "\t".join(["gene", *(f"s{number}" for number in range(20_000))]) + "\nSTAT1" + "\t5" * 20_000
    )
    columns = read_table_columns(path)
    assert read_expression_table(path, columns[:2]).values.tolist() == [[5, 5]]
    assert len(columns) == 20_000


def test_short_names_are_samples_where_no_statistic_stands_beside_them(tmp_path: Path) -> None:
    """A sample may be called B, F or t; and metadata decide before any list of names."""
    assert read_table_columns(_write(tmp_path, "gene\tB\tF\tt\nA\t1\t2\t3\n")) == ["B", "F", "t"]
    path = _write(tmp_path, "gene\tB\tlogFC\tFDR\nA\t1\t2\t3\n")
    assert read_table_columns(path, named=["B", "logFC"]) == ["B", "logFC"]


@pytest.mark.parametrize("word", ["hugo", "tx"])
def test_a_header_one_short_under_an_unknown_word_is_caught_by_the_metadata(tmp_path: Path, word: str) -> None:
    """`hugo s0 s1 s3` over four values: the first header cell names no sample, so a sample's name is missing."""
    path = _write(tmp_path, f"{word} s0 s1 s3\nA 1 2 3 4\nB 5 6 7 8\n")
    with pytest.raises(InputError, match="its first cell names no sample"):
        read_expression_table(path, ["s0", "s1", "s3"], named=["s0", "s1", "s2", "s3"])


def test_a_header_one_short_under_an_unknown_word_is_caught_by_the_other_names(tmp_path: Path) -> None:
    """Without metadata the names of the samples tell that `hugo` is none of them."""
    for text in ("hugo\ts0\ts1\ts3\nA\t1\t2\t3\t4\n", "hugo s0 s1\nA 6 093 5\nB 7 093 8\n"):
        with pytest.raises(InputError, match="its first cell names no sample"):
            read_expression_table(_write(tmp_path, text))
    assert read_table_columns(_write(tmp_path, "s1\ts2\ts3\nA\t1\t2\t3\n")) == ["s1", "s2", "s3"]
    assert read_table_columns(_write(tmp_path, "WT\tKO\tHET\nA\t1\t2\t3\n")) == ["WT", "KO", "HET"]


def test_the_name_of_a_sample_over_the_genes_is_refused(tmp_path: Path) -> None:
    """R's layout with one name cut in two by a blank: every name would stand over its neighbour's values."""
    path = _write(tmp_path, "s0 s1 s2 s 3\nA 1 2 3 4\nB 5 6 7 8\n")
    with pytest.raises(InputError, match="bears the name of a sample"):
        read_expression_table(path, ["s1", "s2"], named=["s0", "s1", "s2", "s 3"])


def test_a_table_without_a_header_is_refused(tmp_path: Path) -> None:
    """The first gene is not lost as a header."""
    with pytest.raises(InputError, match="seems to have no header"):
        read_expression_table(_write(tmp_path, "STAT1\t5\t6\nIRF1\t7\t8\n"))


def test_a_header_behind_a_mark_of_comments_is_read(tmp_path: Path) -> None:
    """`#ID s1 s2` is a header, not a comment above a first row of names."""
    matrix = read_expression_table(_write(tmp_path, "# by hand\n#gene_id\ts1\ts2\nA\t5\t6\nB\t7\t8\n"))
    assert (matrix.identifiers, matrix.columns) == (["A", "B"], ["s1", "s2"])


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
    with pytest.raises(InputError, match=rf"line 3 \(B\), column 's2', value '{cell}'"):
        read_expression_table(path)


def test_several_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    """Problems come together, not one per run."""
    with pytest.raises(InputError, match="2 problems"):
        read_expression_table(_write(tmp_path, "g\ts1\ts2\nA\tx\t2\nB\t3\ty\nC\t1\t1\n"))


def test_infinite_value_is_refused(tmp_path: Path) -> None:
    """log of zero was deposited: say so."""
    with pytest.raises(InputError, match=r"infinite(.|\n)*line 2 \(A\), column 's1', value '-inf'"):
        read_expression_table(_write(tmp_path, "g\ts1\nA\t-inf\nB\t1\n"))


def test_short_row_is_refused(tmp_path: Path) -> None:
    """A table that was cut in the middle of a row is not read as one with missing values."""
    with pytest.raises(InputError, match=r"a row has 2 cells, the header 3(.|\n)*line 3 \(B\)"):
        read_expression_table(_write(tmp_path, "g\ts1\ts2\nA\t1\t2\nB\t3\n"))


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    """A gzip stream that breaks off is never read as a short table."""
    whole = gzip.compress(b"g\ts1\n" + b"".join(b"G%d\t%d\n" % (i, i * 7919) for i in range(50_000)))
    with pytest.raises(InputError, match="truncated"):
        read_expression_table(_write(tmp_path, whole[: len(whole) // 2], "table.tsv.gz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the table is empty"),
        ("g\ts1\n", "no rows"),
        ("g\ts1\ts1\nA\t1\t2\n", "column names repeat"),
        ("g\tdescription\nA\tx\n", "no column of numbers"),
        ("g\ts1\nA\t1\t2\t3\n", "a row has 4 cells, the header 2"),
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


@settings(max_examples=40)
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


@st.composite
def edited_tables(draw: st.DrawFn) -> tuple[str, dict[str, list[float]], list[str]]:
    """Draw a table of named samples with one edit of its structure, or one that goes through a whole column."""
    samples = [f"s{number}" for number in range(draw(st.integers(2, 4)))]
    mark, quote = draw(st.sampled_from("\t,;")), draw(st.sampled_from(["", '"']))
    head = draw(st.sampled_from(["gene", "gene_id", "", "hugo", None]))
    genes = ["STAT1", "IRF1", "MX1"]
    values = {
        gene: draw(st.lists(st.integers(10, 9999), min_size=len(samples), max_size=len(samples))) for gene in genes
    }
    header = [quote + name + quote for name in ([] if head is None else [head]) + samples]
    rows = [[quote + gene + quote, *map(str, numbers)] for gene, numbers in values.items()]
    token = draw(st.sampled_from([mark, mark, '"', ",", ";", "\t", " ", "\n", "\r", "#", "NA", "_"]))
    if draw(st.booleans()):
        column = draw(st.integers(1, len(samples)))
        for row in rows:
            row[column] = row[column][0] + token + row[column][1:]
        text = "\n".join(map(mark.join, [header, *rows])) + "\n"
    else:
        text = "\n".join(map(mark.join, [header, *rows])) + "\n"
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + token + text[place + (not text[place].isdigit() and draw(st.booleans())) :]
    return text, {gene: list(map(float, numbers)) for gene, numbers in values.items()}, samples


@settings(max_examples=300)
@given(edited_tables())
def test_no_edit_of_the_structure_changes_a_value(table: tuple[str, dict[str, list[float]], list[str]]) -> None:
    """A surplus, missing or stray separator, quote or line break is refused, or leaves every value where it was."""
    text, values, samples = table
    try:
        read = to_value_matrix(
            read_delimited(text.encode(), "here", r_layout=True), samples, DeclaredValues("symbol"), samples
        )
    except InputError:
        return
    for gene, row in zip(read.identifiers, read.values.tolist(), strict=True):
        assert gene not in values or row == values[gene]
    assert len(read.identifiers) >= len(values)
