"""Statistics of genes from a complete published table: what a table without samples can give to a set test.

Everything becomes one normal deviate per gene, target minus reference; one for all genes of a complex or a group of proteins, which
were measured together. A fold change alone has no error and gives none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, pairwise
from math import inf, lgamma, log
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.table_completeness import end_at_half
from sidemine.errors import InputError, Problem
from sidemine.stats.tails import SMALLEST_P, z_of_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AGREEMENT = 0.2
"""Share by which |z| of the p-values may differ from |effect| / se, or from |t|, in the typical row."""


_FEWEST_OF_ONE_SIGN = 20
"""Of so many genes of a complete table some are lower."""


_DIGITS_OF_COPY = 10
"""Rows of different proteins that agree in all numbers, effect and one other of so many significant digits together, are one measurement,
written down several times: of 10,000 rows two agree so by chance in one of a hundred tables. Effect and p of single precision have 12 to 18."""


_DIGITS_OF_NEIGHBOURS = 4
"""So many suffice where such rows stand beside one another, as a group that is written out does, or where they are `_MANY_ALIKE`."""


_MANY_ALIKE = 4


_MOST_BY_CHANCE = 0.01
"""Times that a table may be expected to hold so many by chance."""


_MOST_MIRRORED = 0.25
"""Rows with the same numbers on the other side of 0, for each that seems to be a copy: from here on copies are chance."""


_ONE_SIDED = 0.95
"""Share of p below .5 among rows above 0 minus that among rows below 0, in size: 0 of two-sided p-values, 1 of one-sided ones."""


@dataclass(frozen=True)
class TableColumns:
    """Numbers of a table by role, each of shape (rows,), NaN = missing; None where no column is declared.

    Attributes
    ----------
    effect
        Difference, target minus reference, on a scale where 0 means none (log2 fold change, NPX, log odds ratio, β).
    se
        Its standard error.
    t, z
        Statistic with the sign of the effect: Student's t, or a normal deviate.
    p_value
        Two-sided.
    adjusted_p
        Adjusted for all rows; used to see whether the table is complete.
    n
        Samples of the row, both groups together.
    """

    effect: NDArray[np.float64] | None = None
    se: NDArray[np.float64] | None = None
    t: NDArray[np.float64] | None = None
    z: NDArray[np.float64] | None = None
    p_value: NDArray[np.float64] | None = None
    adjusted_p: NDArray[np.float64] | None = None
    n: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class GeneStatistics:
    """Normal deviates of a complete table, one for each gene or group of genes. Signs are target minus reference.

    Attributes
    ----------
    genes
        Approved symbols of each value, sorted, no group twice: one gene, or those that were measured together. The universe.
    z
        Normal deviates; where several rows are of the same genes, their mean.
    effect, se
        Means of what the table gives; NaN where it gives none.
    losses
        Rows that take no part, by reason.
    notes
        What was done, in sentences.
    """

    genes: list[tuple[str, ...]]
    z: NDArray[np.float64]
    effect: NDArray[np.float64]
    se: NDArray[np.float64]
    losses: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def n_universe(self) -> int:
        """How many values the table holds."""
        return len(self.genes)

    @property
    def names(self) -> list[str]:
        """What each value is called: its genes, divided by semicolons."""
        return [";".join(group) for group in self.genes]

    @property
    def symbols(self) -> frozenset[str]:
        """All genes that were measured, alone or with others."""
        return frozenset(gene for group in self.genes for gene in group)

    @property
    def noun(self) -> str:
        """What the values are of, in words."""
        return "genes or groups of genes" if any(len(group) > 1 for group in self.genes) else "genes"


def normal_deviates(columns: TableColumns, where: str) -> tuple[NDArray[np.float64], list[str]]:
    """Return one normal deviate per row, NaN where the row does not give one, and what it was made of.

    Which columns suffice, in the order in which they are used: z; two-sided p with the sign of t or effect; t; effect
    and se. t, and effect / se, are turned into z with n − 2 degrees of freedom where n is given, and else are taken as
    normal. A p of 0 is one too small for its writer: the row's t or effect / se serves, or else the smallest number.

    Parameters
    ----------
    columns
        The table.
    where
        Table and file, for messages.

    Raises
    ------
    InputError
        When no columns suffice, a standard error is not above 0, a p-value does not lie between 0 and 1, or two columns have
        opposite signs in most rows.
    """
    _check(columns, where)
    z, notes = _deviates(columns, where)
    return z, [*notes, *_opposite_signs(columns, where)]


def _deviates(columns: TableColumns, where: str) -> tuple[NDArray[np.float64], list[str]]:
    ratio = None if columns.effect is None or columns.se is None else columns.effect / columns.se
    student = columns.t if columns.t is not None else ratio
    sign = next((values for values in (columns.t, columns.effect) if values is not None), None)
    if columns.z is not None:
        return columns.z, ["z as the table gives it."]
    if columns.p_value is not None and sign is not None:
        return _of_p(columns.p_value, sign, None if student is None else _of_t(student, columns.n)[0], where)
    if student is not None:
        z, how = _of_t(student, columns.n)
        return z, [f"z from {'t' if columns.t is not None else 'effect / se'}, {how}."]
    raise InputError(
        Problem(
            "the columns that are declared give no statistic with a sign",
            f"{where}: columns {', '.join(name for name, values in vars(columns).items() if values is not None) or 'none'}",
            "z; or p and a column with the sign (t, effect); or t; or effect and se",
            "Name further columns of the table in lines.tsv. Fold changes without an error can be described in "
            "published_tables.tsv; they cannot be tested.",
        )
    )


def _check(columns: TableColumns, where: str) -> None:
    probability = ("from 0 to 1; no logarithms", 0.0, 1.0)
    limits = {"se": ("above 0", np.nextafter(0, 1), np.inf), "p_value": probability, "adjusted_p": probability}
    problems = []
    for name, (allowed, low, high) in limits.items():
        values: NDArray[np.float64] | None = getattr(columns, name)
        if values is not None and (rows := np.flatnonzero((values < low) | (values > high))).size:
            problems.append(
                Problem(
                    f"the column of {name} has impossible numbers (rows: {len(rows)})",
                    f"{where}: row {rows[0] + 1} of the table, value {values[rows[0]]:g}",
                    allowed,
                    "Correct `columns` in lines.tsv, or the table in a copy of it.",
                )
            )
    if problems:
        raise InputError(problems)


def _opposite_signs(columns: TableColumns, where: str) -> list[str]:
    """Refuse columns that point in opposite ways in most rows: which way is right, no column tells. Tell where few do."""
    given = {"z": columns.z, "t": columns.t, "effect": columns.effect}
    # A column of ratios has no signs.
    signs = {name: np.sign(values) for name, values in given.items() if values is not None and (values < 0).any()}
    notes = []
    for (name, one), (other, two) in combinations(signs.items(), 2):
        known, opposite = int((np.abs(one * two) == 1).sum()), int((one * two == -1).sum())
        if 2 * opposite > known:
            raise InputError(
                Problem(
                    f"{name} and {other} have opposite signs in {opposite:,} of {known:,} rows",
                    where,
                    "columns of one comparison, target minus reference",
                    f"Find out which group was subtracted, and leave {name} or {other} out of `columns` in lines.tsv, or turn its sign in "
                    "a copy of the table.",
                )
            )
        if opposite:
            notes.append(
                f"Rows in which {name} and {other} have opposite signs: {opposite:,} of {known:,}; the sign of {next(iter(signs))} counts."
            )
    return notes


def refuse_ratios(columns: TableColumns, where: str) -> None:
    """Refuse a complete table whose signs are never negative: ratios without a logarithm, or absolute values.

    Parameters
    ----------
    columns, where
        As in `normal_deviates`.

    Raises
    ------
    InputError
        When there are at least 20 rows, and a column that gives the sign has no value below 0.
    """
    problems: list[Problem] = []
    for name in ("effect", "t", "z"):
        values = getattr(columns, name)
        if values is not None and len(values) >= _FEWEST_OF_ONE_SIGN and not (values < 0).any():
            problems.append(
                Problem(
                    f"no row of the column of {name} lies below 0",
                    f"{where}: {len(values):,} rows, smallest {np.nanmin(values):g}",
                    "differences with a sign, 0 meaning none; no odds ratios, fold changes or absolute values",
                    "Name the column of logarithms (log2 fold change, β), or write logarithms in a copy of the table.",
                )
            )
    if problems:
        raise InputError(problems)


def _of_t(t: NDArray[np.float64], n: NDArray[np.float64] | None) -> tuple[NDArray[np.float64], str]:
    if n is None:
        return t, "taken as normal, since no number of samples is declared"
    with np.errstate(invalid="ignore"):
        return np.where(n > 3, z_of_t(t, np.maximum(n - 2, 1.0)), np.nan), "with n − 2 degrees of freedom"


def _of_p(
    p_value: NDArray[np.float64], sign: NDArray[np.float64], instead: NDArray[np.float64] | None, where: str
) -> tuple[NDArray[np.float64], list[str]]:
    from scipy.special import ndtri

    _refuse_one_sided(p_value, sign, where)
    zero = p_value == 0
    least = _half_of_last_digit(p_value) if zero.any() else SMALLEST_P
    z = -ndtri(np.where(zero, least, np.maximum(p_value, SMALLEST_P)) / 2) * np.sign(sign)
    notes = ["z from the two-sided p and the sign of the effect."]
    if zero.any():
        if instead is not None:
            z = np.where(zero, instead, z)
        words = (
            "its t or effect / se serves"
            if instead is not None
            else f"half of the last digit that the column prints serves ({least:.2g}); a column of t, or of se, would tell more"
        )
        notes.append(f"p is 0 in {int(zero.sum())} of the rows, too small for its writer: {words}.")
    if instead is not None and (contradiction := _disagreement(z[~zero], instead[~zero])):
        notes.append(contradiction)
    return z, notes


def _half_of_last_digit(p_value: NDArray[np.float64]) -> float:
    """Return half of the smallest digit that any row prints: what is smaller is written as 0.

    >>> _half_of_last_digit(np.array([0.0, 0.25, 0.031]))
    0.0005
    """
    digits = min(
        (Decimal(repr(float(value))).normalize().as_tuple().exponent for value in p_value if value > 0), default=0
    )
    return max(0.5 * float(f"1e{min(int(digits), 0)}"), SMALLEST_P)


def _refuse_one_sided(p_value: NDArray[np.float64], sign: NDArray[np.float64], where: str) -> None:
    """Refuse p-values that lie below .5 on one side of 0 and above it on the other, or that end at .5: a two-sided p does neither."""
    if end_at_half(p_value):
        raise InputError(
            Problem(
                "the p-values end at .5: two-sided ones that were halved, of one side each?",
                f"{where}: {len(p_value):,} rows, largest p {np.nanmax(p_value):.3g}",
                "two-sided p-values of all genes, from 0 to 1",
                "Name t, z, or effect and se instead of p in `columns` of lines.tsv, or write two-sided p-values in a copy.",
            )
        )
    known = np.isfinite(p_value) & (sign != 0) & np.isfinite(sign) & (p_value != 0.5)
    small, higher = p_value[known] < 0.5, sign[known] > 0
    if min(higher.sum(), (~higher).sum()) < _FEWEST_OF_ONE_SIGN:
        return
    of_higher, of_lower = float(small[higher].mean()), float(small[~higher].mean())
    if abs(of_higher - of_lower) >= _ONE_SIDED:
        raise InputError(
            Problem(
                "the p-values are one-sided: whether they lie below .5 depends on the sign of the effect",
                f"{where}: below .5 are {100 * of_higher:.0f} % of {higher.sum():,} rows above 0 and {100 * of_lower:.0f} % of "
                f"{(~higher).sum():,} rows below 0",
                "two-sided p-values",
                "Name t, z, or effect and se instead of p in `columns` of lines.tsv, or write two-sided p-values in a copy.",
            )
        )


def _disagreement(z: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    """Say that p and t (or effect / se) do not belong together, as one-sided p, or an se of another scale, do not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(z) / np.abs(other)
    ratio = ratio[np.isfinite(ratio)]
    typical = float(np.median(ratio)) if len(ratio) else 1.0
    if abs(typical - 1) <= _AGREEMENT:
        return ""
    return (
        f"The p-values contradict t or effect / se: the typical |z| is {typical:.2f} times as large. Are they one-sided, or "
        "is the standard error on another scale? The p-values were used."
    )


