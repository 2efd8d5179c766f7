"""The job of composition: `composition.json` of every cohort contrast."""

from __future__ import annotations

from sidemine.considerations.composition.specification import (
    MARKERS,
    AdjustComposition,
    CellsOfContrast,
    own_panels,
)
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOnSet
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> AdjustComposition | dict[str, AdjustComposition]:
    contrasts = plan.scope.composition_contrasts
    if not contrasts:
        return {}
    cells = {name: CellsOfContrast.of_contrast(plan, name) for name in contrasts}
    return plan.specify(
        AdjustComposition,
        hypotheses=[HypothesisOnSet.of(row) for row in plan.study.config.hypotheses],
        contrasts=cells,
        stimuli={name: plan.scope.cells_of(name).panel for name in plan.scope.stimuli_for(contrasts)},
        own_markers=own_panels(plan, (row.panel for row in cells.values())),
    )


def _inputs(plan: StudyPlan, specification: AdjustComposition) -> Patterns:
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in plan.scope.primary_contrasts],
        "evidence": [f"<results>/evidence/{row.id}.json" for row in specification.hypotheses if row.kind == "cohort"],
        "stimuli": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in specification.stimuli],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def _outputs(plan: StudyPlan) -> Patterns:
    contrasts = plan.scope.composition_contrasts
    return {"composition": [f"<results>/contrasts/{contrast}/composition.json" for contrast in contrasts]}


def _run(inputs: JobFiles, outputs: JobFiles, specification: AdjustComposition) -> None:
    from sidemine.considerations.composition.cell_proxies import read_panels
    from sidemine.considerations.composition.measure_study import adjust_cohorts
    from sidemine.differential.contrast_fit import load_fits
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table

    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    records = adjust_cohorts(
        specification,
        {name: read_record(HypothesisEvidence, path) for name, path in inputs.by_stem("evidence").items()},
        load_fits(inputs.by_folder("fits")),
        load_fits(inputs.by_folder("stimuli")),
        gene_sets,
        read_panels(inputs.paths("markers"), specification.own_markers, gene_sets),
    )
    for contrast, path in outputs.by_folder("composition").items():
        write_record(records[contrast], path)


JOB = StudyJob(
    name="adjust_composition",
    message="Adjust the cohorts for the mix of cells",
    specification=AdjustComposition,
    specify=_specify,
    inputs=_inputs,
    outputs=_outputs,
    run=_run,
    resources={"markers": MARKERS},
    priority=10,
)
