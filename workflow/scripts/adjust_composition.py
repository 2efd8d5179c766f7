"""Measure the total and the composition-adjusted effect in the blood cohorts."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.considerations.composition.measure_study import adjust_cohorts
    from sidemine.differential.contrast_fit import load_fit
    from sidemine.records import write_record
    from sidemine.study.models import Hypothesis
    from sidemine.tables import GENE_SETS, read_table

    def load_fits(paths):
        return {Path(path).parent.name: load_fit(Path(path)) for path in paths}

    markers = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "gene_sets"
    records = adjust_cohorts(
        [Hypothesis.model_validate(row) for row in snakemake.params.hypotheses],
        snakemake.params.contrasts,
        load_fits(snakemake.input.fits),
        load_fits(snakemake.input.stimuli),
        read_table(Path(snakemake.input.sets), GENE_SETS),
        [markers / f"{cell}.tsv" for cell in snakemake.params.markers],
        seed=snakemake.params.settings["seed"],
    )
    for path in map(Path, snakemake.output):
        write_record(records[path.parent.name], path)
