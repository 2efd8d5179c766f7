"""Decide the verdict of every hypothesis by the closed rule table."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.tables import ENRICHMENT, read_json, read_table, write_json
    from sidemine.verdict.summary import summarise_verdicts

    verdicts = summarise_verdicts(
        study=snakemake.params.study,
        hypotheses=snakemake.params.hypotheses,
        evidence=[read_json(Path(path)) for path in snakemake.input.evidence],
        enrichment={Path(path).parent.name: read_table(Path(path), ENRICHMENT) for path in snakemake.input.enrichment},
        checks={
            "dataset": {Path(path).parent.name: read_json(Path(path))["flags"] for path in snakemake.input.quality},
            "contrast": {Path(path).parent.name: read_json(Path(path))["flags"] for path in snakemake.input.checks},
        },
        specificity=read_json(Path(snakemake.input.specificity)),
        composition=[read_json(Path(path)) for path in snakemake.input.composition],
        robustness=read_json(Path(snakemake.input.robustness)),
        calibration=read_json(Path(snakemake.input.calibration)),
        published=[read_json(Path(path)) for path in snakemake.input.published],
        inputs=read_json(Path(snakemake.input.inputs)),
        planted=read_json(Path(snakemake.params.planted)) if snakemake.params.planted else [],
    )
    write_json(verdicts, Path(snakemake.output[0]))
