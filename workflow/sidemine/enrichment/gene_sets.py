"""The gene sets of a study: chosen from their libraries, mapped to approved symbols, one table.

A set of a library may be unsigned, or a regulon or footprint with signed weights. With `weighted: yes` the signs and
weights are used. With `weighted: no` every gene counts 1 and genes of negative weight are left out, because a repressed
target in an unsigned set would count against the set's own hypothesis.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.libraries import Library, find_set, read_library
from sidemine.errors import InputError, Problem, SidemineError, StudyError
from sidemine.study.projections import GeneSetToRead
from sidemine.tables import Column, TableSpec, empty_table

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

GENE_SETS_LEDGER = TableSpec(
    "gene_sets_ledger.tsv",
    (
        Column("gene_set", "text", "Id of the gene set."),
        Column("identifier", "text", "Symbol as it stands in the library; empty: the whole set.", may_be_empty=True),
        Column("gene", "text", "Approved symbol that it was mapped to.", may_be_empty=True),
        Column("fate", "text", "renamed, merged or dropped."),
        Column("reason", "text", "Why."),
    ),
)
"""What became of every symbol that did not simply stay itself."""


class Resolved(Protocol):
    """What a symbol resolves to: the approved symbol or None, and how."""

    @property
    def symbol(self) -> str | None:
        """Approved symbol; None when there is none."""

    @property
    def how(self) -> str:
        """How it was found, or why it was not."""


class SymbolResolver(Protocol):
    """A gene table: anything that resolves symbols, one answer per symbol, in order."""

    def resolve_symbols(self, symbols: list[str]) -> Sequence[Resolved]:
        """Resolve each symbol."""


@dataclass(frozen=True)
class _ChosenSet:
    """One set of the study before its symbols are mapped."""

    name: str
    row: GeneSetToRead
    members: tuple[tuple[tuple[str, float], ...], ...]
    """(symbol, weight) pairs of every library set that is united in it."""


def build_gene_sets(
    rows: Sequence[GeneSetToRead],
    files: Mapping[str, Path],
    gene_table: SymbolResolver,
    opt_in: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the study's gene sets.

    Parameters
    ----------
    rows
        Rows of `gene_sets.tsv`.
    files
        `source` of a row → its retrieved file. Only sources of rows that are used are needed.
    gene_table
        Resolves symbols to approved ones.
    opt_in
        Ids of the opt-in rows that the study uses (`settings.opt_in`); other opt-in rows are passed over.

    Returns
    -------
    tuple[pandas.DataFrame, pandas.DataFrame]
        The sets (columns of `gene_set_table.GENE_SETS`, sorted by set and gene), and the ledger (`GENE_SETS_LEDGER`):
        symbols that were renamed, merged or dropped. Weights of a united signed set are sums over its members; two
        symbols of one member that turn out to be one gene give the mean of their weights.

    Raises
    ------
    StudyError
        When two sets have one name, or a source has no file.
    InputError
        When a library cannot be read, lacks a set, or a named set keeps no gene. All problems are told at once.
    """
    import pandas as pd

    used = [row for row in rows if not row.opt_in or row.gene_set in opt_in]
    chosen, ledger = _choose_sets(used, rows, files)
    symbols = sorted({symbol for chosen_set in chosen for part in chosen_set.members for symbol, _ in part})
    resolved = dict(zip(symbols, gene_table.resolve_symbols(symbols), strict=True))
    records: list[dict[str, object]] = []
    problems: list[Problem] = []
    for chosen_set in chosen:
        weights, entries = _map_set(chosen_set, resolved)
        ledger += entries
        if not weights and chosen_set.row.member != "*":
            problems.append(_no_gene_left(chosen_set, files))
        elif not weights:
            ledger.append((chosen_set.name, "", "", "dropped", "no gene of the set is left"))
        records += _records(chosen_set, weights)
    if problems:
        raise InputError(problems)
    ledger_table = pd.DataFrame(sorted(ledger), columns=GENE_SETS_LEDGER.names)
    if not records:
        return empty_table(GENE_SETS), ledger_table
    table = pd.DataFrame.from_records(records, columns=GENE_SETS.names)
    table = table.sort_values(["gene_set", "gene"], kind="stable", ignore_index=True)
    logger.info("%d gene sets with %d genes in all", table["gene_set"].nunique(), table["gene"].nunique())
    return table, ledger_table if len(ledger_table) else empty_table(GENE_SETS_LEDGER)


