"""Read the values of a dataset, map them to genes, bring them to the scale of the analysis."""

from sidemine.provenance import record_job
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input), record_job(snakemake):
    from pathlib import Path

    from sidemine.errors import Problem
    from sidemine.prepare.cell_record import FilteredCells
    from sidemine.prepare.dataset import prepare_dataset
    from sidemine.prepare.expression_store import write_expression
    from sidemine.prepare.gene_ledger import GENES_LEDGER
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.prepare.sample_table import SAMPLES
    from sidemine.records import read_record
    from sidemine.study.specifications import PrepareDataset
    from sidemine.tables import read_table, write_table

    specification = PrepareDataset.model_validate(snakemake.params.specification)
    expression, ledger = prepare_dataset(
        specification.dataset,
        {role: Path(snakemake.input[role]) for role in specification.files},
        read_table(Path(snakemake.input.samples), SAMPLES),
        read_gene_table(Path(snakemake.input.gene_table), specification.gene_table),
        derive=specification.derive,
        markers=specification.markers,
        mismatches=read_record(list[Problem], Path(snakemake.input.mismatches)),
        filtered=read_record(FilteredCells, Path(snakemake.input.filtered)),
        probe_rule=specification.probe_rule,
        multi_gene_probes=specification.multi_gene_probes,
    )
    write_expression(expression, Path(snakemake.output.expression))
    write_table(ledger, Path(snakemake.output.ledger), GENES_LEDGER)
