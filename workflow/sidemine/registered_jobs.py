"""All jobs of a study: those of the stages, and those that considerations and lines of evidence declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.considerations.robustness.job import JOB as VARY_ANALYSIS
from sidemine.lines.registry import LINES
from sidemine.study.specifications import Specifications, specify_jobs

if TYPE_CHECKING:
    from sidemine.study.plan import StudyPlan
    from sidemine.study_jobs import Job

STUDY_JOBS: tuple[Job, ...] = (
    *(entry.job for entry in CONSIDERATIONS if entry.job),
    VARY_ANALYSIS,
    *(entry.job for entry in LINES),
)
"""Every declared job; the workflow makes a rule of each. The grid of variants stands here, since it asks the whole rule
table, which is above the considerations."""


def specify_study(plan: StudyPlan, package: str) -> Specifications:
    """Return the specification of every job of a study; a job that the study does not need is left out.

    Parameters
    ----------
    plan
        The study.
    package
        Digest of the code, for the manifest.

    Returns
    -------
    Specifications
        By rule and by what a job is about.
    """
    declared = {job.name: job.specifications(plan) for job in STUDY_JOBS}
    return specify_jobs(plan, package) | {name: jobs for name, jobs in declared.items() if jobs}
