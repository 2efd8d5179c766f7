"""Analyse one dataset: its quality, and for each of its contrasts the fit, its quality and the set tests."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.contrast_fit import save_fit
    from sidemine.differential.differential_table import write_differential
    from sidemine.enrichment.contrast_analysis import analyse_contrasts
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.errors import StudyError
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.assessment import assess_quality
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import AnalyseDataset
    from sidemine.tables import read_table, write_table

    specification = AnalyseDataset.model_validate(snakemake.params.specification)
    given, written = snakemake.input, snakemake.output
    expression, samples = read_expression(Path(given.expression)), read_table(Path(given.samples), SAMPLES)
    quality, treatment, problems = assess_quality(
        expression,
        samples,
        specification.dataset,
        read_record(SharedSamples, Path(given.shared)),
        specification.traps,
        specification.independent_pairs,
    )
    if problems:
        raise StudyError(problems)
    write_record(quality, Path(written.quality))
    write_record(treatment, Path(written.treatment))

    not_used, sets = samples[samples["fate"] != "used"], read_table(Path(given.sets), GENE_SETS)
    analyses = analyse_contrasts(expression, not_used, quality, treatment, sets, specification)
    files = zip(
        written.designs,
        written.tables,
        written.fits,
        written.checks,
        written.set_tests,
        written.descriptions,
        strict=True,
    )
    for analysis, paths in zip(analyses, files, strict=True):
        design, table, fit, checks, set_tests, descriptions = map(Path, paths)
        write_record(analysis.outcome.design, design)
        write_differential(analysis.outcome.table, table, analysis.outcome.unit)
        save_fit(analysis.outcome.fit, fit)
        write_record(analysis.checks, checks)
        write_table(analysis.set_tests, set_tests, SET_TESTS)
        write_table(analysis.descriptions, descriptions, SET_TESTS)
