"""The job of specificity: place the primary sets among matched random sets and among the study's other sets."""

from __future__ import annotations

from sidemine.considerations.specificity.config import MeasureSpecificity
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def specify(plan: StudyPlan) -> MeasureSpecificity:
    """Return what the job uses of a study."""
    return plan.specify(MeasureSpecificity, hypotheses=plan.hypotheses)


def inputs(plan: StudyPlan, _: MeasureSpecificity) -> Patterns:
    """Return what the job reads: the fits of all primary contrasts, and the gene sets."""
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in plan.scope.primary_contrasts],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def run(files: JobFiles, results: JobFiles, specification: MeasureSpecificity) -> None:
    """Write `specificity.tsv` and `specificity.json`."""
    from sidemine.considerations.specificity.measure import measure_specificity
    from sidemine.considerations.specificity.table import SPECIFICITY
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import write_record
    from sidemine.tables import read_table, write_table

    table, records = measure_specificity(
        specification.hypotheses,
        {contrast: load_fit(path) for contrast, path in files.by_folder("fits").items()},
        read_table(files.path("sets"), GENE_SETS),
        specification,
    )
    write_table(table, results.path("table"), SPECIFICITY)
    write_record(records, results.path("record"))


JOB = StudyJob(
    name="measure_specificity",
    message="Place the primary sets among matched random sets and comparator sets",
    specification=MeasureSpecificity,
    specify=specify,
    inputs=inputs,
    outputs={"table": "<results>/specificity.tsv", "record": "<results>/specificity.json"},
    run=run,
    priority=10,
)
