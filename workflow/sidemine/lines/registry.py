"""The lines of evidence of a study, in their order."""

from __future__ import annotations

from sidemine.lines.bridge.job import JOB as MEASURE_CONCORDANCE
from sidemine.lines.published.job import JOB as DESCRIBE_PUBLISHED_TABLE
from sidemine.study_jobs import Job

JOBS: tuple[Job, ...] = (MEASURE_CONCORDANCE, DESCRIBE_PUBLISHED_TABLE)
"""Jobs that measure for the lines."""
