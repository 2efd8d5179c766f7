"""Measure the primary effect of every hypothesis in each of its contrasts."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.effect.measure import ContrastFiles, measure_hypothesis
    from sidemine.records import write_record
    from sidemine.study.models import Contrast, Dataset, Hypothesis
    from sidemine.tables import GENE_SETS, read_json, read_table

    files = {}
    for contrast, dataset, *paths in zip(
        snakemake.params.contrasts,
        snakemake.params.datasets,
        snakemake.input.fits,
        snakemake.input.designs,
        snakemake.input.set_tests,
        snakemake.input.samples,
        strict=True,
    ):
        row = Contrast.model_validate(contrast)
        files[row.contrast] = ContrastFiles(row, Dataset.model_validate(dataset), *map(Path, paths))
    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    same = read_json(Path(snakemake.input.shared))["same"]
    for declared, target in zip(snakemake.params.hypotheses, snakemake.output, strict=True):
        hypothesis = Hypothesis.model_validate(declared)
        evidence = measure_hypothesis(hypothesis, [files[name] for name in hypothesis.measured_contrasts], sets, same)
        write_record(evidence, Path(target))
