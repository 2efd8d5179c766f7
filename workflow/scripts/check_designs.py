"""Check the groups of all contrasts against the samples, and tell all problems at once."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.design_check import check_designs
    from sidemine.errors import Problem
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import CheckDesigns
    from sidemine.tables import read_table, write_text

    samples = {Path(path).parent.name: read_table(Path(path), SAMPLES) for path in snakemake.input.samples}
    specification = CheckDesigns.model_validate(snakemake.params.specification)
    mismatches = {Path(path).parent.name: read_record(list[Problem], Path(path)) for path in snakemake.input.mismatches}
    findings = check_designs(
        specification.contrasts,
        samples,
        mismatches=mismatches,
        verified_contrasts=specification.verified_contrasts,
        verified_datasets=specification.verified_datasets,
        min_group_size=specification.min_group_size,
        on_untestable=specification.on_untestable,
    )
    write_record(findings, Path(snakemake.output.checks))
    write_text("Every selector of a verified row matches samples.\n", Path(snakemake.output.passed))
