"""Blocks of the page in their small form: columns coded, records turned into columns. Nothing is lost.

`compact` and `restored` are each other's inverse (a block with numbers too large to be coded stays as it is); the page's script restores a block in the same way (`restored` in core.js).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sidemine.report.columns import (
    Column,
    Recipe,
    cheapest,
    codable,
    code_of,
    compact_text,
    decoded,
    encoded,
    number_of,
    numbers_of,
)

_MISSING = "-"
"""Stands for a test that a set did not get."""


def compact_contrast(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the small form of `payload.contrast_block`."""
    columns: dict[str, Column] = {
        name: block[name] for name in ("gene_step", "log2_fold_change", "below", "above", "t", "mean")
    }
    columns |= {name: [code_of(p) for p in block[name]] for name in ("p", "q")}
    columns |= {f"groups.{name}": values for name, values in block["groups"].items()}
    columns |= {"rank": block["rank"]} if "rank" in block else {}
    if not codable(columns.values()):
        return dict(block)
    target, reference = len(block["target"]), len(block["reference"])
    recipe: Recipe = [
        ["gene_step", "plain"],
        ["log2_fold_change", "plain"],
        ["below", "plain"],
        ["above", "plain"],
        ["t", "ratio", "log2_fold_change", "below", _multiplier(columns), 1000],
        ["p", "along", "t", ""],
        ["q", "along", "p", ""],
    ]
    recipe += [["rank", "plain"]] if "rank" in block else []
    if columns["groups.target_mean"] and columns["groups.reference_mean"]:
        recipe.append(["groups.reference_mean", "plain"])
        name = "groups.target_mean"
        recipe.append([name, "linear", [["groups.reference_mean", 10], ["log2_fold_change", 1]], 5, 10])
        recipe.append(
            ["mean", "linear", [[name, target], ["groups.reference_mean", reference]], (target + reference) // 2, target + reference]
        )  # fmt: skip
    else:
        recipe += [["mean", "plain"], ["groups.target_mean", "plain"], ["groups.reference_mean", "plain"]]
    for name in ("groups.target_sd", "groups.reference_sd"):
        step = ["linear", [["below", _slope(columns[name], columns["below"])]], 500, 1000]
        usable = len(columns[name]) == len(columns["below"])
        recipe.append(cheapest(columns, name, [[name, "plain"], [name, *step]]) if usable else [name, "plain"])
    rest = {key: value for key, value in block.items() if key not in columns and key != "groups"}
    rest |= {
        key: {"tests": block[key]["tests"], "columns": _set_columns(block[key]["rows"])}
        for key in ("sets", "descriptive")
    }
    return {**rest, "coded": encoded(columns, recipe), "numbers": ["p", "q"]}


def compact_explorer(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the small form of `explorer.explorer_block`."""
    if "same_as" in block:
        return dict(block)
    digits = [name for name in ("p", "q", "heterogeneity_p") if name in block]
    columns: dict[str, Column] = {name: block[name] for name in ("step", "k", "effect", "below", "above")}
    columns |= {name: [_digits_code(*pair) for pair in zip(*block[name].values(), strict=True)] for name in digits}
    columns |= {name: block[name] for name in ("i2", "prediction_low", "prediction_high") if name in block}
    columns |= {f"effects.{name}": values for name, values in block["effects"].items()}
    if not codable(columns.values()):
        return dict(block)
    recipe: Recipe = [[name, "plain"] for name in ("step", "k", "effect", "below", "above")]
    recipe += [["p", "along", "effect", "below"]]
    recipe += [["q", "along", "p", ""]] if "q" in block else []
    recipe += [["heterogeneity_p", "plain"]] if "heterogeneity_p" in block else []
    if "i2" in block:
        recipe.append(["i2", "along", "heterogeneity_p", ""] if "heterogeneity_p" in block else ["i2", "plain"])
        recipe.append(["prediction_low", "linear", [["effect", 1]], 0, 1])
        recipe.append(["prediction_high", "linear", [["effect", 2], ["prediction_low", -1]], 0, 1])
    # The pooled effect lies among the contrasts' effects, and near their mean.
    before: list[list[Any]] = []
    for name in block["effects"]:
        left = len(block["effects"]) - len(before)
        steps = [[f"effects.{name}", "linear", [["effect", 1]], 0, 1]]
        if left == 1 and before:
            steps.append([f"effects.{name}", "linear", [["effect", len(before) + 1], *before], 0, 1])
        recipe.append(cheapest(columns, f"effects.{name}", steps))
        before.append([f"effects.{name}", -1])
    rest = {key: value for key, value in block.items() if key not in columns and (key != "effects" or not value)}
    return {**rest, "coded": encoded(columns, recipe), "digits": digits}


def compact_dataset(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the small form of `payload.dataset_block`: values of a gene as differences from its median."""
    if not codable(block["values"]):
        return dict(block)
    middles = [int(statistics.median_low([x for x in row if x is not None] or [0])) for row in block["values"]]
    left = [
        None if value is None else value - middle
        for row, middle in zip(block["values"], middles, strict=True)
        for value in row
    ]
    return {
        **{key: value for key, value in block.items() if key != "values"},
        "middles": compact_text(middles),
        "left": compact_text(left),
    }


def restored(content: Any) -> Any:
    """Return a block of the page as it was before it was made small; others as they are."""
    if not isinstance(content, dict):
        return content
    block = dict(content)
    if "left" in block:
        middles, left = numbers_of(block.pop("middles")), iter(numbers_of(block.pop("left")))
        wide = len(block["samples"])
        block["values"] = [
            [None if (value := next(left)) is None else value + (middle or 0) for _ in range(wide)]
            for middle in middles
        ]
    if "coded" in block:
        numbers, digits = block.pop("numbers", []), block.pop("digits", [])
        for path, values in decoded(block.pop("coded")).items():
            shown: Any = values
            if path in numbers:
                shown = [number_of(code) for code in values]
            elif path in digits:
                shown = {
                    "digits": [None if code is None else code % 900 + 100 for code in values],
                    "exponent": [None if code is None else code // 900 - 302 for code in values],
                }
            name, _, inner = path.partition(".")
            if inner:
                block.setdefault(name, {})[inner] = shown
            else:
                block[name] = shown
        for key in ("sets", "descriptive"):
            if key in block:
                block[key] = {"tests": block[key]["tests"], "rows": _set_rows(block[key]["columns"])}
    return block


def _digits_code(digits: int | None, exponent: int | None) -> int | None:
    return None if digits is None or exponent is None else (exponent + 302) * 900 + digits - 100


def _multiplier(columns: Mapping[str, Column]) -> int:
    """Return thousandths of what t · half-width / fold change is for most genes: about the critical t."""
    found = [
        t * below / change
        for t, below, change in zip(columns["t"], columns["below"], columns["log2_fold_change"], strict=True)
        if t is not None and below and change and abs(change) > 50
    ]
    return round(1000 * statistics.median(found)) if found else 0


def _slope(values: Column, by: Column) -> int:
    above, below = ([x for x in column if x is not None] for column in (values, by))
    middle = statistics.median(below) if below else 0
    return round(1000 * statistics.median(above) / middle) if above and middle else 0


def _set_columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    plain = [key for key in rows[0] if key != "tests"] if rows else []
    tests = list(dict.fromkeys(test for row in rows for test in row["tests"]))
    columns: dict[str, Any] = {key: [row[key] for row in rows] for key in plain}
    columns["tests"] = {}
    for test in tests:
        found = [row["tests"].get(test) for row in rows]
        fields = next(item for item in found if item is not None)
        columns["tests"][test] = {
            field: [_MISSING if item is None else item[field] for item in found] for field in fields
        }
    return columns


def _set_rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    plain = [key for key in columns if key != "tests"]
    n = len(columns[plain[0]]) if plain else 0
    return [
        {
            **{key: columns[key][i] for key in plain},
            "tests": {
                test: {field: values[i] for field, values in fields.items()}
                for test, fields in columns["tests"].items()
                if next(iter(fields.values()))[i] != _MISSING
            },
        }
        for i in range(n)
    ]
