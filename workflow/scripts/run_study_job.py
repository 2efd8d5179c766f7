"""Run the job that a consideration or a line of evidence declares (`sidemine.study_jobs`)."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from sidemine.study_jobs import run_job

    run_job(
        snakemake.params.job,
        dict(snakemake.input.items()),
        dict(snakemake.output.items()),
        snakemake.params.specification,
    )
