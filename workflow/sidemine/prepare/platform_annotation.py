"""Read what a platform's probes measure: GEO annotation, GEO's full platform table, or a plain probe-to-symbol TSV.

The layout is told by content, never by the name of the file. Several genes of one probe stay joined by `///`, as GEO
writes them; the mapping decides what becomes of such a probe.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import MAX_BYTES, decode, open_bytes, truncated

if TYPE_CHECKING:
    import pandas as pd

_BEGIN = b"!platform_table_begin"
_END = b"!platform_table_end"
_LINE_LIMIT = 1 << 24
_BLANK = {"", "---", "--", "-", "NA", "null", "NULL", "N/A"}

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


def read_platform_annotation(path: Path, max_bytes: int = MAX_BYTES) -> pd.DataFrame:
    """Read a platform annotation in any of the layouts that are understood.

    Parameters
    ----------
    path
        GEO annotation (`GPLnnn.annot.gz`), GEO full platform table or SOFT file with one platform, or a TSV with
        columns such as `probe_id` and `symbol`; gzipped or plain.
    max_bytes
        Most decompressed bytes that may be read.

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

    with open_bytes(path, max_bytes) as stream:
        header, is_geo = _read_up_to_header(stream, path)
        rows = _geo_rows(stream, path) if is_geo else _plain_rows(stream, path, len(header))
        merged = _merge_rows(rows, header, path)
        if is_geo:
            _refuse_second_platform(stream, path)
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


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    return iter(lambda: stream.readline(_LINE_LIMIT), b"")


def _read_up_to_header(stream: io.BufferedReader, path: Path) -> tuple[list[str], bool]:
    """Return the column names, and whether the table is one of GEO's (which has an end mark)."""
    described = False  # lines of GEO's own came first
    for line in _lines(stream):
        text = line.rstrip(b"\r\n")
        if text.lower().startswith(_BEGIN):
            return decode(stream.readline(_LINE_LIMIT).rstrip(b"\r\n"))[0].split("\t"), True
        if text.startswith((b"^", b"!")):
            described = True
        elif text.strip() and not text.startswith(b"#"):
            return [name.strip().strip('"') for name in decode(text)[0].split("\t")], False
    if described:
        raise InputError(
            Problem(
                "the file describes a platform but holds no table of probes",
                str(path),
                f"a table between {_BEGIN.decode()} and {_END.decode()}",
                "If this is a sequencing platform, declare identifiers symbol, ensembl or entrez; otherwise retrieve "
                "the full platform table, or name a probe_id/symbol TSV as platform_map.",
            )
        )
    raise InputError(truncated(path, "it is empty"))


def _geo_rows(stream: io.BufferedReader, path: Path) -> Iterator[list[str]]:
    for line in _lines(stream):
        if line.startswith(b"!") and line.lower().startswith(_END):
            return
        yield decode(line.rstrip(b"\r\n"))[0].split("\t")
    raise InputError(truncated(path, f"it has no {_END.decode()}"))


def _plain_rows(stream: io.BufferedReader, path: Path, width: int) -> Iterator[list[str]]:
    for number, line in enumerate(_lines(stream), start=1):
        text = decode(line.rstrip(b"\r\n"))[0]
        if not text.strip():
            continue
        cells = [cell.strip().strip('"') for cell in text.split("\t")]
        if len(cells) > width:
            raise InputError(
                Problem(
                    "a row of the annotation has more columns than its header",
                    f"{path}, row {number} below the header: {len(cells)} columns ({cells[0]})",
                    f"{width} columns, separated by tabs",
                    "Mend the file.",
                )
            )
        yield cells


