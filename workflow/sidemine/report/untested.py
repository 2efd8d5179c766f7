"""What a run could not test, and how to mend it: the first thing to read after a first run on real records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidemine.drawing.words import bounded
from sidemine.report.collect import StudyResults

_LONGEST_PART = 1500


def untested(results: StudyResults) -> list[dict[str, Any]]:
    """Return each distinct problem that made contrasts untestable.

    Returns
    -------
    list of dict
        The four parts of the problem (what, where, allowed, next_step), `contrasts` that it concerns, and `questions`
        that rest on one of these; in the order of the sheets.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name, contrast in results.contrasts.items():
        for problem in _problems(contrast.design):
            _row(rows, problem)["contrasts"].append(name)
    for found in results.datasets.values():
        for problem in _problems(found.provenance):  # a dataset may have no contrast that tells of it
            _row(rows, problem)
    for row in rows.values():
        row["questions"] = [
            card.hypothesis
            for card in results.verdicts.verdicts
            if any(item.contrast in row["contrasts"] for item in card.evidence)
        ]
    return list(rows.values())


def _problems(record: Mapping[str, Any]) -> list[dict[str, str]]:
    problem = record.get("problem")
    return [problem, *record.get("further_problems", [])] if problem else []


def _row(rows: dict[tuple[str, str], dict[str, Any]], problem: Mapping[str, str]) -> dict[str, Any]:
    parts = {part: bounded(str(problem[part]), _LONGEST_PART) for part in ("what", "where", "allowed", "next_step")}
    return rows.setdefault((problem["what"], problem["where"]), {**parts, "contrasts": []})
