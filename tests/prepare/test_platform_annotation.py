"""Platform annotations in all layouts that are understood, and the ways in which one can be broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.prepare.platform_annotation import read_platform_annotation

ANNOTATION = """^Annotation
!Annotation_platform = GPL97
#ID = ID from Platform data table
#Gene symbol = Entrez Gene symbol
!platform_table_begin
ID\tGene title\tGene symbol\tGene ID\tUniGene title
200000_s_at\tpre-mRNA 5" end\tPRPF8\t10594\t
200001_at\ttwo\tA1///B2\t1///22\tx
AFFX-1_at\t\t\t\t
!platform_table_end
"""


def write(tmp_path: Path, text: str, name: str = "GPL.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def rows_of(path: Path) -> list[tuple[str, str, str]]:
    table = read_platform_annotation(path)
    assert list(table.columns) == ["identifier", "symbol", "entrez"]
    return list(table.itertuples(index=False, name=None))


EXPECTED = [("200000_s_at", "PRPF8", "10594"), ("200001_at", "A1///B2", "1///22"), ("AFFX-1_at", "", "")]


@pytest.mark.parametrize("name", ["GPL97.annot.gz", "renamed.tsv"])
def test_geo_annotation(tmp_path, name):
    """The layout is told by content: the name of the file does not matter."""
    assert rows_of(write(tmp_path, ANNOTATION, name)) == EXPECTED


def test_crlf_and_byte_order_mark(tmp_path):
    """Files that went through Windows read the same."""
    path = tmp_path / "GPL.txt"
    path.write_bytes(b"\xef\xbb\xbf" + ANNOTATION.replace("\n", "\r\n").encode())
    assert rows_of(path) == EXPECTED


def test_latin1_bytes(tmp_path):
    """A title in Latin-1 does not stop the reading of symbols."""
    path = tmp_path / "GPL.txt"
    path.write_bytes(ANNOTATION.encode().replace(b"two", b"prot\xe9ine"))
    assert rows_of(path) == EXPECTED


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            "ID\tGene Symbol\tENTREZ_GENE_ID",
            "1_at\tDDR1 /// MIR4640\t780 /// 100616237",
            ("DDR1 /// MIR4640", "780 /// 100616237"),
        ),
        ("ID\tGENE\tGENE_SYMBOL", "12\t945\tCD33", ("CD33", "945")),
        ("ID\tILMN_Gene\tSymbol\tEntrez_Gene_ID", "ILMN_1\tOLD\tNEW\t7", ("NEW", "7")),
        ("ID\tGENE", "12\tCD33", ("CD33", "")),
        ("ID\tGENE", "12\t945", ("", "945")),
        (
            "ID\tgene_assignment",
            "7\tNM_1 // OR4F5 // x // 1p36 // 79501 /// ENST1 // OR4F5 // --- // --- // ---",
            ("OR4F5", "79501"),
        ),
        ("ID\tgene_assignment", "7\t---", ("", "")),
        ("ID\tGene Symbol", "7\t---", ("", "")),
    ],
)
def test_full_platform_tables(tmp_path, header, row, expected):
    """Affymetrix 3' and ST, Agilent and Illumina columns; `GENE` is a symbol or an Entrez id by its content."""
    text = (
        f"^PLATFORM = GPL1\n!Platform_title = x\n#ID = \n!platform_table_begin\n{header}\n{row}\n!platform_table_end\n"
    )
    assert rows_of(write(tmp_path, text))[0][1:] == expected


def test_plain_table(tmp_path):
    """A TSV made by hand; comment lines are passed over."""
    text = '# SIDEMINE-SIMULATED\nprobe_id\tsymbol\n"1320_at"\tPTPN21\n\n1405_i_at\tCCL5\n'
    assert rows_of(write(tmp_path, text)) == [("1320_at", "PTPN21", ""), ("1405_i_at", "CCL5", "")]


def test_probe_on_several_rows_gets_all_its_genes(tmp_path):
    """One row per probe; the mapping decides what becomes of several genes."""
    text = "probe_id\tsymbol\n1_at\tA\n2_at\tB\n1_at\tC\n1_at\tA\n"
    assert rows_of(write(tmp_path, text)) == [("1_at", "A///C", ""), ("2_at", "B", "")]


