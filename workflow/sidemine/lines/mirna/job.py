"""The job of each row of miRNAs: `lines/mirna/<line>.json` and its details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sidemine.lines.mirna.config import LAYER
from sidemine.lines.specification import TestLine, files_of_row, results_of_row, specify_lines
from sidemine.study_jobs import JobFiles, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.evidence import Measured
    from sidemine.lines.row_job import RowInputs


def _measure(inputs: RowInputs, specification: TestLine) -> tuple[Measured, object, str]:
    from sidemine.enrichment.gene_set_table import weights_of_set
    from sidemine.lines.mirna.measure import as_measured, measure_mirnas
    from sidemine.lines.mirna.names import read_aliases
    from sidemine.lines.mirna.reader import read_families, read_labels, read_seeds, read_targets, read_universe

    row, files = specification.row, inputs.files
    families: Mapping[str, str] | None = None
    names = read_aliases(files["aliases"])
    labelled = read_labels(files["file"], row.columns, names)
    universe, lost = set(labelled.labels), list(labelled.lost)
    if "universe" in files:
        universe, more = read_universe(files["universe"], names)
        lost += more
    graph, more = read_targets(files["targets"], row.columns, names, inputs.gene_table)
    lost += more
    if "families" in files:
        families, more = read_families(files["families"], row.columns, names)
        lost += more
    elif "mature" in files:
        families = read_seeds(files["mature"], names)
    weights = weights_of_set(inputs.gene_sets, row.set)
    result = measure_mirnas(labelled, universe, graph, weights, families, names, row.direction, lost)
    measured = as_measured(result, row.direction, len(weights))
    return measured, result.details, result.details.unit


def _run(inputs: JobFiles, outputs: JobFiles, specification: TestLine) -> None:
    from sidemine.lines.row_job import run_row

    run_row(inputs, outputs, specification, LAYER, _measure)


JOB = StudyJob(
    name="test_mirna",
    message="Test the targets of the miRNAs of line {wildcards.line}",
    specification=TestLine,
    specify=lambda plan: specify_lines(plan, LAYER.word, TestLine),
    inputs=files_of_row,
    outputs=results_of_row(LAYER.word),
    resources={"sizes": ["calibration/lines/mirna.tsv"]},
    run=_run,
    wildcard="line",
    after_designs=False,
)
