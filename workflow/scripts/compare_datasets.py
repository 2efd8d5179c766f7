"""Find the samples that stand in two datasets of the study."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.prepare.expression_store import read_expression
    from sidemine.quality.shared_samples import find_shared_samples
    from sidemine.tables import SAMPLES, read_table, write_json

    expression = {Path(path).parent.name: Path(path) for path in snakemake.input.expression}
    shared = find_shared_samples(
        snakemake.params.rows,
        {Path(path).parent.name: read_table(Path(path), SAMPLES) for path in snakemake.input.samples},
        lambda dataset: read_expression(expression[dataset]),
    )
    write_json(shared, Path(snakemake.output[0]))