def _choose_sets(
    used: Sequence[GeneSetToRead], rows: Sequence[GeneSetToRead], files: Mapping[str, Path]
) -> tuple[list[_ChosenSet], list[tuple[str, str, str, str, str]]]:
    """Take every row's sets from its library; a set that an opt-in row names is never taken by a `*` row."""
    libraries: dict[tuple[str, str], Library] = {}
    chosen: dict[str, _ChosenSet] = {}
    ledger: list[tuple[str, str, str, str, str]] = []
    problems: list[Problem] = []
    doubled: list[Problem] = []
    broken: set[tuple[str, str]] = set()
    for row in used:
        key = (row.source, row.format)
        if key in broken:
            continue
        try:
            if key not in libraries:
                libraries[key] = read_library(_file_of(row, files), row.format)
        except SidemineError as error:
            broken.add(key)
            problems += error.problems
            continue
        try:
            chosen_sets = list(_sets_of_row(row, libraries[key], rows, ledger))
        except SidemineError as error:
            problems += error.problems
            continue
        for chosen_set in chosen_sets:
            if chosen_set.name in chosen:
                doubled.append(_same_name(chosen_set, chosen[chosen_set.name]))
            chosen[chosen_set.name] = chosen_set
    if problems:
        raise InputError(problems + doubled)
    if doubled:
        # A mistake in the study's sheet alone, while every file is as it should be.
        raise StudyError(doubled)
    return [chosen[name] for name in sorted(chosen)], ledger


def _file_of(row: GeneSetToRead, files: Mapping[str, Path]) -> Path:
    if row.source in files:
        return files[row.source]
    raise StudyError(
        Problem(
            f"no file was retrieved for the library of gene set {row.gene_set!r}",
            f"gene_sets.tsv, source {row.source}",
            "a URL or path that retrieval has brought here",
            "Run the retrieve stage again; if that does not help, this is a bug in sidemine.",
        )
    )


def _sets_of_row(
    row: GeneSetToRead,
    library: Library,
    rows: Sequence[GeneSetToRead],
    ledger: list[tuple[str, str, str, str, str]],
) -> Iterator[_ChosenSet]:
    if row.weighted and not library.signed:
        raise InputError(_no_weights(row, library))
    if row.member != "*":
        names = member_names(row.member, library)
        yield _ChosenSet(row.gene_set, row, tuple(find_set(library, name) for name in names))
        return
    named = {
        name
        for other in rows
        if other.source == row.source and other.member != "*"
        for name in member_names(other.member, library)
    }
    taken: set[str] = set()
    for name in sorted(set(library.sets) - named):
        safe = safe_set_name(name, taken)
        if library.sets[name]:
            yield _ChosenSet(safe, row, (library.sets[name],))
        else:
            ledger.append((safe, "", "", "dropped", "the library's set holds no gene"))


def member_names(member: str, library: Library) -> list[str]:
    """Return the library sets that `member` names: one (whose own name may hold a `+`), or several joined by `+`."""
    if member in library.sets:
        return [member]
    return list(dict.fromkeys(part for piece in member.split("+") if (part := piece.strip())))


def safe_set_name(name: str, taken: set[str]) -> str:
    """Return a set's name in the characters that our tables allow, and remember it so that no two are the same.

    >>> safe_set_name("RAF/MAP kinase cascade", set())
    'RAF_MAP_kinase_cascade'
    """
    safe = re.sub(r"[^A-Za-z0-9_.:()+-]+", "_", name).strip("_")[:190]
    safe = safe if re.match(r"[A-Za-z0-9]", safe) else f"set_{safe}"[:190]
    unique, number = safe, 1
    while unique in taken:
        number += 1
        unique = f"{safe}_{number}"
    taken.add(unique)
    return unique


