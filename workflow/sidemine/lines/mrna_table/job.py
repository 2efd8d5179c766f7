"""The job of each the expression table of line: `lines/mrna_table/<line>.json`, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping

from sidemine.lines.complete_table.config import MRNA_TABLE
from sidemine.lines.complete_table.specification import SIZES, TestTable, files_of_table, specify_tables
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, StudyJob


def _specify(plan: StudyPlan) -> Mapping[str, TestTable]:
    return specify_tables(plan, MRNA_TABLE)


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestTable) -> None:
    from sidemine.lines.complete_table.measure import TEST, measure_table
    from sidemine.lines.complete_table.reader import read_table_to_test
    from sidemine.lines.evidence import judged, read_size
    from sidemine.records import write_record
    from sidemine.retrieve.refusal import note_refusals

    with note_refusals(inputs.every_path):
        measured, details = measure_table(specification.row, read_table_to_test(inputs.by_name, specification))
    size = read_size(inputs.paths("sizes"), TEST)
    write_record(judged(specification.row, MRNA_TABLE, measured, size), outputs.path("evidence"))
    write_record(details, outputs.path("details"))


JOB = StudyJob(
    name="test_mrna_table",
    message="Test the expression table of line {wildcards.line}",
    specification=TestTable,
    specify=_specify,
    inputs=files_of_table,
    outputs={
        "evidence": "<results>/lines/mrna_table/{line}.json",
        "details": "<results>/lines/mrna_table/{line}.details.json",
    },
    run=_run,
    wildcard="line",
    resources=SIZES,
)
