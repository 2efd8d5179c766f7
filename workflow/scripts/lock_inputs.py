"""Lock new inputs and list all of them."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.records import write_record
    from sidemine.retrieve.lock import update_lock
    from sidemine.retrieve.record import InputRecord
    from sidemine.study.command_line import wants_relock

    records = [InputRecord.read(Path(path)) for path in snakemake.input.records]
    locked = update_lock(Path(snakemake.params.lock), records, relock=wants_relock(snakemake.config))
    write_record(locked, Path(snakemake.output.inputs))
