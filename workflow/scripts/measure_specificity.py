"""Place the primary sets among matched random sets and among the study's other sets."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.considerations.specificity.config import SpecificitySettings
    from sidemine.considerations.specificity.measure import measure_specificity
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.records import as_record, write_record
    from sidemine.study.models import Hypothesis
    from sidemine.tables import GENE_SETS, SPECIFICITY, read_table, write_table

    table, records = measure_specificity(
        [Hypothesis.model_validate(row) for row in snakemake.params.hypotheses],
        {Path(path).parent.name: load_fit(Path(path)) for path in snakemake.input.fits},
        read_table(Path(snakemake.input.sets), GENE_SETS),
        as_record(SpecificitySettings, snakemake.params.settings),
    )
    write_table(table, Path(snakemake.output.table), SPECIFICITY)
    write_record(records, Path(snakemake.output.record))
