"""Is a table of statistics what its row says? Checks with figures; what contradicts caps the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.differential.table_completeness import implied_tests
from sidemine.lines.complete_table.config import PANELS
from sidemine.lines.published.record import LabelCheck
from sidemine.prepare.gene_table import is_accession, split_accessions
from sidemine.prepare.symbol_repair import find_mangled_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sidemine.differential.gene_statistics import TableColumns
    from sidemine.lines.complete_table.rows import RowGenes, TableRows

    Array = NDArray[np.float64]

_MOST_CONTRADICTED = 0.2
_LARGEST_NPX = 8.0
"""Difference of group means: NPX is log2, and an assay spans about ten doublings."""
_FEWEST_ACCESSIONS = 0.9
_FEWEST_OF_PANEL = 0.7
"""Quality control takes a few assays of a panel; a table that lacks more lacks them for another reason."""


DATES = "names that a spreadsheet turned into dates"
"""A few rows of a table; it stays what it is."""


SIGN = "differences with a sign"
_FEWEST_OF_ONE_SIGN = 5
"""Of so many rows of a list one is likely to be lower."""

_SIGN = "Nothing in the table says which group was subtracted; a positive number is taken as higher in the target."


def check_rows(rows: TableRows, genes: RowGenes, form: str) -> list[LabelCheck]:
    """Check a table against its row.

    Parameters
    ----------
    rows, genes
        The table, and the genes of its rows.
    form
        Word of the format: the assay that is declared.

    Returns
    -------
    list of LabelCheck
        One per check that its columns allow, with figures.
    """
    columns = rows.columns
    checks = []
    if rows.accessions is not None:
        checks.append(_check_accessions(rows.accessions))
        if genes.compared:
            checks.append(_check_agreement(genes))
    if rows.symbols is not None:
        checks.append(_check_dates(rows.symbols))
    if form in PANELS:
        checks.append(_check_assays(rows, form))
    if columns.p_value is not None and columns.adjusted_p is not None:
        checks.append(_check_tests(columns.p_value, columns.adjusted_p, rows.n_rows))
    if columns.effect is not None and form.startswith("olink"):
        checks.append(_check_npx(columns.effect))
    return [*checks, LabelCheck("sign convention", "cannot be checked", _SIGN)]


def check_sign(columns: TableColumns) -> LabelCheck | None:
    """Return what contradicts that the effects of a list are differences: none below 0, and some on either side of 1.

    Parameters
    ----------
    columns
        Of a table that was cut. In a complete one such a column is refused; a list may hold higher genes alone.
    """
    import numpy as np

    if columns.effect is None or columns.t is not None or columns.z is not None:
        return None
    known = columns.effect[np.isfinite(columns.effect)]
    if len(known) < _FEWEST_OF_ONE_SIGN or (known < 0).any() or not (known < 1).any() or not (known > 1).any():
        return None
    detail = (
        f"No row lies below 0, and {int((known < 1).sum()):,} of {len(known):,} lie below 1: either ratios, of which these are lower, or a "
        "list of higher genes alone. Name the column of logarithms, or write logarithms in a copy of the table."
    )
    return LabelCheck(SIGN, "contradicts", detail)


def _check_accessions(cells: Sequence[str]) -> LabelCheck:
    parts = [part for cell in cells for part in split_accessions(cell)]
    fitting = sum(map(is_accession, parts))
    share = fitting / max(len(parts), 1)
    odd = next((part for part in parts if not is_accession(part)), "")
    detail = f"{fitting:,} of {len(parts):,} have the form of a UniProt accession" + (
        f" (not {odd!r})." if odd else "."
    )
    return LabelCheck("form of the accessions", "agrees" if share >= _FEWEST_ACCESSIONS else "contradicts", detail)


def _check_agreement(genes: RowGenes) -> LabelCheck:
    wrong = genes.contradicted > _MOST_CONTRADICTED * genes.compared
    detail = (
        f"In {genes.contradicted:,} of {genes.compared:,} rows they name different genes."
        f"{' Was one column sorted by itself?' if wrong else ''}"
    )
    return LabelCheck("accession and symbol name one gene", "contradicts" if wrong else "agrees", detail)


def _check_dates(symbols: Sequence[str]) -> LabelCheck:
    dates = [name for name in symbols if find_mangled_candidates(name)]
    detail = f"{len(dates)} names are dates: {', '.join(dates[:5])}." if dates else "None."
    return LabelCheck(DATES, "contradicts" if dates else "agrees", detail)


def _check_assays(rows: TableRows, form: str) -> LabelCheck:
    panel = PANELS[form]
    n = rows.n_rows
    expected = f"{panel.fewest:,} to {panel.most:,}"
    detail = f"The table has {n:,} rows; {panel.name} has {expected} assays."
    if n > panel.most:
        others = [one.name for one in PANELS.values() if one.fewest <= n <= one.most]
        fits = f" {' or '.join(others)} would fit by number." if others else ""
        return LabelCheck("number of assays", "contradicts", f"{detail} Impossible.{fits}")
    if n < _FEWEST_OF_PANEL * panel.fewest:
        return LabelCheck(
            "number of assays", "contradicts", f"{detail} Too few for the whole panel: were rows left out?"
        )
    return LabelCheck("number of assays", "agrees", detail)


def _check_tests(p_values: Array, adjusted: Array, n_rows: int) -> LabelCheck:
    check = "number of tests"
    implied = implied_tests(p_values, adjusted)
    if implied is None:
        return LabelCheck(check, "cannot be checked", "Too few usable p-values.")
    detail = (
        f"Raw and adjusted p-values ({implied.method}) imply {implied.count:,} tests; the table has {n_rows:,} rows."
    )
    # Of a table that was cut this number, too, belongs to the whole one.
    return LabelCheck(check, "cannot be checked" if implied.count > 1.1 * n_rows else "agrees", detail)


def _check_npx(effects: Array) -> LabelCheck:
    import numpy as np

    largest = float(np.nanmax(np.abs(effects)))
    detail = f"The largest |difference| is {largest:.3g}; NPX is log2."
    return LabelCheck("range of differences in NPX", "contradicts" if largest > _LARGEST_NPX else "agrees", detail)
