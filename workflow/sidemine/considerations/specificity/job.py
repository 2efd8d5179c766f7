"""The job of specificity: `specificity.tsv` and `specificity.json`."""

from __future__ import annotations

from sidemine.considerations.specificity.specification import MeasureSpecificity
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _inputs(plan: StudyPlan, _: MeasureSpecificity) -> Patterns:
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in plan.scope.primary_contrasts],
        "evidence": [f"<results>/evidence/{row.id}.json" for row in plan.hypotheses],
        "sets": "<results>/gene_sets.tsv.gz",
    }


# One job: the random sets of one contrast take a second, starting a job takes longer.
def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureSpecificity) -> None:
    from sidemine.considerations.specificity.measure import measure_specificity
    from sidemine.considerations.specificity.table import SPECIFICITY
    from sidemine.differential.contrast_fit import load_fits
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table, write_table

    table, records = measure_specificity(
        specification.hypotheses,
        {name: read_record(HypothesisEvidence, path) for name, path in inputs.by_stem("evidence").items()},
        load_fits(inputs.by_folder("fits")),
        read_table(inputs.path("sets"), GENE_SETS),
        specification,
    )
    write_table(table, outputs.path("table"), SPECIFICITY)
    write_record(records, outputs.path("record"))


JOB = StudyJob(
    name="measure_specificity",
    message="Place the primary sets among matched random sets and comparator sets",
    specification=MeasureSpecificity,
    specify=lambda plan: plan.specify(MeasureSpecificity, hypotheses=plan.hypotheses),
    inputs=_inputs,
    outputs={"table": "<results>/specificity.tsv", "record": "<results>/specificity.json"},
    run=_run,
    priority=20,  # the longest of what the grid of variants waits for
)
