"""Clinical context, as the study declares it; nothing of it reaches a card."""

from __future__ import annotations

from sidemine.report.collect import StudyResults
from sidemine.report.section import Section


def context_section(results: StudyResults) -> Section | None:
    """Return what the study declares; None where it declares nothing."""
    context = results.study.config.context
    return Section("context", "Clinical context", content=context, template="context.html.j2") if context else None