def _merge_rows(rows: Iterator[list[str]], header: list[str], path: Path) -> dict[str, tuple[str, str]]:
    """Return symbol and Entrez id by probe; a probe on several rows gets all its genes, joined by `///`."""
    first_rows = list(islice(rows, 2000))
    layout = _find_layout(header, first_rows, path)
    merged: dict[str, tuple[str, str]] = {}
    for cells in chain(first_rows, rows):
        identifier = _cell(cells, layout.identifier)
        if not identifier:
            continue
        if layout.from_assignment:
            symbol, entrez = _genes_of_assignment(_cell(cells, layout.symbol))
        else:
            symbol, entrez = _cell(cells, layout.symbol), _cell(cells, layout.entrez)
        if identifier in merged:
            before = merged[identifier]
            symbol, entrez = _join(before[0], symbol), _join(before[1], entrez)
        merged[identifier] = (symbol, entrez)
    return merged


def _cell(cells: list[str], position: int) -> str:
    text = cells[position].strip() if 0 <= position < len(cells) else ""
    return "" if text in _BLANK else text


def _join(left: str, right: str) -> str:
    parts = [part.strip() for part in f"{left}///{right}".split("///")]
    return "///".join(dict.fromkeys(part for part in parts if part))


def _genes_of_assignment(text: str) -> tuple[str, str]:
    """Return symbols and Entrez ids of an Affymetrix `gene_assignment` cell.

    >>> _genes_of_assignment("NM_1 // OR4F5 // olfactory // 1p36 // 79501 /// ENST1 // OR4F5 // --- // --- // ---")
    ('OR4F5', '79501')
    """
    entries = [[part.strip() for part in entry.split("//")] for entry in text.split("///")]
    symbols = [entry[1] for entry in entries if len(entry) > 1 and entry[1] not in _BLANK]
    numbers = [entry[4] for entry in entries if len(entry) > 4 and entry[4].isdigit()]
    return "///".join(dict.fromkeys(symbols)), "///".join(dict.fromkeys(numbers))


def _find_layout(header: list[str], rows: list[list[str]], path: Path) -> _Layout:
    names = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]

    def first(candidates: tuple[str, ...], fits: Callable[[int], bool]) -> int:
        positions = [names.index(name) for name in candidates if name in names]
        return next((position for position in positions if fits(position)), -1)

    def numeric_share(position: int) -> float:
        texts = [text for row in rows if (text := _cell(row, position))]
        return sum(bool(re.fullmatch(r"\d+(\s*///\s*\d+)*", text)) for text in texts) / max(len(texts), 1)

    identifier = first(_IDENTIFIER_COLUMNS, lambda _: True)
    symbol = first(_SYMBOL_COLUMNS, lambda _: True)
    if symbol < 0:  # `GENE` is a symbol on some platforms and an Entrez id on others: the content tells
        symbol = first(_SYMBOL_COLUMNS_OF_LAST_RESORT, lambda position: numeric_share(position) < 0.5)
    entrez = first(_ENTREZ_COLUMNS, lambda position: position != symbol and numeric_share(position) > 0.5)
    if identifier < 0 or (symbol < 0 and entrez < 0):
        raise InputError(_unknown_layout(header, path))
    return _Layout(identifier, symbol, entrez, symbol >= 0 and names[symbol] == "geneassignment")


def _unknown_layout(header: list[str], path: Path) -> Problem:
    start = header[0].lstrip().lower() if header else ""
    return Problem(
        "the columns of the platform annotation are not understood",
        f"{path}: " + ", ".join(repr(name) for name in header[:40]),
        "a probe column (ID, probe_id) and a gene column (Gene symbol, Symbol, GENE_SYMBOL, gene_assignment, "
        "ILMN_Gene, Gene ID, ENTREZ_GENE_ID; capitals, spaces and underscores do not matter)",
        "This looks like a web page saved in place of the file; delete it and retrieve it again."
        if start.startswith("<")
        else "Name a TSV with columns probe_id and symbol as platform_map.",
    )


def _refuse_second_platform(stream: io.BufferedReader, path: Path) -> None:
    """Read to the end (which checks gzip's own checksum); two tables in one file would be a guess."""
    for line in _lines(stream):
        if line.lower().startswith(_BEGIN):
            raise InputError(
                Problem(
                    "the file holds the tables of several platforms",
                    str(path),
                    "one platform",
                    "Retrieve the annotation of the one platform that is meant (GPLnnn.annot.gz).",
                )
            )
