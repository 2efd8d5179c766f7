"""Write down the study as it was resolved."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.provenance import record_job
    from sidemine.tables import write_json

    with record_job(snakemake, "study"):
        write_json(snakemake.params.study, Path(snakemake.output.study))
