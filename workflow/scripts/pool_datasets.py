"""Pool every gene and the declared, target, member and control sets over the datasets of each hypothesis."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.differential.contrast_fit import load_fit
    from sidemine.effect.measure import genes_of_answer
    from sidemine.effect.pooled_columns import POOLED_GENES, POOLED_SETS
    from sidemine.effect.pooled_tables import pool_genes, pool_sets, studies_of
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record
    from sidemine.study.specifications import PoolDatasets
    from sidemine.tables import read_table, write_table

    specification = PoolDatasets.model_validate(snakemake.params.specification)
    gene_sets = read_table(Path(snakemake.input.sets), GENE_SETS)
    files = {Path(path).parent.name: Path(path) for path in snakemake.input.fits}
    for hypothesis, evidence, genes_path, sets_path in zip(
        specification.hypotheses,
        snakemake.input.evidence,
        snakemake.output.genes,
        snakemake.output.sets,
        strict=True,
    ):
        contrasts = hypothesis.primary.contrasts
        fits = {name: load_fit(files[name]) for name in contrasts}
        known = read_record(HypothesisEvidence, Path(evidence))
        studies = studies_of(known, fits)
        common = sorted(genes_of_answer(known, fits))
        sets = pool_sets(
            studies,
            hypothesis,
            gene_sets,
            common=common,
            min_set_size=specification.min_set_size,
            max_set_size=specification.max_set_size,
        )
        write_table(sets, Path(sets_path), POOLED_SETS)
        write_table(pool_genes(studies, hypothesis.kind), Path(genes_path), POOLED_GENES)
