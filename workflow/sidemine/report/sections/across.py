"""What the study shows across all its comparisons: the questions' sets gene by gene, and drug by cells and dose."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.drawing.panel import Panel
from sidemine.report.collect import StudyResults
from sidemine.report.compound_matrix import compound_cells, dose_panel, matrix_panel
from sidemine.report.section import Section
from sidemine.report.set_map import set_map, set_map_panel

MOST_SETS = 6
"""Most sets that are drawn; they come in the order of the questions."""


def across_section(results: StudyResults) -> Section | None:
    """Return the figures over all comparisons; None where there are too few."""
    panels = [panel for place, name in enumerate(primary_sets(results)) for panel in _panels(results, name, place)]
    return Section("across", "Across all comparisons", panels, template="across.html.j2") if panels else None


def primary_sets(results: StudyResults) -> list[str]:
    """Return the primary sets of questions, then of controls, each once, at most `MOST_SETS`."""
    asked = sorted(results.hypotheses, key=lambda row: row.role != "question")
    return list(dict.fromkeys(row.primary.set for row in asked))[:MOST_SETS]


def _panels(results: StudyResults, gene_set: str, place: int) -> Sequence[Panel]:
    carrying = {name for row in results.hypotheses if row.primary.set == gene_set for name in row.primary.contrasts}
    drawn = set_map(results, gene_set)
    made = (
        set_map_panel(drawn, f"set-map-{place}", frozenset(carrying)) if drawn else None,
        matrix_panel(compound_cells(results, gene_set), gene_set, f"compound-matrix-{place}"),
        dose_panel(results.verdicts.verdicts, gene_set, f"doses-{place}"),
    )
    return [panel for panel in made if panel]
