"""The job of hidden factors: `hidden_factors.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.considerations.hidden_factors.specification import AdjustHiddenFactors
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOnSet
from sidemine.study_jobs import JobFiles, Patterns, StudyJob

if TYPE_CHECKING:
    from pathlib import Path

    from sidemine.considerations.hidden_factors.correlates import Samples
    from sidemine.differential.contrast_fit import ContrastFit


def _specify(plan: StudyPlan) -> AdjustHiddenFactors | dict[str, AdjustHiddenFactors]:
    contrasts = plan.scope.composition_contrasts
    if not contrasts:
        return {}
    return plan.specify(
        AdjustHiddenFactors,
        hypotheses=[HypothesisOnSet.of(row) for row in plan.study.config.hypotheses if row.kind == "cohort"],
        datasets=dict(zip(contrasts, plan.scope.datasets_of(contrasts), strict=True)),
    )


def _inputs(_: StudyPlan, specification: AdjustHiddenFactors) -> Patterns:
    datasets = list(dict.fromkeys(specification.datasets.values()))
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in specification.datasets],
        "evidence": [f"<results>/evidence/{row.id}.json" for row in specification.hypotheses],
        "expression": [f"<results>/datasets/{dataset}/expression.h5ad" for dataset in datasets],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def _run(inputs: JobFiles, outputs: JobFiles, specification: AdjustHiddenFactors) -> None:
    from sidemine.considerations.hidden_factors.measure import measure_hidden_factors
    from sidemine.differential.contrast_fit import load_fits
    from sidemine.effect.adjustment import common_rows
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table

    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    fits = load_fits(inputs.by_folder("fits"))
    tested = {contrast: fit for contrast, fit in fits.items() if fit is not None}
    expression, evidence = inputs.by_folder("expression"), inputs.by_stem("evidence")
    samples = {name: _read_samples(expression[specification.datasets[name]], fit) for name, fit in tested.items()}
    records = []
    for hypothesis in specification.hypotheses:
        known = read_record(HypothesisEvidence, evidence[hypothesis.id])
        primary, score = common_rows(hypothesis, known, fits, gene_sets), hypothesis.primary.score
        own = {row.contrast: tested[row.contrast] for row in known.contrasts if row.testable}
        records.append(measure_hidden_factors(hypothesis.id, own, primary, gene_sets, samples, score))
    write_record(records, outputs.path("record"))


def _read_samples(path: Path, fit: ContrastFit) -> Samples:
    from sidemine.considerations.hidden_factors.correlates import samples_of
    from sidemine.prepare.expression_store import read_expression

    return samples_of(read_expression(path), fit)


JOB = StudyJob(
    name="adjust_hidden_factors",
    message="Adjust the cohorts for hidden factors",
    specification=AdjustHiddenFactors,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/hidden_factors.json"},
    run=_run,
    priority=10,
)
