"""Assess all contrasts: what else differs between their groups, and the shape of their p-values."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from functools import lru_cache
    from pathlib import Path

    import numpy as np

    from sidemine.differential.differential_table import read_differential
    from sidemine.differential.record import compared_samples, read_design
    from sidemine.errors import StudyError
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.log_expression import log2_expression
    from sidemine.quality.contrast_quality import assess_contrast
    from sidemine.quality.flags import stop_problems
    from sidemine.quality.record import DatasetQuality
    from sidemine.records import read_record, write_record
    from sidemine.study.selectors import parse_selector
    from sidemine.study.specifications import AssessContrasts

    # Contrasts of one dataset mostly follow one another.
    read_again = lru_cache(maxsize=1)(read_expression)
    specification = AssessContrasts.model_validate(snakemake.params.specification)
    problems = []
    records = []
    for contrast, expression_path, quality_path, design_path, table_path in zip(
        specification.contrasts,
        snakemake.input.expression,
        snakemake.input.quality,
        snakemake.input.designs,
        snakemake.input.tables,
        strict=True,
    ):
        expression = read_again(Path(expression_path))
        quality = assess_contrast(
            compared_samples(read_design(Path(design_path))),
            expression.obs.astype(str),
            log2_expression(expression),
            np.asarray(expression.layers["counts"], dtype=float) if "counts" in expression.layers else None,
            read_differential(Path(table_path)),
            read_record(DatasetQuality, Path(quality_path)),
            group_columns=[
                column
                for selector in (contrast.target, contrast.reference)
                for column in parse_selector(selector, "").columns
            ],
            row=specification.datasets[contrast.dataset],
            traps=specification.traps,
        )
        problems += stop_problems(quality.flags, specification.traps, f"contrast {contrast.contrast}")
        records.append(quality)
    if problems:
        raise StudyError(problems)
    for record, path in zip(records, snakemake.output.quality, strict=True):
        write_record(record, Path(path))
