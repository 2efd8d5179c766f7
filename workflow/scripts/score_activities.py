"""Score the target sets in every sample of a dataset."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.enrichment.activity import score_activities
    from sidemine.prepare.dataset import read_expression
    from sidemine.tables import ACTIVITIES, GENE_SETS, read_table, write_table

    scores = score_activities(
        read_expression(Path(snakemake.input.expression)),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        **snakemake.params.settings,
    )
    write_table(scores, Path(snakemake.output[0]), ACTIVITIES)
