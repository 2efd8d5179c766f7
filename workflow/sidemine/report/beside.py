"""Results that stand beside the verdicts and may not be there: specificity table, lines of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.lines.line import LinesOnRecord
from sidemine.lines.registry import read_lines
from sidemine.tables import read_table

_LONGEST = 2000


@dataclass(frozen=True)
class Beside:
    """What later stages found.

    Attributes
    ----------
    comparators
        Per hypothesis: rows of comparator sets of `specificity.tsv`.
    lines
        Records of the lines of evidence.
    """

    comparators: dict[str, list[dict[Any, Any]]] = field(default_factory=dict)
    lines: LinesOnRecord = field(default_factory=LinesOnRecord)


def read_beside(results: Path, study: Mapping[str, Any]) -> Beside:
    """Read what is there of `specificity.tsv` and of the records of lines.

    Parameters
    ----------
    results
        Folder of the results of one study.
    study
        `study.json`: it has the words for bridges and contrasts.

    Raises
    ------
    InputError
        When a file is not what its job writes.
    """
    return Beside(
        comparators=_comparators(results / "specificity.tsv"),
        lines=read_lines(
            results,
            groups={row["contrast"]: (row["target_label"], row["reference_label"]) for row in study["contrasts"]},
            questions={row["id"]: row["question"] for row in study["config"]["concordance"]["bridges"]},
            longest=_LONGEST,
        ),
    )


def _comparators(path: Path) -> dict[str, list[dict[Any, Any]]]:
    if not path.is_file():
        return {}
    table = read_table(path, SPECIFICITY)
    chosen = table[(table["family"] == "comparator") & table["effect"].notna()]
    columns = ["contrast", "gene_set", "effect"]
    return {str(name): rows[columns].to_dict("records") for name, rows in chosen.groupby("hypothesis")}
