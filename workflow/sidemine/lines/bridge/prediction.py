"""What is known of predicting side effects from the likeness of profiles: `resources/prediction/`, and its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.lines.bridge.record import PredictionFigure
from sidemine.tables import spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


PREDICTION = spec_of("side_effects.tsv", PredictionFigure)


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
