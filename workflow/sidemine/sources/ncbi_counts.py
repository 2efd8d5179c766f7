"""Read NCBI-generated RNA-seq counts: Entrez gene ids × GSM accessions, and their annotation table."""

from __future__ import annotations

from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.sources.expression_table import read_expression_table
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.text.delimited import read_delimited


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
    table = read_delimited(path, separator="\t", quoting=False)
    columns = {name.strip('"'): position for position, name in enumerate(table.header)}
    if "GeneID" not in columns or "Symbol" not in columns:
        raise InputError(
            Problem(
                "the annotation of NCBI's counts lacks columns GeneID and Symbol",
                str(path),
                "a tab-separated table with GeneID and Symbol",
                "Retrieve Human.GRCh38.p13.annot.tsv.gz again.",
            )
        )
    pairs = table.rows([columns["GeneID"], columns["Symbol"]])
    return {identifier.strip(' "'): symbol.strip(' "') for identifier, symbol in pairs}
