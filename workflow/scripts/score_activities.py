"""Score the target sets in every sample of every dataset."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    import pandas as pd

    from sidemine.enrichment.activity import activities
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.log_expression import log2_expression
    from sidemine.tables import ACTIVITIES, GENE_SETS, read_table, write_table

    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    targets = sets[sets["family"] == "target"]
    for source, target in zip(snakemake.input.expression, snakemake.output, strict=True):
        expression = read_expression(Path(source))
        values = pd.DataFrame(log2_expression(expression), index=expression.obs_names, columns=expression.var_names)
        scores = activities(values, targets, snakemake.params.settings["min_set_size"])
        write_table(scores, Path(target), ACTIVITIES)
