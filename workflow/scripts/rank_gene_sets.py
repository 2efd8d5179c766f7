"""Describe a contrast by preranked GSEA; its p-values never carry a verdict."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.enrichment.prerank import rank_gene_sets
    from sidemine.tables import DIFFERENTIAL, GENE_SETS, SET_TESTS, read_table, write_table

    ranked = rank_gene_sets(
        read_table(Path(snakemake.input.table), DIFFERENTIAL),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        **snakemake.params.settings,
    )
    write_table(ranked, Path(snakemake.output[0]), SET_TESTS)
