"""Calibration of the tests; the whole table is drawn from the block `data-calibration`."""

from __future__ import annotations

from sidemine.considerations.calibration.panel import calibration_panel
from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def calibration_section(results: StudyResults) -> Section:
    """Return the rows that verdicts rest on, or why there are none."""
    content = calibration_panel(results.calibration, results.verdicts.rules_version)
    return Section("calibration", "Calibration of the tests", content=content, template="calibration.html.j2")
