"""Columns of a design matrix from text metadata, and which of them say the same thing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import Problem
from sidemine.study.hints import did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "not available", "unknown", "--"})
# limma and R's lm call a column aliased when less than this share of its norm is left.
ALIAS_TOLERANCE = 1e-7


def covariate_problems(table: pd.DataFrame, covariates: Sequence[str]) -> list[Problem]:
    """Return what is wrong with the covariates among these samples: absent, missing values, constant."""
    problems = []
    for covariate in covariates:
        if covariate not in table.columns:
            problems.append(
                Problem(
                    f"the covariate {covariate} does not exist",
                    f"columns: {', '.join(sorted(map(str, table.columns)))}",
                    "a metadata column",
                    did_you_mean(covariate, map(str, table.columns))
                    + "Correct `covariates` in contrasts.tsv, or derive the column in config.yaml.",
                )
            )
            continue
        values = table[covariate]
        missing = [str(name) for name in table.index[[is_missing(value) for value in values]]]
        if missing:
            listed = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
            problems.append(
                Problem(
                    f"the covariate {covariate} is missing in {len(missing)} samples",
                    listed,
                    "a value for every sample of the two groups",
                    "Exclude these samples with a reason (config.yaml, exclude), fill the column by a sample sheet, or "
                    "drop the covariate.",
                )
            )
        elif len(set(_comparable(values))) == 1:
            problems.append(
                Problem(
                    f"the covariate {covariate} is constant in the samples of this contrast",
                    f"value {values.iloc[0]!r} in all {len(values)} samples",
                    "a covariate that varies",
                    "Remove it from `covariates`.",
                )
            )
    return problems


def is_missing(value: str) -> bool:
    """Tell whether a metadata text stands for a missing value."""
    return value.strip().lower() in MISSING


def as_numbers(values: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the values as finite numbers when every one of them parses, else None."""
    try:
        numbers = np.array([float(value) for value in values], dtype=np.float64)
    except ValueError:
        return None
    return numbers if bool(np.isfinite(numbers).all()) else None


def _comparable(values: pd.Series) -> list[float] | list[str]:
    numbers = as_numbers(list(values))
    return list(values) if numbers is None else numbers.tolist()


def covariate_columns(values: pd.Series, name: str) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the design columns of one covariate: one centred column of numbers, or the columns of a factor."""
    numbers = as_numbers(list(values))
    # Centring changes the intercept only, and keeps years and cell counts from looking aliased with it.
    return factor_columns(values, name) if numbers is None else [(name, numbers - numbers.mean())]


def factor_columns(values: pd.Series, name: str) -> list[tuple[str, NDArray[np.float64]]]:
    """Return indicator columns of a factor, without its reference level: the most frequent, then alphabetical."""
    texts = values.to_numpy(dtype=str)
    counts = Counter(texts.tolist())
    levels = sorted(counts, key=lambda level: (-counts[level], level))
    return [(f"{name}: {level}", (texts == level).astype(np.float64)) for level in sorted(levels[1:])]


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


def cross_table(values: pd.Series, is_target: NDArray[np.bool_], most: int = 15) -> str:
    """Return group × value as a small text table; numbers are told by their range."""
    numbers = as_numbers(list(values))
    if numbers is not None and len(set(numbers.tolist())) > 6:
        parts = [
            f"{group}: {numbers[member].min():g} to {numbers[member].max():g} (n = {int(member.sum())})"
            for group, member in (("target", is_target), ("reference", ~is_target))
        ]
        return "\n".join(parts)
    texts = values.to_numpy(dtype=str)
    levels = sorted(set(texts.tolist()))
    width = max([len("value"), *(len(level) for level in levels[:most])])
    lines = [f"{'value':<{width}}  target  reference"]
    for level in levels[:most]:
        here = texts == level
        lines.append(f"{level:<{width}}  {int((here & is_target).sum()):>6}  {int((here & ~is_target).sum()):>9}")
    if len(levels) > most:
        lines.append(f"… and {len(levels) - most} more values")
    return "\n".join(lines)
