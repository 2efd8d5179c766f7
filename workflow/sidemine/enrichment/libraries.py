"""Readers of gene set libraries: one per format, all bounded, all giving the same `Library`.

Genes stay as they are written in the library; `gene_sets` maps them to approved symbols.
"""

from __future__ import annotations

import csv
import difflib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.prepare.byte_streams import decode, open_bytes
from sidemine.study.models import SetFormat

MAX_TEXT_BYTES = 300_000_000
"""Largest library after decompression. MSigDB whole is 60 MB; what is larger is not a gene set library."""


@dataclass(frozen=True)
class Library:
    """The sets of one library file.

    Attributes
    ----------
    path
        The file that was read.
    sets
        Set name → its (gene, weight) pairs, in the order of the file; a gene may stand there twice.
    signed
        The library carries signs or weights (regulons, footprints).
    notes
        Oddities that were met and tolerated, in words.
    """

    path: Path
    sets: Mapping[str, tuple[tuple[str, float], ...]]
    signed: bool = False
    notes: tuple[str, ...] = field(default=())


def read_library(path: Path, set_format: SetFormat) -> Library:
    """Read a gene set library.

    Parameters
    ----------
    path
        The file; gzip is recognised by its first bytes, whatever the name.
    set_format
        gmt, gmt_zip, collectri, dorothea, progeny or sets_tsv.

    Raises
    ------
    InputError
        When the file is empty, truncated, too large, a web page, or not of that format; all bad lines are told at once.
    """
    return _READERS[set_format](path)


def find_set(library: Library, name: str) -> tuple[tuple[str, float], ...]:
    """Return the members of one set.

    Raises
    ------
    InputError
        When there is no such set: the message lists the nearest names and how many sets there are.
    """
    if name in library.sets:
        return library.sets[name]
    near = near_names(name, library.sets)
    listed = f"nearest names: {', '.join(near)}" if near else "no name is near"
    raise InputError(
        Problem(
            f"gene set {name!r} is not in its library",
            f"{library.path}, which holds {len(library.sets)} sets",
            listed,
            "Correct `member` in gene_sets.tsv; names are compared letter by letter, capitals included.",
        )
    )


def near_names(name: str, names: Mapping[str, object] | list[str], limit: int = 5) -> list[str]:
    """Return names that a person may have meant: same without regard to case, containing, or similarly spelled."""
    wanted = name.casefold()
    folded: dict[str, str] = {}
    for candidate in sorted(names):
        folded.setdefault(candidate.casefold(), candidate)
    containing = [real for low, real in folded.items() if wanted in low or (len(low) > 3 and low in wanted)]
    similar = [folded[low] for low in difflib.get_close_matches(wanted, list(folded), n=limit, cutoff=0.6)]
    ordered = ([folded[wanted]] if wanted in folded else []) + similar + containing
    return list(dict.fromkeys(ordered))[:limit]


def _read_text(path: Path) -> str:
    """Return the text of a plain or gzipped file, never more than the bound."""
    with open_bytes(path, MAX_TEXT_BYTES) as stream:
        return _decode(stream.read(), path)


def _decode(data: bytes, path: Path) -> str:
    if len(data) > MAX_TEXT_BYTES:
        raise _unreadable(path, f"is larger than {MAX_TEXT_BYTES:,} bytes")
    if b"\x00" in data[:4096]:
        raise _unreadable(path, "is binary, not text")
    text, _ = decode(data)
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise _unreadable(path, "is a web page, not a library")
    if not text.strip():
        raise _unreadable(path, "is empty")
    return text


def _unreadable(path: Path, what: str) -> InputError:
    return InputError(
        Problem(
            f"the gene set library {what}",
            str(path),
            "a complete text file, plain or gzipped (or the zip that Reactome serves, for gmt_zip)",
            "Delete it and retrieve it again, or check `source` and `format` in gene_sets.tsv.",
        )
    )


def _lines(text: str) -> list[tuple[int, str]]:
    """Return numbered lines without blank ones and those that begin with #. Only line feeds end a line."""
    numbered = ((number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, line) for number, line in numbered if line.strip() and not line.startswith("#")]


def _read_gmt(path: Path) -> Library:
    return _parse_gmt(_read_text(path), path)


def _parse_gmt(text: str, path: Path) -> Library:
    """Parse GMT: set name, description, genes, parted by tabs only (names and genes may contain spaces)."""
    sets: dict[str, tuple[tuple[str, float], ...]] = {}
    problems: list[Problem] = []
    empty = 0
    for number, line in _lines(text):
        cells = line.split("\t")
        name = cells[0].strip()
        what = (
            "a line of the GMT file has no tab"
            if len(cells) < 2
            else "a line of the GMT file has no set name"
            if not name
            else f"set name {name!r} stands twice"
            if name in sets
            else ""
        )
        if what:
            problems.append(
                Problem(
                    what,
                    f"{path}, line {number}: {line[:60]!r}",
                    "set name, description, genes, parted by tabs; each name once",
                    "Check `format` in gene_sets.tsv, or mend the file.",
                )
            )
            continue
        genes = dict.fromkeys(gene for cell in cells[2:] if (gene := cell.strip()))
        empty += not genes
        sets[name] = tuple((gene, 1.0) for gene in genes)
    _raise_any(problems)
    _require_sets(sets, path)
    return Library(path, sets, notes=(f"{empty} sets of the library hold no gene",) if empty else ())


