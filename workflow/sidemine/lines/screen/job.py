"""The job of screens: `screens.json`."""

from __future__ import annotations

from sidemine.lines.screen.specification import MeasureScreens, ScreenToMeasure
from sidemine.study.plan import StudyPlan
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> MeasureScreens | dict[str, MeasureScreens]:
    screens = plan.study.config.screens
    return plan.specify(MeasureScreens, screens=[ScreenToMeasure.of(row) for row in screens]) if screens else {}


def _inputs(_: StudyPlan, specification: MeasureScreens) -> Patterns:
    datasets = dict.fromkeys(screen.dataset for screen in specification.screens)
    return {
        "expression": [f"<results>/datasets/{dataset}/expression.h5ad" for dataset in datasets],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def _run(inputs: JobFiles, outputs: JobFiles, specification: MeasureScreens) -> None:
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.screen.measure import measure_screen
    from sidemine.lines.screen.record import ScreensOfStudy
    from sidemine.prepare.expression_store import read_expression, read_provenance
    from sidemine.records import write_record
    from sidemine.tables import read_table

    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    paths = inputs.by_folder("expression")
    measured = []
    for screen in specification.screens:
        expression = read_expression(paths[screen.dataset])
        problem = read_provenance(expression).problem
        measured.append(measure_screen(screen, expression, gene_sets, problem.what if problem else ""))
    write_record(ScreensOfStudy(measured), outputs.path("record"))


JOB = StudyJob(
    name="measure_screens",
    message="Measure the screens: many compounds, few donors",
    specification=MeasureScreens,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/screens.json"},
    run=_run,
)
"""One job: a screen takes a second, starting a job takes longer."""
