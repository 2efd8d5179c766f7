"""Find the samples that stand in two datasets of the study."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.shared_samples import find_shared_samples
    from sidemine.records import write_record
    from sidemine.study.specifications import CompareDatasets
    from sidemine.tables import read_table, write_text

    specification = CompareDatasets.model_validate(snakemake.params.specification)
    expression = {Path(path).parent.name: Path(path) for path in snakemake.input.expression}
    shared = find_shared_samples(
        specification.datasets,
        {Path(path).parent.name: read_table(Path(path), SAMPLES) for path in snakemake.input.samples},
        lambda dataset: read_expression(expression[dataset]),
    )
    write_record(shared, Path(snakemake.output.shared))
    write_text("All datasets were compared with each other.\n", Path(snakemake.output.compared))
