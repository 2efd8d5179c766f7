"""Test all gene sets in one contrast by the tests whose null is that of the samples."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.enrichment.set_tests import run_set_tests
    from sidemine.study.specifications import TestGeneSets
    from sidemine.tables import read_table, write_table

    specification = TestGeneSets.model_validate(snakemake.params.specification)
    tests = run_set_tests(
        load_fit(Path(snakemake.input.fit)),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        **specification.model_dump(),
    )
    write_table(tests, Path(snakemake.output.tests), SET_TESTS)
