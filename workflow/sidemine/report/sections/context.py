"""Clinical context, as the study declares it; nothing of it reaches a card."""

from __future__ import annotations

from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def context_section(results: StudyResults) -> Section:
    """Return what the study declares, or None in its place."""
    return Section("context", "Clinical context", content=results.study.config.context, template="context.html.j2")
