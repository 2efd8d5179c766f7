"""Describe a contrast by preranked GSEA; its p-values never carry a verdict."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.enrichment.prerank import prerank
    from sidemine.tables import DIFFERENTIAL, GENE_SETS, SET_TESTS, read_table, write_table

    settings = snakemake.params.settings
    ranked = prerank(
        read_table(Path(snakemake.input.table), DIFFERENTIAL),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        seed=settings["seed"],
        permutations=settings["prerank_permutations"],
        min_size=settings["min_set_size"],
        max_size=settings["max_set_size"],
    )
    write_table(ranked, Path(snakemake.output[0]), SET_TESTS)
