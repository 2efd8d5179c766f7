"""The job of cell types: `cell_types.json`."""

from __future__ import annotations

from sidemine.lines.cell_types.specification import DescribeCellTypes
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.study.markers import label_column
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import HypothesisOnSet
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> DescribeCellTypes | dict[str, DescribeCellTypes]:
    rows = plan.study.datasets
    columns = {name: label_column(row.cell_type) for name, row in rows.items() if row.layout in CELL_LAYOUTS}
    columns = {name: column for name, column in columns.items() if column}
    datasets = {name: row.dataset for name, row in plan.study.contrasts.items() if row.dataset in columns}
    asked = [row for row in plan.study.config.hypotheses if set(row.primary.contrasts) & set(datasets)]
    if not asked:
        return {}
    used = {name for row in asked for name in row.primary.contrasts}
    datasets = {name: dataset for name, dataset in datasets.items() if name in used}
    return plan.specify(
        DescribeCellTypes,
        hypotheses=[HypothesisOnSet.of(row) for row in asked],
        datasets=datasets,
        columns={name: columns[name] for name in sorted(set(datasets.values()))},
    )


def _inputs(_: StudyPlan, specification: DescribeCellTypes) -> Patterns:
    return {
        "designs": [f"<results>/contrasts/{contrast}/design.json" for contrast in specification.datasets],
        "expression": [f"<results>/datasets/{dataset}/expression.h5ad" for dataset in specification.columns],
        "sets": "<results>/gene_sets.tsv.gz",
    }


def _run(inputs: JobFiles, outputs: JobFiles, specification: DescribeCellTypes) -> None:
    from sidemine.differential.record import DESIGN
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.cell_types.measure import ComparedCells, describe_cell_types
    from sidemine.lines.cell_types.record import CellTypesOfHypothesis, CellTypesOfStudy
    from sidemine.prepare.expression_store import read_expression
    from sidemine.records import read_record, write_record
    from sidemine.tables import read_table

    gene_sets = read_table(inputs.path("sets"), GENE_SETS)
    designs = {name: read_record(DESIGN, path) for name, path in inputs.by_folder("designs").items()}
    expression = {name: read_expression(path) for name, path in inputs.by_folder("expression").items()}
    found = {}
    for hypothesis in specification.hypotheses:
        effects, n_unpaired, n_shallow, tested = [], 0, 0, []
        for name in hypothesis.primary.contrasts:
            if name not in specification.datasets:
                continue
            dataset, design = specification.datasets[name], designs[name]
            compared = ComparedCells(
                name, design.target_samples, design.reference_samples, specification.columns[dataset]
            )
            if compared.target and compared.reference and compared.column in expression[dataset].obs:
                more, unpaired, shallow = describe_cell_types(
                    compared, expression[dataset], gene_sets, hypothesis.primary.set, specification.min_set_size
                )
                effects += more
                n_unpaired += unpaired
                n_shallow += shallow
            tested += [name] if design.testable else []
        found[hypothesis.id] = CellTypesOfHypothesis(effects, n_unpaired, tested, n_shallow)
    write_record(CellTypesOfStudy(found), outputs.path("record"))


JOB = StudyJob(
    name="describe_cell_types",
    message="Describe the cell types of single-cell data",
    specification=DescribeCellTypes,
    specify=_specify,
    inputs=_inputs,
    outputs={"record": "<results>/cell_types.json"},
    run=_run,
)
