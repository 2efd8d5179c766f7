"""The job of illustrations: `illustrations.json`. UMAP is compiled in it, which takes half a minute; principal components are not."""

from __future__ import annotations

from sidemine.lines.illustration.specification import CellsToIllustrate, IllustrateCells
from sidemine.study.markers import label_column
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import DatasetToRead
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> IllustrateCells | dict[str, IllustrateCells]:
    study = plan.study
    drawn = [
        CellsToIllustrate(
            dataset=DatasetToRead.of(study.datasets[row.dataset]),
            files=plan.files[row.dataset],
            derive=study.config.derive.get(row.dataset, {}),
            markers=study.labels_by(study.datasets[row.dataset].cell_type),
            condition=row.condition,
            cell_type=label_column(row.cell_type),
            set=row.set,
            layout=row.layout,
        )
        for row in study.config.illustrations
    ]
    return plan.specify(IllustrateCells, illustrations=drawn, gene_table=plan.gene_table) if drawn else {}


def _inputs(_: StudyPlan, specification: IllustrateCells) -> Patterns:
    files = {
        cells.name_of(role): f"<downloads>/{key}"
        for cells in specification.illustrations
        for role, key in cells.files.items()
    }
    return {**files, "sets": "<results>/gene_sets.tsv.gz", "gene_table": f"<downloads>/{specification.gene_table.key}"}


def _run(inputs: JobFiles, outputs: JobFiles, specification: IllustrateCells) -> None:
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.illustration.reader import read_map
    from sidemine.lines.illustration.record import MapsOfStudy
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.records import write_record
    from sidemine.retrieve.refusal import note_refusals
    from sidemine.tables import read_table

    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    with note_refusals(inputs.every_path):
        genes = read_gene_table(inputs.path("gene_table"), specification.gene_table)
        maps = [
            read_map(
                cells,
                {role: inputs.path(cells.name_of(role)) for role in cells.files},
                genes,
                gene_sets,
                specification.seed,
            )
            for cells in specification.illustrations
        ]
    write_record(MapsOfStudy(maps), outputs.path("record"))


JOB = StudyJob(
    name="illustrate_cells",
    message="Draw maps of single cells",
    specification=IllustrateCells,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/illustrations.json"},
    run=_run,
    priority=5,  # the longest of what the page alone waits for
)
