"""The one grammar of numbers, missing values and quantities for every text that enters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING_VALUES = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Cells that mean 'no value', in lower case. Spreadsheet errors such as #DIV/0! are not among them: they hide a mistake."""

MISSING_LABELS = MISSING_VALUES | {"-", "--", "---", "not available", "not applicable", "unknown"}
"""Texts of metadata and annotations, in lower case, that mean 'not known'; none of them is a missing number."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
# An exponent needs a sign or a point beside it: `1E2` is a well of a plate, `1e-6` a concentration.
_QUANTITY = re.compile(
    r"([+-]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]\d+|\d+))(?:\s*([^\W\d_][^\W_]*(?:[/·^-][^\W_]+)*\.?|%))?"
)
_MAX_TOLD = 5
_MAX_CELL_TOLD = 60


@dataclass(frozen=True)
class Quantity:
    """A number and its unit ('' where there is none)."""

    value: float
    unit: str = ""


def is_missing(cell: str) -> bool:
    """Tell whether a cell of numbers means 'no value'.

    >>> is_missing(" NA "), is_missing("#N/A"), is_missing("-")
    (True, False, False)
    """
    return cell.strip().lower() in MISSING_VALUES


def is_missing_label(text: str) -> bool:
    """Tell whether a text of metadata or of an annotation means 'not known'.

    >>> is_missing_label("unknown"), is_missing_label("---"), is_missing_label("no")
    (True, True, False)
    """
    return text.strip().lower() in MISSING_LABELS


def parse_number(cell: str, *, infinite: bool = False) -> float | None:
    """Return the number that a cell holds, None where it means 'no value'.

    A number is ASCII digits with an optional sign, decimal point and exponent, blanks around it allowed. Thousands
    separators, decimal commas, underscores, hexadecimal digits, the sign U+2212 and infinite values are no numbers.

    Parameters
    ----------
    cell
        The cell.
    infinite
        Take `inf` and `-inf` for numbers, for published fold changes of genes that one group lacks.

    Raises
    ------
    ValueError
        When the cell is neither; the message says why.

    Examples
    --------
    >>> parse_number(" -1.5e3 "), parse_number("NA")
    (-1500.0, None)
    """
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError("a cell is not a number: it is too large to be one")
        return value
    if text.lower() in MISSING_VALUES:
        return None
    if _INFINITE.fullmatch(text):
        if infinite:
            return float(text)
        raise ValueError("a cell is not a number: it is infinite, perhaps the logarithm of zero")
    raise ValueError(_why_no_number(text))


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a finite number by the grammar of `parse_number`.

    >>> is_number("1e3"), is_number("1,500"), is_number("")
    (True, False, False)
    """
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text)) and math.isfinite(float(text))


def _why_no_number(text: str) -> str:
    if text.startswith("#"):
        return "a cell is not a number: it is a spreadsheet's error"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return "a cell is not a number: a comma stands in it (thousands separator or decimal comma?)"
    if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", text):
        return "a cell is not a number: it has a decimal comma"
    if re.fullmatch("[\u2212\u2010-\u2015].*", text):
        return "a cell is not a number: its sign is a dash, not the minus of the keyboard"
    return "a cell is not a number"


def as_numbers(cells: Sequence[str], place: Callable[[int], str], *, infinite: bool = False) -> NDArray[np.float64]:
    """Return the numbers of a column of cells.

    Parameters
    ----------
    cells
        Texts.
    place
        Tells where cell number i stands (file, line, row name, column), without its value.
    infinite
        As in `parse_number`.

    Returns
    -------
    ndarray
        float64, shape (cells,); NaN where a cell means 'no value'.

    Raises
    ------
    InputError
        When cells are no numbers; the first few are told, each with its place and value.
    """
    import numpy as np

    values = np.empty(len(cells))
    problems: list[Problem] = []
    for row, cell in enumerate(cells):
        try:
            value = parse_number(cell, infinite=infinite)
        except ValueError as error:
            problems.append(_bad_number(str(error), place(row), cell))
            if len(problems) == _MAX_TOLD:
                break
            continue
        values[row] = np.nan if value is None else value
    if problems:
        raise InputError(problems)
    return values


def _bad_number(why: str, place: str, cell: str) -> Problem:
    return Problem(
        why,
        f"{place}, value {cell[:_MAX_CELL_TOLD]!r}",
        "a number with a decimal point and without thousands separators; where a value may be missing: nothing, NA, "
        "N/A, NaN, null or None",
        "Mend the cell in a copy of the file and name that copy in the sheet; if the whole column is so, save it again "
        "with plain numbers.",
    )


def parse_quantity(text: str) -> Quantity | None:
    """Return the number and unit that a text of metadata holds, None where it means 'not known'.

    A unit is one word (`years`, `mg/dl`, `%`). Labels that merely look like numbers are none: `1_1`, and `1E2` (an
    exponent needs a sign or a decimal point).

    Raises
    ------
    ValueError
        When the text is no quantity.

    Examples
    --------
    >>> parse_quantity("45 years"), parse_quantity("1.5e-3"), parse_quantity("n/a")
    (Quantity(value=45.0, unit='years'), Quantity(value=0.0015, unit=''), None)
    """
    stripped = text.strip()
    if is_missing_label(stripped):
        return None
    match = _QUANTITY.fullmatch(stripped)
    if match is None or not stripped.isprintable() or not match[1].isascii():
        raise ValueError(f"{stripped[:_MAX_CELL_TOLD]!r} is no number with or without a unit")
    value = float(match[1])
    if math.isinf(value) or (match[2] and re.fullmatch(r"[eE]\d+", match[2])):
        raise ValueError(f"{stripped[:_MAX_CELL_TOLD]!r} is no number with or without a unit")
    return Quantity(value, match[2] or "")
