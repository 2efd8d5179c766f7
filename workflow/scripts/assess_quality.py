"""Assess one dataset: samples, scale, principal components, flags with their evidence."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.prepare.expression_store import read_expression
    from sidemine.quality.assessment import assess_quality
    from sidemine.tables import SAMPLES, read_table, write_json

    assessment = assess_quality(
        read_expression(Path(snakemake.input.expression)), read_table(Path(snakemake.input.samples), SAMPLES)
    )
    write_json(assessment, Path(snakemake.output[0]))
