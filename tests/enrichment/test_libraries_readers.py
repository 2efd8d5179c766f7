"""Gene set libraries are read for what they are, or refused with a reason."""

from __future__ import annotations

import contextlib
import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidemine.enrichment import libraries
from sidemine.enrichment.libraries import find_set, near_names, read_library
from sidemine.errors import InputError
from sidemine.study.choices import SetFormat


def _write(folder: Path, text: str, name: str = "library.gmt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_gmt_keeps_spaces_and_drops_doubled_genes_and_blank_cells(tmp_path: Path) -> None:
    text = "# SIDEMINE-SIMULATED\nA set\twith description\tSTAT1\tIRF 9\tSTAT1\t\t\r\n\nEMPTY\tnone\nB\t\tMX1\n"
    library = read_library(_write(tmp_path, text), "gmt")
    assert library.sets == {"A set": (("STAT1", 1.0), ("IRF 9", 1.0)), "EMPTY": (), "B": (("MX1", 1.0),)}
    assert library.notes == ("1 sets of the library hold no gene",)


def test_gzip_is_recognised_by_content_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "library.gmt"
    path.write_bytes(gzip.compress(b"A\td\tSTAT1\n"))
    assert set(read_library(path, "gmt").sets) == {"A"}


def test_byte_order_mark_and_unusual_line_breaks_do_not_split_names(tmp_path: Path) -> None:
    library = read_library(_write(tmp_path, "\ufeffA\x0bB\u2028C\td\tSTAT1\n"), "gmt")
    assert list(library.sets) == ["A\x0bB\u2028C"]


def test_latin_1_in_a_description_is_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "library.gmt"
    path.write_bytes(b"A\tSj\xf6gren\tSTAT1\n")
    assert read_library(path, "gmt").sets == {"A": (("STAT1", 1.0),)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# only a comment\n", "holds no gene set"),
        ("A STAT1 MX1\n", "has no tab"),
        ("\tdescription\tSTAT1\n", "no set name"),
        ("A\td\tSTAT1\nA\td\tMX1\n", "'A' stands twice"),
        ("<!DOCTYPE html><html>gone</html>", "is a web page"),
        ("A\x00B", "NUL bytes"),
    ],
)
def test_what_is_no_gmt_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_library(_write(tmp_path, text), "gmt")


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.gmt.gz"
    path.write_bytes(gzip.compress(b"A\td\t" + b"STAT1\t" * 5000)[:-12])
    with pytest.raises(InputError, match=r"gzip|truncated|cut"):
        read_library(path, "gmt")


def test_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there"):
        read_library(tmp_path / "nothing.gmt", "gmt")


def test_all_bad_lines_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 problems"):
        read_library(_write(tmp_path, "A B\nC D\nE\td\tSTAT1\n"), "gmt")


def test_zip_with_one_gmt_is_read_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Readme.txt", "hello")
        archive.writestr("sets.gmt", "Some set\tR-HSA-1\tSTAT1\n")
    assert read_library(path, "gmt_zip").sets == {"Some set": (("STAT1", 1.0),)}
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.gmt", "A\tR-HSA-2\tSTAT1\n")
    with pytest.raises(InputError, match="2 GMT files instead of one"):
        read_library(path, "gmt_zip")


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged or locked"):
        read_library(_write(tmp_path, "no zip", "library.zip"), "gmt_zip")


def test_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sets.gmt", "A\td\t" + "G\t" * 10_000)
    monkeypatch.setattr(libraries, "MAX_TEXT_BYTES", 1000)
    with pytest.raises(InputError, match="larger than 1,000 bytes"):
        read_library(path, "gmt_zip")


def test_signed_long_tables_keep_their_weights(tmp_path: Path) -> None:
    collectri = _write(tmp_path, '"source","target","weight"\n"STAT1","IRF1",1\n"STAT1","MYC",-1\n', "c.csv")
    dorothea = _write(tmp_path, "tf\tconfidence\ttarget\tmor\nSTAT1\tA\tIRF1\t1\n", "d.tsv")
    progeny = _write(tmp_path, "gene\tpathway\tweight\nIFIT1\tJAK-STAT\t27.8\n", "p.tsv")
    own = _write(tmp_path, "# mark\ngene_set\tfamily\tgene\tweight\nCORE\ttarget\tMX1\t\n", "o.tsv")
    assert read_library(collectri, "collectri").sets == {"STAT1": (("IRF1", 1.0), ("MYC", -1.0))}
    assert read_library(dorothea, "dorothea").sets == {"STAT1": (("IRF1", 1.0),)}
    assert read_library(progeny, "progeny").sets == {"JAK-STAT": (("IFIT1", 27.8),)}
    assert read_library(own, "sets_tsv").sets == {"CORE": (("MX1", 1.0),)}


@pytest.mark.parametrize("weight", ["heavy", "0", "inf", "nan"])
def test_weights_that_are_no_weights_are_refused_with_their_line(tmp_path: Path, weight: str) -> None:
    path = _write(tmp_path, f"gene\tpathway\tweight\nA\tP\t1\nB\tP\t{weight}\n", "p.tsv")
    with pytest.raises(InputError, match="line 3"):
        read_library(path, "progeny")


def test_wrong_format_names_the_missing_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lacks column source, target, weight"):
        read_library(_write(tmp_path, "A\td\tSTAT1\n"), "collectri")


