"""What promoters use of a study."""

from __future__ import annotations

from sidemine.lines.specification import TestLine


class TestPromoter(TestLine):
    """One row, and the hypothesis with its contrasts."""

    hypothesis: str
    contrasts: list[str]
