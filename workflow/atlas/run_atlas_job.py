"""Run one job of an atlas (`sidemine.atlas.jobs`)."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.atlas.config import load_atlas
    from sidemine.atlas.jobs import run_job

    run_job(load_atlas(Path(snakemake.params.atlas)), snakemake.params.job, snakemake.params.about)
