"""What genetics uses of a study."""

from __future__ import annotations

from sidemine.lines.specification import TestLine


class TestGenetics(TestLine):
    """One row, and the seed of the matched sets."""

    seed: int
