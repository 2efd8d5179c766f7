"""Layout `ncbi_counts`: NCBI-generated RNA-seq counts, Entrez gene ids × GSM accessions, and their annotation table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.declarations import AccessionFile, BulkLayout, DeclaredValues, Requirement
from sidemine.sources.geo_addresses import ncbi_annotation_url, ncbi_counts_urls, series_matrix_urls
from sidemine.sources.table import list_table_columns

if TYPE_CHECKING:
    from sidemine.sources.value_matrix import ValueMatrix


def read_ncbi_counts(path: Path) -> ValueMatrix:
    """Read a table of NCBI-generated counts (first column GeneID, then one column per GSM).

    Parameters
    ----------
    path
        The table, gzipped or plain.

    Returns
    -------
    ValueMatrix
        Counts, Entrez gene ids × samples.

    Raises
    ------
    InputError
        When the first column holds no Entrez ids, or the table cannot be read.
    """
    from sidemine.sources.expression_table import read_expression_table

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
    from sidemine.text.delimited import read_delimited

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


def _read(path: Path, declared: DeclaredValues, columns: Sequence[str], named: Collection[str]) -> ValueMatrix:
    del declared, columns, named
    return read_ncbi_counts(path)


NCBI_COUNTS = BulkLayout(
    word="ncbi_counts",
    meaning="ncbi_counts (NCBI-generated counts)",
    form="numbers",
    by_accession={
        "values": AccessionFile(
            lambda accession, _platform: ncbi_counts_urls(accession), "numbers", "values of dataset {dataset}"
        ),
        "metadata": AccessionFile(
            series_matrix_urls, "series_matrix", "sample metadata of dataset {dataset}", named_by_last=True
        ),
        "annotation": AccessionFile(
            lambda _accession, _platform: (ncbi_annotation_url(),), "table", "gene annotation of NCBI's counts"
        ),
    },
    requirement=Requirement(
        {"identifiers": "entrez", "scale": "counts"},
        "NCBI-generated counts are counts by Entrez gene id",
        "Correct the two columns, or the layout.",
    ),
    fits_table=lambda kind, names: kind == "entrez" and all(name.startswith("GSM") for name in names),
    list_columns=list_table_columns,
    read=_read,
    read_gene_names=read_ncbi_annotation,
)
