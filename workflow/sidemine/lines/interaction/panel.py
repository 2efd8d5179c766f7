"""What the page says of differences between subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidemine.lines.interaction.record import SubgroupDifference

SHOWN_P = 0.05
"""Largest two-sided p at which a difference is called one."""


def difference_sentence(entry: SubgroupDifference, groups: Mapping[str, tuple[str, str]]) -> str:
    """Say whether a set differs between two subgroups, with the figures.

    Parameters
    ----------
    entry
        What was measured.
    groups
        Target and reference of every contrast, in words.
    """
    target, reference = groups[entry.compared]
    figures = f"{entry.effect:z.2f} SD (95 % CI {entry.ci_low:z.2f} to {entry.ci_high:z.2f})"
    if entry.p_value <= SHOWN_P:
        side = "higher" if entry.effect > 0 else "lower"
        return f"{entry.gene_set} is {side} in {target} than in {reference} ({entry.place}): {figures}."
    return f"No difference of {entry.gene_set} between {target} and {reference} is shown ({entry.place}): {figures}."
