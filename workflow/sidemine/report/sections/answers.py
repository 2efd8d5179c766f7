"""The answers: one card per question."""

from __future__ import annotations

from sidemine.report.cards import card_view
from sidemine.report.collect import StudyResults
from sidemine.report.evidence_panels import evidence_panels
from sidemine.report.section import Section


def answers_section(results: StudyResults) -> Section:
    """Return the answer cards, with a panel for each kind of evidence."""
    cards = results.verdicts.verdicts
    panels = [evidence_panels(card, results.beside) for card in cards]
    views = [card_view(card, shown) for card, shown in zip(cards, panels, strict=True)]
    every = [panel for shown in panels for panel in shown]
    return Section("answers", "", panels=every, content=views, template="answers.html.j2")
