"""What the page shows of the checks of data and design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.considerations.traps.record import TrapColumns, TrapFlag

_TRAPS = {
    "replicates": "What the samples are: cultures, wells, or unknown",
    "batch_aliased": "Batch and group cannot be told apart",
    "batch_associated": "A batch goes with the group",
    "group_associated": "Something else that was recorded goes with the group",
    "sex_mismatch": "Recorded sex contradicts the genes",
    "reused_samples": "Re-used samples",
    "duplicated_samples": "Nearly identical samples",
    "marker_labels": "Cell types were guessed from markers",
    "answered_copies": "Nearly identical samples that are declared independent",
    "outlier_samples": "Outlying samples",
    "identifiers": "Identifiers do not fit the platform",
    "scale_shift": "Groups differ in level or spread over all genes",
    "library_size": "Library size goes with the group",
    "hidden_structure": "Shape of the p-values",
}


@dataclass(frozen=True)
class TrapGroup:
    """Findings of one kind: its title, whether one of them is serious, and where each was made."""

    title: str
    serious: bool
    flags: Sequence[TrapFlag]


def trap_groups(columns: TrapColumns) -> list[TrapGroup]:
    """Return the findings by kind."""
    grouped: dict[str, list[TrapFlag]] = {}
    for flag in columns.trap_flags:
        grouped.setdefault(flag.trap, []).append(flag)
    order = {trap: place for place, trap in enumerate(_TRAPS)}
    return [
        TrapGroup(_TRAPS.get(trap, trap.replace("_", " ")), any(flag.serious for flag in flags), flags)
        for trap, flags in sorted(grouped.items(), key=lambda item: order.get(item[0], len(order)))
    ]
