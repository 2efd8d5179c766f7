"""Assess one contrast: what else differs between its groups, and the shape of its p-values."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    import numpy as np

    from sidemine.errors import StudyError
    from sidemine.prepare.expression_store import read_expression
    from sidemine.prepare.log_expression import log2_expression
    from sidemine.quality.contrast_quality import assess_contrast
    from sidemine.quality.flags import stop_problems
    from sidemine.study.selectors import parse_selector
    from sidemine.tables import DIFFERENTIAL, read_json, read_table, write_json

    contrast, traps = snakemake.params.contrast, snakemake.params.traps
    expression = read_expression(Path(snakemake.input.expression))
    quality, flags = assess_contrast(
        read_json(Path(snakemake.input.design)),
        expression.obs.astype(str),
        log2_expression(expression),
        np.asarray(expression.layers["counts"], dtype=float) if "counts" in expression.layers else None,
        read_table(Path(snakemake.input.table), DIFFERENTIAL),
        read_json(Path(snakemake.input.quality)),
        group_columns=[
            column for side in ("target", "reference") for column in parse_selector(contrast[side], "").columns
        ],
        row=snakemake.params.row,
        actions=traps,
    )
    problems = stop_problems(flags, traps, f"contrast {contrast['contrast']}")
    if problems:
        raise StudyError(problems)
    write_json(quality, Path(snakemake.output[0]))
