"""The study's gene table: approved symbols, and how everything else resolves to them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.prepare.symbol_repair import find_mangled_candidates, find_renamed
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.quantifiers import is_counter
from sidemine.text.delimited import read_delimited
from sidemine.text.numbers import is_missing_label

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.projections import GeneTableToRead

HGNC_COLUMNS = ("symbol", "prev_symbol", "alias_symbol", "entrez_id", "ensembl_gene_id")
HGNC_OPTIONAL_COLUMNS = ("status", "uniprot_ids")
ENSEMBL_COLUMNS = ("ensgene", "entrez", "symbol")
ENSEMBL_OPTIONAL_COLUMNS = ("chr", "biotype")
"""They say which of several genes of one symbol stands for it."""

_ENSEMBL_ID = re.compile(r"(ENS[A-Z]*G\d{11})(?:\.\d+)?(?:_PAR_Y)?", re.IGNORECASE)
_UNIPROT = re.compile(
    r"([OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?:-\d{1,3}|\.\d{1,3})?", re.IGNORECASE
)
"""An accession, as UniProt defines it, perhaps with the number of an isoform or of a version behind it."""
_BETWEEN_ACCESSIONS = re.compile(r"[\s;,|/_]+")
_NO_GENE = re.compile(r"\d+(\.\d+)?|ERCC-\d{5}|(grand|column)?[ _]?(total|sum)s?([ _](reads|counts))?", re.IGNORECASE)
"""What stands among the names of genes and is none: a number, a spike-in, a sum."""
_PRIMARY_CHROMOSOMES = frozenset([*(str(number) for number in range(1, 23)), "X", "Y", "MT"])


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one name resolves to.

    Attributes
    ----------
    symbol
        Approved symbol; None where the name could not be resolved.
    how
        approved, previous symbol, alias, … or why not.
    known
        Whether the gene table holds the gene (False for symbols that are kept though no table knows them).
    """

    symbol: str | None
    how: str
    known: bool = True


