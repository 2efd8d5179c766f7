"""Check a published table against its label and describe it; it is never tested."""

from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input):
    from pathlib import Path

    from sidemine.evidence.published_table import describe_published_table
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.models import GeneTableSource, PublishedTable
    from sidemine.tables import GENE_SETS, read_table, write_json

    description = describe_published_table(
        PublishedTable.model_validate(snakemake.params.row),
        Path(snakemake.input.table),
        dict(zip(snakemake.params.maps, map(Path, snakemake.input.maps), strict=True)),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        read_gene_table(Path(snakemake.input.gene_table), GeneTableSource.model_validate(snakemake.params.gene_table)),
    )
    write_json(description, Path(snakemake.output[0]))
