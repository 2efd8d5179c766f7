"""The job of each protein table: `lines/protein/<line>.json`, and what stands beside it."""

from __future__ import annotations

from sidemine.lines.complete_table.config import PROTEIN
from sidemine.lines.complete_table.specification import SIZES, TestTable, files_of_table, specify_tables
from sidemine.lines.specification import results_of_row
from sidemine.study_jobs import JobFiles, StudyJob


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestTable) -> None:
    from sidemine.lines.complete_table.reader import measure_row
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, PROTEIN, measure_row)


JOB = StudyJob(
    name="test_protein",
    message="Test the protein table of line {wildcards.line}",
    specification=TestTable,
    specify=lambda plan: specify_tables(plan, PROTEIN),
    inputs=files_of_table,
    outputs=results_of_row(PROTEIN.word),
    run=_run,
    wildcard="line",
    resources=SIZES,
)
