"""Write down the study as it was resolved."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.tables import write_json

    write_json(snakemake.params.study, Path(snakemake.output.study))