class GeneTable:
    """Approved symbols with Entrez and Ensembl ids, previous symbols and aliases.

    Parameters
    ----------
    genes
        Index: approved symbol (unique, sorted); text columns `entrez`, `ensembl`.
    previous, aliases
        Old and other names: (name, approved symbol) pairs. None: the table has none, and an unknown symbol is kept
        under its own name, because it may well be a good old one.
    ensembl_ids
        Further Ensembl id → symbol ('' where a gene has no symbol); those of `genes` are added.
    entrez_ids
        Further Entrez id → symbol; those of `genes` are added.
    version
        Release, for the provenance.
    simulated
        Whether the file carries the mark of simulated data.
    uniprot_ids
        (UniProt accession, approved symbol) pairs. None: the table has none, and no protein can be resolved.
    """

    def __init__(
        self,
        genes: pd.DataFrame,
        previous: Iterable[tuple[str, str]] | None,
        aliases: Iterable[tuple[str, str]] | None,
        ensembl_ids: Mapping[str, str] | None = None,
        entrez_ids: Mapping[str, str] | None = None,
        version: str = "",
        simulated: bool = False,
        uniprot_ids: Iterable[tuple[str, str]] | None = None,
    ) -> None:
        self.genes = genes
        self.version = version
        self.simulated = simulated
        self.has_aliases = previous is not None or aliases is not None
        symbols: list[str] = list(genes.index)
        self._approved = frozenset(symbols)
        self._by_case: dict[str, tuple[str, ...]] = dict(zip(map(str.upper, symbols), zip(symbols), strict=True))
        if len(self._by_case) < len(symbols):  # some differ by case alone
            self._by_case = _unique_targets((symbol.upper(), symbol) for symbol in symbols)
        self._previous = _unique_targets(previous or ())
        self._aliases = _unique_targets(aliases or ())
        self._old_by_case = _unique_targets((name.upper(), symbol) for name, symbol in previous or ())
        self._ensembl = dict(ensembl_ids or {}) | _by_id(genes["ensembl"], symbols)
        self.has_proteins = uniprot_ids is not None
        self._uniprot = _unique_targets((name.upper(), symbol) for name, symbol in uniprot_ids or ())
        self._entrez = dict(entrez_ids or {}) | _by_id(genes["entrez"], symbols)

    def resolve_symbols(self, names: Iterable[str]) -> list[Resolution]:
        """Resolve gene symbols to approved ones, in order.

        Approved, then previous, then alias (where it names one gene only), then the same without regard to case, then
        Ensembl ids, then repair of spreadsheet dates. Ambiguous names resolve to nothing, and say between which.
        """
        cache: dict[str, Resolution] = {}
        return [cache[name] if name in cache else cache.setdefault(name, self._resolve_symbol(name)) for name in names]

    def resolve_ensembl(self, names: Iterable[str]) -> list[Resolution]:
        """Resolve Ensembl gene ids, with or without version, to approved symbols, in order."""
        return [self._resolve_ensembl(name) for name in names]

    def resolve_entrez(self, names: Iterable[str], fallback: Mapping[str, str] | None = None) -> list[Resolution]:
        """Resolve Entrez gene ids, in order; `fallback` (id → symbol) serves ids that the table does not hold."""
        return [self._resolve_entrez(name, fallback or {}) for name in names]

    def resolve_uniprot(self, accessions: Iterable[str]) -> list[Resolution]:
        """Resolve UniProt accessions, one each (see `split_accessions`), to approved symbols, in order.

        The number of an isoform (P12345-2) is left out: isoforms are products of one gene. An accession that stands for
        several genes (calmodulin) resolves to nothing, and says between which.
        """
        return [self._resolve_uniprot(name) for name in accessions]

    def some_proteins(self) -> list[str]:
        """Return a few UniProt accessions of the table, for messages."""
        return list(islice(self._uniprot, 5))

    def ids_of(self, symbols: Iterable[str]) -> pd.DataFrame:
        """Return the ids of symbols, in order: columns `entrez` and `ensembl`, '' where unknown."""
        return self.genes.reindex(list(symbols)).fillna("")

    def _resolve_symbol(self, name: str) -> Resolution:
        text = name.strip().strip("'\"")
        resolution = self._look_up(text)
        if resolution is not None:
            return resolution
        if match := _ENSEMBL_ID.fullmatch(text):
            return self._resolve_ensembl(match[1])
        repaired = self._repair(text)
        if repaired is not None:
            return repaired
        if is_missing_label(text):
            return Resolution(None, "no gene named", known=False)
        if _NO_GENE.fullmatch(text) or is_counter(text):
            return Resolution(None, "no gene: a number, counter, total or spike-in", known=False)
        if not self.has_aliases:
            return Resolution(text, "not in the gene table, which knows no old symbols: kept as it stands", known=False)
        return Resolution(None, "unknown symbol", known=False)

    def _look_up(self, text: str) -> Resolution | None:
        if text in self._approved:
            return Resolution(text, "approved symbol")
        for names, how in ((self._previous, "previous symbol"), (self._aliases, "alias")):
            if targets := names.get(text):
                return _unique(targets, f"{how} {text}")
        if targets := self._by_case.get(text.upper()):
            return _unique(targets, f"{text} but for upper and lower case")
        if targets := self._old_by_case.get(text.upper()):
            return _unique(targets, f"previous symbol {text}, but for upper and lower case")
        renamed = find_renamed(text)
        if renamed in self._approved:
            return Resolution(renamed, f"previous symbol {text}")
        return None

    def _repair(self, text: str) -> Resolution | None:
        candidates = find_mangled_candidates(text)
        # Aliases are no evidence here: only symbols that were once approved stood in the columns that got mangled.
        official = {
            resolution.symbol
            for candidate in candidates
            if (resolution := self._look_up(candidate)) and resolution.symbol and not resolution.how.startswith("alias")
        }
        if len(official) == 1:
            return Resolution(official.pop(), f"spreadsheet date {text} repaired")
        if official:
            return Resolution(None, f"spreadsheet date {text}: may be {' or '.join(sorted(filter(None, official)))}")
        if candidates and not text.isdigit():
            return Resolution(None, f"spreadsheet date {text}: no known symbol", known=False)
        return None

    def _resolve_ensembl(self, name: str) -> Resolution:
        match = _ENSEMBL_ID.fullmatch(name.strip())
        if match is None:
            return Resolution(None, "no Ensembl gene id", known=False)
        symbol = self._ensembl.get(match[1].upper())
        if symbol is None:
            return Resolution(None, "Ensembl id not in the gene table", known=False)
        if not symbol:
            return Resolution(None, "Ensembl gene without an approved symbol")
        return Resolution(symbol, "Ensembl id")

    def _resolve_uniprot(self, name: str) -> Resolution:
        match = _UNIPROT.fullmatch(name.strip())
        if match is None:
            return Resolution(None, "no UniProt accession", known=False)
        targets = self._uniprot.get(match[1].upper())
        if targets is None:
            why = "UniProt accession not in the gene table (obsolete, unreviewed or of another species)"
            return Resolution(None, why, known=False)
        return _unique(targets, f"UniProt accession {match[1].upper()}")

    def _resolve_entrez(self, name: str, fallback: Mapping[str, str]) -> Resolution:
        # Spreadsheets and data frames turn 7105 into 7105.0.
        text = name.strip().removesuffix(".0")
        if text in self._entrez:
            return Resolution(self._entrez[text], "Entrez id")
        if text in fallback:
            resolution = self._resolve_symbol(fallback[text])
            return Resolution(resolution.symbol, f"Entrez id by its annotation: {resolution.how}", resolution.known)
        return Resolution(None, "Entrez id not in the gene table", known=False)


