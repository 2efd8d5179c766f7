"""Measure the total and the composition-adjusted effect in the blood cohorts."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.composition.measure_study import adjust_cohorts
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import write_record
    from sidemine.study.specifications import AdjustComposition
    from sidemine.tables import read_table

    def load_fits(paths):
        return {Path(path).parent.name: load_fit(Path(path)) for path in paths}

    specification = AdjustComposition.model_validate(snakemake.params.specification)
    markers = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "gene_sets"
    records = adjust_cohorts(
        specification.hypotheses,
        specification.contrasts,
        load_fits(snakemake.input.fits),
        load_fits(snakemake.input.stimuli),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        [markers / f"{cell}.tsv" for cell in snakemake.params.markers],
        seed=specification.seed,
    )
    for path in map(Path, snakemake.output.composition):
        write_record(records[path.parent.name], path)
