"""Measure the bridges between drug and disease, and the interactions between subgroups of patients."""

from sidemine.provenance import record_job
from sidemine.retrieve.refusal import note_refusals
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), note_refusals(snakemake.input), record_job(snakemake):
    from pathlib import Path

    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.lines.bridge.comparators import read_signatures
    from sidemine.lines.bridge.contrasts import read_source
    from sidemine.lines.bridge.measure_study import ConcordanceInputs, measure_concordance
    from sidemine.lines.bridge.table import CONCORDANCE
    from sidemine.prepare.gene_table import read_gene_table
    from sidemine.quality.record import SharedSamples
    from sidemine.records import read_record
    from sidemine.study.specifications import MeasureConcordance
    from sidemine.tables import read_table, write_json, write_table

    specification = MeasureConcordance.model_validate(snakemake.params.specification)
    declared, datasets = specification.declared, specification.datasets
    samples = dict(zip(datasets, map(Path, snakemake.input.samples), strict=True))
    same = read_record(SharedSamples, Path(snakemake.input.shared)).same
    sources = {
        contrast.contrast: read_source(
            contrast, datasets[contrast.dataset], Path(fit), Path(design), samples[contrast.dataset], same
        )
        for contrast, fit, design in zip(
            specification.contrasts, snakemake.input.fits, snakemake.input.designs, strict=True
        )
    }
    signatures = {}
    if specification.signatures:
        genes = read_gene_table(Path(snakemake.input.gene_table), specification.gene_table)
        files = dict(zip(specification.signatures, map(Path, snakemake.input.signatures), strict=True))
        signatures = {
            bridge.id: read_signatures(files[bridge.id], bridge.comparator_signatures, genes)
            for bridge in declared.bridges
            if bridge.id in files
        }
    markers = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "gene_sets"
    table, record = measure_concordance(
        declared,
        ConcordanceInputs(
            sources,
            read_table(Path(snakemake.input.sets), GENE_SETS),
            [markers / f"{cell}.tsv" for cell in snakemake.params.markers],
            signatures,
        ),
        n_rotations=specification.rotations,
        seed=specification.seed,
    )
    write_table(table, Path(snakemake.output.table), CONCORDANCE)
    write_json(record, Path(snakemake.output.record))
