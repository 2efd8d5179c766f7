"""Check the groups of all contrasts against the samples, and tell all problems at once."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.differential.design_check import check_designs
    from sidemine.errors import Problem
    from sidemine.study.models import Contrast
    from sidemine.tables import SAMPLES, read_json, read_table, write_json

    samples = {Path(path).parent.name: read_table(Path(path), SAMPLES) for path in snakemake.input.samples}
    contrasts = [Contrast.model_validate(row) for row in snakemake.params.contrasts]
    mismatches = {
        Path(path).parent.name: [Problem.from_dict(problem) for problem in read_json(Path(path))]
        for path in snakemake.input.mismatches
    }
    findings = check_designs(contrasts, samples, mismatches=mismatches, **snakemake.params.settings)
    write_json(findings, Path(snakemake.output[0]))
