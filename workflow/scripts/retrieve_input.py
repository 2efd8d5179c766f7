"""Retrieve one input: from its address, from the mirror, or from a local path."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.retrieve.download import fetch
    from sidemine.retrieve.lock import read_lock
    from sidemine.retrieve.needed_files import Source
    from sidemine.study.command_line import wants_relock

    source = Source.from_dict(snakemake.params.source)
    mirror = Path(snakemake.params.mirror) if snakemake.params.mirror else None
    fetch(
        source,
        Path(snakemake.output.file),
        mirror=mirror,
        lock=read_lock(Path(snakemake.params.lock)),
        relock=wants_relock(snakemake.config),
        max_bytes=int(snakemake.params.max_download_gb * 1e9),
    )