def collect_statistics(
    genes: Sequence[Sequence[str]],
    reasons: Sequence[str],
    columns: TableColumns,
    where: str,
    *,
    of_proteins: bool = False,
) -> GeneStatistics:
    """Give every gene of a table one statistic, and genes that were measured together one in common.

    Parameters
    ----------
    genes
        Approved symbols of each row: none where it could not be resolved; several where it measures a complex or a group of
        proteins.
    reasons
        Per row: how its genes were resolved, or why not.
    columns
        The numbers of the same rows.
    where
        Table and file, for messages.
    of_proteins
        Whether rows of different genes with the same numbers, to the last of many digits, beside one another, or four and more, are a
        group of proteins that was written out, one row per gene. Genes with one read in the same sample share all digits, too, and are no group.

    Returns
    -------
    GeneStatistics
        Rows of the same genes are averaged: neither the largest nor the smallest is chosen by what it shows.

    Raises
    ------
    InputError
        As `normal_deviates`, or when no row is left.
    """
    z, notes = normal_deviates(columns, where)
    usable = np.isfinite(z)
    losses = Counter(reason for row, reason in zip(genes, reasons, strict=True) if not row)
    losses["no number in the columns of the statistic"] += sum(
        bool(row) and not good for row, good in zip(genes, usable, strict=True)
    )
    used = [place for place, row in enumerate(genes) if row and usable[place]]
    if not used:
        told = "; ".join(f"{count} × {reason}" for reason, count in losses.most_common(3))
        raise InputError(
            Problem(
                "no row of the table gives a statistic of a gene",
                f"{where}: {told}",
                "rows with a gene and numbers",
                "Check column `columns` in lines.tsv.",
            )
        )
    groups, copied = _groups(genes, columns, used) if of_proteins else ([_names(genes[row]) for row in used], 0)
    values = sorted(set(groups))
    place_of = {group: place for place, group in enumerate(values)}
    codes = np.array([place_of[group] for group in groups], dtype=np.intp)
    rows = np.array(used, dtype=np.intp)
    if copied:
        notes.append(f"Rows that repeat the numbers of another gene: {copied}; one value of all these genes.")
    complexes = sum(len(group) > 1 for group in values)
    if complexes:
        notes.append(f"Values of a complex or a group of proteins: {complexes}; each counts once in a set.")
    n_rows = Counter(group for place, group in zip(used, groups, strict=True) if group == _names(genes[place]))
    repeated = sum(count > 1 for count in n_rows.values())
    if repeated:
        notes.append(f"Genes with several rows: {repeated}; the mean of their z stands for each.")
    return GeneStatistics(
        genes=values,
        z=_means(z, rows, codes),
        effect=_means(columns.effect, rows, codes),
        se=_means(columns.se, rows, codes),
        losses={reason: count for reason, count in sorted(losses.items()) if count},
        notes=notes,
    )


