"""The table of the lines of evidence of an answer card, in words; everything in it was decided by the verdict stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.drawing import words
from sidemine.lines.layers import EXPRESSION, LAYERS
from sidemine.verdict.synthesis_record import EvidenceRow, Synthesis

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
    effect, p, test, call, why
        Cells in words.
    available
        Whether there is anything.
    """

    key: str
    layer: str
    source: str
    depends: bool
    effect: str
    p: str
    test: str
    call: str
    why: str
    available: bool


@dataclass(frozen=True)
class LinesView:
    """All lines of evidence on one question: the one sentence, the table, and why lines weigh less."""

    sentence: str
    rows: Sequence[LineView]
    downgrades: Sequence[str]
    undeclared: str


def lines_view(synthesis: Synthesis | None) -> LinesView | None:
    """Return what a card shows of the lines of evidence; None of a control.

    Parameters
    ----------
    synthesis
        As the verdict stage wrote it.
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
        downgrades=synthesis.downgrades,
        undeclared=f"Not declared, so not available: {words.listed(undeclared)}." if undeclared else "",
    )


def _title(row: EvidenceRow) -> str:
    return "Expression (its own comparisons)" if row.layer == EXPRESSION else LAYERS[row.layer].title


def _row(row: EvidenceRow) -> LineView:
    name = "" if row.line == EXPRESSION else f" ({row.line}, set {row.gene_set})"
    return LineView(
        key=row.line,
        layer=_title(row) + name,
        source=row.source,
        depends=row.line != row.in_line,
        effect=_effect(row),
        p=NOTHING if row.p_declared is None else words.p_value(row.p_declared),
        test=_test(row),
        call=row.call,
        why=" ".join(filter(None, [row.reason, f"Suggestive at most: {row.cap}." if row.cap else ""])),
        available=row.call != "not available",
    )


def _effect(row: EvidenceRow) -> str:
    if row.effect is None:
        return NOTHING
    interval = ""
    if row.ci_low is not None and row.ci_high is not None:
        interval = f" [{words.number(row.ci_low)}, {words.number(row.ci_high)}]"
    return f"{words.number(row.effect)}{interval} {row.unit}; declared: {row.direction}"


def _test(row: EvidenceRow) -> str:
    """Return the null distribution, and how often the test calls planted nulls."""
    if row.size_measured is None:
        return row.null_used or NOTHING
    worst = f" (worst gene set: {100 * row.worst_set_size:.1f} %)" if row.worst_set_size is not None else ""
    return f"{row.null_used}; it calls {100 * row.size_measured:.1f} % of planted nulls at 5 %{worst}"
