"""What the page is made of: sections, each with its place in the contents, its template, and what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sidemine.drawing.panel import Panel

PANELS = "panels.html.j2"
"""Template of sections that hold panels and nothing else: figures with words and tables."""


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    id, title
        Id of its element, and its name in the contents; '' for a section that is not listed there.
    panels
        Its figures: the page draws their charts.
    content
        The typed values that its template shows as `here`.
    template
        File in `templates/`.
    """

    id: str
    title: str
    panels: Sequence[Panel] = ()
    content: object = field(default=None)
    template: str = PANELS
