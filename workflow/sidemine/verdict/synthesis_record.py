"""What the layers of evidence on one question are on record as: rows, independent lines, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.lines.evidence import Call, LayerEvidence


@dataclass(frozen=True, kw_only=True)
class EvidenceRow(LayerEvidence):
    """One row of `evidence.tsv` as it is told: what was measured, and the words of its declaration.

    Attributes
    ----------
    hypothesis, source, licence, status
        As declared; of the contrasts of the hypothesis, and of layers that are not available, without source.
    in_line
        Id of the line that it belongs to: the id of the row that speaks for it. Empty where nothing was declared.
    """

    hypothesis: str
    source: str
    licence: str
    status: str
    in_line: str


@dataclass(frozen=True)
class IndependentLine:
    """One line of evidence.

    Attributes
    ----------
    line
        Id of the row that speaks for it, declared beforehand.
    layers
        Words of all its layers, its own first.
    call, p_declared
        As that row reads.
    """

    line: str
    layers: list[str]
    call: Call
    p_declared: float | None


@dataclass(frozen=True)
class Synthesis:
    """What all layers say of one question.

    Attributes
    ----------
    rows
        Every layer, the hypothesis' own contrasts first; layers that are not available last.
    lines
        The independent lines, in that order.
    n_tested, n_shown
        Lines that could be tested, and of how many of them it is shown that they point in the declared direction.
    conflicting
        Whether one line is in favour and another one against.
    sentence
        The one sentence of it.
    downgrades
        Why the lines weigh less, each in one clause.
    """

    rows: list[EvidenceRow]
    lines: list[IndependentLine]
    n_tested: int
    n_shown: int
    conflicting: bool
    sentence: str
    downgrades: list[str]
