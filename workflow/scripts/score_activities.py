"""Score the target sets in every sample of every dataset."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    import pandas as pd

    from sidemine.enrichment.activity import ACTIVITIES, activities
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.log_expression import log2_expression
    from sidemine.study.specifications import ScoreActivities
    from sidemine.tables import read_table, write_table

    specification = ScoreActivities.model_validate(snakemake.params.specification)
    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    targets = sets[sets["family"] == "target"]
    for source, target in zip(snakemake.input.expression, snakemake.output.activities, strict=True):
        expression = read_expression(Path(source))
        values = pd.DataFrame(log2_expression(expression), index=expression.obs_names, columns=expression.var_names)
        scores = activities(values, targets, specification.min_set_size)
        write_table(scores, Path(target), ACTIVITIES)
