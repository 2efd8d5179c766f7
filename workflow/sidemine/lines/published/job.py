"""The job of each published table: `published/<table>.json`."""

from __future__ import annotations

from sidemine.lines.published.specification import DescribePublishedTable, TableToDescribe
from sidemine.study.plan import StudyPlan, keys_of
from sidemine.study_jobs import JobFiles, Patterns, StudyJob


def _specify(plan: StudyPlan) -> dict[str, DescribePublishedTable]:
    return {
        name: plan.specify(
            DescribePublishedTable,
            table=TableToDescribe.of(row),
            files=keys_of(plan.sources.of_table[name]),
            gene_table=plan.gene_table,
        )
        for name, row in plan.study.published_tables.items()
    }


def _inputs(_: StudyPlan, specification: DescribePublishedTable) -> Patterns:
    return {
        "table": f"<downloads>/{specification.files['table']}",
        "maps": [f"<downloads>/{key}" for key in specification.maps.values()],
        "sets": "<results>/gene_sets.tsv.gz",
        "gene_table": f"<downloads>/{specification.gene_table.key}",
    }


def _run(inputs: JobFiles, outputs: JobFiles, specification: DescribePublishedTable) -> None:
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.published.measure import describe_published_table
    from sidemine.lines.published.reader import read_published_table
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.prepare.platform_annotation import read_platform_annotation
    from sidemine.records import write_record
    from sidemine.retrieve.refusal import note_refusals
    from sidemine.tables import read_table

    row = specification.table
    with note_refusals(inputs.every_path):
        description = describe_published_table(
            row,
            read_published_table(row, inputs.path("table")),
            {
                platform: read_platform_annotation(path)
                for platform, path in zip(specification.maps, inputs.paths("maps"), strict=True)
            },
            read_table(inputs.path("sets"), GENE_SETS),
            read_gene_table(inputs.path("gene_table"), specification.gene_table),
        )
    write_record(description, outputs.path("description"))


JOB = StudyJob(
    name="describe_published_table",
    message="Check the published table {wildcards.table} against its label",
    specification=DescribePublishedTable,
    specify=_specify,
    inputs=_inputs,
    outputs={"description": "<results>/published/{table}.json"},
    run=_run,
    wildcard="table",
    after_designs=False,
)
