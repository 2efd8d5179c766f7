"""Metadata beside the groups: columns that colour the samples, and the table of groups by covariates."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from sidemine.drawing.words import bounded, count, is_number, number, p_value
from sidemine.report.collect import ContrastResults, DatasetResults

MOST_COLUMNS = 12
"""Most metadata columns of one dataset that may colour its samples."""
MOST_LEVELS = 8
"""Most values of one column that get a colour of their own; the rarest share one."""
_MISSING = "not recorded"
_PATTERNS = {
    "names the group": "another name of the groups",
    "subdivides the group": "divides one group further; no value occurs in both",
    "missing in one group": "recorded in one group only: cannot be compared",
    "aliased": "aliased: no value occurs in both groups, so it cannot be told from them",
}


def colour_columns(dataset: DatasetResults, contrasts: list[ContrastResults]) -> list[dict[str, Any]]:
    """Return the columns that may colour a dataset's samples: covariates and batches first, then whatever varies.

    Returns
    -------
    list
        name, kind (levels or numbers), why, and one value per sample (an index into `levels`, a number, or None).
    """
    wanted: dict[str, tuple[int, str, str]] = {}
    for item in contrasts:
        for one in item.quality.get("associations") or []:
            if one["pattern"] == "names the group":
                continue
            rank, why = (
                (0, "in the model") if one["in_design"] else (1, "batch") if one["batch_like"] else (2, "recorded")
            )
            known = wanted.get(one["column"])
            if known is None or rank < known[0]:
                wanted[one["column"]] = (rank, why, one["kind"])
    chosen = sorted(wanted.items(), key=lambda entry: (entry[1][0], entry[0]))
    columns = [
        _column(name, why, kind, _texts(dataset, name))
        for name, (_, why, kind) in chosen
        if name in dataset.samples.columns
    ]
    shown = [*columns, *_checks(dataset)][:MOST_COLUMNS]
    return [{**column, "values": [column["values"].get(sample) for sample in dataset.sample_names]} for column in shown]


def _texts(dataset: DatasetResults, name: str) -> dict[str, str]:
    table = dataset.samples
    return dict(zip(map(str, table["sample"]), map(str, table[name].fillna("")), strict=True))


def _checks(dataset: DatasetResults) -> list[dict[str, Any]]:
    """Return what the checks found per sample: the sex that the genes show, and re-use in another series."""
    columns = []
    by_genes = (dataset.quality.get("sex") or {}).get("by_genes") or {}
    if len(set(by_genes.values())) > 1:
        columns.append(_column("sex as the genes show it", "computed", "levels", by_genes))
    reused = {str(one["sample"]) for one in dataset.quality.get("reused_samples") or []}
    if reused:
        told = {name: "re-used" if name in reused else "own" for name in dataset.sample_names}
        columns.append(_column("re-used from another series", "GEO's relation", "levels", told))
    return columns


def _column(name: str, why: str, kind: str, told: dict[str, str]) -> dict[str, Any]:
    from sidemine.text.columns import read_numbers

    column: dict[str, Any] = {"name": bounded(name, 60), "why": why, "kind": kind}
    if kind == "numbers":
        present = {sample: read_numbers([text]) for sample, text in told.items()}
        return column | {"values": {key: float(found[0]) for key, found in present.items() if found is not None}}
    texts = {sample: bounded(text.strip(), 40) or _MISSING for sample, text in told.items()}
    ordered = [level for level, _ in Counter(sorted(texts.values())).most_common()]
    levels = sorted(ordered) if len(ordered) <= MOST_LEVELS else [*sorted(ordered[: MOST_LEVELS - 1]), "any other"]
    place = {level: index for index, level in enumerate(levels)}
    return column | {
        "levels": levels,
        "values": {sample: place.get(text, len(levels) - 1) for sample, text in texts.items()},
    }


def cross_table(dataset: DatasetResults, item: ContrastResults) -> list[dict[str, str]]:
    """Return group by covariate, one row per column: values per group, p, strength, and what was done about it."""
    from sidemine.quality.associations import P_LIMIT

    rows = []
    found = item.quality.get("associations") or []
    limit = P_LIMIT / max(1, sum(is_number(one["p_value"]) for one in found))
    for one in found:
        told = _texts(dataset, one["column"]) if one["column"] in dataset.samples.columns else {}
        sides = [_side(one["kind"], [told.get(str(name), "") for name in item.design[f"{side}_samples"]])
                 for side in ("target", "reference")]  # fmt: skip
        rows.append(
            {
                "column": bounded(str(one["column"]), 60),
                "target": sides[0],
                "reference": sides[1],
                "p": p_value(one["p_value"]) if is_number(one["p_value"]) else "—",
                "strength": _strength(one),
                "reading": _reading(one, limit),
                "class": "in-model" if one["in_design"] else "",
            }
        )
    return rows


def _side(kind: str, texts: list[str]) -> str:
    from sidemine.text.columns import read_numbers

    present = [text.strip() for text in texts if text.strip()]
    missing = f"; {len(texts) - len(present)} {_MISSING}" if len(present) < len(texts) else ""
    if kind == "numbers":
        found = sorted(float(one[0]) for one in map(read_numbers, ([text] for text in present)) if one is not None)
        if not found:
            return _MISSING
        middle = (found[(len(found) - 1) // 2] + found[len(found) // 2]) / 2
        return f"median {middle:g} ({found[0]:g} to {found[-1]:g}){missing}"
    levels = Counter(bounded(text, 40) for text in present)
    named = [f"{level}: {times}" for level, times in sorted(levels.items())[:MOST_LEVELS]]
    more = f" and {count(len(levels) - MOST_LEVELS, 'more value')}" if len(levels) > MOST_LEVELS else ""
    return f"{', '.join(named) or _MISSING}{more}{missing if named else ''}"


def _strength(one: dict[str, Any]) -> str:
    if not is_number(one["effect"]) or math.isnan(one["effect"]):
        return "—"
    return f"{'rank-biserial r' if one['kind'] == 'numbers' else 'Cramér’s V'} {number(one['effect'])}"


def _reading(one: dict[str, Any], limit: float) -> str:
    if one["in_design"]:
        return "in the model"
    if one["pattern"] in _PATTERNS:
        return _PATTERNS[one["pattern"]]
    differs = is_number(one["p_value"]) and one["p_value"] <= limit
    return "goes with the group, not in the model" if differs else "about the same in both groups"
