"""Draw the figures of the engine's own report from the results alone."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.report.annex import write_annex

    write_annex(Path(snakemake.input.study).parent, Path(snakemake.output.forest[0]).parent)
