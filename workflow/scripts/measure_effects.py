"""Measure the primary effect of every hypothesis in each of its contrasts."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.compounds.record import CompoundsOfStudy
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.differential.record import read_design
    from sidemine.effect.measure import ContrastResults, measure_hypothesis
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import MeasureEffects
    from sidemine.tables import read_table

    given = snakemake.input
    specification = MeasureEffects.model_validate(snakemake.params.specification)
    paths = zip(given.fits, given.designs, given.set_tests, given.samples, strict=True)
    files = dict(zip(specification.dataset_of, paths, strict=True))

    def read_results(contrast):
        fit, design, set_tests, samples = map(Path, files[contrast])
        return ContrastResults(
            contrast,
            specification.datasets[specification.dataset_of[contrast]].within(shared.families),
            load_fit(fit),
            read_design(design),
            read_table(set_tests, SET_TESTS),
            read_table(samples, SAMPLES),
        )

    sets = read_table(Path(given.sets), GENE_SETS)
    shared = read_record(SharedSamples, Path(given.shared))
    panels = {
        name: panel
        for path in given.compounds
        for name, panel in read_record(CompoundsOfStudy, Path(path)).hypotheses.items()
    }
    for hypothesis, target in zip(specification.hypotheses, snakemake.output.evidence, strict=True):
        results = [read_results(name) for name in hypothesis.primary.measured_contrasts]
        evidence = measure_hypothesis(hypothesis, results, sets, shared.same, panels.get(hypothesis.id))
        write_record(evidence, Path(target))
