"""What the page shows of the checks of data and design."""

from __future__ import annotations

from sidemine.considerations.traps.record import TrapColumns, TrapFlag
from sidemine.drawing.words import listed

_TRAPS = {
    "batch_aliased": "Batch and group cannot be told apart",
    "batch_associated": "A batch goes with the group",
    "group_associated": "Something else that was recorded goes with the group",
    "sex_mismatch": "Recorded sex contradicts the genes",
    "reused_samples": "Re-used samples",
    "duplicated_samples": "Nearly identical samples",
    "outlier_samples": "Outlying samples",
    "identifiers": "Identifiers do not fit the platform",
    "scale_shift": "Groups differ in level or spread over all genes",
    "library_size": "Library size goes with the group",
    "hidden_structure": "Shape of the p-values",
}


def trap_rows(columns: TrapColumns) -> list[dict[str, object]]:
    """Return the findings by kind, each with where it was made."""
    grouped: dict[str, list[TrapFlag]] = {}
    for flag in columns.trap_flags:
        grouped.setdefault(flag.trap, []).append(flag)
    order = list(_TRAPS)
    return [
        {
            "title": _TRAPS.get(trap, trap.replace("_", " ")),
            "serious": any(flag.serious for flag in flags),
            "where": listed([flag.name for flag in flags]),
            "flags": flags,
        }
        for trap, flags in sorted(
            grouped.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)
        )
    ]
