"""The considerations of a study, in their order."""

from __future__ import annotations

from sidemine.considerations.specificity.job import JOB as MEASURE_SPECIFICITY
from sidemine.study_jobs import Job

JOBS: tuple[Job, ...] = (MEASURE_SPECIFICITY,)
"""Jobs that measure for the considerations."""
