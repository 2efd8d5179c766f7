"""One file of counts of one sample: its genes, their values, and the rows that are no genes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.gene_column import (
    counts_rows,
    find_gene_column,
    refuse_hidden_counter,
)
from sidemine.sources.quantifiers import (
    SampleColumn,
    find_column,
    is_counter,
)
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass
class CountFile:
    """One file: row names in its order (the same list object as the file before it, where they are equal), and values."""

    genes: list[str]
    values: NDArray[np.float64]
    counters: list[tuple[str, str]]
    column: SampleColumn
    strand_totals: tuple[float, ...]
    column_name: str


def read_counts(table: TextTable, scale: str, strand: str, declared: DeclaredValues, known: list[str]) -> CountFile:
    """Read the genes and values of one sample.

    Parameters
    ----------
    table
        The file; it is told what was odd.
    scale, strand, declared
        As in `count_archive.read_count_archive`.
    known
        Genes of the file before it: the same list is used again where they are equal.

    Raises
    ------
    InputError
        When no column clearly names the genes, a value is missing or no number, or there are no genes.
    """
    import numpy as np

    column = find_column(table, scale, strand)
    first = _first_row(table) if column.headless else None
    parts = [table] if first is None else [first, table]
    place, told = (column.names, []) if column.headless else find_gene_column(table, declared)
    table.notes += told
    names = [name.strip() for part in parts for name in part.cells(place)]
    refuse_hidden_counter(table, place, names, declared)
    if column.headless and counts_rows(names):
        raise InputError(
            Problem(
                "the first column only counts rows, and no other one is named",
                f"{table.where}: {', '.join(map(repr, names[:4]))}",
                "names of genes in the first column, or in a column with a name",
                "Use files that name the genes, or another file of the series.",
            )
        )
    values = np.concatenate([part.numbers(column.values) for part in parts])
    by_strand = [np.concatenate([part.numbers(place) for part in parts]) for place in column.strands]
    gene = np.array([not is_counter(name) for name in names], dtype=bool)
    if not gene.any():
        raise InputError(
            Problem("a count file holds no genes", table.where, "two columns: gene, count", "Mend the archive.")
        )
    _check_complete(names, values, gene, table, column, scale)
    counters = [
        (name, f"counter row, for example {value:g} reads; no gene")
        for name, value, is_gene in zip(names, values, gene, strict=True)
        if not is_gene
    ]
    genes = _numbered_occurrences([name for name, is_gene in zip(names, gene, strict=True) if is_gene])
    return CountFile(
        known if genes == known else genes,
        values[gene],
        counters,
        column,
        tuple(float(counts[gene].sum()) for counts in by_strand),
        "" if column.headless else table.header[column.values],
    )


def _first_row(table: TextTable) -> TextTable:
    """Return the row that was taken for a header as a table of its own; the table loses it."""
    names = [f"column {number}" for number in range(1, len(table.header) + 1)]
    first = TextTable.from_rows([names, table.header], table.where, lines=[0, len(table.comments) + 1])
    first.separator = table.separator
    table.header = names
    return first


def _check_complete(
    names: Sequence[str],
    values: NDArray[np.float64],
    gene: NDArray[np.bool_],
    table: TextTable,
    column: SampleColumn,
    scale: str,
) -> None:
    """Raise when a count is missing or a row has no name."""
    import numpy as np

    nameless = [row for row, name in enumerate(names) if not name]
    missing = [int(row) for row in np.flatnonzero(np.isnan(values) & gene)] if scale == "counts" else []
    for rows, what in ((nameless, "a row has no name"), (missing, "a count is missing")):
        if len(rows):
            raise InputError(
                Problem(
                    what,
                    f"{table.where}: row {rows[0] + 1} ({names[rows[0]]}), column {column.values + 1}",
                    "a name and a number in every row",
                    "Mend the file, or use another file of the series.",
                )
            )


OCCURRENCE = "\x1f"


def _numbered_occurrences(names: list[str]) -> list[str]:
    """Make repeated names unique by the number of their occurrence, so that rows of several files can be matched."""
    if len(set(names)) == len(names):
        return names
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        unique.append(f"{name}{OCCURRENCE}{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return unique


def without_occurrence(name: str) -> str:
    """Return the name of a gene as it stands in the file."""
    return name.partition(OCCURRENCE)[0]
