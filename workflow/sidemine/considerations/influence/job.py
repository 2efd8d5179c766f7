"""The job of influence: `influence.json`."""

from __future__ import annotations

from sidemine.considerations.influence.specification import MeasureInfluence
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOnSet
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> MeasureInfluence:
    return plan.specify(MeasureInfluence, hypotheses=[HypothesisOnSet.of(row) for row in plan.study.config.hypotheses])


def _inputs(plan: StudyPlan, specification: MeasureInfluence) -> Patterns:
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in plan.scope.primary_contrasts],
        "evidence": [f"<results>/evidence/{row.id}.json" for row in specification.hypotheses],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureInfluence) -> None:
    from sidemine.considerations.influence.measure import measure_influence
    from sidemine.differential.contrast_fit import load_fits
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table

    fits = load_fits(inputs.by_folder("fits"))
    evidence = inputs.by_stem("evidence")
    sets = read_table(inputs.path("sets"), GENE_SETS)
    records = [
        measure_influence(
            row.id,
            row.kind,
            read_record(HypothesisEvidence, evidence[row.id]),
            fits,
            sets[sets["gene_set"] == row.primary.set],
            row.primary.score,
        )
        for row in specification.hypotheses
    ]
    write_record(records, outputs.path("record"))


JOB = StudyJob(
    name="measure_influence",
    message="Measure the primary effects without each gene of their sets",
    specification=MeasureInfluence,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/influence.json"},
    run=_run,
    priority=10,
)
