"""Describe a published table of fold changes in one sentence, and check it against its label; it is never tested.

Such a table has no samples behind it, so no set test, no pooling and no verdict other than `not testable` can rest on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.differential.table_completeness import are_signed_folds, find_threshold, passed_a_filter
from sidemine.enrichment.gene_set_table import weights_of_set
from sidemine.enrichment.libraries import near_names
from sidemine.errors import InputError, Problem
from sidemine.lines.published.label_check import check_label
from sidemine.lines.published.record import DescribedTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.lines.published.specification import TableToDescribe
    from sidemine.prepare.gene_table import GeneTable


def describe_table(
    row: TableToDescribe, table: pd.DataFrame, panel: Mapping[str, float] | None, gene_table: GeneTable
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

    table, folds = _with_logarithms(row, table)
    change = table["fold_change"] - (table["compared_with"] if row.compare_with_column else 0.0)
    symbols = [resolution.symbol for resolution in gene_table.resolve_symbols(list(table["identifier"]))]
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
    threshold = _threshold(row, table)
    if passed_a_filter(table["adjusted_p"].to_numpy(dtype=float)):
        missing += (
            f" The table lists only genes with adjusted p ≤ {table['adjusted_p'].max():.2g} and |{'fold change' if folds == _PERHAPS else 'log2 fold change'}| ≥ "
            f"{table['fold_change'].abs().min():.2g}: genes that did not change are absent from it."
        )
    elif threshold:
        missing += f" The table was cut ({threshold}): genes that did not change are absent from it."
    if infinite:
        missing += f" Infinite fold changes (nothing found in one group; {infinite} in the whole table) are left out."
    changes = table["fold_change"].to_numpy(dtype=float)
    if not row.compare_with_column and not (changes < 0).any() and (changes < 1).any() and (changes > 1).any():
        missing += (
            f" No fold change of the table lies below 0, and {int((changes < 1).sum()):,} lie below 1: if they are ratios and no "
            "logarithms, these are the lower ones, and the counts above do not hold."
        )
    return (
        f"{lower} of {total} {'listed' if threshold else 'measured'} {words} are lower, {higher} higher{rest} "
        f"({row.target_label} versus {row.reference_label}; median difference {measured.median():+z.2f} log2 units"
        f"{_PERHAPS if folds == _PERHAPS else ''}).{_TAKEN if folds == _TAKEN else ''}{missing} The table gives fold changes without samples, so this is a description and no test."
    )


_TAKEN = " The table gives signed fold changes (no value between −1 and 1): their log2 were taken."
_PERHAPS = " if these are logarithms; no value lies between −1 and 1, as of signed fold changes"


def _with_logarithms(row: TableToDescribe, table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return a table whose signed fold changes are logarithms, and what is said of it: where no p-value tells, that they may be either."""
    import numpy as np

    changes = table["fold_change"].to_numpy(dtype=np.float64)
    known = changes[np.isfinite(changes)]
    if row.compare_with_column or not len(known) or (np.abs(known) < 1).any() or not known.min() < 0 < known.max():
        return table, ""
    p_value = table["p_value"].where(table["p_value"].notna(), table["adjusted_p"]).to_numpy(dtype=np.float64)
    if not are_signed_folds(changes, p_value):
        return table, "" if "log" in row.fold_change_column.casefold() else _PERHAPS
    return table.assign(fold_change=np.sign(changes) * np.log2(np.abs(changes))), _TAKEN


def _threshold(row: TableToDescribe, table: pd.DataFrame) -> str:
    """Return by which threshold the table was cut; empty where nothing speaks for one."""
    import numpy as np

    def column(name: str) -> NDArray[np.float64] | None:
        values = table[name].to_numpy(dtype=np.float64)
        return values if np.isfinite(values).any() else None

    p_value, adjusted, change = column("p_value"), column("adjusted_p"), column("fold_change")
    cut_by_p = find_threshold(None, p_value, adjusted)
    if cut_by_p or change is None:
        return cut_by_p or ""
    values = change[np.isfinite(change)]
    higher, lower, small = ((values > 0).any(), (values < 0).any(), (np.abs(values) < 1).any())
    # Levels that another column is compared with, and ratios, have no small values to begin with.
    if row.compare_with_column or (not lower and small and (values > 1).any()):
        return ""
    threshold = find_threshold(change, None, None) or ""
    signed = threshold and higher and lower and not small
    if signed and (p_value is not None or adjusted is not None):
        return ""  # its p-values say that nothing was cut: fold changes of 1.3 and -1.3
    return f"{threshold}; unless these are signed fold changes and no logarithms" if signed else threshold


def describe_published_table(
    row: TableToDescribe,
    table: pd.DataFrame,
    platform_maps: Mapping[str, pd.DataFrame],
    gene_sets: pd.DataFrame,
    gene_table: GeneTable,
) -> DescribedTable:
    """Check and describe one published table.

    Parameters
    ----------
    row
        The row of `published_tables.tsv`.
    table
        From `read_published_table`.
    platform_maps
        Annotation by platform, as `check_label` takes it.
    gene_sets
        As `gene_set_table.GENE_SETS` describes, for the panel.
    gene_table
        Resolves symbols.

    Returns
    -------
    DescribedTable
        Its sentence and its checks.

    Raises
    ------
    InputError
        When the panel is no gene set of the study.
    """
    return DescribedTable(
        table=row.table,
        accession=row.accession,
        platform=row.platform,
        target_label=row.target_label,
        reference_label=row.reference_label,
        sentence=describe_table(row, table, _panel_of(row, gene_sets), gene_table),
        n_genes=int(table.loc[table["fold_change"].abs() < float("inf"), "identifier"].nunique()),
        checks=check_label(row, table, platform_maps),
    )


def _panel_of(row: TableToDescribe, gene_sets: pd.DataFrame) -> dict[str, float] | None:
    if not row.panel:
        return None
    weights = weights_of_set(gene_sets, row.panel)
    if not weights:
        names = sorted(gene_sets["gene_set"].unique())
        raise InputError(
            Problem(
                f"the panel {row.panel!r} is no gene set of this study",
                f"published_tables.tsv, table {row.table}, column panel",
                f"one of {len(names)} sets; nearest: {', '.join(near_names(row.panel, names)) or 'none'}",
                "Name a set of gene_sets.tsv, or leave panel empty.",
            )
        )
    return weights
