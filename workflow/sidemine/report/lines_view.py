"""The table of the lines of evidence of an answer card, in words; everything in it was decided by the verdict stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.drawing import words
from sidemine.drawing.panel import Panel
from sidemine.lines.layers import EXPRESSION, LAYERS
from sidemine.text.phrases import capitalised, listed
from sidemine.verdict.card import EvidenceRow, Synthesis

NOTHING = "—"


@dataclass(frozen=True)
class LineView:
    """One row: a layer of evidence.

    Attributes
    ----------
    key
        Id of the row.
    layer, source
        What kind of data, and which.
    depends
        Whether another row speaks for its line: it is indented.
    effect, p, size, test, call, seen, weak
        Cells in words: `size` is how often the test calls planted nulls, `test` the null distribution, `weak` why the row
        weighs less.
    available
        Whether there is anything.
    """

    key: str
    layer: str
    source: str
    depends: bool
    effect: str
    p: str
    size: str
    test: str
    call: str
    seen: str
    weak: str
    available: bool


@dataclass(frozen=True)
class LinesView:
    """All lines of evidence on one question: the one sentence, its rows, and the panels of the layers."""

    sentence: str
    rows: Sequence[LineView]
    undeclared: str
    panels: Sequence[Panel]

    @property
    def lines(self) -> Sequence[LineView]:
        """The rows that speak for a line."""
        return [row for row in self.rows if not row.depends]


def lines_view(synthesis: Synthesis | None, panels: Sequence[Panel] = ()) -> LinesView | None:
    """Return what a card shows of the lines of evidence; None of a control.

    Parameters
    ----------
    synthesis
        As the verdict stage wrote it.
    panels
        Of its layers.
    """
    if synthesis is None:
        return None
    declared = [row for row in synthesis.rows if row.in_line]
    undeclared = [_title(row).lower() for row in synthesis.rows if not row.in_line]
    order = {line.line: number for number, line in enumerate(synthesis.lines)}
    # A layer stands under the row that speaks for its line.
    declared.sort(key=lambda row: (order[row.in_line], row.line != row.in_line))
    return LinesView(
        sentence=synthesis.sentence,
        rows=[_row(row) for row in declared],
        undeclared=f"Not declared, so not available: {listed(undeclared)}." if undeclared else "",
        panels=panels,
    )


def _title(row: EvidenceRow) -> str:
    return "Expression (its own comparisons)" if row.layer == EXPRESSION else LAYERS[row.layer].title


def _row(row: EvidenceRow) -> LineView:
    name = "" if row.line == EXPRESSION else f" ({row.line})"
    return LineView(
        key=row.line,
        layer=_title(row) + name,
        source=row.source,
        depends=row.line != row.in_line,
        effect=_effect(row),
        p=NOTHING if row.p_declared is None else words.p_value(row.p_declared),
        size=_size(row),
        test=row.null_used or NOTHING,
        call=row.call,
        seen=row.reason,
        weak=_weak(row),
        available=row.call != "not available",
    )


def _effect(row: EvidenceRow) -> str:
    if row.effect is None:
        return NOTHING
    interval = ""
    if row.ci_low is not None and row.ci_high is not None:
        interval = f" [{words.number(row.ci_low)}, {words.number(row.ci_high)}]"
    return f"{words.number(row.effect)}{interval} {words.unit_words(row.unit)}; declared: {row.direction}"


def _size(row: EvidenceRow) -> str:
    if row.size_measured is None:
        return NOTHING
    worst = f" (worst gene set {100 * row.worst_set_size:.0f} %)" if row.worst_set_size is not None else ""
    return f"{100 * row.size_measured:.1f} %{worst}"


def _weak(row: EvidenceRow) -> str:
    unread = row.status == "unverified" and row.line != EXPRESSION
    clauses = [f"suggestive at most: {row.cap}" if row.cap else "", *row.downgrades]
    clauses += ["nobody has checked its row against the record"] if unread else []
    told = "; ".join(filter(None, clauses))
    return f"{capitalised(told)}." if told else NOTHING
