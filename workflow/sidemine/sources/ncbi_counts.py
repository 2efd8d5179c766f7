"""Read NCBI-generated RNA-seq counts: Entrez gene ids × GSM accessions, and their annotation table."""

from __future__ import annotations

from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import decode, open_bytes
from sidemine.sources.expression_table import read_expression_table
from sidemine.sources.value_matrix import ValueMatrix


def read_ncbi_counts(path: Path) -> ValueMatrix:
    """Read a table of NCBI-generated counts (first column GeneID, then one column per GSM).

    Raises
    ------
    InputError
        When the first column holds no Entrez ids, or the table cannot be read.
    """
    matrix = read_expression_table(path)
    odd = next((name for name in matrix.identifiers if not name.isdigit()), None)
    if odd is not None:
        raise InputError(
            Problem(
                "the first column does not hold Entrez gene ids, as NCBI's counts do",
                f"{path}: value {odd!r}",
                "whole numbers (column GeneID)",
                "Use layout table for counts that somebody else made.",
            )
        )
    return matrix


def read_ncbi_annotation(path: Path) -> dict[str, str]:
    """Read NCBI's gene annotation of those counts: Entrez gene id → symbol.

    Raises
    ------
    InputError
        When columns GeneID and Symbol are not there.
    """
    symbols: dict[str, str] = {}
    columns: dict[str, int] = {}
    with open_bytes(path) as stream:
        for raw in stream:
            line = decode(raw.rstrip(b"\r\n"))[0]
            cells = [cell.strip().strip('"') for cell in line.split("\t")]
            if columns:
                if len(cells) > max(columns.values()):
                    symbols[cells[columns["GeneID"]]] = cells[columns["Symbol"]]
            elif "GeneID" in cells and "Symbol" in cells:
                columns = {name: cells.index(name) for name in ("GeneID", "Symbol")}
            elif line.strip() and not line.startswith("#"):
                break
    if not columns:
        raise InputError(
            Problem(
                "the annotation of NCBI's counts lacks columns GeneID and Symbol",
                str(path),
                "a tab-separated table with GeneID and Symbol",
                "Retrieve Human.GRCh38.p13.annot.tsv.gz again.",
            )
        )
    return symbols
