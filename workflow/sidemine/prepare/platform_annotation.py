"""Read what a platform's probes measure: GEO annotation, GEO's full platform table, or a plain probe-to-symbol TSV.

The layout is told by content, never by the name of the file. Several genes of one probe stay joined by `///`, as GEO
writes them; the mapping decides what becomes of such a probe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.text.decoding import Decoded, open_decoded, truncated
from sidemine.text.delimited import read_delimited
from sidemine.text.header_words import plain_word
from sidemine.text.numbers import is_missing_label
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import pandas as pd

_BEGIN = b"!platform_table_begin"
_END = "!platform_table_end"
_PEEK_ROWS = 2000

# Column names, cleaned of everything but letters and digits, best first.
_IDENTIFIER_COLUMNS = ("id", "probeid", "probesetid", "probeset", "probe", "idref", "identifier", "affyid")
_SYMBOL_COLUMNS = ("genesymbol", "symbol", "genesymbols", "symbols", "genesym", "hgncsymbol", "geneassignment")
_SYMBOL_COLUMNS_OF_LAST_RESORT = ("ilmngene", "gene", "genename")
_ENTREZ_COLUMNS = ("entrezgeneid", "geneid", "entrezgene", "entrezid", "entrez", "locuslinkid", "gene")


@dataclass(frozen=True)
class _Layout:
    """Where the identifier, the symbol and the Entrez id stand in a row; -1 = nowhere."""

    identifier: int
    symbol: int
    entrez: int
    from_assignment: bool


def read_platform_annotation(path: Path) -> pd.DataFrame:
    """Read a platform annotation in any of the layouts that are understood.

    Parameters
    ----------
    path
        GEO annotation (`GPLnnn.annot.gz`), GEO full platform table or SOFT file with one platform, or a TSV with
        columns such as `probe_id` and `symbol`; gzipped or plain.

    Returns
    -------
    pandas.DataFrame
        One row per probe, in file order, all text, '' = unknown. Columns: `identifier`; `symbol`, as in the file,
        several joined by `///`; `entrez`, likewise.

    Raises
    ------
    InputError
        When the file is truncated or corrupt, has no table, holds several platforms, or has columns that are not
        understood (both those found and those understood are listed).
    """
    import pandas as pd

    with open_decoded(path) as decoded:
        table = _geo_table(decoded) if _skip_to_table(decoded) else None
        if table is not None:
            _refuse_second_platform(decoded)
    if table is None:
        table = read_delimited(path)
    merged = _merge_rows(table, path)
    if not merged:
        raise InputError(
            Problem(
                "the platform table has no rows",
                str(path),
                "one row per probe",
                "Sequencing platforms have no probes: declare identifiers symbol, ensembl or entrez instead.",
            )
        )
    columns = {
        "identifier": list(merged),
        "symbol": [symbol for symbol, _ in merged.values()],
        "entrez": [entrez for _, entrez in merged.values()],
    }
    return pd.DataFrame(columns, dtype=object)


def _skip_to_table(decoded: Decoded) -> bool:
    """Read up to GEO's mark of a table; tell whether there is one, or the text is a plain table of its own."""
    described = False  # lines of GEO's own came first
    while line := decoded.line():
        if line.lower().startswith(_BEGIN):
            return True
        if line.startswith((b"^", b"!")):
            described = True
        elif line.strip() and not line.startswith(b"#"):
            return False
    if described:
        raise InputError(
            Problem(
                "the file describes a platform but holds no table of probes",
                decoded.where,
                f"a table between {_BEGIN.decode()} and {_END}",
                "If this is a sequencing platform, declare identifiers symbol, ensembl or entrez; otherwise retrieve "
                "the full platform table, or name a probe_id/symbol TSV as platform_map.",
            )
        )
    raise InputError(truncated(decoded.where, "it is empty"))


def _geo_table(decoded: Decoded) -> TextTable:
    # GEO quotes nothing: a quote in a description is text.
    return read_delimited(decoded, separator="\t", quoting=False, comments="none", end_mark=_END)


