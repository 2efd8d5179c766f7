"""Flags as MultiQC custom content: one table, one row per data set and contrast, one column per check.

The format is that of MultiQC's documentation, "Custom Content": a file whose name ends in `_mqc.json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sidemine.report.collect import StudyResults

_RANK = {"ok": 0, "warn": 1, "problem": 2}


def multiqc_flags(results: StudyResults) -> dict[str, Any]:
    """Return the content of `flags_mqc.json`.

    Every cell is the worst status of that check, `ok`, `warn` or `problem`; a check that was not made has no cell.
    """
    rows: dict[str, dict[str, str]] = {}
    for kind, records in (
        ("dataset", {key: item.quality["flags"] for key, item in results.datasets.items()}),
        ("contrast", {key: item.quality["flags"] for key, item in results.contrasts.items()}),
    ):
        rows |= {f"{kind} {key}": _statuses(flags or []) for key, flags in records.items()}
    checks = sorted({check for row in rows.values() for check in row})
    return {
        "id": "sidemine_flags",
        "section_name": "sidemine: checks of the data",
        "description": "Status of each check per data set and contrast: ok, warn or problem. Evidence and consequence "
        "stand in the quality.json of each, and in report.html.",
        "plot_type": "table",
        "pconfig": {"id": "sidemine_flags_table", "title": "sidemine: checks of the data", "col1_header": "Where"},
        "headers": {
            check: {
                "title": check.replace("_", " "),
                "cond_formatting_rules": {"pass": [{"s_eq": "ok"}], "warn": [{"s_eq": "warn"}], "fail": [{"s_eq": "problem"}]},
            }
            for check in checks
        },
        "data": rows,
    }  # fmt: skip


def _statuses(flags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    worst: dict[str, str] = {}
    for flag in flags:
        name = str(flag.get("trap") or flag["check"])
        status = str(flag["status"])
        if name not in worst or _RANK.get(status, 2) > _RANK.get(worst[name], 2):
            worst[name] = status
    return worst
