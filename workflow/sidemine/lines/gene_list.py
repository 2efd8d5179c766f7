"""Names of genes of whatever kind, and lists of them: what could have been found (`universe` of lines.tsv)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.prepare.gene_table import is_accession
from sidemine.text.decoding import read_text

if TYPE_CHECKING:
    from sidemine.prepare.gene_table import GeneTable, Resolution

MAX_BYTES = 50_000_000


def resolve_names(
    names: Sequence[str], gene_table: GeneTable, fallback: Mapping[str, str] | None = None
) -> list[Resolution]:
    """Resolve names of genes, in order, as the kind that most of them are: Entrez or Ensembl ids, UniProt accessions, or symbols.

    Parameters
    ----------
    names
        As a file has them.
    gene_table
        The study's symbols.
    fallback
        Symbol by Entrez id, for ids that the table does not hold.
    """
    known = [name for name in names if name]
    if 2 * sum(name.removesuffix(".0").isdecimal() for name in known) > len(known):
        return gene_table.resolve_entrez(names, fallback)
    if 2 * sum(name.upper().startswith("ENS") for name in known) > len(known):
        return gene_table.resolve_ensembl(names)
    if gene_table.has_proteins and 2 * sum(map(is_accession, known)) > len(known):
        return gene_table.resolve_uniprot(names)
    return gene_table.resolve_symbols(names)


def read_gene_list(path: Path, gene_table: GeneTable) -> tuple[frozenset[str], int]:
    """Read a list of genes: one per line, the first cell; lines that begin with # are comments.

    Parameters
    ----------
    path
        The list.
    gene_table
        The study's symbols.

    Returns
    -------
    tuple
        Approved symbols; and how many names have none.

    Raises
    ------
    InputError
        When it is damaged or holds no gene.
    """
    text, _ = read_text(path, max_bytes=MAX_BYTES)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    resolutions = resolve_names([line.split("\t")[0].split(",")[0].strip().strip('"') for line in lines], gene_table)
    symbols = frozenset(resolution.symbol for resolution in resolutions if resolution.symbol and resolution.known)
    if not symbols:
        raise InputError(
            Problem(
                "the list holds no gene that the study's gene table knows",
                str(path),
                "one gene per line: symbol, Ensembl id, Entrez id or UniProt accession",
                "Name such a list as universe in lines.tsv, or write table there.",
            )
        )
    return symbols, sum(not (resolution.symbol and resolution.known) for resolution in resolutions)
