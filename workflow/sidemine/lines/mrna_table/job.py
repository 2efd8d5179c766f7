"""The job of each published expression table: `lines/mrna_table/<line>.json`, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidemine.lines.complete_table.config import MRNA_TABLE
from sidemine.lines.complete_table.specification import SIZES, TestTable, files_of_table, specify_tables
from sidemine.lines.specification import results_of_row
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured, Size


def _specify(plan: StudyPlan) -> Mapping[str, TestTable]:
    return specify_tables(plan, MRNA_TABLE)


def _measure(inputs: JobFiles, specification: TestTable) -> tuple[Measured, object, Size]:
    from sidemine.lines.complete_table.measure import TEST, measure_table
    from sidemine.lines.complete_table.reader import read_table_to_test
    from sidemine.lines.evidence import read_size

    measured, details = measure_table(specification.row, read_table_to_test(inputs.by_name, specification))
    return measured, details, read_size(inputs.paths("sizes"), TEST)


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestTable) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, MRNA_TABLE, _measure)


JOB = StudyJob(
    name="test_mrna_table",
    message="Test the expression table of line {wildcards.line}",
    specification=TestTable,
    specify=_specify,
    inputs=files_of_table,
    outputs=results_of_row(MRNA_TABLE.word),
    run=_run,
    wildcard="line",
    resources=SIZES,
)
