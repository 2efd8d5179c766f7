"""Measure the size of the set tests on permuted labels of this study's own samples."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.calibration.measure import ContrastToCalibrate, measure_calibration
    from sidemine.considerations.calibration.table import CALIBRATION
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.record import Treatment
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import MeasureCalibration
    from sidemine.tables import empty_table, read_table, write_table

    folder = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "calibration"
    tables = {name: read_table(folder / name, CALIBRATION) for name in snakemake.params.tables}
    specification = MeasureCalibration.model_validate(snakemake.params.specification)
    table, record = measure_calibration(
        (
            ContrastToCalibrate(
                row,
                load_fit(Path(fit)),
                read_table(Path(samples), SAMPLES),
                read_record(Treatment, Path(treatment)),
            )
            for row, fit, samples, treatment in zip(
                specification.contrasts,
                snakemake.input.fits,
                snakemake.input.samples,
                snakemake.input.treatments,
                strict=True,
            )
        ),
        specification.primary_sets,
        read_table(Path(snakemake.input.sets), GENE_SETS),
        tables.get("design_classes.tsv", empty_table(CALIBRATION)),
        tables.get("whole_rule.tsv"),
        specification.settings,
    )
    write_table(table, Path(snakemake.output.table), CALIBRATION)
    write_record(record, Path(snakemake.output.record))
