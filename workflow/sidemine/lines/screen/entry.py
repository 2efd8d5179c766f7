"""Screens, as they are registered; the page shows them in a section of their own."""

from __future__ import annotations

from sidemine.lines.line import LineOfEvidence
from sidemine.lines.screen.job import JOB
from sidemine.lines.screen.panel import methods_of_screens
from sidemine.lines.screen.record import ScreensOfStudy
from sidemine.paper import Paper

SCREEN = LineOfEvidence(
    name="screen",
    job=JOB,
    record=ScreensOfStudy,
    record_file="screens.json",
    schemas={"screens": ScreensOfStudy},
    methods=methods_of_screens,
    papers=(
        Paper("adaptive shrinkage", "Stephens M. Biostatistics 2017.", "10.1093/biostatistics/kxw041"),
        Paper("cells are no replicates", "Squair JW et al. Nat Commun 2021.", "10.1038/s41467-021-25960-2"),
    ),
)
