"""Measure the primary effect of every hypothesis in each of its contrasts."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.effect.measure import ContrastFiles, measure_hypothesis
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import write_record
    from sidemine.study.specifications import MeasureEffects
    from sidemine.tables import read_json, read_table

    specification = MeasureEffects.model_validate(snakemake.params.specification)
    files = {
        contrast: ContrastFiles(contrast, specification.datasets[dataset], *map(Path, paths))
        for (contrast, dataset), *paths in zip(
            specification.dataset_of.items(),
            snakemake.input.fits,
            snakemake.input.designs,
            snakemake.input.set_tests,
            snakemake.input.samples,
            strict=True,
        )
    }
    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    same = read_json(Path(snakemake.input.shared))["same"]
    for hypothesis, target in zip(specification.hypotheses, snakemake.output.evidence, strict=True):
        evidence = measure_hypothesis(hypothesis, [files[name] for name in hypothesis.measured_contrasts], sets, same)
        write_record(evidence, Path(target))
