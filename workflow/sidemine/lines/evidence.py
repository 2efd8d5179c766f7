"""`evidence.tsv`: one row per layer and set, the same for every layer; and the one rule by which a row is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.tables import Column, TableSpec, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from sidemine.lines.layer import Layer
    from sidemine.lines.specification import DeclaredLine

Call = Literal[
    "in favour", "against", "undecided", "described", "uninformative", "not testable", "not available", "conflicting"
]

IN_FAVOUR_P = 0.05
"""One-sided p in the declared direction up to which a layer is in favour, and on the other side against."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a layer measured of one set.

    Attributes
    ----------
    universe_n
        Genes (or other units) that could have been found.
    n_in_set, n_measured
        Genes of the set, and those of them within the universe.
    effect, ci_low, ci_high
        In the unit of the layer, positive in the direction that the layer calls higher; 95 % interval.
    p_value
        Two-sided where the layer has two directions, else one-sided.
    p_declared
        One-sided in the declared direction; None where nothing may be tested. Never 0.
    null_used
        The null distribution, in words, with permutations and seed.
    percentile
        Place of the set among comparable ones (0 to 100), where the layer has such.
    reason
        What was seen, in one sentence with its full stop.
    downgrades
        Why the row weighs less, each in a few words.
    cap
        What about this result lets it be no more than suggestive (one locus, a table that contradicts its label): a reservation, with
        which it cannot show that its line holds.
    cap_of_test
        What about its test does: its size was measured so, and it counts.
    instead
        The call where the rule of p does not apply; empty: it does.
    """

    universe_n: int
    n_in_set: int
    n_measured: int
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_declared: float | None = None
    null_used: str = ""
    percentile: float | None = None
    reason: str = ""
    downgrades: tuple[str, ...] = ()
    cap: str = ""
    cap_of_test: str = ""
    instead: Call | Literal[""] = ""


@dataclass(frozen=True, kw_only=True)
class LayerEvidence:
    """One row of `evidence.tsv`; the fields that `Measured` has mean the same.

    Attributes
    ----------
    line, layer, gene_set, direction
        As declared. Words of its row (source, licence, …) are none of its job's: they join it where it is told.
    unit
        Unit of the effect.
    size_measured, worst_set_size
        Share of planted nulls that the test calls at 5 %: mean over sets, and of the worst set (`LINE_SIZES`); None where it
        was not measured.
    call
        How the row reads.
    reservation
        The part of `cap` that is about this result (one locus, a table that contradicts its label), not about its layer or test:
        such a row cannot show that its line holds.
    """

    line: str
    layer: str
    unit: str
    universe_n: int | None
    gene_set: str
    n_in_set: int | None
    n_measured: int | None
    direction: str
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    p_declared: float | None
    null_used: str
    size_measured: float | None
    worst_set_size: float | None
    percentile: float | None
    call: Call
    cap: str
    downgrades: list[str]
    reason: str
    reservation: str = ""


LINE_SIZES = TableSpec(
    "resources/calibration/lines",
    (
        Column("test", "text", "Word of the test, as its layer calls it."),
        Column("null", "text", "What was planted."),
        Column("quantity", "text", "size, or power."),
        Column("level", "number", "Nominal level."),
        Column("rate", "number", "Share of tests with p at or below level, mean over sets."),
        Column("ci_low", "number", "Lower limit of the 95 % interval of rate."),
        Column("ci_high", "number", "Upper limit of that interval."),
        Column("worst_set", "number", "The same share of the set with the largest one.", may_be_empty=True),
        Column("n", "integer", "Tests behind rate."),
        Column("seed", "integer", "Seed of the simulation."),
        Column("conditions", "text", "Numbers of genes, sets, samples: what the figure holds for."),
    ),
)
"""`resources/calibration/lines/<layer>.tsv`: what planted truths gave through the shipped functions."""


@dataclass(frozen=True)
class Size:
    """Share of planted nulls that a test calls at 5 %: mean over sets, and of the worst set."""

    mean: float | None = None
    worst_set: float | None = None


def read_size(paths: Sequence[Path], test: str) -> Size:
    """Return the largest measured size of a test over the nulls that were planted.

    Parameters
    ----------
    paths
        The table of its layer (`LINE_SIZES`); empty where nothing was measured.
    test
        Word of the test.

    Raises
    ------
    InputError
        When the table is not of its kind.
    """
    rows = [row for path in paths for row in _sizes(read_table(path, LINE_SIZES), test)]
    worst = [row.worst_set for row in rows if row.worst_set is not None]
    means = [row.mean for row in rows if row.mean is not None]
    return Size(max(means, default=None), max(worst, default=None))


def _sizes(table: pd.DataFrame, test: str) -> list[Size]:
    chosen = table[(table["test"] == test) & (table["quantity"] == "size") & (table["level"] == IN_FAVOUR_P)]
    return [
        Size(float(mean), None if worst != worst else float(worst))
        for mean, worst in zip(chosen["rate"], chosen["worst_set"], strict=True)
    ]


def judged(row: DeclaredLine, layer: Layer, measured: Measured, size: Size) -> LayerEvidence:
    """Return the row of `evidence.tsv` of one declared line, read by the one rule of all layers.

    In favour: the one-sided p in the declared direction is at most .05. Against, where a layer knows an opposite: the one on
    the other side is. Else undecided; a large p shows nothing. A test whose planted nulls come out above 6.5 % at 5 % caps.

    Parameters
    ----------
    row
        As declared in `lines.tsv`.
    layer
        Its layer.
    measured
        What was measured.
    size
        What planted nulls gave.

    Raises
    ------
    ValueError
        When a p-value is 0: a fault of the layer.
    """
    if any(p is not None and not 0 < p <= 1 for p in (measured.p_value, measured.p_declared)):
        raise ValueError(f"{row.line}: a p-value lies outside of (0, 1]")
    caps = [layer.cap, measured.cap, measured.cap_of_test, "" if measured.p_declared is None else _cap_of(size)]
    return LayerEvidence(
        line=row.line,
        layer=row.layer,
        unit=layer.unit,
        universe_n=measured.universe_n,
        gene_set=row.set,
        n_in_set=measured.n_in_set,
        n_measured=measured.n_measured,
        direction=row.direction,
        effect=measured.effect,
        ci_low=measured.ci_low,
        ci_high=measured.ci_high,
        p_value=measured.p_value,
        p_declared=measured.p_declared,
        null_used=measured.null_used,
        size_measured=size.mean,
        worst_set_size=size.worst_set,
        percentile=measured.percentile,
        call=measured.instead or call_of(measured.p_declared, opposite=layer.opposite),
        cap="; ".join(cap for cap in caps if cap),
        downgrades=list(measured.downgrades),
        reason=measured.reason,
        reservation=measured.cap,
    )


def call_of(p_declared: float | None, *, opposite: bool) -> Call:
    """Return how a one-sided p in the declared direction reads.

    Parameters
    ----------
    p_declared
        The p; None: nothing could be tested.
    opposite
        Whether the data can point the other way.
    """
    if p_declared is None:
        return "not testable"
    if p_declared <= IN_FAVOUR_P:
        return "in favour"
    return "against" if opposite and 1 - p_declared <= IN_FAVOUR_P else "undecided"


LARGEST_SIZE = 0.065
"""Share of planted nulls called at 5 % up to which a test counts as holding its size."""


def holds_size(mean: float | None) -> bool:
    """Return whether a test was shown to hold its size, so that its p can show that a line holds."""
    return mean is not None and mean <= LARGEST_SIZE


def _cap_of(size: Size) -> str:
    if size.mean is None:
        return "the size of its test was not measured, so it does not count as a line that is shown"
    if not holds_size(size.mean):
        return f"its test calls {100 * size.mean:.1f} % of planted nulls at 5 %, so it does not count as a line that is shown"
    if size.worst_set is not None and size.worst_set > 2 * IN_FAVOUR_P:
        return f"its test calls {100 * size.worst_set:.0f} % of planted nulls at 5 % for the worst gene set"
    return ""


def unavailable(line: str, layer: Layer, gene_set: str, direction: str, reason: str) -> LayerEvidence:
    """Return the row of a layer that was not run.

    Parameters
    ----------
    line
        Id of the row.
    layer
        Its layer.
    gene_set, direction
        As declared.
    reason
        Why, in one sentence.
    """
    return LayerEvidence(
        line=line,
        layer=layer.word,
        unit=layer.unit,
        universe_n=None,
        gene_set=gene_set,
        n_in_set=None,
        n_measured=None,
        direction=direction,
        effect=None,
        ci_low=None,
        ci_high=None,
        p_value=None,
        p_declared=None,
        null_used="",
        size_measured=None,
        worst_set_size=None,
        percentile=None,
        call="not available",
        cap="",
        downgrades=[],
        reason=reason,
    )
