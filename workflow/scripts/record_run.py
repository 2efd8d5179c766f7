"""Write down when, where and by which command this run was made."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.records import write_record
    from sidemine.report.manifest import describe_run

    write_record(describe_run(snakemake.params.config_file), Path(snakemake.output.run))
