"""Write q-values: one family of sets times the contrasts of one role."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    import pandas as pd

    from sidemine.evidence.multiplicity import adjust_set_tests
    from sidemine.tables import ENRICHMENT, SET_TESTS, read_table, write_table

    outputs = [Path(path) for path in snakemake.output]
    names = [path.parent.name for path in outputs]
    tests = {
        name: pd.concat([read_table(Path(set_tests), SET_TESTS), read_table(Path(prerank), SET_TESTS)])
        for name, set_tests, prerank in zip(names, snakemake.input.set_tests, snakemake.input.prerank, strict=True)
    }
    adjusted = adjust_set_tests(tests, dict(zip(names, snakemake.params.roles, strict=True)))
    for name, path in zip(names, outputs, strict=True):
        write_table(adjusted[name], path, ENRICHMENT)
