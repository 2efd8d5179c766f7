"""Place the primary sets among matched random sets and among the study's other sets."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.specificity.measure import measure_specificity
    from sidemine.considerations.specificity.table import SPECIFICITY
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import write_record
    from sidemine.study.specifications import MeasureSpecificity
    from sidemine.tables import read_table, write_table

    specification = MeasureSpecificity.model_validate(snakemake.params.specification)
    table, records = measure_specificity(
        specification.hypotheses,
        {Path(path).parent.name: load_fit(Path(path)) for path in snakemake.input.fits},
        read_table(Path(snakemake.input.sets), GENE_SETS),
        specification.settings,
    )
    write_table(table, Path(snakemake.output.table), SPECIFICITY)
    write_record(records, Path(snakemake.output.record))
