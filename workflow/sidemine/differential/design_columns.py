"""Columns of a design matrix from text metadata, and which of them say the same thing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.record import CovariateInDesign
from sidemine.errors import Problem
from sidemine.prepare.sample_sheet import RESERVED
from sidemine.study.covariates import Covariate
from sidemine.study.hints import did_you_mean
from sidemine.text.columns import QUANTITY_NAME, read_column
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# limma and R's lm call a column aliased when less than this share of its norm is left.
_MOST_LISTED = 15
ALIAS_TOLERANCE = 1e-7


HUNGRY_SHARE = 1 / 3
"""A factor that takes more of the residual degrees of freedom is told of."""


@dataclass(frozen=True)
class CovariateColumns:
    """One covariate in a design: what `design.json` says of it, and name and values of its columns."""

    record: CovariateInDesign
    columns: list[tuple[str, NDArray[np.float64]]]

    def note(self, residual_df: int) -> str:
        """Return a warning where a factor takes more than a third of the residual degrees of freedom; else ''."""
        taken = len(self.columns)
        if self.record.kind == "number" or taken <= HUNGRY_SHARE * (residual_df + taken):
            return ""
        return (
            f"covariate {self.record.name} is a factor of {len(self.record.levels)} levels and takes {taken} of the "
            f"{residual_df + taken} residual degrees of freedom: number({self.record.name}) or fewer levels would leave more"
        )


def missing_covariates(table: pd.DataFrame, covariates: Sequence[Covariate]) -> dict[str, list[str]]:
    """Return the samples without a value, per covariate that has some."""
    found = {}
    for name in (covariate.name for covariate in covariates if covariate.name in table.columns):
        labels = read_column(list(table[name]), name).labels
        missing = [str(sample) for sample, label in zip(table.index, labels, strict=True) if not label]
        if missing:
            found[name] = missing
    return found


def absent_columns(table: pd.DataFrame, covariates: Iterable[str], block: str) -> list[Problem]:
    """Return, for each column that a design names and the samples do not have, the problem of that.

    Parameters
    ----------
    table
        Samples × metadata.
    covariates, block
        Columns of the design; '' for no block.
    """
    columns = sorted(map(str, table.columns))
    shown = [name for name in columns if name not in RESERVED]
    named = [*((name, "the covariate", "covariates") for name in covariates), (block, "the block column", "block")]
    return [
        Problem(
            f"{what} {name} does not exist",
            f"columns: {', '.join(shown)}",
            "a metadata column",
            did_you_mean(name, shown) + f"Correct `{key}` in contrasts.tsv, or derive the column in config.yaml.",
        )
        for name, what, key in named
        if name and name not in columns
    ]


def covariate_problems(table: pd.DataFrame, covariates: Sequence[Covariate]) -> list[Problem]:
    """Return what is wrong with the covariates among these samples: absent, missing values, constant, not to be read."""
    problems = []
    missing = missing_covariates(table, covariates)
    for covariate in covariates:
        if covariate.name in missing:
            names = missing[covariate.name]
            problems.append(
                Problem(
                    f"the covariate {covariate.name} is missing in {len(names)} samples",
                    first_of(names, 20),
                    "a value for every sample of the two groups",
                    "Exclude these samples with a reason (config.yaml, exclude), fill the column by a sample sheet, "
                    "drop the covariate, or set missing_covariates to drop in contrasts.tsv.",
                )
            )
        else:
            problems += _reading_problems(table[covariate.name], covariate)
    return problems


def _reading_problems(values: pd.Series[str], covariate: Covariate) -> list[Problem]:
    name, cells = covariate.name, list(values)
    reading = read_column(cells, name)
    constant = len(set(reading.labels)) == 1 or (reading.values is not None and np.ptp(reading.values) == 0)
    if constant:
        return [
            Problem(
                f"the covariate {name} is constant in the samples of this contrast",
                f"value {values.iloc[0]!r} in all {len(values)} samples",
                "a covariate that varies",
                "Remove it from `covariates`.",
            )
        ]
    refused = not covariate.declared and reading.kind in {"mixed", "mixed units", "ambiguous"}
    if covariate.declared == "number" and read_column(cells).values is None:
        refused, reading = True, read_column(cells)
    if not refused:
        return []
    both = f"number({name}) or factor({name})" if reading.kind == "ambiguous" else f"factor({name})"
    return [
        Problem(
            f"the covariate {name} is read as neither a number nor a factor"
            if not covariate.declared
            else f"the covariate {name} is declared a number and is none",
            reading.why,
            "numbers of one unit, or labels; the sheet decides where the column does not",
            # Each age as a level of its own would take the degrees of freedom.
            f"Mend the values by a sample sheet (90+ as 90, nothing where a value is missing), or write {both} under covariates in "
            "contrasts.tsv."
            if reading.kind == "mixed" and QUANTITY_NAME.search(name)
            else f"Write {both} under covariates in contrasts.tsv, or mend the values by a sample sheet.",
        )
    ]


def covariate_columns(values: pd.Series[str], covariate: Covariate) -> CovariateColumns:
    """Return the design columns of one covariate without problems: a centred column of numbers, or those of a factor."""
    name = covariate.name
    reading = read_column(list(values), name)
    if covariate.declared == "number":
        reading = read_column(list(values))
    declared = bool(covariate.declared)
    why = f"declared: {covariate.declared}({name})" if declared else reading.why
    if reading.values is not None and (covariate.declared == "number" or (not declared and reading.kind == "numbers")):
        # Centring changes the intercept only, and keeps years and cell counts from looking aliased with it.
        column = (name, reading.values - reading.values.mean())
        return CovariateColumns(CovariateInDesign(name, "number", declared, why, reading.unit, [], 1), [column])
    labels = np.array(reading.labels, dtype=str)
    levels = _ordered_levels(labels)
    record = CovariateInDesign(name, "factor", declared, why, "", levels, len(levels) - 1)
    return CovariateColumns(record, _indicators(labels, name))


def _ordered_levels(labels: NDArray[np.str_]) -> list[str]:
    """Return the levels of a factor, its reference first: the most frequent, then alphabetical."""
    counts = Counter(labels.tolist())
    first = min(counts, key=lambda level: (-counts[level], level))
    return [first, *sorted(level for level in counts if level != first)]


def _indicators(labels: NDArray[np.str_], name: str) -> list[tuple[str, NDArray[np.float64]]]:
    return [(f"{name}: {level}", (labels == level).astype(np.float64)) for level in _ordered_levels(labels)[1:]]


def factor_columns(values: pd.Series[str], name: str) -> list[tuple[str, NDArray[np.float64]]]:
    """Return indicator columns of a factor, each (n_samples,), without its reference level: the most frequent, then by name."""
    return _indicators(values.to_numpy(dtype=str), name)


def aliased_columns(matrix: NDArray[np.float64]) -> dict[int, list[int]]:
    """Find columns that are combinations of columns to their left.

    Returns
    -------
    dict
        Position of each aliased column → positions of the earlier columns that it is a combination of.
    """
    kept: list[int] = []
    aliased: dict[int, list[int]] = {}
    for column in range(matrix.shape[1]):
        values = matrix[:, column]
        basis = matrix[:, kept]
        scale = np.linalg.norm(basis, axis=0)
        solution = np.linalg.lstsq(basis / scale, values, rcond=None)[0] if kept else np.zeros(0)
        left = np.linalg.norm(values - (basis / scale) @ solution)
        if left <= ALIAS_TOLERANCE * np.linalg.norm(values):
            share = np.abs(solution) > ALIAS_TOLERANCE * max(float(np.abs(solution).max()), 1e-300)
            aliased[column] = [kept[i] for i in np.flatnonzero(share)]
        else:
            kept.append(column)
    return aliased


def cross_table(values: pd.Series[str], is_target: NDArray[np.bool_]) -> str:
    """Return group × value as a small text table; numbers are told by their range.

    Parameters
    ----------
    values
        Values of a column, one per sample.
    is_target
        Which samples are of the target group; the others are of the reference.
    """
    numbers = read_column(list(values), str(values.name)).values
    if numbers is not None and len(set(numbers.tolist())) > 6:
        parts = [
            f"{group}: {numbers[member].min():g} to {numbers[member].max():g} (n = {int(member.sum())})"
            for group, member in (("target", is_target), ("reference", ~is_target))
        ]
        return "\n".join(parts)
    texts = values.to_numpy(dtype=str)
    levels = sorted(set(texts.tolist()))
    width = max([len("value"), *(len(level) for level in levels[:_MOST_LISTED])])
    lines = [f"{'value':<{width}}  target  reference"]
    for level in levels[:_MOST_LISTED]:
        here = texts == level
        lines.append(f"{level:<{width}}  {int((here & is_target).sum()):>6}  {int((here & ~is_target).sum()):>9}")
    if len(levels) > _MOST_LISTED:
        lines.append(f"… and {len(levels) - _MOST_LISTED} more values")
    return "\n".join(lines)
