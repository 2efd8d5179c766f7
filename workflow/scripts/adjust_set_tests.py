"""Write q-values: one family of sets times the contrasts of one role."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.enrichment.false_discovery import adjust_set_tests
    from sidemine.enrichment.set_test_table import ENRICHMENT, SET_TESTS, join_set_tests
    from sidemine.study.specifications import AdjustSetTests
    from sidemine.tables import read_table, write_table

    specification = AdjustSetTests.model_validate(snakemake.params.specification)
    outputs = [Path(path) for path in snakemake.output.enrichment]
    names = [path.parent.name for path in outputs]
    tests = {
        name: join_set_tests([read_table(Path(path), SET_TESTS) for path in paths])
        for name, *paths in zip(names, snakemake.input.tests, snakemake.input.descriptions, strict=True)
    }
    adjusted = adjust_set_tests(tests, {row.contrast: row.role for row in specification.contrasts})
    for name, path in zip(names, outputs, strict=True):
        write_table(adjusted[name], path, ENRICHMENT)
