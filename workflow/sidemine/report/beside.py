"""Results that stand beside the verdicts and may not be there: specificity table, concordance."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidemine.drawing.words import cleaned
from sidemine.errors import InputError, Problem
from sidemine.tables import SPECIFICITY, read_table

_LONGEST = 2000


@dataclass(frozen=True)
class Beside:
    """What later stages found.

    Attributes
    ----------
    comparators
        Per hypothesis: rows of comparator sets of `specificity.tsv`.
    bridges, interactions
        Of `concordance.json`.
    missing
        Per file that is not there: why its panels are empty.
    """

    comparators: dict[str, list[dict[Any, Any]]] = field(default_factory=dict)
    bridges: list[dict[str, Any]] = field(default_factory=list)
    interactions: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def read_beside(results: Path) -> Beside:
    """Read what is there of `specificity.tsv` and `concordance.json`.

    Raises
    ------
    InputError
        When a file that is there is not JSON, or is not shaped as its contract says.
    """
    found = _read(results / "concordance.json", "bridges")
    concordance = found or {}
    missing = "concordance.json is not among these results: this stage was not part of the run"
    return Beside(
        comparators=_comparators(results / "specificity.tsv"),
        bridges=list(concordance.get("bridges", [])),
        interactions=list(concordance.get("interactions") or []),
        missing={"concordance": missing} if found is None else {},
    )


def _comparators(path: Path) -> dict[str, list[dict[Any, Any]]]:
    if not path.is_file():
        return {}
    table = read_table(path, SPECIFICITY)
    chosen = table[(table["family"] == "comparator") & table["effect"].notna()]
    columns = ["contrast", "gene_set", "effect"]
    return {str(name): rows[columns].to_dict("records") for name, rows in chosen.groupby("hypothesis")}


def _read(path: Path, key: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content[key], list):
            raise TypeError(key)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            Problem(
                f"{path.name} is not what its stage writes",
                f"{path}: {error}",
                f"JSON with a list under {key!r}",
                "Delete the file and run the workflow again.",
            )
        ) from error
    result: dict[str, Any] = cleaned(content, _LONGEST)
    return result
