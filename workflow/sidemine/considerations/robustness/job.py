"""The job of robustness: `robustness.tsv` and `robustness.json`. It asks the rule table, with all judges but its own."""

from __future__ import annotations

from sidemine.considerations.composition.specification import MARKERS, own_panels
from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.considerations.robustness.specification import VaryAnalysis
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisToJudge
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> VaryAnalysis:
    scope = plan.scope
    return plan.specify(
        VaryAnalysis,
        hypotheses=[HypothesisToJudge.of(row) for row in plan.study.config.hypotheses],
        contrasts=[plan.contrasts[name] for name in scope.primary_contrasts],
        datasets={name: plan.datasets[name] for name in scope.primary_datasets},
        files={
            name: {role: key for role, key in plan.files[name].items() if role != "platform_map"}
            for name in scope.primary_arrays
        },
        own_markers=own_panels(plan, (scope.cells_of(name).panel for name in scope.composition_contrasts)),
    )


def _inputs(plan: StudyPlan, specification: VaryAnalysis) -> Patterns:
    return {
        "expression": [f"<results>/datasets/{dataset}/expression.h5ad" for dataset in specification.datasets],
        "treatment": [f"<results>/datasets/{dataset}/treatment.json" for dataset in specification.datasets],
        "quality": [f"<results>/datasets/{dataset}/quality.json" for dataset in specification.datasets],
        "checks": [f"<results>/contrasts/{row.contrast}/quality.json" for row in specification.contrasts],
        "evidence": [f"<results>/evidence/{row.id}.json" for row in specification.hypotheses],
        "sets": "<results>/gene_sets.tsv.gz",
        "raw": [f"<downloads>/{key}" for files in specification.files.values() for key in files.values()],
        "samples": [f"<results>/datasets/{dataset}/samples.tsv" for dataset in specification.files],
        "ledgers": [f"<results>/datasets/{dataset}/genes_ledger.tsv" for dataset in specification.files],
        **{entry.name: entry.record_files(plan) for entry in CONSIDERATIONS if entry.of_variants},
    }


# One job: a refit takes a tenth of a second, starting a job takes longer.
def _run(inputs: JobFiles, outputs: JobFiles, specification: VaryAnalysis) -> None:
    from sidemine.considerations.registry import judges_with, read_judges
    from sidemine.considerations.robustness.measure_study import contrasts_to_vary, vary_study
    from sidemine.considerations.robustness.read_data import StudyFiles, read_contrast_data
    from sidemine.considerations.robustness.record import ROBUSTNESS, RobustnessOfStudy
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table, table_of, write_table
    from sidemine.verdict.decide import variant_verdicts

    samples, ledgers = inputs.by_folder("samples"), inputs.by_folder("ledgers")
    raw = iter(inputs.paths("raw"))
    files = StudyFiles(
        expression=inputs.by_folder("expression"),
        treatment=inputs.by_folder("treatment"),
        quality=inputs.by_folder("quality"),
        checks=inputs.by_folder("checks"),
        composition=inputs.by_folder("composition"),
        raw={
            dataset: {
                "samples": samples[dataset],
                "ledger": ledgers[dataset],
                **{role: next(raw) for role in roles},
            }
            for dataset, roles in specification.files.items()
        },
        markers=inputs.paths("markers"),
    )
    hypotheses, sets = specification.hypotheses, read_table(inputs.path("sets"), GENE_SETS)
    evidence = {name: read_record(HypothesisEvidence, path) for name, path in inputs.by_stem("evidence").items()}
    judges = read_judges({entry.name: inputs.paths(entry.name) for entry in CONSIDERATIONS if entry.of_variants})
    rows = {row.contrast: row for row in specification.contrasts}
    used = [rows[name] for name in contrasts_to_vary(hypotheses, evidence, specification)]
    records = vary_study(
        hypotheses,
        evidence,
        read_contrast_data(used, specification.datasets, sets, files, specification),
        sets,
        variant_verdicts(hypotheses, evidence, judges_with(judges, of_variants=True)),
        specification,
    )
    variants = [row for record in records for row in record.variants]
    write_table(table_of(variants, ROBUSTNESS), outputs.path("table"), ROBUSTNESS)
    write_record(RobustnessOfStudy(records), outputs.path("record"))


JOB = StudyJob(
    name="vary_analysis",
    message="Ask every hypothesis again with one decision changed at a time",
    specification=VaryAnalysis,
    specify=_specify,
    inputs=_inputs,
    outputs={"table": "<results>/robustness.tsv", "record": "<results>/robustness.json"},
    run=_run,
    resources={"markers": MARKERS},
    priority=20,  # the verdicts wait for it alone
)
