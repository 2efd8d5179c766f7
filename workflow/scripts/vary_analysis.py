"""Ask every hypothesis again with one decision of the analysis changed at a time."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.registry import CONSIDERATIONS, judges_with, read_judges
    from sidemine.considerations.robustness.measure_study import contrasts_to_vary, vary_study
    from sidemine.considerations.robustness.read_data import StudyFiles, read_contrast_data
    from sidemine.considerations.robustness.record import RobustnessOfStudy
    from sidemine.considerations.robustness.table import ROBUSTNESS
    from sidemine.considerations.robustness.variant_rows import robustness_table
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.gene_set_table import GENE_SETS
    from sidemine.records import read_record, write_record
    from sidemine.study.specifications import VaryAnalysis
    from sidemine.tables import read_table, write_table
    from sidemine.verdict.decide import variant_verdicts

    def by_folder(paths):
        return {Path(path).parent.name: Path(path) for path in paths}

    given = snakemake.input
    specification = VaryAnalysis.model_validate(snakemake.params.specification)
    raw = {Path(path).parent.name: {"samples": Path(path)} for path in given.samples}
    roles = [(dataset, role) for dataset, files in specification.files.items() for role in files]
    for (dataset, role), path in zip(roles, given.raw, strict=True):
        raw[dataset][role] = Path(path)
    markers = Path(snakemake.scriptdir).resolve().parents[1] / "resources" / "gene_sets"
    files = StudyFiles(
        expression=by_folder(given.expression),
        treatment=by_folder(given.treatment),
        quality=by_folder(given.quality),
        checks=by_folder(given.checks),
        composition=by_folder(given.composition),
        raw=raw,
        markers=[markers / f"{cell}.tsv" for cell in snakemake.params.markers],
        gene_table=Path(given.gene_table),
        gene_table_source=specification.gene_table,
    )
    evidence = {Path(path).stem: read_record(HypothesisEvidence, Path(path)) for path in given.evidence}
    asked = [entry.name for entry in CONSIDERATIONS if entry.of_variants]
    judges = judges_with(read_judges({name: [Path(path) for path in given[name]] for name in asked}), of_variants=True)
    sets = read_table(Path(given.sets), GENE_SETS)
    rows = {row.contrast: row for row in specification.contrasts}
    used = [rows[name] for name in contrasts_to_vary(specification.hypotheses, evidence, specification.settings)]
    records = vary_study(
        specification.hypotheses,
        evidence,
        read_contrast_data(used, specification.datasets, sets, files, specification.settings),
        sets,
        variant_verdicts(specification.hypotheses, evidence, judges),
        specification.settings,
    )
    write_table(robustness_table(records), Path(snakemake.output.table), ROBUSTNESS)
    write_record(RobustnessOfStudy(records), Path(snakemake.output.record))
