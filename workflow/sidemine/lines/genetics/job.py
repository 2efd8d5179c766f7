"""The job of each row of genetics: `lines/genetics/<line>.json` and its details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidemine.lines.genetics.config import LAYER
from sidemine.lines.genetics.specification import TestGenetics
from sidemine.lines.specification import files_of_row, results_of_row, specify_lines
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured, Size


def _specify(plan: StudyPlan) -> Mapping[str, TestGenetics]:
    return specify_lines(plan, LAYER.word, TestGenetics)


def _measure(inputs: JobFiles, specification: TestGenetics) -> tuple[Measured, object, Size]:
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.evidence import read_size
    from sidemine.lines.gene_list import read_gene_list
    from sidemine.lines.genetics.measure import measure_genetics, prepare_genes
    from sidemine.lines.genetics.reading import read_results
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.tables import read_table

    row = specification.row
    files = dict(zip(specification.files, inputs.paths("files"), strict=True))
    gene_table = read_gene_table(inputs.path("gene_table"), specification.gene_table)
    results = read_results(row, files)
    universe = None
    if "universe" in files:
        universe, lost = read_gene_list(files["universe"], gene_table)
        results.count("names of the declared universe without an approved symbol", lost)
    prepared = prepare_genes(results, gene_table, universe)
    measured, details, test = measure_genetics(
        row.line, row.set, results, prepared, read_table(inputs.path("sets"), GENE_SETS), specification.seed
    )
    return measured, details, read_size(inputs.paths("sizes"), test)


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestGenetics) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, LAYER, _measure)


JOB = StudyJob(
    name="test_genetics",
    message="Test the gene set of line {wildcards.line} in a genome-wide association study",
    specification=TestGenetics,
    specify=_specify,
    inputs=files_of_row,
    outputs=results_of_row(LAYER.word),
    resources={"sizes": ["calibration/lines/genetics.tsv"]},
    run=_run,
    wildcard="line",
    after_designs=False,
)
