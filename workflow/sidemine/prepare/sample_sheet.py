"""Sample sheets: a user's own columns for samples whose GEO metadata cannot separate the groups."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import pandas as pd

RESERVED = ("unit", "fate", "value_column")
_MAX_BYTES = 100_000_000


def read_sample_sheet(path: Path) -> pd.DataFrame:
    """Read a sheet (first column `sample`) as text; lines that begin with `#` are comments.

    Tabs, commas or semicolons part its cells. A first column without a name that counts the rows, as R and pandas write
    it, is left out.

    Returns
    -------
    pandas.DataFrame
        Index `sample`; text columns, '' = missing.

    Raises
    ------
    InputError
        With all problems at once: first column, repeated samples or columns, rows of another length, reserved names.
    """
    import pandas as pd

    table = read_delimited(path, comments="anywhere", max_bytes=_MAX_BYTES)
    first = 1 if len(table.header) > 1 and table.header[1] == "sample" and _counts_rows(table) else 0
    header = table.header[first:]
    columns = [[cell.strip() for cell in table.cells(position)] for position in range(first, len(table.header))]
    while (
        len(header) > 1 and not header[-1] and not any(columns[-1])
    ):  # as spreadsheets save columns that were once filled
        header, columns = header[:-1], columns[:-1]
    problems = _header_problems(header, path)
    # Spreadsheets save rows that were once filled as separators alone.
    filled = [row for row in range(table.n_rows) if any(column[row] for column in columns)]
    columns = [[column[row] for row in filled] for column in columns]
    seen: dict[str, int] = {}
    for line, sample in zip([table.lines[row] for row in filled], columns[0], strict=True):
        if not sample:
            problems.append(_sheet_problem("the row names no sample", path, line, sample))
        elif sample in seen:
            problems.append(_sheet_problem(f"the sample stands in line {seen[sample]} already", path, line, sample))
        seen.setdefault(sample, line)
    if problems:
        raise InputError(problems)
    index = pd.Index(columns[0], name="sample", dtype=object)
    return pd.DataFrame(dict(zip(header[1:], columns[1:], strict=True)), index=index, dtype=object)


def _counts_rows(table: TextTable) -> bool:
    cells = table.cells(0)
    return not table.header[0] and any(cells == [str(row + start) for row in range(len(cells))] for start in (0, 1))


def _header_problems(header: list[str], path: Path) -> list[Problem]:
    problems = []
    if not header or header[0] != "sample":
        first = header[0] if header else ""
        problems.append(
            Problem(
                "the first column of a sample sheet is not `sample`",
                f"{path}: {first!r}",
                "a tab-separated table whose first column is called sample",
                "Rename the first column, and check that cells are separated by tabs.",
            )
        )
    for name in sorted({name for name in header if header.count(name) > 1 or not name}):
        problems.append(_sheet_problem("a column name is empty or repeats", path, 1, name))
    problems += [_sheet_problem("the column name is reserved", path, 1, name) for name in RESERVED if name in header]
    return problems


def _sheet_problem(what: str, path: Path, line: int, value: str) -> Problem:
    return Problem(
        what,
        f"{path}: line {line}, value {value!r}",
        "each sample once, as many cells as the header; columns with names of their own, not " + " or ".join(RESERVED),
        "Mend the sheet.",
    )


def apply_sample_sheet(samples: pd.DataFrame, sheet: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return `samples` with the columns of `sheet`: new ones added, others replaced where the sheet has a value.

    Parameters
    ----------
    samples
        Samples × recorded columns, as text.
    sheet
        Columns of the sample sheet; its index names samples.
    path
        The sheet, for messages.

    Raises
    ------
    SheetMismatch
        When the sheet names a sample that the dataset does not have, or the name of a sample that it does not name begins
        with #, so that its line may have been taken for a comment.
    """
    check_known(sheet.index, samples.index, str(path))
    hidden = [str(name) for name in samples.index if str(name).startswith("#") and name not in sheet.index]
    if hidden:
        raise SheetMismatch(
            Problem(
                f"names of samples begin with #, and the sheet has no row of them: its lines that begin so are comments (samples: {len(hidden)})",
                f"{path}: {', '.join(map(repr, hidden[:8]))}",
                "a row for each of these samples, its name within quotes",
                f'Write the name within quotes, as in "{hidden[0]}"; cells of a sample that takes no part may be empty.',
            )
        )
    result = samples.copy()
    for name in sheet.columns:
        recorded = result[name] if name in result.columns else [""] * len(result)
        cells = dict(zip(sheet.index, sheet[name], strict=True))
        result[name] = [cells.get(sample) or old for sample, old in zip(result.index, recorded, strict=True)]
    return result


def check_known(named: Collection[str], samples: Collection[str], where: str) -> None:
    """Refuse names of samples that do not exist.

    Parameters
    ----------
    named
        Names that the study gives.
    samples
        Samples of the dataset.
    where
        What names them, for messages.

    Raises
    ------
    SheetMismatch
        When a named sample does not exist.
    """
    known = set(samples)
    unknown = [name for name in named if name not in known]
    if unknown:
        raise SheetMismatch(
            Problem(
                f"{len(unknown)} samples do not exist in this dataset",
                f"{where}: {', '.join(map(repr, unknown[:8]))}",
                f"samples of the dataset, for example {', '.join(map(repr, list(samples)[:5]))}",
                "Correct the names; sidemine inspect lists the samples.",
            )
        )
