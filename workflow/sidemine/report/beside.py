"""Results that stand beside the verdicts and may not be there: specificity table, concordance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.drawing.panel import ComparatorEffect
from sidemine.drawing.words import bounded
from sidemine.errors import InputError, Problem
from sidemine.study.description import StudyDescription
from sidemine.tables import read_table

_LONGEST = 2000
_SHOWN_P = 0.05
"""Largest two-sided p at which a difference between subgroups is told as one."""


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

    comparators: dict[str, list[ComparatorEffect]] = field(default_factory=dict)
    bridges: list[dict[str, Any]] = field(default_factory=list)
    interactions: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def read_beside(results: Path, study: StudyDescription) -> Beside:
    """Read what is there of `specificity.tsv` and `concordance.json`.

    Parameters
    ----------
    results
        Folder of the results of one study.
    study
        `study.json`: it has the words for bridges, interactions and contrasts.

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
        bridges=[_bridge_with_words(bridge, study) for bridge in concordance.get("bridges", [])],
        interactions=[_interaction_with_words(entry, study) for entry in concordance.get("interactions") or []],
        missing={"concordance": missing} if found is None else {},
    )


def _groups(study: StudyDescription) -> dict[str, tuple[str, str]]:
    """Return target and reference of every contrast in words."""
    return {row.contrast: (row.target_label, row.reference_label) for row in study.contrasts}


def _bridge_with_words(bridge: dict[str, Any], study: StudyDescription) -> dict[str, Any]:
    """Return a bridge with its question, and its profile with titles for both axes."""
    groups, primary, profile = _groups(study), bridge.get("primary"), bridge.get("profile")
    declared = {row.id: row for row in study.config.concordance.bridges}.get(bridge["bridge"])
    if declared is None:
        return bridge
    if primary and profile:
        labels = {}
        for side, names in (("drug", declared.drug), ("disease", declared.disease)):
            used = primary[f"{side}_contrast"]
            target, reference = groups[used if used in groups else names[0]]
            labels[side] = f"normal deviate, {target} minus {reference}" + ("" if used in groups else " (pooled)")
        profile = {**profile, "labels": labels}
    return {**bridge, "question": declared.question, "profile": profile}


def _interaction_with_words(entry: dict[str, Any], study: StudyDescription) -> dict[str, Any]:
    """Return an interaction with a sentence that tells it."""
    groups = _groups(study)
    if entry.get("compared") not in groups:
        return entry
    target, reference = groups[entry["compared"]]
    effect, place, name = entry["effect"], entry["place"], entry["gene_set"]
    figures = f"{effect:.2f} SD (95 % CI {entry['ci_low']:.2f} to {entry['ci_high']:.2f})"
    if entry["p_value"] <= _SHOWN_P:
        side = "higher" if effect > 0 else "lower"
        sentence = f"{name} is {side} in {target} than in {reference} ({place}): {figures}."
    else:
        sentence = f"No difference of {name} between {target} and {reference} is shown ({place}): {figures}."
    return {**entry, "sentence": sentence}


def _comparators(path: Path) -> dict[str, list[ComparatorEffect]]:
    if not path.is_file():
        return {}
    table = read_table(path, SPECIFICITY)
    chosen = table[(table["family"] == "comparator") & table["effect"].notna()]
    return {
        str(name): [
            ComparatorEffect(str(contrast), str(gene_set), float(effect))
            for contrast, gene_set, effect in zip(rows["contrast"], rows["gene_set"], rows["effect"], strict=True)
        ]
        for name, rows in chosen.groupby("hypothesis")
    }


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
    result: dict[str, Any] = _cleaned(content, _LONGEST)
    return result


def _cleaned(value: Any, limit: int) -> Any:
    """Return JSON-like `value` with every text in it bounded, at any depth."""
    if isinstance(value, str):
        return bounded(value, limit)
    if isinstance(value, Mapping):
        return {bounded(str(key), limit): _cleaned(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item, limit) for item in value]
    return value
