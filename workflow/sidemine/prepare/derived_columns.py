"""New metadata columns from old ones, by a regular expression that must match the whole value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.study.patterns import compile_pattern
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import DerivedColumn

_MAX_VALUES_TOLD = 8


def derive_columns(samples: pd.DataFrame, derive: Mapping[str, DerivedColumn], where: str) -> pd.DataFrame:
    """Return `samples` with the derived columns; '' where a value does not match (`find_underived` judges those).

    The source may be a column, `sample` for the index, or a column derived before.

    Parameters
    ----------
    samples
        Samples × recorded columns, as text.
    derive
        Rule of each derived column, by name.
    where
        The study's place, for messages.

    Raises
    ------
    SheetMismatch
        When a source column does not exist.
    """
    result = samples.copy()
    for name, rule in derive.items():
        if rule.source != "sample" and rule.source not in result.columns:
            raise SheetMismatch(
                Problem(
                    f"the column that {name!r} is derived from does not exist",
                    f"{where}, derive.{name}.from, value {rule.source!r}",
                    "one of: " + ", ".join(["sample", *map(str, result.columns)]),
                    "Correct derive in config.yaml; sidemine inspect prints the columns and their values.",
                )
            )
        result[name] = _derived_values(result, rule)
    return result


def _derived_values(samples: pd.DataFrame, rule: DerivedColumn) -> list[str]:
    pattern = compile_pattern(rule.regex)
    source = samples.index if rule.source == "sample" else samples[rule.source]
    cells = [str(cell) for cell in source]
    matched = {cell: pattern.first_group(cell) or "" for cell in set(cells)}
    return [matched[cell] for cell in cells]


def check_derived(
    samples: pd.DataFrame, derive: Mapping[str, DerivedColumn], used: NDArray[np.bool_], where: str
) -> None:
    """Refuse rules that give no value for a sample that takes part.

    Parameters
    ----------
    samples
        Samples with their derived columns.
    derive
        Rule of each derived column, by name.
    used
        Which samples take part.
    where
        The study's place, for messages.

    Raises
    ------
    SheetMismatch
        When a derived value is missing for a sample that takes part; the values are listed.
    """
    problems = []
    for name, rule in derive.items():
        missing = samples[used & (samples[name] == "").to_numpy()]
        if len(missing) == 0:
            continue
        source = missing.index if rule.source == "sample" else missing[rule.source]
        values = [repr(value) for value in sorted(set(map(str, source)))]
        problems.append(
            Problem(
                f"the regular expression of derived column {name!r} does not match {len(missing)} samples",
                f"{where}, column {rule.source!r}: {first_of(values, _MAX_VALUES_TOLD)}",
                f"values that match {rule.regex!r} as a whole",
                "Widen the regular expression, or leave these samples out by subset or exclude.",
            )
        )
    if problems:
        raise SheetMismatch(problems)