def _read_gmt_zip(path: Path) -> Library:
    """Read the one GMT file in a zip, without unpacking anything to disk and never more than the bound."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [item for item in archive.infolist() if item.filename.lower().endswith(".gmt")]
            if len(inside) != 1:
                names = ", ".join(item.filename for item in archive.infolist()[:10])
                raise _unreadable(path, f"zip holds {len(inside)} GMT files instead of one ({names})")
            with archive.open(inside[0]) as stream:
                data = stream.read(MAX_TEXT_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise _unreadable(path, f"zip is damaged or locked ({error})") from error
    return _parse_gmt(_decode(data, path), path)


@dataclass(frozen=True)
class _LongLayout:
    """Where a long table (one line per set and gene) holds what."""

    set_column: str
    gene_column: str
    weight_column: str
    separator: str
    weight_required: bool = True
    signed: bool = True


_COLLECTRI = _LongLayout("source", "target", "weight", ",")
_DOROTHEA = _LongLayout("tf", "target", "mor", "\t")
_PROGENY = _LongLayout("pathway", "gene", "weight", "\t")
_SETS_TSV = _LongLayout("gene_set", "gene", "weight", "\t", weight_required=False)


def _read_long(path: Path, layout: _LongLayout) -> Library:
    """Read a long table with a header line; columns beyond the needed ones are ignored."""
    lines = _lines(_read_text(path))
    rows = csv.reader(io.StringIO("\n".join(line for _, line in lines), newline=""), delimiter=layout.separator)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        needed = [layout.set_column, layout.gene_column, *([layout.weight_column] if layout.weight_required else [])]
        missing = [name for name in needed if name not in header]
        if missing:
            raise InputError(
                Problem(
                    f"the library lacks column {', '.join(missing)}",
                    f"{path}, header: {', '.join(header)[:200]}",
                    f"{'comma' if layout.separator == ',' else 'tab'}-separated, with {', '.join(needed)}",
                    "Check `format` in gene_sets.tsv.",
                )
            )
        return _collect_long(rows, header, layout, path, [number for number, _ in lines])
    except csv.Error as error:
        raise _unreadable(path, f"cannot be split into cells near line {rows.line_num} ({error})") from error


def _collect_long(
    rows: Iterator[list[str]], header: list[str], layout: _LongLayout, path: Path, numbers: list[int]
) -> Library:
    where = {name: position for position, name in enumerate(header)}
    set_at, gene_at = where[layout.set_column], where[layout.gene_column]
    weight_at = where.get(layout.weight_column)
    collected: dict[str, list[tuple[str, float]]] = {}
    problems: list[Problem] = []
    for index, cells in enumerate(rows, start=1):
        number = numbers[index] if index < len(numbers) else index + 1
        short = len(cells) <= max(set_at, gene_at, weight_at or 0)
        name, gene = ("", "") if short else (cells[set_at].strip(), cells[gene_at].strip())
        weight = _parse_weight("1" if weight_at is None or short else cells[weight_at])
        if short or not name or not gene or weight is None:
            problems.append(
                Problem(
                    "a line of the library is incomplete, or its weight is not a finite number other than 0",
                    f"{path}, line {number}: {layout.separator.join(cells)[:80]!r}",
                    f"{layout.set_column}, {layout.gene_column} and a weight in each line",
                    "Retrieve the file again, or mend the line.",
                )
            )
            if len(problems) == 20:
                break
            continue
        collected.setdefault(name, []).append((gene, weight))
    _raise_any(problems)
    _require_sets(collected, path)
    return Library(path, {name: tuple(members) for name, members in collected.items()}, signed=layout.signed)


def _parse_weight(cell: str) -> float | None:
    try:
        weight = float(cell.strip() or "1")
    except ValueError:
        return None
    return weight if weight != 0 and abs(weight) < float("inf") else None


def _raise_any(problems: list[Problem]) -> None:
    if problems:
        raise InputError(problems)


def _require_sets(sets: Mapping[str, object], path: Path) -> None:
    if not sets:
        raise _unreadable(path, "holds no gene set")


_READERS: Mapping[SetFormat, Callable[[Path], Library]] = {
    "gmt": _read_gmt,
    "gmt_zip": _read_gmt_zip,
    "collectri": lambda path: _read_long(path, _COLLECTRI),
    "dorothea": lambda path: _read_long(path, _DOROTHEA),
    "progeny": lambda path: _read_long(path, _PROGENY),
    "sets_tsv": lambda path: _read_long(path, _SETS_TSV),
}
