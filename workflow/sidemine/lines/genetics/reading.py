"""The files of a row of genetics, whatever its format, as genes with their association."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.lines.genetics.gene_results import read_gene_p_values, read_genes_out, read_genes_raw
from sidemine.lines.genetics.locations import read_gene_locations
from sidemine.lines.genetics.measure import GeneResults
from sidemine.lines.genetics.record import Count
from sidemine.lines.genetics.snps import DOWNSTREAM, UPSTREAM, SnpCounts, read_snp_genes

if TYPE_CHECKING:
    from sidemine.lines.specification import DeclaredLine

WIDEST_KB = 1000


def read_results(row: DeclaredLine, files: Mapping[str, Path]) -> GeneResults:
    """Read what a row declares.

    Parameters
    ----------
    row
        Its format and columns.
    files
        Its files by role; `file` is the main one.

    Raises
    ------
    InputError
        When a file is not what it is declared to be, or files do not go together.
    """
    if row.format == "magma_genes_raw":
        genes, neighbours = read_genes_raw(files["file"])
        return GeneResults(genes, neighbours, where=str(files["file"]))
    if row.format == "magma_genes_out":
        results = GeneResults(read_genes_out(files["file"]), where=str(files["file"]))
        if "genes_raw" in files:
            raw, results.neighbours = read_genes_raw(files["genes_raw"])
            mac = dict(zip(raw["gene"], raw["mac"], strict=True))
            results.genes["mac"] = results.genes["gene"].map(mac)
        return results
    locations = read_gene_locations(files["gene_locations"]) if "gene_locations" in files else None
    if row.format == "gene_p_values":
        return GeneResults(read_gene_p_values(files["file"], row.columns, locations), where=str(files["file"]))
    assert locations is not None, "the format needs them"  # noqa: S101
    window = read_window(row)
    columns = {role: header for role, header in row.columns.items() if role != "window_kb"}
    genes, counts = read_snp_genes(files["file"], columns, locations, str(files["gene_locations"]), window)
    genes["n_param"] = genes["mac"] = genes["z"] = float("nan")
    results = GeneResults(
        genes,
        where=str(files["file"]),
        counts=_counts(counts),
        downgrades=["gene p-values joined from SNPs without a reference of linkage disequilibrium (ACAT)"],
    )
    results.notes.append(
        f"SNPs within {window[0] / 1000:g} kb before and {window[1] / 1000:g} kb behind a gene are its own; their p-values were "
        f"joined by ACAT, which is approximate. By the ends of chromosomes, SNPs and genes fit {' or '.join(counts.assemblies)}."
    )
    return results


def read_window(row: DeclaredLine) -> tuple[int, int]:
    """Return how many bases before and behind a gene are its own, as declared or by default.

    Raises
    ------
    InputError
        When the declaration is no such pair.
    """
    text = row.columns.get("window_kb", "")
    if not text:
        return UPSTREAM, DOWNSTREAM
    match = re.fullmatch(r"(\d{1,4})(?:/(\d{1,4}))?", text)
    before, behind = (int(match[1]), int(match[2] or match[1])) if match else (WIDEST_KB + 1, 0)
    if max(before, behind) > WIDEST_KB:
        raise InputError(
            Problem(
                f"{text!r} is no window around genes",
                f"lines.tsv, line {row.line}, column columns, window_kb",
                f"kilobases before/behind a gene, such as 35/10, each at most {WIDEST_KB}",
                "Correct it, or leave window_kb out.",
            )
        )
    return before * 1000, behind * 1000


def _counts(counts: SnpCounts) -> list[Count]:
    rows = (
        ("SNPs read", counts.rows),
        ("SNPs without a p-value dropped", counts.without_p),
        ("SNPs without a position on a known chromosome dropped", counts.without_place),
        ("SNPs in no gene's window left out", counts.between_genes),
        ("repeated SNPs dropped", counts.repeated),
        ("rows of an earlier SNP's place with another p-value, joined as SNPs of their own", counts.several),
        (f"SNPs with p = 0 or below {counts.least:g}, taken as {counts.least:g}", counts.too_small),
        ("SNPs with p = 1, taken as 1 − 1/d (d: SNPs of the gene)", counts.ones),
        ("SNPs joined", counts.used),
    )
    return [Count(what, n) for what, n in rows if n]
