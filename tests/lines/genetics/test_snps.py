"""SNPs to genes: what is joined, dropped, counted and refused, and that blocks do not matter."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.errors import InputError
from sidemine.lines.genetics.locations import AssemblyVotes, chromosome_number, read_gene_locations
from sidemine.lines.genetics.snps import acat, read_snp_genes

COLUMNS = {"chromosome": "chr", "position": "bp", "p_value": "p"}
LOCATIONS = """10\t1\t1000\t2000\t+\tAAA
11\tchr1\t1900\t3000\t-\tBBB
12\tX\t500\t600\t+\tCCC
13\tUn_7\t500\t600\t+\tDDD
"""


@pytest.fixture
def locations(tmp_path: Path):
    path = tmp_path / "gene.loc"
    path.write_text(LOCATIONS)
    return read_gene_locations(path)


def join(tmp_path: Path, locations, rows: list[str], header: str = "chr bp p", window=(0, 0), **columns: str):
    path = tmp_path / "snps.txt"
    path.write_text("\n".join("\t".join(row.split(" ")) for row in [header, *rows]) + "\n")
    return read_snp_genes(path, COLUMNS | columns, locations, "gene.loc", window)


def test_snps_of_overlapping_genes_and_names_of_chromosomes(tmp_path: Path, locations) -> None:
    rows = [
        "1 1000 0.01",
        "chr1 1950 0.2",
        "01 3000 0.5",
        "1 3001 0.001",
        "23 550 0.03",
        "chrX 600 0.04",
        "MT 550 1e-9",
    ]
    genes, counts = join(tmp_path, locations, rows)
    found = genes.set_index("symbol")
    assert found["n_snps"].to_dict() == {"AAA": 2, "BBB": 2, "CCC": 2}
    assert found["p"].to_dict() == pytest.approx(
        {"AAA": acat(np.array([0.01, 0.2])), "BBB": acat(np.array([0.2, 0.5])), "CCC": acat(np.array([0.03, 0.04]))}
    )
    assert (counts.rows, counts.used, counts.between_genes) == (7, 5, 2)
    assert counts.assemblies == ["NCBI36", "GRCh37", "GRCh38"]


def test_windows_follow_the_strand(tmp_path: Path, locations) -> None:
    rows = ["1 901 0.1", "1 899 0.1", "1 2050 0.1", "1 3100 0.2", "1 3101 0.2"]
    genes, _ = join(tmp_path, locations, rows, window=(100, 50))
    assert genes.set_index("symbol")[["start", "stop"]].values.tolist() == [[900, 2050], [1850, 3100]]
    assert genes.set_index("symbol")["n_snps"].to_dict() == {"AAA": 2, "BBB": 2}


def test_extreme_and_missing_p_values_are_counted(tmp_path: Path, locations) -> None:
    rows = ["1 1000 1e-400", "1 1001 0", "1 1002 1", "1 1003 NA", "1 1004 0.5", "1 NA 0.5", "GL0001 5 0.5", "X 550 1"]
    genes, counts = join(tmp_path, locations, rows)
    assert (counts.too_small, counts.ones, counts.without_p, counts.without_place) == (2, 2, 1, 2)
    found = genes.set_index("symbol")["p"]
    assert found["AAA"] == pytest.approx(4 / 2 * 1e-300, rel=1e-6)
    assert found["CCC"] == 1


def test_repeated_snps_count_once_and_other_alleles_are_another_snp(tmp_path: Path, locations) -> None:
    rows = ["1 1000 0.01 A G", "1 1000 0.01 g a", "1 1000 0.3 A T", "X 550 0.2 A G"]
    names = {"effect_allele": "a1", "other_allele": "a2"}
    genes, counts = join(tmp_path, locations, rows, "chr bp p a1 a2", **names)
    assert counts.repeated == 1
    assert genes["p"].iloc[0] == pytest.approx(acat(np.array([0.01, 0.3])))
    genes, counts = join(tmp_path, locations, rows, "chr bp p a1 a2")
    assert (counts.repeated, counts.several) == (1, 1)


@pytest.mark.parametrize("alleles", [{}, {"effect_allele": "a1", "other_allele": "a2"}])
def test_several_results_of_a_snp_count_alike_whatever_the_order(tmp_path: Path, locations, alleles) -> None:
    """Tables come sorted by p: the first row of a position would be its smallest p."""
    rows = ["1 1000 0.01 A G", "1 1000 0.5 A G", "1 1100 0.3 A G", "X 550 0.2 A G"]
    for ordered in (rows, rows[::-1]):
        genes, counts = join(tmp_path, locations, ordered, "chr bp p a1 a2", **alleles)
        assert (counts.repeated, counts.several, counts.used) == (0, 1, 4)
        assert genes["p"].iloc[0] == pytest.approx(acat(np.array([0.01, 0.5, 0.3])))


def test_a_table_of_two_analyses_is_refused(tmp_path: Path, locations) -> None:
    rows = [f"1 {1000 + i} 0.{i + 100} A G" for i in range(200)]
    second = [f"1 {1000 + i} 0.{i + 400} A G" for i in range(20)]
    with pytest.raises(
        InputError, match=r"several analyses in one table\?[\s\S]*20 rows beside 200 SNPs[\s\S]*of AAA with"
    ):
        join(tmp_path, locations, rows + second, "chr bp p a1 a2")
    assert join(tmp_path, locations, rows + second[1:], "chr bp p a1 a2")[1].several == 19


def test_numbers_of_people_are_means_over_snps(tmp_path: Path, locations) -> None:
    genes, _ = join(
        tmp_path, locations, ["1 1000 0.01 10", "1 1001 0.5 30", "X 550 0.2 NA"], "chr bp p people", n="people"
    )
    assert genes["n"].iloc[0] == 20
    assert np.isnan(genes["n"].iloc[1])


def test_many_blocks_give_what_one_gives(tmp_path: Path, locations) -> None:
    rng = np.random.default_rng(4)
    n = 300_000
    position = rng.integers(900, 3100, n)
    p = rng.random(3100).round(6)[position]
    rows = [f"1 {a} {b} {i}" for i, (a, b) in enumerate(zip(position.tolist(), p.tolist(), strict=True))]
    path = tmp_path / "snps.txt.gz"
    path.write_bytes(gzip.compress(("chr bp p id\n" + "\n".join(rows)).encode(), 1))
    genes, counts = read_snp_genes(path, COLUMNS, locations, "gene.loc", (0, 0))
    _, first = np.unique(position, return_index=True)
    position, p = position[np.sort(first)], p[np.sort(first)]
    assert counts.repeated + counts.used + counts.between_genes == n
    for symbol, low, high in (("AAA", 1000, 2000), ("BBB", 1900, 3000)):
        inside = (position >= low) & (position <= high)
        found = genes[genes["symbol"] == symbol].iloc[0]
        assert found["n_snps"] == inside.sum()
        assert found["p"] == pytest.approx(acat(p[inside]), rel=1e-8)


def test_a_header_that_begins_with_a_hash(tmp_path: Path, locations) -> None:
    genes, _ = join(tmp_path, locations, ["1 1000 0.01"], "#chrom bp p", chromosome="#chrom")
    assert genes["p"].tolist() == pytest.approx([0.01])


def test_positions_of_another_assembly_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gene.loc"
    # The last genes of chromosome 17 and 18 in GRCh38 lie beyond the ends of GRCh37.
    path.write_text("".join(f"{i}\t17\t{83_000_000 + i}\t{83_000_010 + i}\t+\tG{i}\n" for i in range(9)))
    rows = [f"8 {146_300_000 + i} 0.5" for i in range(9)]
    with pytest.raises(InputError, match="not in one assembly") as told:
        join(tmp_path, read_gene_locations(path), rows)
    assert "fits GRCh37" in str(told.value)
    assert "fits GRCh38" in str(told.value)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1 1000 1.5", "between 0 and 1"),
        ("1 1000 -3", "between 0 and 1"),
        ("1 10.5 0.1", "whole number"),
        ("1 1000 x", "not a number"),
    ],
)
def test_cells_that_are_no_such_numbers_are_refused_with_their_line(
    tmp_path: Path, locations, row: str, what: str
) -> None:
    with pytest.raises(InputError, match=what) as told:
        join(tmp_path, locations, ["1 1000 0.1", row])
    assert "line 3" in str(told.value)


def test_a_column_of_something_else_than_chromosomes_is_refused(tmp_path: Path, locations) -> None:
    with pytest.raises(InputError, match="on no chromosome"):
        join(tmp_path, locations, ["rs1 1000 0.1", "rs2 1000 0.1"])


def test_gene_locations_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "gene.loc"
    for text in ("1\t1\t5\n", "1\t1\t50\t5\t+\tA\n"):
        path.write_text(text)
        with pytest.raises(InputError, match="no table of gene locations"):
            read_gene_locations(path)


def test_gene_locations_in_a_zip(tmp_path: Path, locations) -> None:
    path = tmp_path / "NCBI38.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README", "about")
        archive.writestr("NCBI38.gene.loc", LOCATIONS)
    pd.testing.assert_frame_equal(read_gene_locations(path), locations)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("NCBI37.3.gene.loc", LOCATIONS)
    with pytest.raises(InputError, match="2 files"):
        read_gene_locations(path)


def test_assembly_votes_need_more_than_a_stray_position() -> None:
    votes = AssemblyVotes()
    votes.count(np.full(100_000, 17), np.full(100_000, 1000))
    votes.count(np.array([17, 26]), np.array([200_000_000, 300_000_000]))
    assert votes.fitting == ["NCBI36", "GRCh37", "GRCh38"]
    assert chromosome_number("99") == 0


def test_a_header_that_begins_with_a_mark_is_declared_with_it(tmp_path: Path, locations) -> None:
    """Without it the header would be a comment, and the first SNP the header."""
    rows = ["1 1000 0.01", "1 1950 0.2"]
    with pytest.raises(InputError, match="Write #chr for chr"):
        join(tmp_path, locations, rows, header="#chr bp p")
    assert join(tmp_path, locations, rows, header="#chr bp p", chromosome="#chr")[1].used == 2
    path = tmp_path / "told.txt"
    path.write_text("# chr of every SNP\nchr\tbp\tp\n1\t1000\t0.01\n")
    assert read_snp_genes(path, COLUMNS, locations, "gene.loc", (0, 0))[1].used == 1
