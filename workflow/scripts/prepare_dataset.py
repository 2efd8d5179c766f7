"""Read the values of a dataset, map them to genes, bring them to the scale of the analysis."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.prepare.dataset import prepare_dataset, write_expression
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.models import Dataset, GeneTableSource
    from sidemine.tables import GENES_LEDGER, SAMPLES, read_table, write_table

    files = {role: Path(path) for role, path in snakemake.input.items()}
    expression, ledger = prepare_dataset(
        Dataset.model_validate(snakemake.params.row),
        files,
        read_table(files.pop("samples"), SAMPLES),
        read_gene_table(files.pop("gene_table"), GeneTableSource.model_validate(snakemake.params.gene_table)),
        **snakemake.params.settings,
    )
    write_expression(expression, Path(snakemake.output.expression))
    write_table(ledger, Path(snakemake.output.ledger), GENES_LEDGER)
