"""Calibration of the tests; the whole table is drawn from the block `data-calibration`."""

from __future__ import annotations

from sidemine.considerations.calibration.chart import calibration_chart
from sidemine.considerations.calibration.panel import calibration_panel
from sidemine.drawing.panel import Panel
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def calibration_section(results: StudyResults) -> Section:
    """Return the rows that verdicts rest on, or why there are none."""
    content = calibration_panel(results.calibration, results.verdicts.rules_version)
    figure = Panel(
        kind="sizes",
        element="calibration-sizes",
        title="How often a test calls where there is nothing",
        caption="A test keeps its level inside the band, up to 6.5 %; far left of the line it is careful and finds less. In brackets: comparisons of this study "
        "with such a design. n: labelings, simulated tests, or studies.",
        why_empty="no size was measured",
        chart=calibration_chart(results.calibration),
        source="calibration.tsv",
    )
    return Section(
        "calibration", "Calibration of the tests", panels=[figure], content=content, template="calibration.html.j2"
    )
