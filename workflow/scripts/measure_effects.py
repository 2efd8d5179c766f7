"""Measure the primary effect of one hypothesis in each of its contrasts."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.evidence.primary_effect import ContrastFiles, measure_hypothesis
    from sidemine.study.models import Contrast, Dataset, Hypothesis
    from sidemine.tables import GENE_SETS, read_table, write_json

    contrasts = [Contrast.model_validate(row) for row in snakemake.params.contrasts]
    datasets = [Dataset.model_validate(row) for row in snakemake.params.datasets]
    files = [
        ContrastFiles(contrast, dataset, Path(fit), Path(design), Path(tests), Path(samples))
        for contrast, dataset, fit, design, tests, samples in zip(
            contrasts,
            datasets,
            snakemake.input.fits,
            snakemake.input.designs,
            snakemake.input.set_tests,
            snakemake.input.samples,
            strict=True,
        )
    ]
    evidence = measure_hypothesis(
        Hypothesis.model_validate(snakemake.params.hypothesis),
        files,
        read_table(Path(snakemake.input.sets), GENE_SETS),
    )
    write_json(evidence.to_dict(), Path(snakemake.output[0]))