def split_accessions(text: str) -> list[str]:
    """Return the UniProt accessions of a cell, each once, in order: the parts of a complex, or a group of proteins.

    >>> split_accessions("P29459;P29460"), split_accessions("P12345-2, P12345-2"), split_accessions(" ")
    (['P29459', 'P29460'], ['P12345-2'], [])
    """
    return list(dict.fromkeys(part for part in _BETWEEN_ACCESSIONS.split(text.strip().strip("\"'")) if part))


def is_accession(text: str) -> bool:
    """Tell whether a text has the form of one UniProt accession.

    >>> is_accession("P12345-2"), is_accession("A0A024R1R8"), is_accession("STAT1")
    (True, True, False)
    """
    return _UNIPROT.fullmatch(text.strip()) is not None


def _by_id(ids: pd.Series, symbols: Iterable[str]) -> dict[str, str]:
    return {one: symbol for one, symbol in zip(ids.tolist(), symbols, strict=True) if one}


def _unique_targets(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    targets: dict[str, tuple[str, ...]] = {}
    for name, symbol in pairs:
        known = targets.get(name, ())
        if symbol not in known:
            targets[name] = (*known, symbol)
    return targets


def _unique(targets: tuple[str, ...], how: str) -> Resolution:
    if len(targets) == 1:
        return Resolution(targets[0], how)
    return Resolution(None, f"ambiguous: {how} of {', '.join(sorted(targets))}")


def read_gene_table(path: Path, source: GeneTableToRead) -> GeneTable:
    """Read the HGNC complete set, or a table of Ensembl genes, whichever `source` declares.

    Where several Ensembl genes carry one symbol (patches, haplotypes), the one on a primary chromosome, then the
    protein-coding one, then the one with an Entrez id, then the lowest id stands for it; all of them resolve to it.

    Raises
    ------
    InputError
        When the file is missing, damaged, or lacks its columns.
    """
    columns, simulated = _read_columns(path, HGNC_COLUMNS if source.format == "hgnc" else ENSEMBL_COLUMNS)
    build = _from_hgnc if source.format == "hgnc" else _from_ensembl
    return build(columns, source.version, simulated)


def _read_columns(path: Path, required: tuple[str, ...]) -> tuple[dict[str, list[str]], bool]:
    table = read_delimited(path, separator="\t")
    absent = [name for name in required if name not in table.header]
    if absent:
        raise InputError(
            Problem(
                f"the gene table lacks columns {', '.join(absent)}",
                f"{path}: header {', '.join(table.header[:12])}",
                f"tab-separated, with {', '.join(required)}",
                "Check gene_table.file and gene_table.format in config.yaml.",
            )
        )
    names = [*required, *(name for name in (*HGNC_OPTIONAL_COLUMNS, *ENSEMBL_OPTIONAL_COLUMNS) if table.has(name))]
    return {name: table.cells(name) for name in names}, any(SIMULATION_MARKER in line for line in table.comments)


def _split_names(cells: pd.Series, symbols: pd.Series) -> Iterator[tuple[str, str]]:
    for cell, symbol in zip(cells, symbols, strict=True):
        if cell:
            for name in cell.strip('"').split("|"):
                yield name.strip(), symbol


def _from_hgnc(columns: Mapping[str, list[str]], version: str, simulated: bool) -> GeneTable:
    import pandas as pd

    table = pd.DataFrame(columns, dtype=object)
    if "status" in table:
        table = table[table["status"].isin(["Approved", ""])]
    table = table[table["symbol"] != ""].drop_duplicates("symbol").sort_values("symbol")
    genes = _gene_frame(*(table[name].tolist() for name in ("symbol", "entrez_id", "ensembl_gene_id")))
    return GeneTable(
        genes,
        list(_split_names(table["prev_symbol"], table["symbol"])),
        list(_split_names(table["alias_symbol"], table["symbol"])),
        version=version,
        simulated=simulated,
        uniprot_ids=list(_split_names(table["uniprot_ids"], table["symbol"])) if "uniprot_ids" in table else None,
    )


def _from_ensembl(columns: Mapping[str, list[str]], version: str, simulated: bool) -> GeneTable:
    import pandas as pd

    # Sorting the whole as a table takes half as long again, and every job that maps names reads it.
    ensembl, entrez, symbols = (columns[name] for name in ENSEMBL_COLUMNS)
    unknown = [""] * len(symbols)
    worse = [
        2 * (chromosome not in _PRIMARY_CHROMOSOMES) + (biotype != "protein_coding")
        for chromosome, biotype in zip(columns.get("chr", unknown), columns.get("biotype", unknown), strict=True)
    ]
    numbers = pd.to_numeric(pd.Series(entrez, dtype=object), errors="coerce").fillna(math.inf).tolist()

    def rank(place: int) -> tuple[int, bool, str, float]:
        return worse[place], not entrez[place], ensembl[place], numbers[place]

    best: dict[str, int] = {}
    by_ensembl = dict.fromkeys(ensembl, "")
    of_entrez: dict[str, int] = {}
    for place, symbol in enumerate(symbols):
        if not symbol:
            continue
        known = best.setdefault(symbol, place)
        if known != place and rank(place) < rank(known):
            best[symbol] = place
        named = by_ensembl[ensembl[place]]
        if not named or symbol < named:
            by_ensembl[ensembl[place]] = symbol
        if number := entrez[place]:
            known = of_entrez.setdefault(number, place)
            if known != place and (worse[place], symbol) < (worse[known], symbols[known]):
                of_entrez[number] = place
    order = sorted(best)
    places = [best[symbol] for symbol in order]
    genes = _gene_frame(order, [entrez[place] for place in places], [ensembl[place] for place in places])
    by_entrez = {number: symbols[place] for number, place in of_entrez.items()}
    return GeneTable(genes, None, None, by_ensembl, by_entrez, version=version, simulated=simulated)


def _gene_frame(symbols: Sequence[str], entrez: Sequence[str], ensembl: Sequence[str]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    index = pd.Index(np.array(symbols, dtype=object), name="gene")
    return pd.DataFrame({"entrez": entrez, "ensembl": ensembl}, index=index, dtype=object)
