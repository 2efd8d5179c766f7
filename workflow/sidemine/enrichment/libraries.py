"""Readers of gene set libraries: one per format, all bounded, all giving the same `Library`.

Genes stay as they are written in the library; `gene_sets` maps them to approved symbols.
"""

from __future__ import annotations

import difflib
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.study.choices import SetFormat
from sidemine.text.cells import unquoted
from sidemine.text.decoding import Source, is_web_page, read_text, web_page
from sidemine.text.delimited import read_delimited
from sidemine.text.numbers import is_missing_label, parse_number
from sidemine.text.text_table import TextTable

_MOST_NEAR = 5
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
    columns
        Its header, where it has one.
    notes
        Oddities that were met and tolerated, in words.
    """

    path: Path
    sets: Mapping[str, tuple[tuple[str, float], ...]]
    signed: bool = False
    notes: tuple[str, ...] = field(default=())
    columns: tuple[str, ...] = ()


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


def near_names(name: str, names: Mapping[str, object] | list[str]) -> list[str]:
    """Return names that a person may have meant: same without regard to case, similarly spelled, or containing.

    Parameters
    ----------
    name
        What was written.
    names
        What there is.
    """
    wanted = name.casefold()
    folded: dict[str, str] = {}
    for candidate in sorted(names):
        folded.setdefault(candidate.casefold(), candidate)
    containing = [real for low, real in folded.items() if wanted in low or (len(low) > 3 and low in wanted)]
    similar = [folded[low] for low in difflib.get_close_matches(wanted, list(folded), n=_MOST_NEAR, cutoff=0.6)]
    ordered = ([folded[wanted]] if wanted in folded else []) + similar + containing
    return list(dict.fromkeys(ordered))[:_MOST_NEAR]


def _read_text(source: Source, path: Path) -> str:
    """Return the text of a library, never more than the bound."""
    text, _ = read_text(source, str(path), MAX_TEXT_BYTES)
    if is_web_page(text[:200]):
        raise InputError(web_page(str(path)))
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
    """Return numbered lines without blank ones and those that begin with #."""
    numbered = enumerate(text.split("\n"), start=1)
    return [(number, line) for number, line in numbered if line.strip() and not line.startswith("#")]


def _read_gmt(path: Path) -> Library:
    return _parse_gmt(_read_text(path, path), path)


def _holds_several(cell: str) -> bool:
    """Tell whether several genes, or a gene and its weight, stand in one cell.

    Reactome names what is no human gene in words, also with a comma: `SARS coronavirus, complete genome`.
    """
    parts = [part.strip() for part in re.split("[,;]", cell)]
    return len(parts) > 1 and not any(" " in part for part in parts)


