"""Read who the samples of a dataset are."""

from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input):
    from pathlib import Path

    from sidemine.prepare.metadata import read_or_explain_samples
    from sidemine.study.models import Dataset, DerivedColumn, ExcludedSample
    from sidemine.tables import SAMPLES, write_json, write_table

    edits = snakemake.params.edits
    samples, mismatches = read_or_explain_samples(
        Dataset.model_validate(snakemake.params.row),
        {role: Path(path) for role, path in snakemake.input.items()},
        {name: DerivedColumn.model_validate(column) for name, column in edits["derive"].items()},
        [ExcludedSample.model_validate(sample) for sample in edits["exclude"]],
    )
    write_table(samples, Path(snakemake.output.samples), SAMPLES)
    write_json([problem.to_dict() for problem in mismatches], Path(snakemake.output.mismatches))
