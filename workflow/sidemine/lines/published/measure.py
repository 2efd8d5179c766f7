"""Somebody's published table of fold changes: read, checked against its label, described in one sentence, never tested.

Such a table has no samples behind it, so no set test, no pooling and no verdict other than `not testable` can rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sidemine.enrichment.libraries import near_names
from sidemine.errors import InputError, Problem
from sidemine.lines.published.label_check import check_label
from sidemine.prepare.platform_annotation import read_platform_annotation
from sidemine.sources.gene_column import counts_rows
from sidemine.sources.spreadsheet import is_spreadsheet, read_spreadsheet_sheets
from sidemine.study.projections import TableToDescribe
from sidemine.text.delimited import read_delimited
from sidemine.text.text_table import TextTable

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 1_100_000
"""More rows than any expression platform has; a spreadsheet ends at 1,048,576."""
MAX_COLUMNS = 2_000
MAX_BYTES = 500_000_000

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
    cells = _read_cells(path, [name for name in columns.values() if name])
    cells.name_column = cells.position(row.gene_column or 0)
    names = [text.strip() for text in cells.cells(cells.name_column)]
    if counts_rows(names):
        raise InputError(
            Problem(
                f"the column of genes only counts rows: {', '.join(names[:4])}",
                f"{path}: {cells.header[cells.name_column]!r}, column {cells.name_column + 1}",
                "gene symbols",
                f"Set gene_column in published_tables.tsv to one of: {', '.join(filter(None, cells.header))}.",
            )
        )
    named = [place for place, name in enumerate(names) if name]
    if not named:
        raise _damaged(path, "has a header and no row with a gene")
    identifiers = [names[place] for place in named]
    numbers = {
        role: cells.numbers(columns[role], infinite=True)[named] if columns[role] else [float("nan")] * len(named)
        for role in VALUE_COLUMNS
    }
    for role in ("p_value", "adjusted_p"):
        wrong = next(
            (row for row, value in zip(named, numbers[role], strict=True) if not 0 <= value <= 1 and value == value),
            None,
        )
        if wrong is not None:
            column = cells.position(columns[role])
            raise InputError(
                Problem(
                    "a p-value does not lie between 0 and 1",
                    f"{cells.place(wrong, column)}, value {cells.cells(column)[wrong]!r}",
                    "p-values as they are; no logarithms, no percentages",
                    "Correct the column names in published_tables.tsv, or leave the p-values out.",
                )
            )
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
        Table of `gene_set_table.GENE_SETS`, for the panel.
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


def _read_cells(path: Path, wanted: list[str]) -> TextTable:
    """Return a text table, or the first sheet that has the wanted columns."""
    if not path.is_file():
        raise _damaged(path, "is not there")
    headers: list[str] = []
    for name, table in _sheet_tables(path) if is_spreadsheet(path) else [("the file", _text_table(path))]:
        if table is not None and table.has(*wanted):
            return table
        headers.append(f"{name}: {', '.join(table.header)[:300] if table is not None else 'empty'}")
    absent = [column for column in wanted if not any(column in header for header in headers)] or wanted
    raise InputError(
        Problem(
            f"the published table lacks column {', '.join(repr(column) for column in absent)}",
            f"{path}; " + "; ".join(headers),
            "one header row, at the top, with the columns that published_tables.tsv names",
            "Correct the column names in published_tables.tsv.",
        )
    )


def _text_table(path: Path) -> TextTable:
    table = read_delimited(path, r_layout=True, max_bytes=MAX_BYTES, max_rows=MAX_ROWS + 1)
    if table.n_rows > MAX_ROWS:
        raise _damaged(path, f"has more than {MAX_ROWS:,} rows")
    return table


def _sheet_tables(path: Path) -> Iterator[tuple[str, TextTable | None]]:
    """Give each sheet without its blank rows, stored values only; None where it is empty."""
    for sheet in read_spreadsheet_sheets(path):
        texts = [[_cell_text(cell) for cell in row[:MAX_COLUMNS]] for row in sheet.rows]
        filled = [(number, row) for number, row in enumerate(texts, start=1) if any(row)]
        if len(filled) > MAX_ROWS + 1:
            raise _damaged(path, f"has more than {MAX_ROWS:,} rows")
        width = max((len(row) for _, row in filled), default=0)
        square = [[*row, *[""] * (width - len(row))] for _, row in filled]
        lines = [number for number, _ in filled]
        name = f"sheet {sheet.name}"
        yield name, TextTable.from_rows(square, f"{path}, {name}", lines=lines) if filled else None


def _cell_text(cell: Any) -> str:
    """Return a cell as text; whole numbers without `.0` (a symbol that became a number stays recognisable)."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        Problem(
            f"the published table {what}",
            str(path),
            "CSV, TSV (either also gzipped), XLSX, XLS, XLSB or ODS, with one header row",
            "Retrieve it again, or save it in one of these forms.",
        )
    )