def _merge_rows(table: TextTable, path: Path) -> dict[str, tuple[str, str]]:
    """Return symbol and Entrez id by probe; a probe on several rows gets all its genes, joined by `///`."""
    layout = _find_layout(table, path)
    columns = [[_known(cell) for cell in table.cells(layout.identifier)]]
    columns += [
        [_known(cell) for cell in table.cells(position)] if position >= 0 else [""] * table.n_rows
        for position in (layout.symbol, layout.entrez)
    ]
    merged: dict[str, tuple[str, str]] = {}
    for identifier, symbol, entrez in zip(*columns, strict=True):
        if not identifier:
            continue
        if layout.from_assignment:
            symbol, entrez = _genes_of_assignment(symbol)
        if identifier in merged:
            before = merged[identifier]
            symbol, entrez = _join(before[0], symbol), _join(before[1], entrez)
        merged[identifier] = (symbol, entrez)
    return merged


def _known(cell: str) -> str:
    text = cell.strip()
    return "" if is_missing_label(text) else text


def _join(left: str, right: str) -> str:
    parts = [part.strip() for part in f"{left}///{right}".split("///")]
    return "///".join(dict.fromkeys(part for part in parts if part))


def _genes_of_assignment(text: str) -> tuple[str, str]:
    """Return symbols and Entrez ids of an Affymetrix `gene_assignment` cell.

    >>> _genes_of_assignment("NM_1 // OR4F5 // olfactory // 1p36 // 79501 /// ENST1 // OR4F5 // --- // --- // ---")
    ('OR4F5', '79501')
    """
    entries = [[part.strip() for part in entry.split("//")] for entry in text.split("///")]
    symbols = [entry[1] for entry in entries if len(entry) > 1 and not is_missing_label(entry[1])]
    numbers = [entry[4] for entry in entries if len(entry) > 4 and entry[4].isdigit()]
    return "///".join(dict.fromkeys(symbols)), "///".join(dict.fromkeys(numbers))


def _find_layout(table: TextTable, path: Path) -> _Layout:
    names = [plain_word(name) for name in table.header]

    def first(candidates: tuple[str, ...], fits: Callable[[int], bool]) -> int:
        positions = [names.index(name) for name in candidates if name in names]
        return next((position for position in positions if fits(position)), -1)

    def numeric_share(position: int) -> float:
        texts = [text for cell in table.cells(position, _PEEK_ROWS) if (text := _known(cell))]
        return sum(bool(re.fullmatch(r"\d+(\s*///\s*\d+)*", text)) for text in texts) / max(len(texts), 1)

    identifier = first(_IDENTIFIER_COLUMNS, lambda _: True)
    symbol = first(_SYMBOL_COLUMNS, lambda _: True)
    if symbol < 0:  # `GENE` is a symbol on some platforms and an Entrez id on others: the content tells
        symbol = first(_SYMBOL_COLUMNS_OF_LAST_RESORT, lambda position: numeric_share(position) < 0.5)
    entrez = first(_ENTREZ_COLUMNS, lambda position: position != symbol and numeric_share(position) > 0.5)
    if identifier < 0 or (symbol < 0 and entrez < 0):
        raise InputError(_unknown_layout(table.header, path))
    return _Layout(identifier, symbol, entrez, symbol >= 0 and names[symbol] == "geneassignment")


def _unknown_layout(header: list[str], path: Path) -> Problem:
    return Problem(
        "the columns of the platform annotation are not understood",
        f"{path}: " + ", ".join(repr(name) for name in header[:40]),
        "a probe column (ID, probe_id) and a gene column (Gene symbol, Symbol, GENE_SYMBOL, gene_assignment, "
        "ILMN_Gene, Gene ID, ENTREZ_GENE_ID; capitals, spaces and underscores do not matter)",
        "Name a TSV with columns probe_id and symbol as platform_map.",
    )


def _refuse_second_platform(decoded: Decoded) -> None:
    """Read to the end (which checks gzip's own checksum); two tables in one file would be a guess."""
    while line := decoded.line():
        if line.lower().startswith(_BEGIN):
            raise InputError(
                Problem(
                    "the file holds the tables of several platforms",
                    decoded.where,
                    "one platform",
                    "Retrieve the annotation of the one platform that is meant (GPLnnn.annot.gz).",
                )
            )
