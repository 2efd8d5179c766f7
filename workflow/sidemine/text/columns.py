"""What a column of metadata holds: numbers with one unit, labels, or something that nobody should guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sidemine.text.numbers import Quantity, is_missing_label, parse_quantity
from sidemine.text.phrases import first_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["numbers", "labels", "mixed", "mixed units", "ambiguous", "missing"]

BATCH_NAME = re.compile(
    r"(^|_)(batch|plate|chip|slide|array_id|scan|scanner|scan_date|hyb|hybridi[sz]ation|run|run_date|lane|flow_?cell|"
    r"library_prep|pool_id|processing_date|extraction_date|sentrix)(_|$)"
)
AGE_NAME = re.compile(r"(^|_)age(_|$)")
QUANTITY_NAME = re.compile(r"(^|_)(age|bmi|weight|height|rin|dv200|ph|pmi|percent|pct|proportion|fraction)(_|$)")
"""Names under which whole numbers are measurements."""

_AGE_IN_YEARS = 120
_OTHER_THAN_YEARS = re.compile(r"(^|_)(months?|mos?|mths?|weeks?|wks?|days?|hours?|hrs?)(_|$)")
_MISSING_CODES = frozenset({-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0})
"""Numbers that stand for missing values, as statistics programs write them."""

_SPELLINGS = {
    "years": "year years yr yrs y yo",
    "months": "month months mo mos mth mths",
    "weeks": "week weeks wk wks w",
    "days": "day days d",
    "hours": "hour hours hr hrs h",
    "minutes": "minute minutes min mins",
    "seconds": "second seconds sec secs s",
    "kg": "kg kgs",
    "g": "g gram grams",
    "mg": "mg",
    "µg": "ug µg μg mcg",
    "ng": "ng",
    "pg": "pg",
    "cm": "cm",
    "m": "m",
    "mm": "mm",
    "l": "l liter litre",
    "ml": "ml",
    "µl": "ul µl μl",
    "M": "M",
    "mM": "mM",
    "µM": "uM µM μM",
    "nM": "nM",
    "pM": "pM",
    "%": "% percent",
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
# `m` and `M`, `mM` and `mm` differ by case alone; other spellings do not mind it.
_UNITS_ANY_CASE = {spelling.lower(): unit for spelling, unit in _UNITS.items() if len(spelling) > 2 or unit == "years"}
_PREFIX = re.compile(r"\s*([^\W\d_][\w .()-]*):\s*(?=\S)")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_PADDED = re.compile(r"[+-]?0\d")
_MOST_TOLD = 5


@dataclass(frozen=True)
class ColumnReading:
    """What a column of metadata holds.

    Attributes
    ----------
    kind
        numbers; labels; mixed (numbers and words); mixed units; ambiguous (whole numbers, an unknown unit, or ages and the
        like that are no plain numbers: measurements or labels); missing (no cell says anything).
    why
        What spoke for it, in words, with cells.
    values
        What the cells are as numbers, NaN where missing; None where they are none, or not of one unit.
    unit
        One spelling of the unit of numbers; '' where none is written.
    labels
        The cells as labels, '' where missing.
    """

    kind: Kind
    why: str
    values: NDArray[np.float64] | None
    unit: str = ""
    labels: list[str] = field(default_factory=list)


def read_column(texts: Sequence[str], name: str = "") -> ColumnReading:
    """Read a column of metadata by one grammar, `numbers.parse_quantity`, and never guess.

    `45 years`, `61 yrs`, `age: 45` and `45y` are numbers with a unit. `1_1`, `1E2`, `007` and `12B` are labels. Whole
    numbers without a unit are numbers under the name of a quantity (age, bmi, rin, …), labels under the name of a batch
    (plate, chip, run, …), labels where there are two of them (either way is the same design), and else ambiguous.

    Parameters
    ----------
    texts
        One cell per sample.
    name
        Name of the column.
    """
    cells = ["" if is_missing_label(text) else text.strip() for text in texts]
    present = [cell for cell in cells if cell]
    if not present:
        return ColumnReading("missing", "no sample has a value", None, labels=cells)
    prefixes = {match[1].lower() if (match := _PREFIX.match(cell)) else "" for cell in present}
    if len(prefixes) == 1 and "" not in prefixes:
        name = f"{name}_{prefixes.pop()}"
        bare = [_PREFIX.sub("", cell, count=1) if cell else "" for cell in cells]
        # `age: unknown` says nothing about the age, either.
        cells = ["" if is_missing_label(cell) else cell for cell in bare]
        present = [cell for cell in cells if cell]
        if not present:
            return ColumnReading("missing", "no sample has a value", None, labels=cells)
    batch = bool(BATCH_NAME.search(name))
    read = {cell: _quantity(cell) for cell in dict.fromkeys(present)}
    numbers = {cell: quantity for cell, quantity in read.items() if quantity is not None}
    words = [cell for cell, quantity in read.items() if quantity is None]
    if batch:
        return ColumnReading("labels", "by its name a batch", None, labels=cells)
    if not numbers:
        # `P45Y`, `45y6m` and `45,5` are measurements that the grammar does not know, `30-35` may be either.
        unread = words if QUANTITY_NAME.search(name) else [word for word in words if _DECIMAL_COMMA.fullmatch(word)]
        unread = [word for word in unread if re.search(r"\d", word)]
        if unread and len(unread) == len(words):
            return ColumnReading("ambiguous", f"no plain numbers: {_told(unread)}", None, labels=cells)
        return ColumnReading("labels", "no value is a number", None, labels=cells)
    if words:
        why = f"numbers ({_told(list(numbers))}) stand beside words ({_told(words)})"
        return ColumnReading("mixed", why, None, labels=cells)
    quantities = _read_quantities(cells, numbers, name)
    padded = [cell for cell in numbers if _PADDED.match(cell) and "." not in cell]
    return (
        replace(quantities, kind="labels", why=f"numbers that begin with 0 are labels: {_told(padded)}")
        if padded
        else quantities
    )


def read_numbers(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the numbers of a column that is declared to hold numbers, one per text; None where one is no number.

    Missing values are NaN.

    >>> read_numbers(["45 years", "50", "NA"]).tolist(), read_numbers(["45", "old"])
    ([45.0, 50.0, nan], None)
    """
    return read_column(texts).values


