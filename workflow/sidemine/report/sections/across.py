"""What the study shows across all its comparisons: the questions' sets gene by gene, drug by cells and dose, the pathway drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.drawing.panel import Panel
from sidemine.drawing.words import bounded, count
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.report.compound_matrix import compound_cells, dose_panels, matrix_panel
from sidemine.report.section import Section
from sidemine.report.set_map import set_map, set_map_panel
from sidemine.sources.scales import LOG2_FOLD_CHANGE
from sidemine.study.drawing import clean_drawing

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_SETS = 6
"""Most sets that are drawn; they come in the order of the questions."""


@dataclass(frozen=True)
class DrawnPathway:
    """A pathway as the page shows it.

    Attributes
    ----------
    id, title, svg
        Its id, its title, and the drawing.
    words
        Where it comes from, and what was left out of the file.
    contrasts
        Comparisons that may fill it; those that answer a question come first.
    """

    id: str
    title: str
    svg: Markup
    words: str
    contrasts: Sequence[ContrastResults]


def across_section(results: StudyResults) -> Section | None:
    """Return the figures over all comparisons; None where there are too few."""
    panels = [panel for place, name in enumerate(primary_sets(results)) for panel in _panels(results, name, place)]
    pathways = drawn_pathways(results)
    if not panels and not pathways:
        return None
    return Section("across", "Across all comparisons", panels, content=pathways, template="across.html.j2")


def primary_sets(results: StudyResults) -> list[str]:
    """Return the primary sets of questions, then of controls, each once, at most `MOST_SETS`."""
    asked = sorted(results.hypotheses, key=lambda row: row.role != "question")
    return list(dict.fromkeys(row.primary.set for row in asked))[:MOST_SETS]


def drawn_pathways(results: StudyResults) -> list[DrawnPathway]:
    """Return the drawings of the study; none where no comparison could fill them."""
    from markupsafe import Markup

    asked = [name for row in results.hypotheses for name in row.primary.contrasts]
    order = [*dict.fromkeys(asked), *results.contrasts]
    found = {name: results.contrasts[name] for name in order if name in results.contrasts}
    contrasts = [item for item in found.values() if item.testable and item.unit == LOG2_FOLD_CHANGE]
    declared = {row.id: row for row in results.study.config.pathways}
    drawn = []
    for drawing in results.study.drawings if contrasts else ():
        row = declared[drawing.id]
        # A results folder may come from anybody: what is shown is made clean here again.
        clean = clean_drawing(drawing.svg, f"study.json, pathway {drawing.id}")
        left_out = f" Left out of the file: {bounded(', '.join(drawing.left_out), 200)}." if drawing.left_out else ""
        drawn.append(
            DrawnPathway(
                id=row.id,
                title=bounded(row.title, 120),
                svg=Markup(clean.svg),  # noqa: S704 - made of allowed elements and attributes, and escaped
                words=f"{count(len(clean.genes), 'gene')}. After: {bounded(row.source, 300)}. Licence: {bounded(row.licence, 100)}.{left_out}",
                contrasts=contrasts,
            )
        )
    return drawn


def _panels(results: StudyResults, gene_set: str, place: int) -> Sequence[Panel]:
    carrying = {name for row in results.hypotheses if row.primary.set == gene_set for name in row.primary.contrasts}
    drawn = set_map(results, gene_set)
    made = (
        set_map_panel(drawn, f"set-map-{place}", frozenset(carrying)) if drawn else None,
        matrix_panel(compound_cells(results, gene_set), gene_set, f"compound-matrix-{place}"),
        *dose_panels(results, gene_set, f"doses-{place}"),
    )
    return [panel for panel in made if panel]
