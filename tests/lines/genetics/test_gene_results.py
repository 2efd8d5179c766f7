"""MAGMA's files and tables of p-values as they are written, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from sidemine.errors import InputError
from sidemine.lines.genetics.gene_results import (
    read_gene_p_values,
    read_genes_out,
    read_genes_raw,
    refuse_written_p_values,
)
from sidemine.lines.genetics.locations import read_gene_locations

OUT = """GENE       CHR      START       STOP  NSNPS  NPARAM       N        ZSTAT            P
148398       1     824993     889961    324      34  408112     -0.39057      0.65194
339451       X     860967     911099    254      32  408112      -1.3264      0.90765
"""
RAW = """# VERSION = 108
# COVAR = NSAMP MAC
10 1 100 200 30 4 5000 700.5 1.25
11 1 300 400 10 2 5000 600 -0.5 0.6
12 1 500 600 12 3 5000 500 0.25 0.1 0.4
13 2 100 200 30 4 5000 700 3
14 2 300 400 30 4 5000 700 2 -0.2
15 2 500 600 30 4 5000 700 1 0.3
"""


@pytest.mark.parametrize("packed", [False, True])
def test_genes_out(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "x.genes.out"
    path.write_bytes(gzip.compress(OUT.encode()) if packed else OUT.encode())
    genes = read_genes_out(path)
    assert genes["gene"].tolist() == ["148398", "339451"]
    assert genes["chromosome"].tolist() == [1, 23]
    assert genes.loc[0, ["start", "stop", "n_snps", "n_param", "n"]].tolist() == [824993, 889961, 324, 34, 408112]
    assert genes["z"].tolist() == [-0.39057, -1.3264]
    assert genes["mac"].isna().all()


def test_genes_out_lacks_a_column(tmp_path: Path) -> None:
    path = tmp_path / "x.genes.out"
    path.write_text(OUT.replace("START", "BEGIN"))
    with pytest.raises(InputError, match="'START' is not there"):
        read_genes_out(path)


def test_genes_raw(tmp_path: Path) -> None:
    path = tmp_path / "x.genes.raw"
    path.write_text(RAW)
    genes, blocks = read_genes_raw(path)
    assert genes["z"].tolist() == [1.25, -0.5, 0.25, 3, 2, 1]
    assert genes["mac"].tolist() == [700.5, 600, 500, 700, 700, 700]
    assert [block.genes for block in blocks] == [["10", "11", "12"], ["13", "14", "15"]]
    np.testing.assert_array_equal(blocks[0].correlation, [[1, 0.6, 0.1], [0.6, 1, 0.4], [0.1, 0.4, 1]])
    # What is not written is the correlation with a gene far away; the nearest stands last.
    np.testing.assert_array_equal(blocks[1].correlation, [[1, -0.2, 0], [-0.2, 1, 0.3], [0, 0.3, 1]])


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("# COVAR = NSAMP MAC\n", "", "# COVAR"),
        ("12 1 500 600 12 3 5000 500 0.25 0.1 0.4", "12 1 500 600 12 3 5000 500 0.25 0.1 0.4 0.1", "before it"),
        ("-0.5 0.6", "-0.5 1.6", "before it"),
        ("15 2", "15 1", "began before"),
        ("14 2 300 400 30 4 5000 700 2 -0.2", "14 2 300", "3 values"),
        ("1.25", "1,25", "decimal comma"),
        (RAW[RAW.index("10 1") :], "", "no gene"),
    ],
)
def test_a_damaged_genes_raw_is_refused(tmp_path: Path, old: str, new: str, what: str) -> None:
    assert old in RAW
    path = tmp_path / "x.genes.raw"
    path.write_text(RAW.replace(old, new))
    with pytest.raises(InputError, match=what):
        read_genes_raw(path)


def test_p_values_with_their_own_places(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("Gene,Chrom,From,To,P,SNPs\nSTAT1,2,100,200,1e-5,12\nSTAT3,17,100,200,NA,3\n")
    columns = {"gene": "Gene", "p_value": "P", "chromosome": "Chrom", "start": "From", "stop": "To", "n_snps": "SNPs"}
    genes = read_gene_p_values(path, columns, None)
    assert genes["chromosome"].tolist() == [2, 17]
    assert genes["p"].tolist() == pytest.approx([1e-5, np.nan], nan_ok=True)
    assert genes["n_snps"].tolist() == [12, 3]


@pytest.mark.parametrize("by", ["symbol", "id"])
def test_p_values_with_places_from_another_file(tmp_path: Path, by: str) -> None:
    path, where = tmp_path / "p.tsv", tmp_path / "gene.loc"
    where.write_text("6772\t2\t191834310\t191878976\t-\tSTAT1\n6774\t17\t40465342\t40540405\t-\tSTAT3\n")
    names = ("6774", "6772", "999999") if by == "id" else ("STAT3", "STAT1", "NOSUCH")
    path.write_text("g\tp\n" + "".join(f"{name}\t0.{i + 1}\n" for i, name in enumerate(names)))
    genes = read_gene_p_values(path, {"gene": "g", "p_value": "p"}, read_gene_locations(where))
    assert genes["gene"].tolist() == list(names)
    assert genes["chromosome"].tolist() == [17, 2, 0]
    assert genes["start"].tolist() == [40465342, 191834310, 0]
    assert genes["symbol"].tolist() == ["STAT3", "STAT1", ""]


def write_genes(path: Path, p_values: list[str], unit: float = 1.0) -> dict[str, str]:
    """Write a table of genes with these p-values; return its columns."""
    rows = [f"G{n}\t1\t{n * 60_000 * unit:g}\t{(n * 60_000 + 900) * unit:g}\t{p}\n" for n, p in enumerate(p_values, 1)]
    path.write_text("g\tc\ts\te\tp\n" + "".join(rows))
    return {"gene": "g", "p_value": "p", "chromosome": "c", "start": "s", "stop": "e"}


def test_positions_in_megabases_are_refused(tmp_path: Path) -> None:
    p_values = [f"{(n + 1) / 1203:.9f}" for n in range(1200)]
    columns = write_genes(tmp_path / "genes.tsv", p_values, unit=1e-6)
    with pytest.raises(InputError, match="the positions of genes are no bases"):
        read_gene_p_values(tmp_path / "genes.tsv", columns, None)
    read_gene_p_values(tmp_path / "genes.tsv", write_genes(tmp_path / "genes.tsv", p_values), None)


@pytest.mark.parametrize(
    ("p_values", "words"),
    [
        (["0"] * 20 + ["0.4375"] * 1180, "20 of 1,200 p-values of genes are 0"),
        (["1"] * 700 + ["0.4375"] * 500, "700 of 1,200 p-values of genes are 1"),
        (["0"] * 12 + ["1"] * 600 + ["0.4375"] * 588, ""),
        (["0"] * 900, ""),
    ],
)
def test_p_values_that_stand_for_others_are_refused(p_values: list[str], words: str) -> None:
    known = np.array(p_values, dtype=float)
    if words:
        with pytest.raises(InputError, match=words):
            refuse_written_p_values(known, "here")
    else:
        refuse_written_p_values(known, "here")


def test_p_values_without_places_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("g\tp\nSTAT1\t0.1\n")
    with pytest.raises(InputError, match="where genes lie"):
        read_gene_p_values(path, {"gene": "g", "p_value": "p"}, None)


def test_a_logarithm_is_no_p_value(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("g\tp\tc\ts\te\nSTAT1\t7.3\t2\t1\t2\n")
    with pytest.raises(InputError, match=r"between 0 and 1[\s\S]*line 2 \(STAT1\)"):
        read_gene_p_values(path, {"gene": "g", "p_value": "p", "chromosome": "c", "start": "s", "stop": "e"}, None)


def test_z_or_p_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "x.genes.out"
    path.write_text(OUT.replace("ZSTAT", "OTHER"))
    assert read_genes_out(path)["p"].tolist() == [0.65194, 0.90765]
    path.write_text(OUT.replace("ZSTAT", "OTHER").replace("   P\n", "   Q\n"))
    with pytest.raises(InputError, match="'ZSTAT' is not there"):
        read_genes_out(path)


def test_a_table_of_snps_is_no_table_of_genes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidemine.lines.genetics.locations.MAX_GENES", 1)
    path = tmp_path / "x.genes.out"
    path.write_text(OUT)
    with pytest.raises(InputError, match="more than 1 rows"):
        read_genes_out(path)


def test_a_gene_without_a_position_is_one_without_a_chromosome(tmp_path: Path) -> None:
    """It is counted later; the other genes of the file are not refused for it."""
    path = tmp_path / "genes.tsv"
    path.write_text("#gene\tchr\tfrom\tto\tp\nA\t1\t10\t20\t.1\nB\t1\tNA\t\t.2\nC\t2\t5\t9\t.3\n")
    columns = {"gene": "#gene", "p_value": "p", "chromosome": "chr", "start": "from", "stop": "to"}
    assert read_gene_p_values(path, columns, None)["chromosome"].to_list() == [1, 0, 2]
    path.write_text(path.read_text().replace("NA", "-7"))
    with pytest.raises(InputError, match="a position lies below 0"):
        read_gene_p_values(path, columns, None)
