"""Names of genes: approved, previous, alias, case, Ensembl, and what spreadsheets made of them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.prepare.gene_mapping import map_proteins
from sidemine.prepare.gene_table import GeneTable, read_gene_table
from sidemine.prepare.symbol_repair import find_mangled_candidates
from sidemine.study.models import GeneTableSource

HGNC = """hgnc_id\tsymbol\tstatus\talias_symbol\tprev_symbol\tentrez_id\tensembl_gene_id
1\tSTAT1\tApproved\tISGF-3|STAT91\t\t6772\tENSG00000115415
2\tMARCHF1\tApproved\t\tMARCH1\t55016\tENSG00000145416
3\tMTARC1\tApproved\t\tMARC1\t64757\tENSG00000186205
4\tMARCHF8\tApproved\tc-MIR\tMARCH8\t220972\tENSG00000165406
5\tSEPTIN1\tApproved\t\tSEPT1\t1731\tENSG00000180096
6\tXRN1\tApproved\tSEP1\t\t54464\tENSG00000114127
7\tDELEC1\tApproved\t\tDEC1\t50514\tENSG00000173077
8\tBHLHE40\tApproved\tDEC1|SHARED\t\t8553\tENSG00000134107
9\tC1orf112\tApproved\tSHARED\tOLDNAME|TWICE\t55732\tENSG00000000460
10\tOTHER\tApproved\t\tTWICE\t99\tENSG00000000999
"""
ENSEMBL = """# SIDEMINE-SIMULATED
ensgene\tentrez\tsymbol\tchr\tstart\tend\tstrand\tbiotype\tdescription
ENSG00000206439\t7124\tTNF\tCHR_HSCHR6_MHC_COX_CTG1\t1\t2\t1\tprotein_coding\td
ENSG00000232810\t7124\tTNF\t6\t1\t2\t1\tprotein_coding\td
ENSG00000115415\t6772\tSTAT1\t2\t1\t2\t1\tprotein_coding\td
ENSG00000145416\t55016\tMARCHF1\t4\t1\t2\t1\tprotein_coding\td
ENSG00000999999\t\t\t4\t1\t2\t1\tlncRNA\td
"""


def _table(folder: Path, text: str, kind: str) -> GeneTable:
    path = folder / "genes.tsv"
    path.write_text(text)
    source = GeneTableSource.model_validate({"file": "x", "format": kind, "licence": "x", "version": "1"})
    return read_gene_table(path, source)


@pytest.fixture
def hgnc(tmp_path: Path) -> GeneTable:
    """A small HGNC complete set."""
    return _table(tmp_path, HGNC, "hgnc")


@pytest.mark.parametrize(
    ("name", "symbol", "how"),
    [
        ("STAT1", "STAT1", "approved"),
        ("STAT91", "STAT1", "alias"),
        ("OLDNAME", "C1orf112", "previous"),
        ("C1ORF112", "C1orf112", "case"),
        ("MARCH1", "MARCHF1", "previous"),
        ("MARC1", "MTARC1", "previous"),
        ("SEPT1", "SEPTIN1", "previous"),
        ("DEC1", "DELEC1", "previous"),
        ("ENSG00000115415.12", "STAT1", "Ensembl"),
        ("8-Mar", "MARCHF8", "repaired"),
        ("Mar-08", "MARCHF8", "repaired"),
        ("08-MAR", "MARCHF8", "repaired"),
        ("2022-03-08 00:00:00", "MARCHF8", "repaired"),
        ("2022-03-08", "MARCHF8", "repaired"),
        ("43898", "MARCHF8", "repaired"),
        ("1-Sep", "SEPTIN1", "repaired"),
        ("1-Dec", "DELEC1", "repaired"),
        ("1-Mar", None, "may be MARCHF1 or MTARC1"),
        ("43891", None, "may be MARCHF1 or MTARC1"),
        ("2008-03-01", None, "may be MARCHF1 or MARCHF8 or MTARC1"),
        ("SHARED", None, "ambiguous: alias SHARED of BHLHE40, C1orf112"),
        ("TWICE", None, "ambiguous: previous symbol TWICE of C1orf112, OTHER"),
        ("LOC1", None, "unknown symbol"),
        ("", None, "no gene named"),
    ],
)
def test_names_resolve(hgnc: GeneTable, name: str, symbol: str | None, how: str) -> None:
    """Every way of naming a gene comes to its approved symbol, or to the reason why not."""
    (found,) = hgnc.resolve_symbols([name])
    assert found.symbol == symbol
    assert how in found.how


def test_ids_resolve(hgnc: GeneTable) -> None:
    """Ensembl and Entrez ids, with version and decimal point; NCBI's annotation serves unknown ids."""
    assert [one.symbol for one in hgnc.resolve_ensembl(["ENSG00000115415.3", "ENSG9"])] == ["STAT1", None]
    found = hgnc.resolve_entrez(["6772", "6772.0", "12345", "4"], {"12345": "MARCH8"})
    assert [one.symbol for one in found] == ["STAT1", "STAT1", "MARCHF8", None]
    assert hgnc.ids_of(["STAT1", "NEW"]).to_numpy().tolist() == [["6772", "ENSG00000115415"], ["", ""]]


