"""Decide the verdict of every hypothesis by the closed rule table."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.study.specifications import DecideVerdicts
    from sidemine.tables import ENRICHMENT, read_json, read_table, write_json
    from sidemine.verdict.summary import summarise_verdicts

    specification = DecideVerdicts.model_validate(snakemake.params.specification)
    verdicts = summarise_verdicts(
        study=specification.study,
        hypotheses=specification.hypotheses,
        evidence=[read_json(Path(path)) for path in snakemake.input.evidence],
        words=specification.words,
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
        planted=[sentence for path in snakemake.input.planted for sentence in read_json(Path(path))],
    )
    write_json(verdicts, Path(snakemake.output.verdicts))
