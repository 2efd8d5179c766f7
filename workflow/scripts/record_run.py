"""Write down when, where and by which command this run was made."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.records import write_record
    from sidemine.report.manifest import describe_run

    given = snakemake.params
    run = describe_run(given.command, given.executor, given.profiles, given.config_file)
    write_record(run, Path(snakemake.output.run))
