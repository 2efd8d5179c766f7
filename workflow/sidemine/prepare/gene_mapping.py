"""Identifiers to genes by a stated rule, with a ledger of what became of every one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.errors import InputError, Problem
from sidemine.prepare.gene_table import GeneTable, Resolution, split_accessions
from sidemine.study.choices import MultiGeneRule

if TYPE_CHECKING:
    import pandas as pd

MIN_SHARE_FOUND = 0.5
"""Fewer identifiers than this found on the platform means that it is another platform."""

_MIN_PAIRS, _MAX_SHARE_CONTRADICTED = 20, 0.2
"""Old annotations disagree with themselves in a few rows; columns that were moved against each other, in nearly all."""

_MAX_SHARE_BY_CASE = 0.5
"""Where more symbols than this fit only without regard to case, they are those of another species (Stat1)."""

_MIN_TWICE = 20
"""So many genes that stand in both spellings, and most of those in the other spelling, tell of two species in one file."""

_BY_CASE = "but for upper and lower case"

_SEPARATORS = re.compile(r"\s*(?:///|//|[,;|])\s*")
_JOINTS = re.compile(r"[|_():;,\s]+")
"""What joins an identifier to other words: `ENSG00000115415|STAT1`, `GRCh38_STAT1`, `STAT1 (ENSG…)`."""
_MOST_LOOKED_AT = 200
_EMPTY_SYMBOLS = frozenset({"", "-", "--", "---", "NA", "null", "n/a", "N/A"})


@dataclass
class MappedIdentifiers:
    """One entry per row of the matrix.

    Attributes
    ----------
    genes
        Approved symbol, or None where the row takes no part.
    reasons
        How it was mapped, or why not.
    share_found
        Share of the identifiers that the platform (or the gene table) knows.
    """

    genes: list[str | None]
    reasons: list[str]
    share_found: float
    share_covered: float | None = None

    @property
    def n_by_case(self) -> int:
        """Rows that stand for a gene whose symbol they write in another case."""
        return sum(
            gene is not None and how.endswith(_BY_CASE) for gene, how in zip(self.genes, self.reasons, strict=True)
        )


def split_symbols(text: str) -> list[str]:
    """Split a platform's symbol cell, each gene once, in order.

    >>> split_symbols("DDR1 /// MIR4640"), split_symbols("A,B;A"), split_symbols("---")
    (['DDR1', 'MIR4640'], ['A', 'B'], [])
    """
    parts = [part for part in _SEPARATORS.split(text.strip()) if part not in _EMPTY_SYMBOLS]
    # `A1BG|1` is a symbol with its Entrez id, not two genes.
    names = [part for part in parts if not part.isdigit()] or parts
    return list(dict.fromkeys(names))


def map_symbols(
    identifiers: Sequence[str], genes: GeneTable, multi_gene: MultiGeneRule, where: str, *, human: bool = False
) -> MappedIdentifiers:
    """Map rows named by gene symbols.

    An alias of a gene that the file also holds under its own name is dropped: it may well be another gene there, and
    its counts must not be added. So is another spelling of it (`Stat1` beside `STAT1`); where most of such spellings stand
    beside the names themselves, all of them are those of another species, as in xenografts.

    Parameters
    ----------
    identifiers
        Row names of the file; a cell may name several genes.
    genes
        Approved symbols.
    multi_gene
        What becomes of rows that name several genes.
    where
        The file, for messages.
    human
        Whether the sheet confirms that symbols in another case are human ones.

    Raises
    ------
    InputError
        When fewer than half of the symbols are known, or they look like another species'.
    """
    resolved = _resolve_cells(identifiers, genes, multi_gene)
    _check_share(identifiers, resolved, genes, list(genes.genes.index[:5]), where)
    n_by_case = sum(map(_is_by_case, resolved))
    if not human and n_by_case > _MAX_SHARE_BY_CASE * len(resolved):
        raise InputError(
            Problem(
                f"{n_by_case} of {len(resolved)} symbols fit human ones only without regard to case",
                f"{where}: for example {', '.join(identifiers[:5])}",
                "human gene symbols",
                "This looks like another species (mouse symbols are written Stat1): choose a human data set. If you know that they are "
                "human, write human_symbols under confirmed in datasets.tsv.",
            )
        )
    own_names = {
        resolution.symbol
        for resolution in resolved
        if resolution.symbol and not resolution.how.startswith("alias") and not _is_by_case(resolution)
    }
    spelled = [resolution for resolution in resolved if resolution.symbol and _is_by_case(resolution)]
    n_twice = sum(resolution.symbol in own_names for resolution in spelled)
    two_species = not human and n_twice >= _MIN_TWICE and 2 * n_twice > len(spelled)
    genes_of_rows: list[str | None] = []
    reasons: list[str] = []
    for resolution in resolved:
        gene, how = resolution.symbol, resolution.how
        if _is_by_case(resolution) and gene and (two_species or gene in own_names):
            how = f"{how}: {gene}, " + (
                "of another species: the file holds most genes in both spellings"
                if two_species
                else "which the file also holds by name"
            )
            gene = None
        elif how.startswith("alias") and gene in own_names:
            gene, how = None, f"{how} of {gene}, which the file also holds by name"
        genes_of_rows.append(gene)
        reasons.append(how)
    return MappedIdentifiers(genes_of_rows, reasons, _share(resolved))


def _is_by_case(resolution: Resolution) -> bool:
    return resolution.how.endswith(_BY_CASE)


def map_ids(
    identifiers: Sequence[str],
    genes: GeneTable,
    kind: Literal["ensembl", "entrez"],
    where: str,
    annotation: Mapping[str, str] | None = None,
) -> MappedIdentifiers:
    """Map rows named by Ensembl or Entrez ids.

    Parameters
    ----------
    identifiers
        Row names of the file.
    genes
        Approved symbols with their ids.
    kind
        Kind of the ids.
    where
        The file, for messages.
    annotation
        id → symbol; serves Entrez ids that the table lacks.

    Raises
    ------
    InputError
        When fewer than half of the ids are known.
    """
    if kind == "ensembl":
        resolved = genes.resolve_ensembl(identifiers)
        examples = [text for text in genes.genes["ensembl"] if text][:5]
    else:
        resolved = genes.resolve_entrez(identifiers, annotation)
        examples = [text for text in genes.genes["entrez"] if text][:5]
    _check_share(identifiers, resolved, genes, examples, where)
    return MappedIdentifiers(
        [resolution.symbol for resolution in resolved], [resolution.how for resolution in resolved], _share(resolved)
    )


def map_proteins(
    identifiers: Sequence[str], genes: GeneTable, multi_gene: MultiGeneRule, where: str
) -> MappedIdentifiers:
    """Map rows named by UniProt accessions: isoforms stand for their gene, complexes and groups for several.

    Parameters
    ----------
    identifiers
        Row names of the file; a cell may name several accessions.
    genes
        Approved symbols with their accessions.
    multi_gene
        What becomes of rows whose accessions are of several genes.
    where
        The file, for messages.

    Raises
    ------
    InputError
        When the gene table has no accessions, or fewer than half of the identifiers are known.
    """
    if not genes.has_proteins:
        raise InputError(no_proteins(where))
    resolved = []
    for cell in identifiers:
        found = genes.resolve_uniprot(split_accessions(cell) or [cell])
        resolved.append(found[0] if len(found) == 1 else _resolve_several(found, multi_gene))
    _check_share(identifiers, resolved, genes, genes.some_proteins(), where)
    return MappedIdentifiers([found.symbol for found in resolved], [found.how for found in resolved], _share(resolved))


def no_proteins(where: str) -> Problem:
    """Return the problem of a gene table that knows no proteins.

    Parameters
    ----------
    where
        What names its rows by UniProt accessions.
    """
    return Problem(
        "the gene table holds no UniProt accessions",
        where,
        "a gene table of format hgnc with column uniprot_ids",
        "Name HGNC's complete set as gene_table in config.yaml, or a column of gene symbols.",
    )


def map_probes(
    identifiers: Sequence[str], platform: pd.DataFrame, genes: GeneTable, multi_gene: MultiGeneRule, where: str
) -> MappedIdentifiers:
    """Map rows named by probes.

    Parameters
    ----------
    identifiers
        Probe ids.
    platform
        Columns identifier, symbol, entrez (text, '' = none): the annotation of the platform.
    genes
        The gene table.
    multi_gene
        drop: a probe of several genes takes no part. first: it stands for the first gene named.
    where
        Dataset and platform, for messages.

    Raises
    ------
    InputError
        When fewer than half of the identifiers are found on the platform: then it is another platform.
    """
    annotated = platform.drop_duplicates("identifier")
    symbol_of = dict(zip(annotated["identifier"], annotated["symbol"], strict=True))
    entrez_of = dict(zip(annotated["identifier"], annotated["entrez"], strict=True)) if "entrez" in annotated else {}
    cells = [symbol_of.get(identifier, "") for identifier in identifiers]
    resolved = _resolve_cells(cells, genes, multi_gene)
    for row, (identifier, resolution) in enumerate(zip(identifiers, resolved, strict=True)):
        if identifier not in symbol_of:
            resolved[row] = Resolution(None, "not on the platform", known=False)
        elif (
            not resolution.known and (entrez := entrez_of.get(identifier, "")) and "several genes" not in resolution.how
        ):
            # Old annotations name withdrawn symbols; the Entrez id beside them often still holds.
            by_entrez = _resolve_entrez_cell(entrez, genes)
            resolved[row] = by_entrez if by_entrez.symbol else resolution
    _check_annotation(annotated, genes, where)
    unknown = [identifier for identifier in identifiers if identifier not in symbol_of]
    share = 1 - len(unknown) / max(1, len(identifiers))
    if share < MIN_SHARE_FOUND:
        examples = list(annotated["identifier"].iloc[:5])
        raise InputError(_misfit(unknown, len(identifiers), "platform", examples, where))
    covered = len(set(symbol_of) & set(identifiers)) / max(1, len(symbol_of))
    return MappedIdentifiers(
        [resolution.symbol for resolution in resolved], [resolution.how for resolution in resolved], share, covered
    )


def _check_annotation(annotated: pd.DataFrame, genes: GeneTable, where: str) -> None:
    """Raise when symbols and Entrez ids of a platform contradict each other, as after sorting one column of a sheet."""
    if "entrez" not in annotated:
        return
    pairs = [
        (probe, by_symbol.symbol, by_entrez.symbol)
        for probe, by_symbol, by_entrez in zip(
            annotated["identifier"],
            genes.resolve_symbols(annotated["symbol"]),
            genes.resolve_entrez(annotated["entrez"]),
            strict=True,
        )
        if by_symbol.symbol and by_entrez.symbol
    ]
    wrong = [pair for pair in pairs if pair[1] != pair[2]]
    if len(pairs) >= _MIN_PAIRS and len(wrong) > _MAX_SHARE_CONTRADICTED * len(pairs):
        raise InputError(
            Problem(
                f"symbol and Entrez id name different genes in {len(wrong)} of {len(pairs)} rows of the platform",
                f"{where}: for example "
                + "; ".join(
                    f"{probe} is {symbol} by its symbol, {other} by its id" for probe, symbol, other in wrong[:3]
                ),
                f"at most {_MAX_SHARE_CONTRADICTED:.0%} of the rows",
                "Retrieve the annotation again: a column of it seems to have been moved or sorted by itself.",
            )
        )


def _resolve_entrez_cell(cell: str, genes: GeneTable) -> Resolution:
    parts = split_symbols(cell)
    return genes.resolve_entrez(parts)[0] if len(parts) == 1 else Resolution(None, "no single Entrez id", known=False)


def _resolve_cells(cells: Sequence[str], genes: GeneTable, multi_gene: MultiGeneRule) -> list[Resolution]:
    """Resolve cells that hold one symbol or, rarely, several."""
    whole = genes.resolve_symbols(cells)
    for row, cell in enumerate(cells):
        names = split_symbols(cell)
        if len(names) > 1:
            whole[row] = _resolve_several(genes.resolve_symbols(names), multi_gene)
        elif not names:
            whole[row] = Resolution(None, "no gene named")
    return whole


def _resolve_several(resolutions: list[Resolution], multi_gene: MultiGeneRule) -> Resolution:
    symbols = list(dict.fromkeys(resolution.symbol for resolution in resolutions if resolution.symbol))
    if len(symbols) == 1:
        every = all(resolution.symbol for resolution in resolutions)
        return Resolution(symbols[0], "several names of one gene" if every else "the only known gene of several")
    if not symbols:
        return Resolution(None, "unknown symbols", known=False)
    if multi_gene == "first":
        return Resolution(symbols[0], f"first of several genes: {', '.join(symbols[:6])}")
    return Resolution(None, f"several genes: {', '.join(symbols[:6])}")


def _share(resolved: Sequence[Resolution]) -> float:
    return sum(resolution.known for resolution in resolved) / max(1, len(resolved))


def _check_share(
    identifiers: Sequence[str], resolved: Sequence[Resolution], genes: GeneTable, examples: list[str], where: str
) -> None:
    if _share(resolved) < MIN_SHARE_FOUND:
        unknown = [name for name, resolution in zip(identifiers, resolved, strict=True) if not resolution.known]
        raise InputError(
            _misfit(unknown, len(identifiers), "gene table", examples, where, _what_they_are(unknown, genes))
        )


def _what_they_are(names: Sequence[str], genes: GeneTable) -> str:
    """Return as a sentence, with a space after it, what names are that are not of the declared kind; '' where nobody knows."""
    some = list(names[:_MOST_LOOKED_AT])
    kinds: dict[str, Callable[[Sequence[str]], list[Resolution]]] = {
        "ensembl": genes.resolve_ensembl,
        "symbol": genes.resolve_symbols,
        "entrez": genes.resolve_entrez,
    }
    for kind, resolve in kinds.items():
        if _share(resolve(some)) >= MIN_SHARE_FOUND:
            return f"These are known as {kind}: set identifiers to {kind} in datasets.tsv if that is what they are. "
    parts = [[part for part in _JOINTS.split(name) if part] for name in some]
    for kind, resolve in kinds.items():
        known = [next((part for part in of_name if resolve([part])[0].known), "") for of_name in parts]
        if sum(map(bool, known)) >= MIN_SHARE_FOUND * len(some):
            example, part = next(pair for pair in zip(some, known, strict=True) if pair[1])
            return (
                f"The names hold more than an identifier: leave {part!r} of {example!r}, and so on, in a copy of the file, set identifiers "
                f"to {kind}, and name that copy. "
            )
    return ""


def _misfit(
    unknown: Sequence[str], n_all: int, against: str, examples: list[str], where: str, hint: str = ""
) -> Problem:
    n_found = n_all - len(unknown)
    return Problem(
        f"the identifiers do not fit the {against}: {n_found} of {n_all} "
        f"({n_found / max(1, n_all):.0%}) are found there",
        f"{where}: not found are {', '.join(map(repr, unknown[:5]))}; "
        f"the {against} holds {', '.join(map(repr, examples))}",
        f"at least {MIN_SHARE_FOUND:.0%} of the identifiers",
        f"{hint}Check platform, platform_map and identifiers in datasets.tsv against the record of the series.",
    )