def test_unknown_set_lists_near_names_and_their_number(tmp_path: Path) -> None:
    path = _write(tmp_path, "HALLMARK_INTERFERON_ALPHA_RESPONSE\td\tMX1\nHALLMARK_HYPOXIA\td\tVEGFA\n")
    library = read_library(path, "gmt")
    with pytest.raises(InputError, match=r"(?s)2 sets.*nearest names: HALLMARK_INTERFERON_ALPHA_RESPONSE"):
        find_set(library, "hallmark_interferon_alpha_response")
    assert near_names("ALPHA", library.sets) == ["HALLMARK_INTERFERON_ALPHA_RESPONSE"]


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters='\t\r\n#\x00",;'), min_size=1).filter(str.strip)


@given(sets=st.dictionaries(_NAMES.map(str.strip), st.lists(_NAMES.map(str.strip), min_size=1), min_size=1, max_size=5))
def test_any_gmt_reads_back_as_it_was_written(
    sets: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assume(not any("in words" in genes for genes in sets.values()))
    text = "".join("\t".join([name, "in words", *genes]) + "\n" for name, genes in sets.items())
    if text.lstrip("\ufeff \t").lower().startswith(("<!doctype", "<html", "<?xml")) or text.startswith("\ufeff"):
        return
    path = tmp_path_factory.getbasetemp() / "any.gmt"
    path.write_bytes(text.encode())
    found = read_library(path, "gmt").sets
    assert {name: [gene for gene, _ in genes] for name, genes in found.items()} == {
        name: list(dict.fromkeys(genes)) for name, genes in sets.items()
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("IFN_A\tSTAT1\tIRF1\tISG15\nIFN_B\tIFIT1\tIFIT3\tCXCL10\n", 1),
        ("A\thttp://a\tSTAT1\tIRF1\nB\tIRF1\tMX1\n", 2),
        ("A\tENSG00000115415\tENSG00000125347\n", 1),
        ("A\t6772\t3659\nB\t3659\t4599\n", 1),
        ("A\tJUN\tFOS\tMYC\n", 1),
        ("A\tHLA-DRA\tFOS\tMYC\n", 1),
        ("A\tStat1\tIrf1\tMx1\n", 1),
    ],
)
def test_a_gmt_without_descriptions_loses_no_gene(tmp_path: Path, text: str, line: int) -> None:
    """The second cell is a gene: refused with its line, instead of being passed over as a description."""
    with pytest.raises(InputError, match=rf"line {line}: set"):
        read_library(_write(tmp_path, text), "gmt")


@pytest.mark.parametrize(
    "text",
    [
        "A\tM5890\tSTAT1\nB\tM5891\tIRF1\nC\tM12\tMX1\n",
        "11_one\t11\t5\t11\n12_two\t12\t11\n13_three\t13\t12\n",
        "A\tBTM1\tSTAT1\nB\tBTM1\tIRF1\nC\tBTM1\tMX1\n",
        "A\tna\tSTAT1\nB\t\tIRF1\n",
        "A\tR-HSA-12\tSTAT1\n",
        "A\tin words\tSTAT1\nB\tpathway\tIRF1\n",
    ],
    ids=["accessions", "parts of the name", "one word", "nothing", "Reactome", "words"],
)
def test_accessions_as_descriptions_are_no_genes(tmp_path: Path, text: str) -> None:
    """What libraries write as a description is alike from line to line."""
    assert len(read_library(_write(tmp_path, text), "gmt").sets) == text.count("\n")


@pytest.mark.parametrize(
    "row", ["STAT1,IRF1", "STAT1,IRF1,1,2", 'STAT1,"IRF1,1', "STAT1,IRF1,", "STAT1,IRF1,1_0", "STAT1,IRF1,NA"]
)
def test_a_faulty_line_of_a_regulon_is_refused_with_its_number(tmp_path: Path, row: str) -> None:
    """Width, quotes, and a weight that is missing: it is not 1."""
    path = _write(tmp_path, f"source,target,weight\nSTAT1,MX1,1\n{row}\n", "c.csv")
    with pytest.raises(InputError, match="line 3"):
        read_library(path, "collectri")


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_but_never_crash(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    formats: tuple[SetFormat, ...] = ("gmt", "gmt_zip", "collectri", "sets_tsv")
    for set_format in formats:
        with contextlib.suppress(InputError):  # nothing else may come out
            assert read_library(path, set_format).sets


@pytest.mark.parametrize("cell", ["STAT1, MX1", "STAT1;MX1", "STAT1,0.7"])
def test_several_genes_or_weights_in_one_cell_are_refused(tmp_path: Path, cell: str) -> None:
    """Such a cell is the name of no gene, and its genes would be lost one and all."""
    with pytest.raises(InputError, match="is no gene: several, or a weight"):
        read_library(_write(tmp_path, f"A\tin words\tIRF1\t{cell}\n"), "gmt")


def test_names_in_words_may_hold_a_comma(tmp_path: Path) -> None:
    """Reactome has members that are no human genes; they are told as unknown, and cost nobody the set."""
    library = read_library(_write(tmp_path, "A\tin words\tIRF1\tSARS coronavirus, complete genome\n"), "gmt")
    assert library.sets == {"A": (("IRF1", 1.0), ("SARS coronavirus, complete genome", 1.0))}


def test_quotes_of_a_spreadsheet_are_no_part_of_a_name(tmp_path: Path) -> None:
    library = read_library(_write(tmp_path, '"A"\t"in words, with a comma"\t"STAT1"\t"MX1"\n'), "gmt")
    assert library.sets == {"A": (("STAT1", 1.0), ("MX1", 1.0))}
