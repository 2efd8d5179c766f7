"""Read the gene set libraries and map them to approved symbols."""

from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input):
    from pathlib import Path

    from sidemine.enrichment.gene_sets import build_gene_sets
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.models import GeneSetRow, GeneTableSource
    from sidemine.tables import GENE_SETS, write_table

    sets, ledger = build_gene_sets(
        [GeneSetRow.model_validate(row) for row in snakemake.params.rows],
        dict(zip(snakemake.params.libraries, map(Path, snakemake.input.libraries), strict=True)),
        read_gene_table(Path(snakemake.input.gene_table), GeneTableSource.model_validate(snakemake.params.gene_table)),
        snakemake.params.opt_in,
    )
    write_table(sets, Path(snakemake.output.sets), GENE_SETS)
    ledger.to_csv(snakemake.output.ledger, sep="\t", index=False, lineterminator="\n")
