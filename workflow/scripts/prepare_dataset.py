"""Read the values of a dataset, map them to genes, bring them to the scale of the analysis."""

from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input):
    from pathlib import Path

    from sidemine.errors import Problem
    from sidemine.prepare.dataset import prepare_dataset, write_expression
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.study.models import Dataset, DerivedColumn, GeneTableSource
    from sidemine.tables import GENES_LEDGER, SAMPLES, read_json, read_table, write_table

    inputs = {role: Path(path) for role, path in snakemake.input.items()}
    samples, mismatches, gene_table, _ = (
        inputs.pop(role) for role in ("samples", "mismatches", "gene_table", "checked")
    )
    expression, ledger = prepare_dataset(
        Dataset.model_validate(snakemake.params.row),
        inputs,
        read_table(samples, SAMPLES),
        read_gene_table(gene_table, GeneTableSource.model_validate(snakemake.params.gene_table)),
        derive={
            name: DerivedColumn.model_validate(column) for name, column in snakemake.params.edits["derive"].items()
        },
        mismatches=[Problem.from_dict(problem) for problem in read_json(mismatches)],
        **snakemake.params.settings,
    )
    write_expression(expression, Path(snakemake.output.expression))
    write_table(ledger, Path(snakemake.output.ledger), GENES_LEDGER)
