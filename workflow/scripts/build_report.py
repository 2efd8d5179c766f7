"""Build the page and the flags for MultiQC, from the results alone."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.provenance import check_results
    from sidemine.report.page import build_report

    check_results(Path(snakemake.input.study).parent, forget=True)
    build_report(Path(snakemake.input.study).parent, Path(snakemake.output.page), flags=Path(snakemake.output.flags))
