"""What is known of predicting side effects from the likeness of profiles: `resources/prediction/`, and its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.lines.bridge.record import PredictionFigure
from sidemine.tables import Column, TableSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PREDICTION = TableSpec(
    "side_effects.tsv",
    (
        Column("what", "text", "What was measured."),
        Column("figure", "text", "The figure, as it was reported."),
        Column("ci_low", "text", "Lower limit of its 95 % interval.", may_be_empty=True),
        Column("ci_high", "text", "Upper limit of its 95 % interval.", may_be_empty=True),
        Column("conditions", "text", "On which pairs, genes or calls."),
        Column("source", "text", "Who measured it, on which data."),
    ),
)


def prediction_figures(table: pd.DataFrame) -> list[PredictionFigure]:
    """Return the rows of `PREDICTION` as records."""
    return [PredictionFigure(*row) for row in table[PREDICTION.names].astype(str).itertuples(index=False)]


def figure_words(figure: PredictionFigure) -> str:
    """Return a figure with its interval, where it has one."""
    interval = f" [{figure.ci_low}, {figure.ci_high}]" if figure.ci_low else ""
    return f"{figure.figure}{interval}"


def prediction_sentence(figures: Sequence[PredictionFigure]) -> str:
    """Return the first figure in words, as it stands beside every bridge; empty without figures."""
    if not figures:
        return ""
    first = figures[0]
    return (
        f"Evidence is not prediction. {first.what}: {figure_words(first)}, where .5 is a coin ({first.conditions}; "
        f"{first.source})."
    )
