"""`differential.tsv.gz`: its columns, its writer and its reader.

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.sources.scales import LOG2_FOLD_CHANGE
from sidemine.tables import Column, TableSpec, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

DIFFERENTIAL = TableSpec(
    "differential.tsv.gz",
    (
        Column("gene", "text", "Approved symbol."),
        Column("entrez", "text", "Entrez gene id.", may_be_empty=True),
        Column("ensembl", "text", "Ensembl gene id.", may_be_empty=True),
        Column("log2_fold_change", "number", "log2 fold change, target minus reference."),
        Column("se", "number", "Moderated standard error of the log2 fold change (log2 units)."),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval of the log2 fold change."),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval."),
        Column("t", "number", "Moderated t statistic; its sign is target minus reference."),
        Column("df", "number", "Degrees of freedom of t (residual plus prior)."),
        Column("p_value", "number", "Two-sided p-value; never 0."),
        Column("q_value", "number", "Benjamini–Hochberg over all genes of this contrast."),
        Column("mean_expression", "number", "Mean log2 expression over the samples of the contrast."),
    ),
)

DIFFERENCES = TableSpec(
    "differential.tsv.gz",
    tuple(
        Column(
            "difference",
            "number",
            "Target minus reference in the unit that design.json names (fit.unit): no log2 fold change.",
        )
        if log2_column.name == "log2_fold_change"
        else replace(log2_column, meaning=log2_column.meaning.replace("log2 fold change (log2 units)", "difference"))
        for log2_column in DIFFERENTIAL.columns
    ),
)
"""`differential.tsv.gz` of values without fold changes (z-scores, fractions). `read_differential` gives the column back as
`log2_fold_change`, the name of a gene's effect inside the package."""


def write_differential(table: pd.DataFrame, path: Path, unit: str) -> None:
    """Write `differential.tsv.gz`; where its unit is no log2 fold change, the column is not called so.

    Parameters
    ----------
    table
        Rows of `DIFFERENTIAL`.
    path
        The file.
    unit
        Unit of a gene's difference, in words.
    """
    if unit == LOG2_FOLD_CHANGE:
        write_table(table, path, DIFFERENTIAL)
    else:
        write_table(table.rename(columns={"log2_fold_change": "difference"}), path, DIFFERENCES)


def read_differential(path: Path) -> pd.DataFrame:
    """Read what `write_differential` wrote, with the columns of `DIFFERENTIAL`."""
    return read_table(path, DIFFERENTIAL, DIFFERENCES).rename(columns={"difference": "log2_fold_change"})


SHOWN_P = 0.05
"""Two-sided p from which on a gene's difference counts as unclear; a description of one gene, without multiplicity."""


def sides_of_genes(table: pd.DataFrame) -> list[Literal["higher", "lower", "unclear"]]:
    """Tell for every gene whether it is higher or lower in the target, or whether that is unclear."""
    return [
        "unclear" if not p < SHOWN_P else "higher" if difference > 0 else "lower"
        for p, difference in zip(table["p_value"].tolist(), table["log2_fold_change"].tolist(), strict=True)
    ]