def _read_quantities(cells: list[str], numbers: dict[str, Quantity], name: str) -> ColumnReading:
    import numpy as np

    values = np.array([numbers[cell].value if cell else np.nan for cell in cells], dtype=np.float64)
    written = {quantity.unit: cell for cell, quantity in reversed(numbers.items()) if quantity.unit}
    known = {unit: _known_unit(unit) for unit in written}
    unknown = [unit for unit, factor in known.items() if not factor]
    if unknown:
        if len({unit.lower() for unit in written}) > 1:
            # `1st`, `2nd`: endings of words, no units.
            kind: Kind = "ambiguous" if QUANTITY_NAME.search(name) else "labels"
            return ColumnReading(kind, f"no unit that is known: {_told(list(written.values()))}", None, labels=cells)
        why = f"{unknown[0]!r} is no unit that is known"
        return ColumnReading("ambiguous", why, values, unknown[0], cells)
    units = set(known.values())
    if len(units) > 1:
        why = " beside ".join(
            f"{factor} ({written[unit]})" for unit, factor in sorted(known.items(), key=lambda x: x[1])
        )
        return ColumnReading("mixed units", why, None, labels=cells)
    distinct = set(values[np.isfinite(values)].tolist())
    unit = next(iter(units), "")
    if AGE_NAME.search(name) and not _OTHER_THAN_YEARS.search(name) and (why := _no_ages_in_years(numbers, unit)):
        return ColumnReading("ambiguous", why, None, unit, cells)
    if why := _codes_of_missing(numbers, distinct):
        return ColumnReading("mixed", why, None, unit, cells)
    if unit or any("." in cell for cell in numbers) or QUANTITY_NAME.search(name):
        return ColumnReading("numbers", f"numbers{f' in {unit}' if unit else ''}", values, unit, cells)
    if len(distinct) <= 2:
        return ColumnReading("labels", "two values: number or label is the same", values, labels=cells)
    return ColumnReading("ambiguous", f"whole numbers without a unit: {_told(list(numbers))}", values, labels=cells)


def _no_ages_in_years(numbers: dict[str, Quantity], unit: str) -> str:
    """Say which numbers are no ages in years where nothing says what else they are; '' where all are."""
    bare = [cell for cell, quantity in numbers.items() if not quantity.unit]
    if unit not in {"", "years"}:
        return (
            f"{unit} ({_told([cell for cell in numbers if cell not in bare])}) beside no unit ({_told(bare)})"
            if bare
            else ""
        )
    wrong = [cell for cell, quantity in numbers.items() if not 0 <= quantity.value <= _AGE_IN_YEARS]
    return f"no ages in years: {_told(wrong)}" if wrong else ""


def _codes_of_missing(numbers: dict[str, Quantity], distinct: set[float]) -> str:
    """Say which numbers look like codes of missing values: they lie further from all others than these spread; '' without such."""
    others = distinct - _MISSING_CODES
    if len(others) < 3:
        return ""
    low, high = min(others), max(others)
    found = [
        cell
        for cell, quantity in numbers.items()
        if quantity.value in _MISSING_CODES and max(low - quantity.value, quantity.value - high) > high - low
    ]
    if not found:
        return ""
    return f"{_told(found)} far outside of the other numbers ({low:g} to {high:g}), as codes of missing values are: leave such cells empty"


def _quantity(cell: str) -> Quantity | None:
    try:
        quantity = parse_quantity(cell)
    except ValueError:
        return None
    # `12B` is a well, `12 B` might be a unit: one unknown letter at a digit is no unit.
    if quantity is None or (len(quantity.unit) == 1 and not _known_unit(quantity.unit) and cell[-2].isdigit()):
        return None
    return quantity


def _known_unit(unit: str) -> str:
    bare = unit.rstrip(".")
    parts = bare.split("/")
    if len(parts) == 2:
        numerator, denominator = (_known_unit(part) for part in (parts[0], re.sub(r"[2²^]+$", "", parts[1])))
        return bare if numerator and denominator else ""
    return _UNITS.get(bare) or _UNITS_ANY_CASE.get(bare.lower(), "")


def _told(cells: Sequence[str]) -> str:
    return first_of([repr(cell[:40]) for cell in cells], _MOST_TOLD)
