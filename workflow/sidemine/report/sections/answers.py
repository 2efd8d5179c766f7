"""The answers: one card per question, with the evidence under it: panels, each with a figure or the reason why there is none.

What a consideration or a line of evidence shows is made in its own room, and registered there with its place (`considerations/registry.py`, `lines/registry.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.drawing.charts import name_groups
from sidemine.drawing.panel import Light, Panel, Subject, Tile
from sidemine.lines.registry import LINES, panel_of_row
from sidemine.report import first_screen
from sidemine.report.beside import Beside
from sidemine.report.cards import CardView, card_view
from sidemine.report.collect import StudyResults
from sidemine.report.findings import Findings, findings_of
from sidemine.report.forest import forest_panel
from sidemine.report.lights import lights_of
from sidemine.report.score_strip import score_panel
from sidemine.report.section import Section
from sidemine.report.subject import subject_of
from sidemine.verdict.card import Card


@dataclass(frozen=True)
class AnswerCards:
    """The summary of findings, and one card per answer."""

    findings: Findings
    views: Sequence[CardView]

    @property
    def changes(self) -> dict[str, str]:
        """What would change each answer, as the summary says it."""
        return {row.card.hypothesis: row.change for row in (*self.findings.questions, *self.findings.controls)}


TILES: dict[int, Callable[[Card, Subject], Tile | None]] = {
    10: first_screen.effect_tile,
    30: first_screen.excludable_tile,
    40: first_screen.agreeing_tile,
    50: first_screen.self_contained_tile,
    60: first_screen.competitive_tile,
}
"""Key figures that belong to no consideration, by place."""


def evidence_panels(card: Card, beside: Beside, lights: Mapping[str, Sequence[Light]] | None = None) -> list[Panel]:
    """Return the panels of one hypothesis in their order on the page: the forest plot, considerations, lines of evidence.

    Parameters
    ----------
    card, beside
        The answer, and what stands beside the answers.
    lights
        Marks beside the rows of the forest plot, by contrast; None: none.
    """
    subject = subject_of(card, beside.comparators.get(card.hypothesis, ()))
    makers = {place: make for entry in CONSIDERATIONS for place, make in entry.panels.items()}
    considered = [panel for place in sorted(makers) if (panel := makers[place](subject))]
    of_lines = [
        replace(panel, source=line.record_file) for line in LINES for panel in line.panels(subject, beside.lines)
    ]
    return [forest_panel(card, subject, lights or {}), *considered, *of_lines]


def _named(panel: Panel, pairs: Sequence[tuple[str, str]]) -> Panel:
    """Return a panel whose chart names the groups of its question."""
    return replace(panel, chart=name_groups(panel.chart, pairs)) if panel.chart else panel


def layer_panels(card: Card, beside: Beside) -> list[Panel]:
    """Return the panels of the layers of `lines.tsv` that speak to one hypothesis, in the order of the sheet."""
    rows = card.synthesis.rows if card.synthesis else []
    return [
        replace(panel, source=f"lines/{row.layer}/{row.line}.details.json")
        for row in rows
        if (panel := panel_of_row(row, beside.lines))
    ]


def tiles(card: Card, beside: Beside) -> Sequence[Tile]:
    """Return the key figures of a card: what is asked, the figure, and what it means or why there is none."""
    subject = subject_of(card, beside.comparators.get(card.hypothesis, ()))
    made: dict[int, Tile | None] = {place: make(card, subject) for place, make in TILES.items()}
    made |= {place: make(subject) for entry in CONSIDERATIONS for place, make in entry.tiles.items()}
    return [tile for place in sorted(made) if (tile := made[place])]


def answers_section(results: StudyResults) -> Section:
    """Return the answer cards, with a panel for each kind of evidence."""
    views, every = [], []
    for card in results.verdicts.verdicts:
        subject = subject_of(card)
        lights = {
            row.contrast: found
            for row in card.evidence
            if row.interval and (found := lights_of(results, subject, row.contrast))
        }
        forest, *others = evidence_panels(card, results.beside, lights)
        scores = score_panel(results, card)
        # Resemblance of drug and disease is a question of the study itself: it stands before the scores.
        pairs = [(row.target_label, row.reference_label) for row in card.evidence]
        panels = [_named(panel, pairs) for panel in (forest, *others, scores) if panel]
        of_layers = [_named(panel, pairs) for panel in layer_panels(card, results.beside)]
        views.append(card_view(card, panels, tiles(card, results.beside), of_layers))
        every += [*panels, *of_layers]
    designs = {name: item.design for name, item in results.contrasts.items()}
    content = AnswerCards(findings_of(results.verdicts.verdicts, designs), views)
    return Section("answers", "", panels=every, content=content, template="answers.html.j2")
