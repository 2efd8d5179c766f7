"""The job of each row of a perturbation library: `lines/perturbation/<line>.json` and its details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.lines.perturbation.config import LAYER
from sidemine.lines.specification import TestLine, files_of_row, results_of_row, specify_lines
from sidemine.study_jobs import JobFiles, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured
    from sidemine.lines.row_job import RowInputs


def _measure(inputs: RowInputs, specification: TestLine) -> tuple[Measured, object, str]:
    from sidemine.lines.bridge.comparators import read_signatures
    from sidemine.lines.perturbation.measure import as_measured, declared_place, place_perturbation

    row, sets = specification.row, inputs.gene_sets
    declared = declared_place(row, set(sets["gene_set"]))
    where = f"lines.tsv, line {row.line}"
    library = read_signatures(inputs.files["file"], declared.file, inputs.gene_table, where=where)
    details = place_perturbation(library, declared, sets)
    chosen = sets[sets["gene_set"] == row.set]
    measured = as_measured(details, len(chosen), int(chosen["gene"].isin(library.others.columns).sum()))
    return measured, details, ""


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestLine) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, LAYER, _measure)


JOB = StudyJob(
    name="place_perturbation",
    message="Place the perturbation of line {wildcards.line} in its library",
    specification=TestLine,
    specify=lambda plan: specify_lines(plan, LAYER.word, TestLine),
    inputs=files_of_row,
    outputs=results_of_row(LAYER.word),
    run=_run,
    wildcard="line",
    after_designs=False,
)
