"""Design classes: what simulation says of designs whose own labelings are too few to measure anything.

The rows lie in `resources/calibration/design_classes.tsv`; `benchmarks/calibration_designs.py` writes them.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sidemine.considerations.calibration.rates import (
    CONSERVATIVE,
    HOLDS,
    LEVELS,
    LIBERAL,
    NOT_MEASURED,
    REFERENCE,
    UNDECIDED,
    calibration_row,
)
from sidemine.considerations.calibration.table import CalibrationRow, rows_of
from sidemine.enrichment.set_test import COMPETITIVE, SELF_CONTAINED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from sidemine.differential.design import Design

VERDICT_TESTS = (SELF_CONTAINED.name, COMPETITIVE.name)
TESTS = (*VERDICT_TESTS, "rotation", "rotation_competitive")
SMALL, LARGE = 5, 40
"""Most samples of the smaller group of a small design; fewest samples of a large one."""
UNBALANCED = 2.5
"""Ratio of the group sizes from which a large design counts as unbalanced."""


def nearest_class(design: Design, engine: str) -> str:
    """Return the design class that is nearest to a design.

    Parameters
    ----------
    design
        The design of a contrast.
    engine
        Engine of its fit: voom, limma-trend or limma.
    """
    n_target = int(design.is_target.sum())
    smaller, larger = sorted((n_target, len(design.samples) - n_target))
    if engine == "voom":
        return "3 v 3, counts" if smaller < SMALL else "6 v 6, counts"
    if design.blocking == "correlation":
        return "12 blocks, duplicate correlation"
    if smaller <= SMALL:
        return "4 pairs" if design.blocking == "fixed" else "3 v 3"
    if larger + smaller < LARGE:
        return "15 v 15"
    return "107 v 25" if larger >= UNBALANCED * smaller else "70 v 63, covariates"


def quote_class(
    contrast: str,
    name: str,
    reference: pd.DataFrame,
    why: str,
    tests: Iterable[str] = TESTS,
    nulls: Iterable[str] = ("global", "competitive"),
) -> Iterator[CalibrationRow]:
    """Yield, per test, null and level, the row of a design class in which the test calls most.

    Parameters
    ----------
    contrast, name
        The contrast, and its design class.
    reference
        Rows of the design classes.
    why
        Why the study's own samples do not tell.
    tests, nulls
        What is quoted.
    """
    simple = reference["parameter"].str.fullmatch(r"r=[0-9.]+")
    rows = rows_of(reference[(reference["subject"] == name) & (reference["quantity"] == "size") & simple])
    nulls = tuple(nulls)
    for test in tests:
        for null in nulls:
            for level in LEVELS:
                own = [row for row in rows if (row.test, row.null, row.level) == (test, null, level)]
                if own:
                    largest = sorted(own, key=lambda row: math.inf if math.isnan(row.rate) else row.rate)[-1]
                    reason = f"{why}; {_QUOTED}{name}{_AT_LARGEST}"
                    yield replace(largest, scope="dataset", subject=contrast, family="primary", reason=reason)
                else:
                    yield calibration_row(
                        "dataset", contrast, null, test, None, family="primary", level=level, reading=NOT_MEASURED,
                        source=REFERENCE, reason=f"{why}; no design class {name} in the tables",
                    )  # fmt: skip


_QUOTED, _AT_LARGEST = "quoted from the design class ", ", at the set correlation of the largest rate"


def quoted_class(reason: str) -> str:
    """Return the design class that a row of `quote_class` was quoted from; '' where it was not."""
    match = re.search(f"{re.escape(_QUOTED)}(.+){re.escape(_AT_LARGEST)}", reason)
    return match[1] if match else ""


def overall_reading(readings: Iterable[str]) -> str:
    """Return one reading of several: the worst that was measured."""
    distinct = set(readings)
    for reading in (LIBERAL, UNDECIDED, HOLDS, CONSERVATIVE):
        if reading in distinct:
            return reading
    return NOT_MEASURED


def deciding_reading(own: Iterable[str], quoted: Iterable[str]) -> str:
    """Return the reading of a test that a verdict rests on.

    Parameters
    ----------
    own
        Measured on the study's own labelings; empty where nothing was.
    quoted
        Of the design class: it speaks where the study's own labelings do not decide.
    """
    measured = set(own)
    if LIBERAL in measured:
        return LIBERAL
    if measured and UNDECIDED not in measured:
        return overall_reading(measured)
    of_class = overall_reading(quoted)
    return NOT_MEASURED if of_class == UNDECIDED else of_class
