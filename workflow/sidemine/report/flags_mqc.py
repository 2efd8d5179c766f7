"""Flags as MultiQC custom content: one table, one row per data set and contrast, one column per check.

The format is that of MultiQC's documentation, "Custom Content": a file whose name ends in `_mqc.json`.
"""

from __future__ import annotations

from pydantic import JsonValue

from sidemine.quality.flags import worst_statuses
from sidemine.report.collect import StudyResults

_COLOURS: JsonValue = {"pass": [{"s_eq": "ok"}], "warn": [{"s_eq": "warn"}], "fail": [{"s_eq": "problem"}]}


def multiqc_flags(results: StudyResults) -> dict[str, JsonValue]:
    """Return the content of `flags_mqc.json`.

    Every cell is the worst status of that check, `ok`, `warn` or `problem`; a check that was not made has no cell.
    """
    rows = {f"dataset {key}": worst_statuses(item.quality.flags) for key, item in results.datasets.items()}
    rows |= {f"contrast {key}": worst_statuses(item.quality.flags) for key, item in results.contrasts.items()}
    checks = sorted({check for row in rows.values() for check in row})
    headers: dict[str, JsonValue] = {
        check: {"title": check.replace("_", " "), "cond_formatting_rules": _COLOURS} for check in checks
    }
    return {
        "id": "sidemine_flags",
        "section_name": "sidemine: checks of the data",
        "description": "Status of each check per data set and contrast: ok, warn or problem. Evidence and consequence "
        "stand in the quality.json of each, and in report.html.",
        "plot_type": "table",
        "pconfig": {"id": "sidemine_flags_table", "title": "sidemine: checks of the data", "col1_header": "Where"},
        "headers": headers,
        "data": {where: dict(statuses) for where, statuses in rows.items()},
    }
