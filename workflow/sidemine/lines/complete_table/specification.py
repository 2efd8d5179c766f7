"""What a line on a complete table uses of a study, and what its job is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidemine.lines.specification import TestLine, files_of_row, specify_lines

if TYPE_CHECKING:
    from sidemine.lines.layer import Layer
    from sidemine.study.plan import StudyPlan
    from sidemine.study_jobs import Patterns

SIZES = {"sizes": "calibration/lines/complete_table.tsv"}
"""What planted nulls gave, for both layers: `benchmarks/lines_tables.py`."""


class TestTable(TestLine):
    """A row, and the contrasts of cohorts whose residuals tell how genes correlate."""

    references: list[str]


def specify_tables(plan: StudyPlan, layer: Layer) -> Mapping[str, TestTable]:
    """Return the specification of each row of a layer.

    Parameters
    ----------
    plan
        The study.
    layer
        The layer.
    """
    return specify_lines(plan, layer.word, TestTable, references=plan.scope.composition_contrasts)


def files_of_table(plan: StudyPlan, specification: TestTable) -> Patterns:
    """Return what a row reads: the fits of cohorts only where it brings no reference of its own."""
    contrasts = [] if "reference" in specification.files else specification.references
    return {
        **files_of_row(plan, specification),
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in contrasts],
    }