def test_table_without_aliases_keeps_unknown_symbols(tmp_path: Path) -> None:
    """Old symbols of a probe map must not vanish because the gene table knows no old symbols."""
    table = _table(tmp_path, ENSEMBL, "ensembl")
    found = table.resolve_symbols(["OLD1", "MARCH1", "SEPT1"])
    assert [one.symbol for one in found] == ["OLD1", "MARCHF1", "SEPT1"]
    assert [one.known for one in found] == [False, True, False]
    assert "kept as it stands" in found[0].how
    assert table.simulated


def test_primary_chromosome_stands_for_a_symbol(tmp_path: Path) -> None:
    """Copies on patches and haplotypes resolve to the gene, whose id is the primary one's."""
    table = _table(tmp_path, ENSEMBL, "ensembl")
    assert table.genes.loc["TNF", "ensembl"] == "ENSG00000232810"
    assert [one.symbol for one in table.resolve_ensembl(["ENSG00000206439", "ENSG00000999999"])] == ["TNF", None]
    assert table.resolve_ensembl(["ENSG00000999999"])[0].how == "Ensembl gene without an approved symbol"


def test_wrong_table_is_refused(tmp_path: Path) -> None:
    """A table without its columns is named, with those it should have."""
    with pytest.raises(InputError, match="lacks columns prev_symbol"):
        _table(tmp_path, "symbol\nA\n", "hgnc")


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2035, 12, 31)))
def test_dates_are_recognised_in_every_spelling(date: datetime.date) -> None:
    """The spellings of one date suggest the same symbols (a serial number only for days that families have)."""
    iso = find_mangled_candidates(date.isoformat())
    spoken = find_mangled_candidates(f"{date.day}-{date:%b}")
    assert set(spoken) <= set(iso)
    serial = find_mangled_candidates(str((date - datetime.date(1899, 12, 30)).days))
    assert serial == (spoken if date.day <= 16 else [])


@given(st.text(max_size=12))
def test_any_text_resolves_to_something(text: str) -> None:
    """No name, however odd, makes the resolver fail."""
    import pandas as pd

    table = GeneTable(pd.DataFrame({"entrez": [""], "ensembl": [""]}, index=["STAT1"]), [], [])
    (found,) = table.resolve_symbols([text])
    assert found.how


@pytest.mark.parametrize(
    "name", ["Total", "sum", "Total reads", "ERCC-00002", "__no_feature", "N_unmapped", "43526.5", "17"]
)
def test_what_is_no_gene_stays_none_without_old_symbols(tmp_path: Path, name: str) -> None:
    """A table without old symbols keeps unknown names; sums, counters and spike-ins would be part of the library size."""
    table = _table(tmp_path, ENSEMBL, "ensembl")
    assert not table.has_aliases
    assert table.resolve_symbols([name])[0].symbol is None
    assert table.resolve_symbols(["TOTALLY1", "SUMO1", "ERCC1"])[0].symbol == "TOTALLY1"


PROTEINS = HGNC.splitlines()
PROTEINS = "\n".join(
    [PROTEINS[0] + "\tuniprot_ids"]
    + [
        f"{line}\t{ids}"
        for line, ids in zip(
            PROTEINS[1:], ["P42224|A0A024R1R8", '"Q8TCQ1"', "", "", "", "", "", "P0DP23", "P0DP23", ""], strict=True
        )
    ]
)


@pytest.mark.parametrize(
    ("accession", "symbol", "how"),
    [
        ("P42224", "STAT1", "UniProt accession P42224"),
        ("p42224-2", "STAT1", "UniProt accession P42224"),
        ("A0A024R1R8", "STAT1", "UniProt accession"),
        ("Q8TCQ1", "MARCHF1", "UniProt accession"),
        ("P0DP23", None, "ambiguous: UniProt accession P0DP23 of BHLHE40, C1orf112"),
        ("P99999", None, "obsolete, unreviewed or of another species"),
        ("STAT1", None, "no UniProt accession"),
        ("", None, "no UniProt accession"),
    ],
)
def test_proteins_resolve_through_the_accessions_of_the_gene_table(
    tmp_path: Path, accession: str, symbol: str | None, how: str
) -> None:
    (found,) = _table(tmp_path, PROTEINS, "hgnc").resolve_uniprot([accession])
    assert found.symbol == symbol
    assert how in found.how


def test_rows_of_complexes_and_isoforms(tmp_path: Path) -> None:
    """Isoforms are one gene; a complex of two takes no part, or stands for the first, as the study says."""
    table = _table(tmp_path, PROTEINS, "hgnc")
    cells = ["P42224-1;P42224-3", "P42224_Q8TCQ1", "P42224,P99999", "Q8TCQ1"]
    assert map_proteins(cells, table, "drop", "here").genes == ["STAT1", None, "STAT1", "MARCHF1"]
    mapped = map_proteins(cells, table, "first", "here")
    assert mapped.genes == ["STAT1", "STAT1", "STAT1", "MARCHF1"]
    assert mapped.reasons[1:3] == ["first of several genes: STAT1, MARCHF1", "the only known gene of several"]


def test_proteins_need_accessions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the gene table holds no UniProt accessions"):
        map_proteins(["P42224"], _table(tmp_path, HGNC, "hgnc"), "drop", "here")
    with pytest.raises(InputError, match=r"0 of 2 \(0%\) are found there"):
        map_proteins(["STAT1", "IRF1"], _table(tmp_path, PROTEINS, "hgnc"), "drop", "here")