def _no_weights(row: GeneSetToRead, library: Library) -> Problem:
    held = [name for name in library.columns if name not in {"gene_set", "gene"}]
    return Problem(
        "signs and weights are asked for, and the library has none: every gene would count as induced",
        f"gene_sets.tsv, gene set {row.gene_set!r}, column weighted: {library.path}, which has "
        + (f"columns {', '.join(map(repr, library.columns))}" if library.columns else "no columns"),
        "a column `weight`, with numbers other than 0, below 0 for repressed genes",
        (f"If {' or '.join(map(repr, held[:4]))} holds them, call it weight in a copy of the file; " if held else "")
        + "if all genes of the set count alike, leave `weighted` empty.",
    )


def _same_name(chosen_set: _ChosenSet, other: _ChosenSet) -> Problem:
    return Problem(
        f"gene set {chosen_set.name!r} stands twice",
        f"gene_sets.tsv: from {other.row.source} (member {other.row.member}) and from {chosen_set.row.source} "
        f"(member {chosen_set.row.member})",
        "each set once, in one family",
        "Remove one row, or give it another `gene_set` id; with member * name fewer libraries that hold the same sets.",
    )


def _no_gene_left(chosen_set: _ChosenSet, files: Mapping[str, Path]) -> Problem:
    symbols = [symbol for part in chosen_set.members for symbol, _ in part]
    shown = ", ".join(symbols[:5]) or "none"
    return Problem(
        f"gene set {chosen_set.name!r} keeps no gene",
        f"{files[chosen_set.row.source]}, member {chosen_set.row.member}: {len(symbols)} symbols, for example {shown}",
        "symbols of the study's gene table; with weighted = no at least one gene of positive weight",
        "Check that library and gene table are of one species; a set of repressed genes needs weighted = yes.",
    )


def _map_set(
    chosen_set: _ChosenSet, resolved: Mapping[str, Resolved]
) -> tuple[dict[str, float], list[tuple[str, str, str, str, str]]]:
    """Map one set's symbols; return gene → weight, and what became of symbols that did not stay themselves."""
    ledger: list[tuple[str, str, str, str, str]] = []
    total: dict[str, float] = {}
    for part in chosen_set.members:
        by_gene: dict[str, list[tuple[str, float]]] = {}
        for symbol, weight in part:
            answer = resolved[symbol]
            if not chosen_set.row.weighted and weight < 0:
                ledger.append(
                    (chosen_set.name, symbol, "", "dropped", "negative weight; this set is used without signs")
                )
            elif answer.symbol is None:
                ledger.append((chosen_set.name, symbol, "", "dropped", answer.how))
            else:
                by_gene.setdefault(answer.symbol, []).append((symbol, weight if chosen_set.row.weighted else 1.0))
        for gene, weighted in by_gene.items():
            ledger += _renamed_or_merged(chosen_set.name, gene, weighted, resolved)
            total[gene] = total.get(gene, 0.0) + math.fsum(weight for _, weight in weighted) / len(weighted)
    opposed = sorted(gene for gene, weight in total.items() if weight == 0)
    ledger += [(chosen_set.name, gene, gene, "dropped", "its weights cancel out") for gene in opposed]
    kept = {gene: weight if chosen_set.row.weighted else 1.0 for gene, weight in total.items() if weight != 0}
    return kept, sorted(set(ledger))


def _renamed_or_merged(
    name: str, gene: str, weighted: list[tuple[str, float]], resolved: Mapping[str, Resolved]
) -> Iterator[tuple[str, str, str, str, str]]:
    symbols = list(dict.fromkeys(symbol for symbol, _ in weighted))
    for symbol in symbols:
        if len(symbols) > 1:
            others = ", ".join(other for other in symbols if other != symbol)
            yield name, symbol, gene, "merged", f"one gene with {others}"
        elif symbol != gene:
            yield name, symbol, gene, "renamed", resolved[symbol].how


def _records(chosen_set: _ChosenSet, weights: Mapping[str, float]) -> Iterable[dict[str, object]]:
    return [
        {
            "gene_set": chosen_set.name,
            "family": chosen_set.row.family,
            "gene": gene,
            "weight": float(weight),
            "version": chosen_set.row.version,
            "source": chosen_set.row.source,
        }
        for gene, weight in weights.items()
    ]
