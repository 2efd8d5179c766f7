"""What the checks of data and design take from an answer: the strongest reason to doubt, and caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.effect.record import ContrastEvidence

_ORDER = (
    "batch_aliased",
    "duplicated_samples",
    "reused_samples",
    "batch_associated",
    "sex_mismatch",
    "group_associated",
    "scale_shift",
    "hidden_structure",
)
"""Strongest first: what makes the difference unreadable, then what biases it, then what distorts its p-value."""

_DOUBTS = {
    "batch_aliased": "The groups were measured in different batches, and nothing can tell the one from the other",
    "duplicated_samples": "Nearly identical samples are counted as independent ones",
    "reused_samples": "Re-used samples of another series stand on one side of the comparison",
    "batch_associated": "A batch that the model does not hold goes with the group",
    "sex_mismatch": "Samples that are paired as one person's show two sexes, so pairs may be swapped",
    "group_associated": "The groups are also separated by something else that was recorded",
    "scale_shift": "The groups differ in level or spread over all genes, so single fold changes hold that shift",
    "hidden_structure": "The shape of the p-values speaks against the model: a factor is missing from it",
}

_CAPPING = ("batch_aliased", "duplicated_samples", "batch_associated")


def read_traps(
    contrasts: Sequence[ContrastEvidence], checks: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
) -> dict[str, Any]:
    """Return what the checks of data and design take from an answer.

    A serious finding in a contrast that carries the answer is the strongest reason to doubt. An aliased or unmodelled
    batch and copies that count as independent samples cap the verdict.

    Parameters
    ----------
    contrasts
        Evidence of the hypothesis' contrasts.
    checks
        `dataset` and `contrast`: flags of `quality.json` by id; a contrast without an entry has no findings.

    Returns
    -------
    dict
        flags, caps, doubt (empty where nothing is serious).
    """
    found: list[dict[str, Any]] = []
    for row in contrasts:
        for where, name in (("contrast", row.contrast), ("dataset", row.dataset)):
            for flag in checks.get(where, {}).get(name, []):
                if flag["status"] != "ok" and flag["trap"]:
                    entry = {"where": where, "name": name, **{key: flag[key] for key in _SHOWN}}
                    found += [entry] if entry not in found else []
    tested = {name for row in contrasts if row.testable for name in (row.contrast, row.dataset)}
    serious = [entry for entry in found if entry["serious"] and entry["name"] in tested]
    serious.sort(key=lambda entry: _ORDER.index(entry["trap"]))
    first = serious[0] if serious else None
    return {
        "flags": found,
        "caps": [
            {"cap": entry["trap"], "reason": f"{_DOUBTS[entry['trap']]} ({entry['name']})."}
            for entry in serious
            if entry["trap"] in _CAPPING
        ],
        "doubt": f"{_DOUBTS[first['trap']]} ({first['name']}: {first['evidence']})." if first else "",
    }


_SHOWN = ("trap", "check", "status", "evidence", "consequence", "serious")
