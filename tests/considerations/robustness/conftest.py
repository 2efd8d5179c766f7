"""The makers of planted studies as one fixture."""

from __future__ import annotations

import planted_cohorts
import pytest


@pytest.fixture
def planted():
    """Return the makers: `contrast` (data of one contrast), `ask` (the record of a hypothesis over some contrasts)."""
    return planted_cohorts
