"""Threats to validity, per question: those that the study declares, and those that the checks of the data found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.traps.panel import TrapGroup, trap_groups
from sidemine.considerations.traps.record import TrapColumns
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section
from sidemine.verdict.card import Card


@dataclass(frozen=True)
class Threats:
    """A question with its declared threats (on the card), and what was found in the data, by kind."""

    card: Card
    groups: Sequence[TrapGroup]


def threats_section(results: StudyResults) -> Section:
    """Return the threats of every question."""
    content = [Threats(card, trap_groups(card.columns_of(TrapColumns))) for card in results.verdicts.verdicts]
    return Section("threats", "Threats to validity", content=content, template="threats.html.j2")
