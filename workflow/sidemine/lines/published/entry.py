"""Published tables, as they are registered; their descriptions stand in `verdicts.json`."""

from __future__ import annotations

from sidemine.lines.line import LineOfEvidence
from sidemine.lines.published.job import JOB
from sidemine.lines.published.record import DescribedTable

PUBLISHED = LineOfEvidence(name="published", job=JOB, schemas={"published": DescribedTable})
