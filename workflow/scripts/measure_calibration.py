"""Measure the size of the set tests on permuted labels of this study's own samples."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.considerations.calibration.config import CalibrationSettings
    from sidemine.considerations.calibration.measure import CalibrationFiles, measure_calibration
    from sidemine.records import as_record, write_record
    from sidemine.study.models import Contrast
    from sidemine.tables import CALIBRATION, GENE_SETS, empty_table, read_table, write_table

    folder = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "calibration"
    tables = {name: read_table(folder / name, CALIBRATION) for name in snakemake.params.tables}
    primary_sets: dict[str, list[str]] = {}
    for hypothesis in snakemake.params.hypotheses:
        for contrast in hypothesis["primary"]["contrasts"]:
            primary_sets.setdefault(contrast, []).append(hypothesis["primary"]["set"])
    table, record = measure_calibration(
        [
            CalibrationFiles(Contrast.model_validate(row), Path(fit), Path(samples), Path(treatment))
            for row, fit, samples, treatment in zip(
                snakemake.params.contrasts,
                snakemake.input.fits,
                snakemake.input.samples,
                snakemake.input.treatments,
                strict=True,
            )
        ],
        primary_sets,
        read_table(Path(snakemake.input.sets), GENE_SETS),
        tables.get("design_classes.tsv", empty_table(CALIBRATION)),
        tables.get("whole_rule.tsv"),
        as_record(CalibrationSettings, snakemake.params.settings),
    )
    write_table(table, Path(snakemake.output.table), CALIBRATION)
    write_record(record, Path(snakemake.output.record))
