"""Check a published table against its label and describe it; it is never tested."""

from sidemine.provenance import record_job
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input), record_job(snakemake):
    from pathlib import Path

    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.published.measure import describe_published_table
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.specifications import DescribePublishedTable
    from sidemine.tables import read_table, write_json

    specification = DescribePublishedTable.model_validate(snakemake.params.specification)
    description = describe_published_table(
        specification.table,
        Path(snakemake.input.table),
        dict(
            zip([role for role in specification.files if role != "table"], map(Path, snakemake.input.maps), strict=True)
        ),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        read_gene_table(Path(snakemake.input.gene_table), specification.gene_table),
    )
    write_json(description, Path(snakemake.output.description))
