"""Somebody's published table of fold changes: read, checked against its label, described in one sentence, never tested.

Such a table has no samples behind it, so no set test, no pooling and no verdict other than `not testable` can rest on it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sidemine.enrichment.libraries import near_names
from sidemine.errors import InputError, Problem
from sidemine.evidence.label_check import check_label
from sidemine.prepare.byte_streams import decode, open_bytes
from sidemine.prepare.platform_annotation import read_platform_annotation
from sidemine.sources.spreadsheet import is_spreadsheet, read_spreadsheet_sheets
from sidemine.study.projections import TableToDescribe

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 1_100_000
"""More rows than any expression platform has; a spreadsheet ends at 1,048,576."""
MAX_COLUMNS = 2_000
MAX_BYTES = 500_000_000

_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "#value!", "#num!", "#div/0!"})

VALUE_COLUMNS = ("fold_change", "compared_with", "p_value", "adjusted_p", "mean")
"""Columns of a table that was read, after `identifier`: numbers, missing where the table has none."""


class _Resolver(Protocol):
    def resolve_symbols(self, names: list[str]) -> Any: ...


def read_published_table(row: TableToDescribe, path: Path) -> pd.DataFrame:
    """Read a published table: CSV, TSV (either also gzipped) or a spreadsheet.

    Parameters
    ----------
    row
        Names the columns; `zero_is_missing` turns fold changes of exactly 0 into missing ones.
    path
        The retrieved file.

    Returns
    -------
    pandas.DataFrame
        One row per row of the table that names a gene, in file order: `identifier` (text as in the file; a date that a
        spreadsheet made is shown as such), and the numbers `fold_change` (log2, target minus reference), `compared_with`
        (log2), `p_value`, `adjusted_p` and `mean`, missing where the table has none; a fold change may be infinite. No formula is evaluated: a cell
        with a formula gives the value that was stored with it.

    Raises
    ------
    InputError
        When the file is damaged, too large, lacks a column, or holds text where a number belongs.
    """
    import pandas as pd

    columns = {
        "identifier": row.gene_column,
        "fold_change": row.fold_change_column,
        "compared_with": row.compare_with_column,
        "p_value": row.p_value_column,
        "adjusted_p": row.adjusted_p_column,
        "mean": row.mean_column,
    }
    header, rows = _read_cells(path, [name for name in columns.values() if name])
    where = {
        role: header.index(name) if name else (0 if role == "identifier" else -1) for role, name in columns.items()
    }
    identifiers: list[str] = []
    numbers: dict[str, list[float]] = {role: [] for role in VALUE_COLUMNS}
    bad: list[tuple[int, str, str]] = []
    for number, cells in enumerate(rows, start=2):
        if not (identifier := _text(cells, where["identifier"])):
            continue
        identifiers.append(identifier)
        for role in VALUE_COLUMNS:
            text = _text(cells, where[role])
            value = _number(text)
            if value is None:
                bad.append((number, columns[role], text))
            numbers[role].append(float("nan") if value is None else value)
    if bad:
        raise InputError([_not_a_number(path, *one) for one in bad[:5]])
    if not identifiers:
        raise _damaged(path, "has a header and no row with a gene")
    table = pd.DataFrame({"identifier": pd.Series(identifiers, dtype=object), **numbers})
    if row.zero_is_missing:
        for role in ("fold_change", "compared_with"):
            table[role] = table[role].where(table[role] != 0)
    return table


def describe_table(
    row: TableToDescribe, table: pd.DataFrame, panel: Mapping[str, float] | None, gene_table: _Resolver
) -> str:
    """Say in one sentence how many measured genes of the panel are lower or higher.

    Parameters
    ----------
    row
        Its labels, panel and `compare_with_column` word the sentence.
    table
        From `read_published_table`.
    panel
        Approved symbol → weight of the set that `row.panel` names; genes of negative weight are left out. None: all
        genes of the table.
    gene_table
        Resolves the table's symbols. Several rows of one gene are averaged.

    Returns
    -------
    str
        For example "29 of 31 measured genes of the panel CORE_ISG (40 genes) are lower, 2 higher (X versus Y; …".
    """
    import numpy as np

    change = table["fold_change"] - (table["compared_with"] if row.compare_with_column else 0.0)
    symbols = [found.symbol for found in gene_table.resolve_symbols(list(table["identifier"]))]
    infinite = int((np.isinf(table["fold_change"]) | np.isinf(table["compared_with"])).sum())
    measured = change.where(np.isfinite(change)).groupby(symbols).mean().dropna()
    if panel is None:
        words = "genes of the table"
    else:
        wanted = {gene for gene, weight in panel.items() if weight > 0}
        measured = measured[measured.index.isin(wanted)]
        words = f"genes of the panel {row.panel} ({len(wanted)} genes)"
    total, lower, higher = len(measured), int((measured < 0).sum()), int((measured > 0).sum())
    if total == 0:
        return f"None of the {words} is measured in this table, so it says nothing about them."
    rest = f", {total - lower - higher} unchanged" if total > lower + higher else ""
    missing = " A fold change of exactly 0 counts as not measured." if row.zero_is_missing else ""
    filtered = (largest := float(table["adjusted_p"].max())) < 0.5  # NaN, where there is no such column, is not
    if filtered:
        missing += (
            f" The table lists only genes with adjusted p ≤ {largest:.2g} and |log2 fold change| ≥ "
            f"{table['fold_change'].abs().min():.2g}: genes that did not change are absent from it."
        )
    if infinite:
        missing += f" Infinite fold changes (nothing found in one group; {infinite} in the whole table) are left out."
    return (
        f"{lower} of {total} {'listed' if filtered else 'measured'} {words} are lower, {higher} higher{rest} "
        f"({row.target_label} versus {row.reference_label}; median difference {measured.median():+.2f} log2 units)."
        f"{missing} The table gives fold changes without samples, so this is a description and no test."
    )


def describe_published_table(
    row: TableToDescribe,
    path: Path,
    platform_maps: Mapping[str, Path],
    gene_sets: pd.DataFrame,
    gene_table: _Resolver,
) -> dict[str, Any]:
    """Read, check and describe one published table: its entry in `verdicts.json`.

    Parameters
    ----------
    row
        The row of `published_tables.tsv`.
    path
        The retrieved table.
    platform_maps
        Files of probe maps: by `platform_map` the declared platform's, by `rival_GPLnnn` a rival's (the roles that
        retrieval gives them); plain platform names are understood as well.
    gene_sets
        Table of `tables.GENE_SETS`, for the panel.
    gene_table
        Resolves symbols.

    Returns
    -------
    dict
        table, accession, platform, target_label, reference_label, verdict (always `not testable`), sentence, n_genes,
        checks (list of check, status, detail).

    Raises
    ------
    InputError
        When the table or a map cannot be read, or the panel is no gene set of the study.
    """
    table = read_published_table(row, path)
    maps = {
        row.platform if role == "platform_map" else role.removeprefix("rival_"): read_platform_annotation(file)
        for role, file in sorted(platform_maps.items())
    }
    return {
        "table": row.table,
        "accession": row.accession,
        "platform": row.platform,
        "target_label": row.target_label,
        "reference_label": row.reference_label,
        "verdict": "not testable",
        "sentence": describe_table(row, table, _panel_of(row, gene_sets), gene_table),
        "n_genes": int(table.loc[table["fold_change"].abs() < float("inf"), "identifier"].nunique()),
        "checks": check_label(row, table, maps),
    }


def _panel_of(row: TableToDescribe, gene_sets: pd.DataFrame) -> dict[str, float] | None:
    if not row.panel:
        return None
    rows = gene_sets[gene_sets["gene_set"] == row.panel]
    if len(rows) == 0:
        names = sorted(gene_sets["gene_set"].unique())
        raise InputError(
            Problem(
                f"the panel {row.panel!r} is no gene set of this study",
                f"published_tables.tsv, table {row.table}, column panel",
                f"one of {len(names)} sets; nearest: {', '.join(near_names(row.panel, names)) or 'none'}",
                "Name a set of gene_sets.tsv, or leave panel empty.",
            )
        )
    return dict(zip(rows["gene"].astype(str), rows["weight"].astype(float), strict=True))


def _read_cells(path: Path, wanted: list[str]) -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows below it, of a text table or of the first sheet that has the wanted columns."""
    if not path.is_file():
        raise _damaged(path, "is not there")
    sheets = _spreadsheet_rows(path) if is_spreadsheet(path) else iter([("the file", _text_rows(path))])
    headers: list[str] = []
    for name, rows in sheets:
        first = next(rows, [])
        header = [_cell_text(cell) for cell in first]
        if header and all(column in header for column in wanted):
            return header, _bounded(rows, path)
        headers.append(f"{name}: {', '.join(header)[:300] or 'empty'}")
    absent = [column for column in wanted if not any(column in header for header in headers)] or wanted
    raise InputError(
        Problem(
            f"the published table lacks column {', '.join(repr(column) for column in absent)}",
            f"{path}; " + "; ".join(headers),
            "one header row, at the top, with the columns that published_tables.tsv names",
            "Correct the column names in published_tables.tsv.",
        )
    )


