"""The evidence under an answer card: its panels, each with a figure or the reason why there is none, and its key figures.

Both lists stand in the order of the page. What a consideration shows is made in its own room; a new panel or tile is a function there
and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sidemine.considerations.composition.panel import adjusted_tile, adjustment_panel
from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.robustness.panel import robustness_panel, robustness_tile
from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.considerations.specificity.panel import confounders_panel, specificity_panel, specificity_tile
from sidemine.considerations.specificity.record import SpecificityColumns
from sidemine.drawing.panel import Panel, Subject, Tile
from sidemine.report import answer
from sidemine.report.beside import Beside
from sidemine.report.concordance_panel import concordance_panels
from sidemine.report.forest import forest_panel
from sidemine.verdict.card import Card

Columns = TypeVar("Columns")
Shown = TypeVar("Shown")
Maker = Callable[[Card, Subject], Shown]
"""Makes a panel or a tile of a card."""


def of(kind: type[Columns], make: Callable[[Columns, Subject], Shown]) -> Maker[Shown]:
    """Return a maker that hands `make` the columns that one consideration filled, and what the card is about."""
    return lambda card, subject: make(card.columns_of(kind), subject)


PANELS: tuple[Maker[Panel], ...] = (
    forest_panel,
    of(SpecificityColumns, specificity_panel),
    of(CompositionColumns, adjustment_panel),
    of(SpecificityColumns, confounders_panel),
    of(RobustnessColumns, robustness_panel),
)
"""Panels of every card, the forest plot first; those of the lines of evidence follow."""

TILES: tuple[Maker[Tile], ...] = (
    answer.effect_tile,
    of(CompositionColumns, adjusted_tile),
    answer.excludable_tile,
    answer.agreeing_tile,
    answer.self_contained_tile,
    answer.competitive_tile,
    of(SpecificityColumns, specificity_tile),
    of(RobustnessColumns, robustness_tile),
)
"""Key figures of every card."""


def subject_of(card: Card, beside: Beside) -> Subject:
    """Return what the panels of a card are about."""
    return Subject(
        hypothesis=card.hypothesis,
        primary_set=card.declared.set,
        is_cohort=card.kind == "cohort",
        # All contrasts of a hypothesis share one unit.
        unit=card.evidence[0].effect_unit if card.evidence else card.declared.margin_unit,
        evidence=card.evidence,
        missing=card.not_computed,
        comparators=beside.comparators.get(card.hypothesis, ()),
    )


def evidence_panels(card: Card, beside: Beside) -> list[Panel]:
    """Return the panels of one hypothesis in their order on the page."""
    subject = subject_of(card, beside)
    return [*(make(card, subject) for make in PANELS), *concordance_panels(card, beside)]


def tiles(card: Card, beside: Beside) -> Sequence[Tile]:
    """Return the key figures of a card: what is asked, the figure, and what it means or why there is none."""
    subject = subject_of(card, beside)
    return [make(card, subject) for make in TILES]