def test_many_rows_are_all_there(tmp_path):
    """No row is lost where the look at the first ones ends."""
    text = "probe_id\tsymbol\n" + "".join(f"{number}_at\tG{number}\n" for number in range(4100))
    assert [row[0] for row in rows_of(write(tmp_path, text))] == [f"{number}_at" for number in range(4100)]


def test_unknown_columns_are_listed_beside_those_understood(tmp_path):
    """The reader of the message can mend the file or name another."""
    with pytest.raises(InputError, match="not understood") as caught:
        read_platform_annotation(write(tmp_path, "ID\tREFSEQ\tSEQUENCE\n1\tNM_1\tACGT\n"))
    problem = caught.value.problems[0]
    assert "'REFSEQ'" in problem.where
    assert "GENE_SYMBOL" in problem.allowed
    assert "platform_map" in problem.next_step


@pytest.mark.parametrize("cut", ["!platform_table_end\n", "AFFX-1_at\t\t\t\t\n!platform_table_end\n"])
def test_missing_end_mark_means_truncated(tmp_path, cut):
    """A cut annotation would lose genes without a word."""
    with pytest.raises(InputError, match="truncated"):
        read_platform_annotation(write(tmp_path, ANNOTATION.removesuffix(cut)))


def test_platform_without_a_table(tmp_path):
    """Sequencing platforms have no probes."""
    with pytest.raises(InputError, match="holds no table of probes"):
        read_platform_annotation(write(tmp_path, "^PLATFORM = GPL18573\n!Platform_title = Illumina\n"))


def test_two_platforms_are_refused(tmp_path):
    """Which one is meant would be a guess."""
    with pytest.raises(InputError, match="several platforms"):
        read_platform_annotation(write(tmp_path, ANNOTATION + ANNOTATION))


def test_web_page_is_named(tmp_path):
    """An error page saved as data."""
    with pytest.raises(InputError, match="web page"):
        read_platform_annotation(write(tmp_path, "<!DOCTYPE html>\n<html>\n"))


@pytest.mark.parametrize("row", ["1_at\tA\tB", "1_at", "1_at\t\tA"])
def test_row_of_another_width(tmp_path, row):
    """A tab too many or too few shifts the columns, in a hand-made table and in GEO's."""
    with pytest.raises(InputError, match=r"line 3 \(1_at\)"):
        read_platform_annotation(write(tmp_path, f"probe_id\tsymbol\n0_at\tZ\n{row}\n"))
    with pytest.raises(InputError, match=r"line 4 \(1_at\)"):
        read_platform_annotation(
            write(tmp_path, f"!platform_table_begin\nID\tGene Symbol\n0_at\tZ\n{row}\n!platform_table_end\n")
        )


NAME = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x24F), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(NAME.map("p{}".format), NAME.map("G{}".format), min_size=1, max_size=8), st.booleans())
def test_what_is_written_comes_back(tmp_path, genes, as_geo):
    """Probes and symbols survive both GEO's layout and the plain one."""
    body = "".join(f"{probe}\t{symbol}\n" for probe, symbol in genes.items())
    text = (
        f"^Annotation\n!platform_table_begin\nID\tGene symbol\n{body}!platform_table_end\n"
        if as_geo
        else f"ID\tsymbol\n{body}"
    )
    assert rows_of(write(tmp_path, text)) == [(probe, symbol, "") for probe, symbol in genes.items()]


@pytest.mark.real_files
@pytest.mark.parametrize(
    ("path", "n_probes", "probe"),
    [
        (
            "mirror/ftp.ncbi.nlm.nih.gov/geo/platforms/GPLnnn/GPL97/annot/GPL97.annot.gz",
            22645,
            ("200006_at", "PARK7", "11315"),
        ),
        ("data/platforms/GPL96.txt.gz", 22283, ("1316_at", "THRA", "7067")),
        ("data/platforms/probe_symbol_GPL570.tsv.gz", 41937, ("1405_i_at", "CCL5", "")),
    ],
)
def test_real_annotations(real_files, path, n_probes, probe):
    """GEO's annotation, its full platform table, and a plain map."""
    rows = rows_of(real_files / path)
    assert len(rows) == n_probes
    assert probe in rows


@pytest.mark.real_files
def test_real_truncated_annotation_is_refused(real_files):
    """A GPL10558 annotation whose gzip stream breaks off."""
    with pytest.raises(InputError, match="cut short"):
        read_platform_annotation(real_files / "data/miniatures/GPL10558.truncated.annot.gz")
