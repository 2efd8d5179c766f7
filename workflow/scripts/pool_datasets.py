"""Pool every gene and the declared, target, member and control sets over the datasets of one hypothesis."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.differential.contrast_fit import load_fit
    from sidemine.evidence.pooled_tables import pool_genes, pool_sets, studies_of
    from sidemine.evidence.primary_effect import common_genes
    from sidemine.evidence.records import HypothesisEvidence
    from sidemine.study.models import Hypothesis
    from sidemine.tables import GENE_SETS, POOLED_GENES, POOLED_SETS, read_json, read_table, write_table

    hypothesis = Hypothesis.model_validate(snakemake.params.hypothesis)
    evidence = HypothesisEvidence.from_dict(read_json(Path(snakemake.input.evidence)))
    contrasts = hypothesis.primary.contrasts
    fits = {name: load_fit(Path(path)) for name, path in zip(contrasts, snakemake.input.fits, strict=True)}
    studies = studies_of(evidence, fits)
    sets = pool_sets(
        studies,
        hypothesis,
        read_table(Path(snakemake.input.sets), GENE_SETS),
        common=sorted(common_genes(fits, contrasts)),
        **snakemake.params.settings,
    )
    write_table(sets, Path(snakemake.output.sets), POOLED_SETS)
    write_table(pool_genes(studies, hypothesis.kind), Path(snakemake.output.genes), POOLED_GENES)
