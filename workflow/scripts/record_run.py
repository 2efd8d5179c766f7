"""Write down when, where and by which command this run was made."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.report.manifest import describe_run
    from sidemine.tables import write_json

    write_json(describe_run(snakemake.params.config_file), Path(snakemake.output.run))
