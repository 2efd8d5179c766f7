"""Ask every hypothesis again with one decision of the analysis changed at a time."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.robustness.measure_study import StudyFiles, vary_study
    from sidemine.considerations.robustness.record import robustness_table
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.study.specifications import VaryAnalysis
    from sidemine.tables import GENE_SETS, ROBUSTNESS, read_json, read_table, write_json, write_table
    from sidemine.verdict.variants import rules_without_robustness

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
    evidence = {Path(path).stem: HypothesisEvidence.from_dict(read_json(Path(path))) for path in given.evidence}
    flags = {
        name: {key: read_json(path)["flags"] for key, path in paths.items()}
        for name, paths in (("dataset", files.quality), ("contrast", files.checks))
    }
    records = vary_study(
        specification.hypotheses,
        {row.contrast: row for row in specification.contrasts},
        specification.datasets,
        evidence,
        read_table(Path(given.sets), GENE_SETS),
        files,
        rules_without_robustness(
            [row.model_dump() for row in specification.hypotheses],
            evidence,
            read_json(Path(given.specificity)),
            [read_json(Path(path)) for path in given.composition],
            read_json(Path(given.calibration)),
            flags,
        ),
        specification.model_dump(),
    )
    write_table(robustness_table(records), Path(snakemake.output.table), ROBUSTNESS)
    write_json({"hypotheses": records}, Path(snakemake.output.record))
