"""Fit one contrast: target minus reference for every gene."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.contrast import fit_declared_contrast
    from sidemine.differential.contrast_fit import save_fit
    from sidemine.differential.differential_table import write_differential
    from sidemine.prepare.expression_store import read_expression
    from sidemine.quality.record import Treatment
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import FitContrast

    specification = FitContrast.model_validate(snakemake.params.specification)
    outcome = fit_declared_contrast(
        read_expression(Path(snakemake.input.expression)),
        specification.contrast,
        treatment=read_record(Treatment, Path(snakemake.input.treatment)),
        min_group_size=specification.min_group_size,
        on_untestable=specification.on_untestable,
    )
    write_differential(outcome.table, Path(snakemake.output.table), outcome.unit)
    write_record(outcome.design, Path(snakemake.output.design))
    save_fit(outcome.fit, Path(snakemake.output.fit))