def _names(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(row)))


def _groups(
    genes: Sequence[Sequence[str]], columns: TableColumns, rows: Sequence[int]
) -> tuple[list[tuple[str, ...]], int]:
    """Return which genes each of these rows measures, and how many rows repeat the numbers of other genes.

    A group of proteins that was written out, one row per gene, is still one measurement. Statistics of ranks agree by chance, in
    all digits; but then the same numbers stand on the other side of 0, too.
    """
    numbers = {
        name: values for name, values in vars(columns).items() if values is not None and name not in {"adjusted_p", "n"}
    }
    signs = [-1.0 if name in {"effect", "t", "z"} else 1.0 for name in numbers]
    own = [_names(genes[row]) for row in rows]
    alike: dict[tuple[float, ...], list[int]] = {}
    for place, row in enumerate(rows):
        alike.setdefault(tuple(float(values[row]) for values in numbers.values()), []).append(place)
    other_side = {key: tuple(sign * value for sign, value in zip(signs, key, strict=True)) for key in alike}
    mirrored = {key: len(alike.get(other, ())) for key, other in other_side.items()}
    # How many rows share the numbers of a row by chance: those on the other side of 0 tell.
    partners = sum(len(alike[key]) * mirrored[key] for key in alike if key != other_side[key]) / max(len(rows), 1)
    parts: dict[tuple[float, ...], list[list[int]]] = {}
    for key, places in alike.items():
        digits = _digits_of_row(dict(zip(numbers, key, strict=True)))
        many = len(places) >= _MANY_ALIKE and _log_chance(len(rows), partners, len(places)) <= log(_MOST_BY_CHANCE)
        together = _written_together(places, digits, many=many) if len(places) > 1 else []
        parts[key] = [part for part in together if len({own[place] for place in part}) > 1]
    kept = [part for key, several in parts.items() if 2 * mirrored[key] < len(alike[key]) for part in several]
    n_copied = sum(map(len, kept))
    if sum(mirrored[key] for key, several in parts.items() if several) > _MOST_MIRRORED * n_copied:
        return own, 0
    found = list(own)
    for part in kept:
        names = _names([gene for place in part for gene in own[place]])
        for place in part:
            found[place] = names
    return found, n_copied