def _parse_gmt(text: str, path: Path) -> Library:
    """Parse GMT: set name, description, genes, parted by tabs only (names and genes may contain spaces)."""
    sets: dict[str, tuple[tuple[str, float], ...]] = {}
    problems: list[Problem] = []
    empty = 0
    for number, line in _lines(text):
        cells = line.split("\t")
        name = unquoted(cells[0].strip())
        joined = next((cell.strip() for cell in cells[2:] if _holds_several(cell)), "")
        what = (
            "a line of the GMT file has no tab"
            if len(cells) < 2
            else "a line of the GMT file has no set name"
            if not name
            else f"set name {name!r} stands twice"
            if name in sets
            else f"the cell {joined[:40]!r} is no gene: several, or a weight, stand in it"
            if joined
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
        genes = dict.fromkeys(gene for cell in cells[2:] if (gene := unquoted(cell.strip())))
        empty += not genes
        sets[name] = tuple((gene, 1.0) for gene in genes)
    _raise_any(problems)
    _require_sets(sets, path)
    _check_descriptions(text, path)
    return Library(path, sets, notes=(f"{empty} sets of the library hold no gene",) if empty else ())


# What names of genes look like: symbols of people, of mice, Ensembl and Entrez ids.
_GENE_FORMS = tuple(
    map(
        re.compile,
        (r"[A-Z][A-Z0-9]*(?:[-.][A-Z0-9]+)*", r"[A-Z][a-z0-9]+(?:-[a-z0-9]+)*", r"ENS[A-Z]*[GT]\d+(?:\.\d+)?", r"\d+"),
    )
)
_REACTOME = re.compile(r"R-[A-Z]{3}-\d+")
_MIN_ALIKE = 3


def _check_descriptions(text: str, path: Path) -> None:
    """Refuse a GMT whose second cells are genes: it has no column of descriptions, and they would be lost.

    Many libraries describe each set by an accession (`M5890`, a part of its name, the same word in every line): such
    cells are alike from line to line, genes are not.
    """
    rows = [(number, line.split("\t")) for number, line in _lines(text)]
    genes = {gene for _, cells in rows for cell in cells[2:] if (gene := cell.strip())}
    forms = [form for form in _GENE_FORMS if 2 * sum(map(bool, map(form.fullmatch, genes))) > len(genes)]
    seconds = [(number, cells[0].strip(), cells[1].strip()) for number, cells in rows]
    described = [second for _, _, second in seconds if not is_missing_label(second)]
    alike = len(described) >= _MIN_ALIKE and (
        len(set(described)) == 1
        or all(second.casefold() in name.casefold() for _, name, second in seconds)
        or len({re.sub(r"\d+", "", second) for second in described}) == 1
    )
    doubtful = [
        Problem(
            "the second cell of a line of the GMT file looks like a gene, where a description belongs",
            f"{path}, line {number}: set {name!r}, second cell {second!r}",
            "set name, description (it may be empty), genes, parted by tabs",
            "If the file has no descriptions, put an empty column after the names of the sets in a copy of it and name "
            "that copy; if this is a description, write it in words.",
        )
        for number, name, second in seconds
        if not is_missing_label(second)
        and not _REACTOME.fullmatch(second)
        and (second in genes or any(form.fullmatch(second) for form in forms))
    ]
    if not alike:
        _raise_any(doubtful[:5])


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
                if len(data) > MAX_TEXT_BYTES:
                    raise _unreadable(path, f"is larger than {MAX_TEXT_BYTES:,} bytes")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise _unreadable(path, f"zip is damaged or locked ({error})") from error
    return _parse_gmt(_read_text(data, path), path)


@dataclass(frozen=True)
class _LongLayout:
    """Where a long table (one line per set and gene) holds what."""

    set_column: str
    gene_column: str
    weight_column: str
    separator: str
    weight_required: bool = True


_COLLECTRI = _LongLayout("source", "target", "weight", ",")
_DOROTHEA = _LongLayout("tf", "target", "mor", "\t")
_PROGENY = _LongLayout("pathway", "gene", "weight", "\t")
_SETS_TSV = _LongLayout("gene_set", "gene", "weight", "\t", weight_required=False)


def _read_long(path: Path, layout: _LongLayout) -> Library:
    """Read a long table with a header line; columns beyond the needed ones are ignored."""
    table = read_delimited(path, separator=layout.separator, comments="anywhere", max_bytes=MAX_TEXT_BYTES)
    needed = [layout.set_column, layout.gene_column, *([layout.weight_column] if layout.weight_required else [])]
    missing = [name for name in needed if name not in table.header]
    if missing:
        raise InputError(
            Problem(
                f"the library lacks column {', '.join(missing)}",
                f"{path}, header: {', '.join(table.header)[:200]}",
                f"{'comma' if layout.separator == ',' else 'tab'}-separated, with {', '.join(needed)}",
                "Check `format` in gene_sets.tsv.",
            )
        )
    return _collect_long(table, layout, path)


def _collect_long(table: TextTable, layout: _LongLayout, path: Path) -> Library:
    weighted = layout.weight_column in table.header
    columns = [layout.set_column, layout.gene_column, *([layout.weight_column] if weighted else [])]
    collected: dict[str, list[tuple[str, float]]] = {}
    problems: list[Problem] = []
    for row, cells in enumerate(table.rows(columns)):
        name, gene = cells[0].strip(), cells[1].strip()
        weight = _parse_weight(cells[2], layout.weight_required) if weighted else 1.0
        if not name or not gene or weight is None:
            problems.append(
                Problem(
                    "a line of the library is incomplete, or its weight is not a finite number other than 0",
                    f"{path}, line {table.lines[row]}: {layout.separator.join(cells)[:80]!r}",
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
    sets = {name: tuple(members) for name, members in collected.items()}
    return Library(path, sets, signed=weighted, columns=tuple(table.header))


def _parse_weight(cell: str, required: bool) -> float | None:
    """Return a weight; None where the cell holds none, or 0. An empty cell is 1 where weights may be left out."""
    if not required and not cell.strip():
        return 1.0
    try:
        return parse_number(cell) or None
    except ValueError:
        return None


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
