"""Read the gene set libraries and map them to approved symbols."""

from sidemine.provenance import record_job
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input), record_job(snakemake):
    from pathlib import Path

    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.gene_sets import GENE_SETS_LEDGER, build_gene_sets
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.specifications import PrepareGeneSets
    from sidemine.tables import write_table

    specification = PrepareGeneSets.model_validate(snakemake.params.specification)
    sets, ledger = build_gene_sets(
        specification.rows,
        dict(zip(specification.libraries, map(Path, snakemake.input.libraries), strict=True)),
        read_gene_table(Path(snakemake.input.gene_table), specification.gene_table),
        specification.opt_in,
    )
    write_table(sets, Path(snakemake.output.sets), GENE_SETS)
    write_table(ledger, Path(snakemake.output.ledger), GENE_SETS_LEDGER)
