"""The job of panels: `compounds.json`. It is measured before the evidence of hypotheses is gathered, which holds it."""

from __future__ import annotations

from sidemine.considerations.compounds.specification import MeasureCompounds
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOfCompounds
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> MeasureCompounds | dict[str, MeasureCompounds]:
    panels = [row for row in plan.study.config.hypotheses if row.compounds]
    if not panels:
        return {}
    names = dict.fromkeys(name for row in panels if row.compounds for name in row.compounds.contrasts)
    return plan.specify(
        MeasureCompounds,
        hypotheses=[HypothesisOfCompounds.of(row) for row in panels],
        contrasts={name: plan.contrasts[name] for name in names},
    )


def _inputs(_: StudyPlan, specification: MeasureCompounds) -> Patterns:
    datasets = list(dict.fromkeys(row.dataset for row in specification.contrasts.values()))
    return {
        "expression": [f"<results>/datasets/{dataset}/expression.h5ad" for dataset in datasets],
        "samples": [f"<results>/datasets/{dataset}/samples.tsv" for dataset in datasets],
        "treatment": [f"<results>/datasets/{dataset}/treatment.json" for dataset in datasets],
        "sets": "<results>/gene_sets.tsv.gz",
    }


# One job: the model of a panel takes a second, starting a job takes longer.
def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureCompounds) -> None:
    import numpy as np

    from sidemine.considerations.compounds.record import CompoundsOfStudy
    from sidemine.effect.compounds import ArmData, measure_compounds
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.prepare.expression_store import read_expression, read_provenance
    from sidemine.prepare.log_expression import layer_of
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.record import Treatment
    from sidemine.records import read_record, write_record
    from sidemine.sources.scales import is_filtered
    from sidemine.tables import read_table

    sets = read_table(inputs.path("sets"), GENE_SETS)
    expression, samples, treatment = (inputs.by_folder(name) for name in ("expression", "samples", "treatment"))
    datasets: dict[str, ArmData] = {}
    for name, path in expression.items():
        stored = read_expression(path)
        layer, provenance = layer_of(stored), read_provenance(stored)
        datasets[name] = ArmData(
            values=np.asarray(stored.layers[layer], dtype=np.float64),
            names=[str(sample) for sample in stored.obs_names],
            genes=[str(gene) for gene in stored.var_names],
            layer=layer,
            is_filtered=is_filtered(provenance.scale_declared),
            samples=read_table(samples[name], SAMPLES),
            treatment=read_record(Treatment, treatment[name]),
            problem=provenance.problem,
        )
    measured = {}
    for hypothesis in specification.hypotheses:
        rows = {name: specification.contrasts[name] for name in hypothesis.compounds.contrasts}
        measured[hypothesis.id] = measure_compounds(
            hypothesis,
            rows,
            datasets[next(iter(rows.values())).dataset],
            sets,
            min_group_size=specification.min_group_size,
            min_set_size=specification.min_set_size,
            rotations=specification.rotations,
            seed=specification.seed,
        )
    write_record(CompoundsOfStudy(measured), outputs.path("record"))


JOB = StudyJob(
    name="measure_compounds",
    message="Fit the arms of each panel in one model",
    specification=MeasureCompounds,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/compounds.json"},
    run=_run,
    priority=20,  # the primary effects wait for it
)
