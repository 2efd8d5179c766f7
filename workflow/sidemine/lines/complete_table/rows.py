"""The rows of a table of statistics: their genes, by accession and by symbol, and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.differential.gene_statistics import TableColumns
from sidemine.errors import InputError, Problem
from sidemine.prepare.gene_mapping import no_proteins, split_symbols
from sidemine.prepare.gene_table import split_accessions

if TYPE_CHECKING:
    from sidemine.prepare.gene_table import GeneTable, Resolution


_FEWEST_NAMES, _STACKED = 10, 0.8
"""From so many names on, and from this share of them with the same number of rows, a table holds several comparisons."""


@dataclass(frozen=True)
class TableRows:
    """A table as it was read.

    Attributes
    ----------
    where
        The file, for messages.
    symbols, accessions
        Cells of each row; None where no column is declared.
    columns
        The numbers.
    notes
        What was odd in the file.
    """

    where: str
    symbols: Sequence[str] | None
    accessions: Sequence[str] | None
    columns: TableColumns
    notes: Sequence[str] = ()

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.symbols or self.accessions or ())


@dataclass(frozen=True)
class RowGenes:
    """The genes of each row.

    Attributes
    ----------
    genes
        Approved symbols: none where nothing resolves; several of a complex.
    reasons
        How, or why not.
    compared, contradicted
        Rows whose accession and symbol both resolve, and those of them that name different genes.
    """

    genes: list[tuple[str, ...]]
    reasons: list[str]
    compared: int = 0
    contradicted: int = 0


def genes_of_rows(rows: TableRows, gene_table: GeneTable) -> RowGenes:
    """Return the genes of each row: by UniProt accession, and where that does not resolve by symbol.

    Parameters
    ----------
    rows
        The table.
    gene_table
        Approved symbols; with accessions where the table has them.

    Raises
    ------
    InputError
        When neither column is declared, the gene table has no accessions and the table has no symbols, or nearly every name
        stands there equally often: several comparisons in one table.
    """
    if rows.symbols is None and rows.accessions is None:
        raise InputError(
            Problem(
                "no column of genes is declared",
                f"{rows.where}: column columns of lines.tsv",
                "gene=HEADER or uniprot=HEADER",
                "Add the column that names the genes.",
            )
        )
    _refuse_stacked(rows)
    by_symbol = None if rows.symbols is None else _resolve(rows.symbols, gene_table, proteins=False)
    if rows.accessions is None:
        return RowGenes(*(by_symbol or ([], [])))
    if not gene_table.has_proteins:
        if by_symbol is None:
            raise InputError(no_proteins(rows.where))
        return RowGenes(*by_symbol)
    genes, reasons = _resolve(rows.accessions, gene_table, proteins=True)
    compared = contradicted = 0
    for place, (others, how) in enumerate(zip(*by_symbol, strict=True) if by_symbol else ()):
        if genes[place] and others:
            compared += 1
            contradicted += not set(genes[place]) & set(others)
        elif others:
            genes[place], reasons[place] = others, f"{how}, its accession unknown"
    return RowGenes(genes, reasons, compared, contradicted)


def _refuse_stacked(rows: TableRows) -> None:
    names = Counter(name for name in rows.accessions or rows.symbols or () if name.strip())
    times = Counter(names.values())
    often, count = max(times.items(), key=lambda item: item[1], default=(1, 0))
    if len(names) >= _FEWEST_NAMES and often > 1 and count >= _STACKED * len(names):
        raise InputError(
            Problem(
                f"{count:,} of {len(names):,} names stand in {often} rows each: several comparisons in one table?",
                rows.where,
                "one comparison; some genes may have several assays",
                "Keep the rows of one comparison in a copy of the table, and name that copy.",
            )
        )


def _resolve(cells: Sequence[str], table: GeneTable, *, proteins: bool) -> tuple[list[tuple[str, ...]], list[str]]:
    parts = [split_accessions(cell) if proteins else split_symbols(cell) for cell in cells]
    names = list(dict.fromkeys(name for row in parts for name in row))
    resolutions: dict[str, Resolution] = dict(
        zip(names, table.resolve_uniprot(names) if proteins else table.resolve_symbols(names), strict=True)
    )
    genes, reasons = [], []
    for row in parts:
        symbols = dict.fromkeys(symbol for name in row if (symbol := resolutions[name].symbol))
        genes.append(tuple(symbols))
        lost = "; ".join(dict.fromkeys(_reason(resolutions[name].how) for name in row)) if row else "no gene named"
        reasons.append("" if symbols else lost)
    return genes, reasons


def _reason(how: str) -> str:
    """Return why a name does not resolve, without the name: losses are counted by reason."""
    return how.partition(": ")[0] if how.startswith(("ambiguous", "spreadsheet date")) else how
