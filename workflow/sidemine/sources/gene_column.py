"""Which column of a table names the genes: by what is declared, its name and content; a counter of rows never does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

from sidemine.errors import InputError, Problem
from sidemine.sources.declarations import DeclaredValues, IdentifierKind
from sidemine.text.header_words import ANNOTATION_WORDS, IDENTIFIER_WORDS, plain_word
from sidemine.text.numbers import is_missing, is_number
from sidemine.text.text_table import TextTable

PEEK_ROWS = 200
"""Rows that are looked at."""
_MIN_COUNTED = 3
_MIN_ENTREZ = 50
_LARGEST_ROW_NUMBER = 70_000
_MIN_SHARE_FITTING = 0.8

_FITS: dict[str, Callable[[str], object]] = {
    "entrez": re.compile(r"\d+(\.0)?").fullmatch,
    "ensembl": re.compile(r"ENS[A-Z]*[GT]\d{11}.*", re.IGNORECASE).fullmatch,
    "uniprot": re.compile(r"[A-Z][0-9][A-Z0-9]{4}.*", re.IGNORECASE).fullmatch,
    "symbol": lambda cell: not is_number(cell) and not _FITS["ensembl"](cell),
    "probe": bool,
}


def first_cells(table: TextTable, position: int) -> list[str]:
    """Return the first cells of a column, trimmed."""
    return [cell.strip() for cell in table.cells(position, PEEK_ROWS)]


def counts_rows(cells: Sequence[str]) -> bool:
    """Tell whether cells are 0, 1, 2, … or 1, 2, 3, …, perhaps with thousands separators."""
    if len(cells) < _MIN_COUNTED or cells[0].replace(",", "") not in {"0", "1"}:
        return False
    texts = [cell.replace(",", "") for cell in cells]
    if not all(map(str.isdecimal, texts)):
        return False
    return all(int(after) - int(before) == 1 for before, after in pairwise(texts))


def is_nameless(name: str) -> bool:
    """Tell whether a header cell says nothing: empty, or what pandas and R write in place of nothing."""
    return not name or bool(re.fullmatch(r"Unnamed: \d+|X|V1|index|row\.?names?|rn", name, re.IGNORECASE))


def find_gene_column(
    table: TextTable,
    declared: DeclaredValues,
    samples: Collection[str] = (),
    peek: Mapping[int, Sequence[str]] | None = None,
) -> tuple[int, list[str]]:
    """Return the position of the column that names the genes, and what is to be told of that.

    Parameters
    ----------
    table
        The table.
    declared
        What datasets.tsv says of its columns.
    samples
        Names that metadata give to samples.
    peek
        The first cells of each column, where they were read already.

    Raises
    ------
    InputError
        When the first column counts rows or describes a place, and not one other column clearly names genes.
    """
    if declared.gene_column:
        return table.position(declared.gene_column), []
    if peek is None:
        peek = {position: first_cells(table, position) for position in range(len(table.header))}
    words = [plain_word(name) for name in table.header]
    kind = declared.identifiers
    fitting = [
        position
        for position in range(1, len(words))
        if words[position] in IDENTIFIER_WORDS and table.header[position] not in samples and _fits(peek[position], kind)
    ]
    if _names_genes(table.header[0], words[0], peek[0], kind, alone=not fitting):
        return 0, []
    preferred = [position for position in fitting if kind is not None and kind in words[position]]
    chosen = preferred if len(preferred) == 1 else fitting
    name = table.where.rsplit("/", 1)[-1]
    if len(chosen) == 1:
        found = table.header[chosen[0]]
        why = "only counts rows" if _may_count(peek[0]) else f"({table.header[0]!r}) does not name genes"
        return chosen[0], [f"{name}: the first column {why}; identifiers come from column {found!r}"]
    raise InputError(
        Problem(
            "it is not clear which column names the genes: the first one counts rows or describes a place",
            f"{table.where}: column {table.header[0]!r} holds {', '.join(map(repr, peek[0][:4]))}; header "
            + ", ".join(map(repr, table.header[:20])),
            "gene_column in datasets.tsv, where the genes are not named by the first column",
            "Set gene_column to one of: " + ", ".join(repr(table.header[i]) for i in chosen)
            if chosen
            else "Set gene_column to the column that holds the identifiers; if there is none, use another file.",
        )
    )


def _names_genes(name: str, word: str, cells: Sequence[str], kind: IdentifierKind | None, *, alone: bool) -> bool:
    """Tell whether the first column holds identifiers, as it nearly always does; `alone`: no other column may."""
    if word in ANNOTATION_WORDS - IDENTIFIER_WORDS:
        return False
    if counts_rows(cells):
        # Some arrays number their probes; nothing else is named 1, 2, 3, … in this order.
        return kind == "probe" and word in IDENTIFIER_WORDS
    if _may_count(cells) and is_nameless(name):
        return alone and kind in {"entrez", "probe"}
    # Numbers are neither symbols nor Ensembl ids.
    return kind not in {"symbol", "ensembl"} or not all(is_number(cell) for cell in cells if not is_missing(cell))


def _may_count(cells: Sequence[str]) -> bool:
    """Tell whether cells may be row numbers, also after rows were taken out or shuffled."""
    return all(cell.replace(",", "").isdecimal() for cell in cells) and len(set(cells)) == len(cells)


def _fits(cells: Sequence[str], kind: IdentifierKind | None) -> bool:
    present = [cell for cell in cells if not is_missing(cell)]
    test = _FITS[kind] if kind else _FITS["probe"]
    return bool(present) and sum(map(bool, map(test, present))) >= _MIN_SHARE_FITTING * len(present)


def refuse_hidden_counter(table: TextTable, genes: int, names: Sequence[str], declared: DeclaredValues) -> None:
    """Refuse numbers without a name over them that are all small: R's row numbers after subsetting, no Entrez ids.

    Of the human genes with an Entrez id more than a third have one above 70,000.

    Parameters
    ----------
    table
        The table, as text.
    genes
        Position of the gene column.
    names
        Its cells.
    declared
        What the sheet says of the columns.

    Raises
    ------
    InputError
        When the numbers can only be row numbers.
    """
    few = len(names) < _MIN_ENTREZ or declared.identifiers != "entrez"
    if few or not is_nameless(table.header[genes]) or not all(map(str.isdecimal, names)):
        return
    if max(map(int, names)) <= _LARGEST_ROW_NUMBER and len(set(names)) == len(names):
        raise InputError(
            Problem(
                "the first column seems to count rows: its numbers have no name over them and none is large",
                f"{table.where}: {', '.join(names[:6])}, …",
                "Entrez gene ids, of which many are above 100,000",
                "Name the column that holds the ids in gene_column; if these are ids, write entrez over them in a copy.",
            )
        )
