"""The evidence under an answer card: one panel per kind, each with a figure, or the reason why there is none."""

from __future__ import annotations

from sidemine.considerations.composition.record import CompositionColumns
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.drawing.panel import Panel, Subject
from sidemine.report.beside import Beside
from sidemine.report.concordance_panel import concordance_panels
from sidemine.report.forest import forest, forest_rows
from sidemine.verdict.card import Card


def subject_of(card: Card, beside: Beside | None = None) -> Subject:
    """Return what the panels of a card are about."""
    return Subject(
        hypothesis=card.hypothesis,
        primary_set=card.declared.set,
        is_cohort=card.kind == "cohort",
        # All contrasts of a hypothesis share one unit.
        unit=card.evidence[0].effect_unit if card.evidence else card.declared.margin_unit,
        evidence=card.evidence,
        missing=card.not_computed,
        considered=card.considered,
        comparators=beside.comparators.get(card.hypothesis, ()) if beside else (),
    )


def evidence_panels(card: Card, beside: Beside) -> list[Panel]:
    """Return the panels of one hypothesis in their order on the page; the forest plot first."""
    subject = subject_of(card, beside)
    panels = {place: make for entry in CONSIDERATIONS for place, make in entry.panels.items()}
    return [
        _forest_panel(card, subject),
        *(panels[place](subject) for place in sorted(panels)),
        *concordance_panels(card, beside),
    ]


def _forest_panel(card: Card, subject: Subject) -> Panel:
    rows = forest_rows(card.evidence, card.pooled, card.columns_of(CompositionColumns).composition_adjusted)
    return Panel(
        kind="forest",
        element=f"forest-{card.hypothesis}",
        title="",
        caption=pooled_caption(card),
        why_empty="no comparison belongs to this question",
        chart=forest(rows, subject.unit, card.declared.margin) if rows else None,
    )


def pooled_caption(card: Card) -> str:
    """Say in the forest plot's caption what the pooled row shows, or why there is none."""
    if card.pooled is None:
        return f"Nothing is pooled: {card.not_computed['pooled']}."
    return (
        f"Diamond: pooled effect ({card.pooled.method}); pale bar: its range when one dataset is left out; dotted "
        "line: where a further study would fall (prediction interval), from three datasets on."
    )
