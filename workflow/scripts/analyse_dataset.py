"""Analyse one dataset: its quality, and for each of its contrasts the fit, its quality and the set tests."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    import logging
    from pathlib import Path

    import numpy as np

    from sidemine.differential.contrast import fit_declared_contrast
    from sidemine.differential.contrast_fit import save_fit
    from sidemine.differential.declared_traps import group_columns
    from sidemine.differential.differential_table import read_differential, write_differential
    from sidemine.differential.record import compared_samples
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.enrichment.set_tests import describe_gene_sets, run_set_tests
    from sidemine.errors import StudyError
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.log_expression import log2_expression
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.quality.assessment import assess_quality
    from sidemine.quality.contrast_quality import assess_contrast
    from sidemine.quality.flags import stop_problems
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import AnalyseDataset
    from sidemine.tables import read_table, write_table

    specification = AnalyseDataset.model_validate(snakemake.params.specification)
    given, written = snakemake.input, snakemake.output
    expression = read_expression(Path(given.expression))
    quality, treatment, problems = assess_quality(
        expression,
        read_table(Path(given.samples), SAMPLES),
        specification.dataset,
        read_record(SharedSamples, Path(given.shared)),
        specification.traps,
    )
    if problems:
        raise StudyError(problems)
    write_record(quality, Path(written.quality))
    write_record(treatment, Path(written.treatment))

    sets = read_table(Path(given.sets), GENE_SETS)
    obs = expression.obs.astype(str)
    values = log2_expression(expression)
    counts = np.asarray(expression.layers["counts"], dtype=float) if "counts" in expression.layers else None

    def analyse_contrast(contrast, design_path, table_path, fit_path, quality_path, tests_path, descriptions_path):
        """Fit a contrast, assess it and test the sets in it; return what stops the run."""
        try:
            outcome = fit_declared_contrast(
                expression,
                contrast,
                treatment=treatment,
                min_group_size=specification.min_group_size,
                on_untestable=specification.on_untestable,
            )
        except StudyError as error:
            return list(error.problems)
        write_record(outcome.design, design_path)
        write_differential(outcome.table, table_path, outcome.unit)
        save_fit(outcome.fit, fit_path)
        table = read_differential(table_path)  # rounded, as everybody else reads it
        checks = assess_contrast(
            compared_samples(outcome.design),
            obs,
            values,
            counts,
            table,
            quality,
            group_columns=group_columns(contrast),
            row=specification.dataset_of_contrasts,
            traps=specification.traps_of_contrasts,
        )
        write_record(checks, quality_path)
        found = stop_problems(checks.flags, specification.traps_of_contrasts, f"contrast {contrast.contrast}")
        if not (problems or found):
            write_table(run_set_tests(outcome.fit, sets, **specification.tests.model_dump()), tests_path, SET_TESTS)
            described = describe_gene_sets(outcome.fit, sets, **specification.descriptions.model_dump())
            write_table(described, descriptions_path, SET_TESTS)
        return found

    for contrast, *paths in zip(
        specification.contrasts,
        written.designs,
        written.tables,
        written.fits,
        written.checks,
        written.set_tests,
        written.descriptions,
        strict=True,
    ):
        logging.getLogger("sidemine").info("contrast %s", contrast.contrast)
        try:
            problems += analyse_contrast(contrast, *map(Path, paths))
        except Exception as error:
            error.add_note(f"This happened in contrast {contrast.contrast}.")
            raise
    if problems:
        raise StudyError(problems)
