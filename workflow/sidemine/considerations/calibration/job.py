"""The job of calibration: `calibration.tsv` and `calibration.json`."""

from __future__ import annotations

from sidemine.considerations.calibration.specification import MeasureCalibration
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> MeasureCalibration:
    primary_sets: dict[str, list[str]] = {}
    for row in plan.hypotheses:
        for contrast in row.primary.contrasts:
            primary_sets.setdefault(contrast, []).append(row.primary.set)
    return plan.specify(MeasureCalibration, contrasts=list(plan.contrasts.values()), primary_sets=primary_sets)


def _inputs(_: StudyPlan, specification: MeasureCalibration) -> Patterns:
    datasets = dict.fromkeys(row.dataset for row in specification.contrasts)
    return {
        "fits": [f"<results>/contrasts/{row.contrast}/fit.npz" for row in specification.contrasts],
        "samples": [f"<results>/datasets/{dataset}/samples.tsv" for dataset in datasets],
        "treatments": [f"<results>/datasets/{dataset}/treatment.json" for dataset in datasets],
        "sets": "<results>/gene_sets.tsv.gz",
    }


# One job: a contrast with 130 samples takes seconds, the others nothing.
def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureCalibration) -> None:
    from sidemine.considerations.calibration.measure import ContrastToCalibrate, measure_calibration
    from sidemine.considerations.calibration.table import CALIBRATION
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.record import Treatment
    from sidemine.records import read_record, write_record
    from sidemine.tables import empty_table, read_table, write_table

    fits, samples, treatments = (inputs.by_folder(name) for name in ("fits", "samples", "treatments"))
    references = {path.name: read_table(path, CALIBRATION) for path in inputs.paths("references")}
    table, record = measure_calibration(
        (
            ContrastToCalibrate(
                row,
                load_fit(fits[row.contrast]),
                read_table(samples[row.dataset], SAMPLES),
                read_record(Treatment, treatments[row.dataset]),
            )
            for row in specification.contrasts
        ),
        specification.primary_sets,
        read_table(inputs.path("sets"), GENE_SETS),
        references.get("design_classes.tsv", empty_table(CALIBRATION)),
        references.get("whole_rule.tsv"),
        specification,
        references.get("plasmode.tsv"),
    )
    write_table(table, outputs.path("table"), CALIBRATION)
    write_record(record, outputs.path("record"))


JOB = StudyJob(
    name="measure_calibration",
    message="Measure the size of the set tests",
    specification=MeasureCalibration,
    specify=_specify,
    inputs=_inputs,
    outputs={"table": "<results>/calibration.tsv", "record": "<results>/calibration.json"},
    run=_run,
    resources={"references": "calibration/*.tsv"},
    priority=10,
)
