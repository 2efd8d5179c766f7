"""The job of bridges and interactions, which share their fits: `concordance.tsv` and `concordance.json`."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING

from sidemine.considerations.composition.specification import MARKERS, own_panels
from sidemine.lines.bridge.specification import ConcordanceToMeasure, DatasetToBridge, MeasureConcordance
from sidemine.study.plan import StudyPlan, keys_of
from sidemine.study.projections import ContrastOfRole
from sidemine.study_jobs import JobFiles, Patterns, StudyJob

if TYPE_CHECKING:
    from sidemine.lines.bridge.contrasts import ContrastSource
    from sidemine.lines.bridge.library import SignatureLibrary


def _specify(plan: StudyPlan) -> MeasureConcordance | dict[str, MeasureConcordance]:
    study, scope = plan.study, plan.scope
    if not scope.compares_profiles:
        return {}
    return plan.specify(
        MeasureConcordance,
        declared=ConcordanceToMeasure.of(study.config.concordance),
        contrasts=[ContrastOfRole.of(study.contrasts[name]) for name in scope.concordance_contrasts],
        datasets={name: DatasetToBridge.of(study.datasets[name]) for name in scope.concordance_datasets},
        own_markers=own_panels(plan, (study.datasets[name].panel for name in scope.concordance_datasets)),
        signatures=keys_of(plan.sources.of_bridge),
        gene_table=plan.gene_table,
    )


def _inputs(_: StudyPlan, specification: MeasureConcordance) -> Patterns:
    contrasts = [contrast.contrast for contrast in specification.contrasts]
    return {
        "fits": [f"<results>/contrasts/{contrast}/fit.npz" for contrast in contrasts],
        "designs": [f"<results>/contrasts/{contrast}/design.json" for contrast in contrasts],
        "samples": [f"<results>/datasets/{dataset}/samples.tsv" for dataset in specification.datasets],
        "shared": "<results>/shared_samples.json",
        "sets": "<results>/gene_sets.tsv.gz",
        "signatures": [f"<downloads>/{key}" for key in specification.signatures.values()],
        "gene_table": [f"<downloads>/{specification.gene_table.key}"] if specification.signatures else [],
    }


# One job: the rotations of one bridge take seconds, and all bridges share the fits.
def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureConcordance) -> None:
    from sidemine.considerations.composition.cell_proxies import read_panels
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.bridge.measure import ConcordanceInputs, measure_concordance
    from sidemine.lines.bridge.prediction import PREDICTION, prediction_figures
    from sidemine.lines.bridge.record import CONCORDANCE
    from sidemine.records import write_record
    from sidemine.tables import read_table, table_of, write_table

    sources = _read_sources(inputs, specification)
    signatures = _read_libraries(inputs, specification, sources)
    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    measured = measure_concordance(
        specification.declared,
        ConcordanceInputs(
            sources=sources,
            gene_sets=gene_sets,
            panels=read_panels(inputs.paths("markers"), specification.own_markers, gene_sets),
            signatures=signatures,
            n_rotations=specification.rotations,
            seed=specification.seed,
        ),
    )
    measured = replace(measured, prediction=prediction_figures(read_table(inputs.path("prediction"), PREDICTION)))
    rows = [row for bridge in measured.bridges for row in bridge.rows]
    write_table(table_of(rows, CONCORDANCE), outputs.path("table"), CONCORDANCE)
    write_record(measured, outputs.path("record"))


def _read_sources(inputs: JobFiles, specification: MeasureConcordance) -> dict[str, ContrastSource]:
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.differential.record import read_design
    from sidemine.lines.bridge.contrasts import source_of
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record
    from sidemine.tables import read_table

    fits, designs, samples = inputs.by_folder("fits"), inputs.by_folder("designs"), inputs.by_folder("samples")
    shared = read_record(SharedSamples, inputs.path("shared"))
    return {
        row.contrast: source_of(
            row,
            specification.datasets[row.dataset].within(shared.families),
            load_fit(fits[row.contrast]),
            read_design(designs[row.contrast]),
            read_table(samples[row.dataset], SAMPLES),
            shared.same,
        )
        for row in specification.contrasts
    }


def _read_libraries(
    inputs: JobFiles, specification: MeasureConcordance, contrasts: Container[str]
) -> dict[str, SignatureLibrary]:
    """Return the comparator signatures by bridge, where one declares them."""
    from sidemine.lines.bridge.comparators import names_of_signatures, read_signatures
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.retrieve.refusal import note_refusals

    signatures = {}
    with note_refusals(inputs.every_path):
        for bridge, path in zip(specification.signatures, inputs.paths("signatures"), strict=True):
            declared = next(row for row in specification.declared.bridges if row.id == bridge)
            if declared.comparator_signatures is not None:
                named = names_of_signatures(declared, contrasts)
                genes = read_gene_table(inputs.path("gene_table"), specification.gene_table)
                signatures[bridge] = read_signatures(path, declared.comparator_signatures, genes, named)
    return signatures


JOB = StudyJob(
    name="measure_concordance",
    message="Compare the profiles of perturbations with those of diseases",
    specification=MeasureConcordance,
    specify=_specify,
    inputs=_inputs,
    outputs={"table": "<results>/concordance.tsv", "record": "<results>/concordance.json"},
    run=_run,
    resources={"markers": MARKERS, "prediction": "prediction/side_effects.tsv"},
)
