"""The job of each published expression table: `lines/mrna_table/<line>.json`, and what stands beside it."""

from __future__ import annotations

from sidemine.lines.complete_table.config import MRNA_TABLE
from sidemine.lines.complete_table.specification import SIZES, TestTable, files_of_table, specify_tables
from sidemine.lines.specification import results_of_row
from sidemine.study_jobs import JobFiles, StudyJob


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestTable) -> None:
    from sidemine.lines.complete_table.reader import measure_row
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, MRNA_TABLE, measure_row)


JOB = StudyJob(
    name="test_mrna_table",
    message="Test the expression table of line {wildcards.line}",
    specification=TestTable,
    specify=lambda plan: specify_tables(plan, MRNA_TABLE),
    inputs=files_of_table,
    outputs=results_of_row(MRNA_TABLE.word),
    run=_run,
    wildcard="line",
    resources=SIZES,
)
