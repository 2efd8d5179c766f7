"""The job of each row of genetics: `lines/genetics/<line>.json` and its details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.lines.genetics.config import LAYER
from sidemine.lines.genetics.specification import TestGenetics
from sidemine.lines.specification import files_of_row, results_of_row, specify_lines
from sidemine.study_jobs import JobFiles, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured
    from sidemine.lines.row_job import RowInputs


def _measure(inputs: RowInputs, specification: TestGenetics) -> tuple[Measured, object, str]:
    from sidemine.lines.gene_list import read_gene_list
    from sidemine.lines.genetics.measure import measure_genetics, prepare_genes
    from sidemine.lines.genetics.reading import read_results

    row = specification.row
    results = read_results(row, inputs.files)
    universe = None
    if "universe" in inputs.files:
        universe, lost = read_gene_list(inputs.files["universe"], inputs.gene_table)
        results.count("names of the declared universe without an approved symbol", lost)
    prepared = prepare_genes(results, inputs.gene_table, universe)
    return measure_genetics(row.line, row.set, results, prepared, inputs.gene_sets, specification.seed)


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestGenetics) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, LAYER, _measure)


JOB = StudyJob(
    name="test_genetics",
    message="Test the gene set of line {wildcards.line} in a genome-wide association study",
    specification=TestGenetics,
    specify=lambda plan: specify_lines(plan, LAYER.word, TestGenetics),
    inputs=files_of_row,
    outputs=results_of_row(LAYER.word),
    resources={"sizes": ["calibration/lines/genetics.tsv"]},
    run=_run,
    wildcard="line",
    after_designs=False,
)
