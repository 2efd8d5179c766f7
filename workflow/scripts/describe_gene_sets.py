"""Describe all gene sets in all contrasts by the tests that take genes as independent; none carries a verdict."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.enrichment.set_tests import describe_gene_sets
    from sidemine.study.specifications import DescribeGeneSets
    from sidemine.tables import read_table, write_table

    specification = DescribeGeneSets.model_validate(snakemake.params.specification)
    settings = specification.model_dump(exclude={"contrasts"})
    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    for fit, target in zip(snakemake.input.fits, snakemake.output.descriptions, strict=True):
        described = describe_gene_sets(load_fit(Path(fit)), sets, **settings)
        write_table(described, Path(target), SET_TESTS)