def _bounded(rows: Iterator[list[Any]], path: Path) -> list[list[Any]]:
    taken = list(islice(rows, MAX_ROWS + 1))
    if len(taken) > MAX_ROWS:
        raise _damaged(path, f"has more than {MAX_ROWS:,} rows")
    return taken


def _text_rows(path: Path) -> Iterator[list[Any]]:
    with open_bytes(path, MAX_BYTES) as stream:
        text, _ = decode(stream.read(MAX_BYTES))
    if "\x00" in text[:4096]:
        raise _damaged(path, "is binary, neither text nor a spreadsheet")
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html")):
        raise _damaged(path, "is a web page")
    lines = io.StringIO(text, newline="")
    while (position := lines.tell()) is not None and (line := lines.readline()).startswith("#"):
        pass
    separator = "\t" if "\t" in line else ";" if line.count(";") > line.count(",") else ","
    lines.seek(position)
    reader = csv.reader(lines, delimiter=separator)
    try:
        for cells in reader:
            if cells:
                yield list(cells[:MAX_COLUMNS])
    except csv.Error as error:
        raise _damaged(path, f"cannot be split into cells near line {reader.line_num} ({error})") from error


def _spreadsheet_rows(path: Path) -> Iterator[tuple[str, Iterator[list[Any]]]]:
    """Give each sheet's rows; stored values only."""
    for sheet in read_spreadsheet_sheets(path):
        rows = ([*row[:MAX_COLUMNS]] for row in sheet.rows if any(cell is not None for cell in row))
        yield f"sheet {sheet.name}", iter(list(rows))


def _cell_text(cell: Any) -> str:
    """Return a cell as text; whole numbers without `.0` (a symbol that became a number stays recognisable)."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def _text(cells: list[Any], position: int) -> str:
    return _cell_text(cells[position]) if 0 <= position < len(cells) else ""


def _number(text: str) -> float | None:
    """Return a number, NaN where the cell is missing, None where it is neither."""
    if text.lower() in _MISSING:
        return float("nan")
    # float() also takes underscores and other scripts' digits, which no table of fold changes means.
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf", text.lower()) else None


def _not_a_number(path: Path, number: int, column: str, text: str) -> Problem:
    return Problem(
        "the published table holds something that is not a number",
        f"{path}, row {number}, column {column!r}, value {text[:60]!r}",
        "numbers with a decimal point, or an empty cell or NA",
        "Correct the column name in published_tables.tsv, or save the table with decimal points.",
    )


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        Problem(
            f"the published table {what}",
            str(path),
            "CSV, TSV (either also gzipped), XLSX, XLS, XLSB or ODS, with one header row",
            "Retrieve it again, or save it in one of these forms.",
        )
    )
