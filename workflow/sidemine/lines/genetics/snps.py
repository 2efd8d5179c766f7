"""From SNPs to genes: summary statistics read block by block, the p-values of each gene's SNPs joined by ACAT.

ACAT is the aggregated Cauchy association test (Liu and Xie 2020, doi 10.1080/01621459.2018.1554485; Liu et al. 2019, doi
10.1016/j.ajhg.2019.01.002): the mean of cot(πp), whose tail is that of a Cauchy variable however the p-values depend on one
another, the nearer the smaller they are. It needs no reference panel; a gene analysis with one (MAGMA) is more powerful.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.lines.genetics.gene_results import least_printed
from sidemine.lines.genetics.locations import AssemblyVotes, agreeing_assemblies, numbers_of, read_mark
from sidemine.text.delimited import read_delimited_blocks

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.text.text_table import TextTable

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

SMALLEST_SNP_P = 1e-300
"""What a p-value counts as that is 0 or too small for a computer: the probit of its gene is far beyond where z is bounded."""
UPSTREAM, DOWNSTREAM = 35_000, 10_000
"""Bases before and behind a gene whose SNPs count as its own, unless the row says otherwise: regulatory variants lie there."""
MAX_SNPS = 40_000_000
"""Most SNPs within genes; each takes 20 bytes, or 24 with numbers of people."""
MOST_UNPLACED = 0.5
MOST_SEVERAL, FEWEST_TO_JUDGE = 0.1, 100
"""Share of SNPs with several results from which on a file holds several analyses, and SNPs from which on that is asked."""
_STRIDE = 1 << 32


@dataclass
class SnpCounts:
    """What became of the SNPs of a file.

    Attributes
    ----------
    rows
        Rows of the file.
    without_p, without_place
        Dropped: no p-value; no position, or on nothing that is a chromosome of the gene locations.
    between_genes
        In no gene's window.
    repeated
        Dropped: the same position, alleles (where alleles are declared) and p-value stood before.
    several
        Joined, although the same position and alleles stood before: their p-value is another one.
    least
        What p-values of 0 count as: 1e-300, or half of the last digit to which all are rounded.
    too_small, ones
        p-values below that, which count as it; and of exactly 1, which count as 1 − 1/d among d SNPs.
    used
        Within at least one gene.
    assemblies
        Those that both files fit.
    """

    rows: int = 0
    without_p: int = 0
    without_place: int = 0
    between_genes: int = 0
    repeated: int = 0
    several: int = 0
    least: float = SMALLEST_SNP_P
    too_small: int = 0
    ones: int = 0
    used: int = 0
    assemblies: list[str] = field(default_factory=list)


def acat(p_values: Array) -> float:
    """Return the p-value that joins several by the aggregated Cauchy association test, equal weights.

    Parameters
    ----------
    p_values
        At least one, within (0, 1]. Those of exactly 1 count as 1 − 1/d, d being their number, as the authors advise.
    """
    ones = p_values == 1
    total = float((1 / np.tan(np.pi * p_values[~ones])).sum())
    d = len(p_values)
    return float(_joined(np.array([total]), np.array([int(ones.sum())]), np.array([d]))[0])


def _joined(total: Array, ones: Whole, n: Whole) -> Array:
    """Return the joined p-values of genes from the sum of cot(πp) over their SNPs below 1, and numbers of SNPs."""
    of_ones = np.where(n > 1, -1 / np.tan(np.pi / np.maximum(n, 2)), 0.0)
    joined = np.arctan2(1.0, (total + ones * of_ones) / n) / np.pi
    return np.where((n == 1) & (ones == 1), 1.0, joined)


def read_snp_genes(
    path: Path,
    columns: Mapping[str, str],
    locations: pd.DataFrame,
    locations_where: str,
    window: tuple[int, int] = (UPSTREAM, DOWNSTREAM),
) -> tuple[pd.DataFrame, SnpCounts]:
    """Read summary statistics and join the p-values of each gene's SNPs.

    Parameters
    ----------
    path
        Table of SNPs; text, plain or gzip.
    columns
        Header by role: chromosome, position, p_value, and perhaps effect_allele, other_allele, n.
    locations
        Of genes (`locations.read_gene_locations`).
    locations_where
        Name of their file, for messages.
    window
        Bases before and behind a gene (by its strand; + where none is told).

    Returns
    -------
    tuple
        One row per gene with a SNP: gene, symbol, chromosome, start, stop (with the window), n_snps, n (mean over its SNPs,
        NaN where not told), p; and the counts.

    Raises
    ------
    InputError
        When the file is damaged or lacks a column, a p-value lies outside of 0 to 1, a position is no whole number, most SNPs
        lie on no known chromosome, many have several results, or SNPs and genes are not in one assembly.
    """
    genes = locations[locations["chromosome"] > 0].reset_index(drop=True)
    places = _Places(genes, window)
    of_genes = AssemblyVotes()
    of_genes.count(genes["chromosome"].to_numpy(), genes["stop"].to_numpy())
    reader = _Reader(columns, places)
    marked = read_mark(path, columns.values())  # some programs begin the header itself with #
    for block in read_delimited_blocks(
        path, comments="none" if marked else "leading", columns=frozenset(columns.values())
    ):
        reader.take(block)
    counts = reader.counts
    if counts.rows and reader.off_chromosomes > MOST_UNPLACED * counts.rows:
        raise InputError(
            Problem(
                "most SNPs lie on no chromosome of the gene locations",
                f"{path}: {reader.off_chromosomes:,} of {counts.rows:,} rows, such as {', '.join(map(repr, reader.strange[:5]))}",
                "chromosomes as 1, chr1, X or 23",
                "Name the right column as chromosome in column columns of lines.tsv.",
            )
        )
    counts.assemblies = agreeing_assemblies(reader.votes, of_genes, str(path), locations_where)
    return reader.genes(), counts


def _different(marks: NDArray[np.uint64], p: Array) -> tuple[Whole, Whole]:
    """Return the rows without repetitions, in order; and those of a mark that stood before, with another p-value.

    Which row of a file stands first never matters, since tables are sorted by p: rows of one mark and one p are one, and
    of those that differ each counts.
    """
    order = np.lexsort((p, marks))
    marks, p = marks[order], p[order]
    other_mark, other_p = (np.append(True, values[1:] != values[:-1])[: len(values)] for values in (marks, p))
    return np.sort(order[other_mark | other_p]), order[other_p & ~other_mark]


class _Places:
    """Which stretch of the genome a position lies in; within a stretch the genes are the same."""

    def __init__(self, genes: pd.DataFrame, window: tuple[int, int]) -> None:
        before, behind = window
        reverse = (genes["strand"] == "-").to_numpy()
        start, stop = genes["start"].to_numpy(), genes["stop"].to_numpy()
        self.start = np.maximum(start - np.where(reverse, behind, before), 1)
        self.stop = stop + np.where(reverse, before, behind)
        self.genes_of = genes
        offset = genes["chromosome"].to_numpy() * _STRIDE
        low, high = offset + self.start, offset + self.stop + 1
        self.edges = np.unique(np.concatenate([low, high]))
        self.first = np.searchsorted(self.edges, low)
        self.last = np.searchsorted(self.edges, high)
        change = np.zeros(len(self.edges) + 1, dtype=np.int64)
        np.add.at(change, self.first, 1)
        np.add.at(change, self.last, -1)
        # The stretch before the first edge is the last one here, and in no gene.
        self.inside = np.append(np.cumsum(change)[: len(self.edges)] > 0, False)

    def stretches(self, key: Whole) -> Whole:
        """Return the stretch of each position (chromosome number × 2³² + base)."""
        return np.searchsorted(self.edges, key, side="right") - 1

    def sums(self, stretches: NDArray[np.int32], values: Array | None) -> Array:
        """Return the sum over the SNPs of every gene, given their stretches; without values their number."""
        total = np.bincount(stretches, values, minlength=len(self.edges))
        # No differences of cumulative sums: one SNP of p = 1e-300 would swallow all others of the genome.
        return np.array([total[a:b].sum() for a, b in zip(self.first.tolist(), self.last.tolist(), strict=True)])


class _Reader:
    """Takes blocks of SNPs and keeps what lies within genes."""

    def __init__(self, columns: Mapping[str, str], places: _Places) -> None:
        self.columns = columns
        self.places = places
        self.where = ""
        self.counts = SnpCounts()
        self.votes = AssemblyVotes()
        self.off_chromosomes = 0
        self.strange: list[str] = []
        self._alleles: dict[str, int] = {}
        self._marks: list[NDArray[np.uint64]] = []
        self._stretches: list[NDArray[np.int32]] = []
        self._p: list[Array] = []
        self._n: list[NDArray[np.float32]] = []

    def take(self, block: TextTable) -> None:
        """Take one block."""
        counts = self.counts
        self.where = self.where or block.where
        counts.rows += block.n_rows
        codes, names = block.coded(self.columns["chromosome"])
        chromosome = numbers_of(codes, names)
        self.off_chromosomes += int((chromosome == 0).sum())
        if len(self.strange) < 5:
            unknown = [
                name for name, number in zip(names, numbers_of(np.arange(len(names)), names), strict=True) if not number
            ]
            self.strange += [name for name in unknown if name not in self.strange]
        position = block.numbers(self.columns["position"])
        placed = (chromosome > 0) & np.isfinite(position)
        self._refuse(
            block, "position", placed & ((position < 0) | (position != np.floor(position)) | (position >= _STRIDE))
        )
        p = block.numbers(self.columns["p_value"])
        self._refuse(block, "p_value", (p < 0) | (p > 1))
        counts.without_p += int(np.isnan(p).sum())
        counts.without_place += int((~placed & ~np.isnan(p)).sum())
        rows = np.flatnonzero(placed & ~np.isnan(p))
        chromosome, whole, p = chromosome[rows], position[rows].astype(np.int64), p[rows]
        self.votes.count(chromosome, whole)
        key = chromosome * _STRIDE + whole
        stretch = self.places.stretches(key)
        inside = self.places.inside[stretch]
        counts.between_genes += int((~inside).sum())
        rows = rows[inside]
        mark = key[inside].astype(np.uint64)
        if "effect_allele" in self.columns and "other_allele" in self.columns:
            mark ^= self._allele_marks(block, rows)
        self._marks.append(mark)
        self._stretches.append(stretch[inside].astype(np.int32))
        self._p.append(p[inside])
        if "n" in self.columns:
            self._n.append(block.numbers(self.columns["n"])[rows].astype(np.float32))
        counts.used += len(rows)
        if counts.used > MAX_SNPS:
            raise InputError(
                Problem(
                    f"more than {MAX_SNPS:,} SNPs lie within genes",
                    block.where,
                    f"at most {MAX_SNPS:,}",
                    "Keep the common SNPs (minor allele above 1 %) in a copy of the file and name that copy.",
                )
            )

    def _allele_marks(self, block: TextTable, rows: Whole) -> NDArray[np.uint64]:
        """Return a number per row that its two alleles share with no others, in whichever order they stand."""
        total = np.zeros(len(rows), dtype=np.uint64)
        for role in ("effect_allele", "other_allele"):
            codes, names = block.coded(self.columns[role])
            for name in names:
                if name not in self._alleles:
                    digest = hashlib.blake2b(name.strip().upper().encode(), digest_size=8).digest()
                    self._alleles[name] = int.from_bytes(digest, "little")
            total += np.array([*(self._alleles[name] for name in names), 0], dtype=np.uint64)[codes[rows]]
            if len(self._alleles) > 1_000_000:  # long insertions: digests are cheap, memory is not
                self._alleles.clear()
        return total

    def _refuse(self, block: TextTable, role: str, wrong: NDArray[np.bool_]) -> None:
        if wrong.any():
            row = int(wrong.argmax())
            column = self.columns[role]
            raise InputError(
                Problem(
                    "a p-value does not lie between 0 and 1"
                    if role == "p_value"
                    else "a position is no whole number of bases",
                    f"{block.place(row, column)}, value {block.cells(column)[row]!r}",
                    "p-values as they are, no logarithms"
                    if role == "p_value"
                    else "bases from the start of the chromosome",
                    f"Name the right column as {role} in column columns of lines.tsv.",
                )
            )

    def _refuse_stacked(self, stretches: NDArray[np.int32], p: Array, several: Whole) -> None:
        n_snps = self.counts.used - len(several)
        if n_snps < FEWEST_TO_JUDGE or len(several) < MOST_SEVERAL * n_snps:
            return
        stretch = stretches[several[0]]
        gene = int(((self.places.first <= stretch) & (stretch < self.places.last)).argmax())
        told = "effect_allele" in self.columns and "other_allele" in self.columns
        raise InputError(
            Problem(
                "SNPs have several results each: several analyses in one table?",
                f"{self.where}: {len(several):,} rows beside {n_snps:,} SNPs share position{' and alleles' if told else ''} with another row "
                f"of another p-value, such as one of {self.places.genes_of['symbol'][gene]} with p = {p[several[0]]:.3g}",
                f"one row per SNP of one analysis; at most {MOST_SEVERAL:.0%} of SNPs may have several",
                "Keep the rows of one analysis (ancestry, trait, model) in a copy of the file, and name that copy."
                + ("" if told else " If the rows are different alleles, declare effect_allele and other_allele."),
            )
        )

    def genes(self) -> pd.DataFrame:
        """Return the genes that have SNPs."""
        # Every list is let go of once it is joined: several copies of ten million values are too many.
        stretches = np.concatenate([*self._stretches, np.zeros(0, np.int32)])
        self._stretches.clear()
        p = np.concatenate([*self._p, np.zeros(0)])
        self._p.clear()
        first, several = _different(np.concatenate([*self._marks, np.zeros(0, np.uint64)]), p)
        self._marks.clear()
        n = np.concatenate([*self._n, np.zeros(0, np.float32)])
        self._n.clear()
        self.counts.repeated = len(p) - len(first)
        self.counts.used = len(first)
        self.counts.several = len(several)
        self._refuse_stacked(stretches, p, several)
        if self.counts.repeated:
            stretches, p = stretches[first], p[first]
            n = n[first] if len(n) else n
        least = self.counts.least = least_printed(p, SMALLEST_SNP_P)
        self.counts.too_small = int((p < least).sum())
        ones = p == 1
        self.counts.ones = int(ones.sum())
        places = self.places
        n_snps = places.sums(stretches, None)
        n_ones = places.sums(stretches[ones], None)
        np.multiply(np.maximum(p, least, out=p), np.pi, out=p)
        np.tan(p, out=p)
        np.divide(1.0, p, out=p)
        p[ones] = 0.0
        total = places.sums(stretches, p)
        frame = places.genes_of[["gene", "symbol", "chromosome"]].assign(
            start=places.start, stop=places.stop, n_snps=n_snps, n=np.nan, p=np.nan
        )
        if len(n):
            known = np.isfinite(n)
            people = places.sums(stretches[known], n[known].astype(np.float64))
            with_n = places.sums(stretches[known], None)
            frame["n"] = np.where(with_n > 0, people / np.maximum(with_n, 1), np.nan)
        present = n_snps > 0
        found: pd.DataFrame = frame[present].copy()
        found["p"] = _joined(total[present], n_ones[present].astype(np.int64), n_snps[present].astype(np.int64))
        return found.reset_index(drop=True)
