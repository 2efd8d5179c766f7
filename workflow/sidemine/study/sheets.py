"""Read the TSV sheets of a study as text, and say precisely what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sidemine.errors import InputError, Problem
from sidemine.study.closed_model import ClosedModel
from sidemine.study.explain import known_elsewhere, model_problems, names_of, required_names
from sidemine.study.hints import did_you_mean
from sidemine.text.decoding import read_text
from sidemine.text.repeats import repeated

_MAX_BYTES = 50_000_000

Model = TypeVar("Model", bound=ClosedModel)
CheckCells = Callable[[Mapping[str, str], str], list[Problem]]
"""Takes the cells of a row by column, and the file and line for messages."""


@dataclass(frozen=True)
class SheetRow(Generic[Model]):
    """One row that keeps to its schema, with its cells as text and its line in the file."""

    model: Model
    cells: Mapping[str, str]
    where: str


@dataclass(frozen=True)
class Sheet(Generic[Model]):
    """A sheet: its good rows, and the ids of all rows, also of those that have problems."""

    path: Path
    rows: tuple[SheetRow[Model], ...]
    ids: frozenset[str]


class AnyId(frozenset[str]):
    """The ids of a sheet that cannot be read: nothing that refers to it is wrong because of that."""

    def __contains__(self, name: object) -> bool:
        """Tell that any id may stand there."""
        return True


def read_sheet(
    path: Path,
    model: type[Model],
    key: str,
    problems: list[Problem],
    check_cells: CheckCells | None = None,
    elsewhere: Mapping[str, type[BaseModel]] = MappingProxyType({}),
) -> Sheet[Model]:
    """Read one sheet; append everything that is wrong to `problems` and go on.

    The sheet is UTF-8 text (a byte order mark and any line ends are fine) with tab-separated columns. Lines that
    start with # and blank lines are skipped, and columns behind the last one that have neither name nor cells, as spreadsheets
    save them. Empty cells take the column's default.

    Parameters
    ----------
    path
        The file.
    model
        Schema of one row.
    key
        Column that holds the id.
    problems
        Is appended to.
    check_cells
        Tells what the cells of a row, which may be wrong in themselves, do to one another.
    elsewhere
        As in `explain.model_problems`: where a column that is unknown here may belong.
    """
    lines = _lines(path, problems)
    if not lines:
        return Sheet(path, (), AnyId())
    number, header_line = lines[0]
    header = [_unquote(cell.strip()) for cell in header_line.split("\t")]
    blank = len(header) - max((place for place, name in enumerate(header, start=1) if name), default=len(header))
    if blank and not any("".join(cells[-blank:]) for cells in _cells(lines[1:], len(header))):
        header = header[:-blank]
        lines = [(number, line.rstrip(" \r").removesuffix("\t" * blank)) for number, line in lines]
    header_problems = _header_problems(header, f"{path}, line {number}", model, elsewhere)
    if header_problems:
        problems += header_problems
        # The ids are still worth reading: other sheets that name them are not wrong because of this header.
        if key not in header:
            return Sheet(path, (), AnyId())
        ids = [cells[header.index(key)] for cells in _cells(lines[1:], len(header))]
        return Sheet(path, (), frozenset(ids))
    rows: list[SheetRow[Model]] = []
    ids = []
    for number, line in lines[1:]:
        where = f"{path}, line {number}"
        cells = [_unquote(cell.strip()) for cell in line.split("\t")]
        named = dict(zip(header, cells, strict=False))
        ids.append(named.get(key, ""))
        if len(cells) != len(header):
            problems.append(_ragged(cells, header, where))
            continue
        problems += check_cells(named, where) if check_cells else []
        try:
            checked = model.model_validate({name: cell for name, cell in named.items() if cell})
        except ValidationError as error:
            problems += model_problems(error, model, where, kind="column", elsewhere=elsewhere)
        else:
            rows.append(SheetRow(checked, named, where))
    return Sheet(path, tuple(rows), frozenset(ids))


def _lines(path: Path, problems: list[Problem]) -> list[tuple[int, str]]:
    """Return the lines that count, numbered from 1 as an editor does."""
    if not path.is_file():
        near = sorted(other.name for other in path.parent.glob("*.tsv")) if path.parent.is_dir() else []
        problems.append(
            Problem(
                "a sheet of the study does not exist",
                str(path),
                "a TSV file beside config.yaml",
                did_you_mean(path.name, near) + "Create it, or correct its name in config.yaml.",
            )
        )
        return []
    try:
        text, notes = read_text(path, max_bytes=_MAX_BYTES)
    except InputError as error:
        problems += error.problems
        return []
    if any("Latin-1" in note for note in notes):  # a guess, which free text of a study need not rest on
        raw = enumerate(path.read_bytes().split(b"\n"), start=1)
        line = next((number for number, raw_line in raw if raw_line.decode("utf-8", "ignore").encode() != raw_line), 1)
        problems.append(
            Problem(
                "a sheet is not UTF-8 text",
                f"{path}, line {line}",
                "UTF-8, or UTF-16 with a byte-order mark",
                "Save the sheet as UTF-8 (in a spreadsheet: tab-separated text, character set UTF-8).",
            )
        )
        return []
    numbered = enumerate(text.split("\n"), start=1)
    lines = [(number, line) for number, line in numbered if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        problems.append(
            Problem("a sheet is empty", str(path), "a header line with the column names", "Write the header line.")
        )
    return lines


def _cells(lines: list[tuple[int, str]], width: int) -> list[list[str]]:
    split = ([_unquote(cell.strip()) for cell in line.split("\t")] for _, line in lines)
    return [cells for cells in split if len(cells) == width]


def _unquote(cell: str) -> str:
    """Undo the quoting that spreadsheets put around cells which hold quotes; leave every other cell alone.

    A selector such as `"a b" = "c"` also starts and ends with a quote; it is told apart by its single inner quotes.
    """
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        inner = cell[1:-1]
        if '"' not in inner.replace('""', ""):
            return inner.replace('""', '"').strip()
    return cell


def _header_problems(
    header: list[str], where: str, model: type[ClosedModel], elsewhere: Mapping[str, type[BaseModel]]
) -> list[Problem]:
    names = names_of(model)
    allowed = "columns: " + ", ".join(names)
    if len(header) == 1 and header[0] not in names:
        return [
            Problem(
                "the sheet is not tab-separated",
                f"{where}: {header[0][:80]}",
                allowed,
                "Separate the columns by tabs, not by commas, semicolons or spaces.",
            )
        ]
    problems = [
        Problem(
            f"unknown column {name!r}",
            where,
            allowed,
            known_elsewhere(name, elsewhere) + did_you_mean(name, names) + "Correct the name or delete the column.",
        )
        for name in header
        if name not in names
    ]
    problems += [
        Problem(f"column {name!r} stands twice in the header", where, allowed, "Delete one of them.")
        for name in repeated(header)
    ]
    missing = [name for name in required_names(model) if name not in header]
    if missing:
        problems.append(
            Problem(
                f"missing columns: {', '.join(missing)}",
                where,
                allowed,
                "Add them; config/README.md says what they hold.",
            )
        )
    return problems


def _ragged(cells: list[str], header: list[str], where: str) -> Problem:
    few = len(cells) < len(header)
    return Problem(
        f"the row has {len(cells)} cells, the header {len(header)}",
        f"{where}: {cells[0]}",
        f"{len(header)} cells, divided by tabs; empty cells count",
        f"Nothing is left for {', '.join(header[len(cells) :])}: add the missing tabs."
        if few
        else f"Too much: {' | '.join(cells[len(header) :])[:80]!r}: a tab too many, or a tab inside a cell.",
    )
