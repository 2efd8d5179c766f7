"""Assess one dataset: samples, scale, traps, principal components; say what is done about the findings."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.errors import StudyError
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.assessment import assess_quality
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import AssessQuality
    from sidemine.tables import read_table

    specification = AssessQuality.model_validate(snakemake.params.specification)
    quality, treatment, problems = assess_quality(
        read_expression(Path(snakemake.input.expression)),
        read_table(Path(snakemake.input.samples), SAMPLES),
        specification.dataset,
        read_record(SharedSamples, Path(snakemake.input.shared)),
        specification.traps,
    )
    if problems:
        raise StudyError(problems)
    write_record(quality, Path(snakemake.output.quality))
    write_record(treatment, Path(snakemake.output.treatment))
