"""The answers: one card per question."""

from __future__ import annotations

from sidemine.report.cards import card_view
from sidemine.report.collect import StudyResults
from sidemine.report.evidence_panels import evidence_panels, tiles
from sidemine.report.section import Section


def answers_section(results: StudyResults) -> Section:
    """Return the answer cards, with a panel for each kind of evidence."""
    views, every = [], []
    for card in results.verdicts.verdicts:
        panels = evidence_panels(card, results.beside)
        views.append(card_view(card, panels, tiles(card, results.beside)))
        every += panels
    return Section("answers", "", panels=every, content=views, template="answers.html.j2")
