"""Screens of many compounds: lists with intervals and local false sign rates, apart from the answers."""

from __future__ import annotations

from dataclasses import replace

from sidemine.lines.screen.panel import screen_panels
from sidemine.lines.screen.record import ScreensOfStudy
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def screens_section(results: StudyResults) -> Section | None:
    """Return the screens of the study; None where it has none."""
    record = results.beside.lines.record_of(ScreensOfStudy)
    if record is None:
        return None
    questions = {screen.id: screen.question for screen in results.study.config.screens}
    panels = [
        replace(panel, source="screens.json")
        for screen in record.screens
        for panel in screen_panels(screen, questions[screen.id])
    ]
    return Section("screens", "Screens of many compounds (exploratory)", panels=panels)
