"""Read who the samples of a dataset are."""

from sidemine.provenance import record_job
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input), record_job(snakemake):
    from pathlib import Path

    from sidemine.prepare.metadata import read_or_explain_samples
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.records import write_record
    from sidemine.study.specifications import ReadSamples
    from sidemine.tables import write_table

    specification = ReadSamples.model_validate(snakemake.params.specification)
    samples, mismatches, filtered = read_or_explain_samples(
        specification.dataset,
        {role: Path(snakemake.input[role]) for role in specification.files},
        specification.derive,
        specification.exclude,
        specification.markers,
    )
    write_table(samples, Path(snakemake.output.samples), SAMPLES)
    write_record(mismatches, Path(snakemake.output.mismatches))
    write_record(filtered, Path(snakemake.output.filtered))