def _log_chance(n: int, partners: float, alike: int) -> float:
    """Return the logarithm of how many times `alike` of n rows agree by chance, each having so many `partners` on average."""
    return log(n) + (alike - 1) * log(partners) - lgamma(alike + 1) if partners else -inf


def _written_together(places: Sequence[int], digits: int, *, many: bool) -> list[list[int]]:
    """Return which of the rows with the same numbers are one measurement, written down several times.

    All of them, where the digits are many, or the rows; else those that stand
    beside one another.
    """
    if digits >= _DIGITS_OF_COPY or (many and digits >= _DIGITS_OF_NEIGHBOURS):
        return [list(places)]
    if digits < _DIGITS_OF_NEIGHBOURS:
        return []
    starts = [0, *(at for at in range(1, len(places)) if places[at] > places[at - 1] + 1), len(places)]
    return [list(places[start:stop]) for start, stop in pairwise(starts)]


def _digits_of_row(row: Mapping[str, float]) -> int:
    """Return the significant digits of the effect and of the longest other number: p, t and se follow from one another."""
    return _digits(row.get("effect", 0.0)) + max(
        (_digits(value) for name, value in row.items() if name != "effect"), default=0
    )


def _digits(number: float) -> int:
    """Return the significant digits of a number as it was written.

    >>> _digits(0.25), _digits(-1.5e-7), _digits(0.0), _digits(0.1234567)
    (2, 2, 0, 7)
    """
    return len(f"{abs(number):.14e}".partition("e")[0].replace(".", "").strip("0")) if np.isfinite(number) else 0


def _means(values: NDArray[np.float64] | None, rows: NDArray[np.intp], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    counts = np.bincount(codes)
    if values is None:
        return np.full(len(counts), np.nan)
    return np.asarray(np.bincount(codes, weights=values[rows]) / counts)
