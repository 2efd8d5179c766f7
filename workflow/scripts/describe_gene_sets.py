"""Describe all gene sets in all contrasts by over-representation and preranked GSEA; neither carries a verdict."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.differential_table import read_differential
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.enrichment.set_descriptions import describe_gene_sets
    from sidemine.enrichment.set_test_table import SET_TESTS
    from sidemine.study.specifications import DescribeGeneSets
    from sidemine.tables import read_table, write_table

    specification = DescribeGeneSets.model_validate(snakemake.params.specification)
    settings = specification.model_dump(exclude={"contrasts"})
    sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    for table, target in zip(snakemake.input.tables, snakemake.output.descriptions, strict=True):
        described = describe_gene_sets(read_differential(Path(table)), sets, **settings)
        write_table(described, Path(target), SET_TESTS)
