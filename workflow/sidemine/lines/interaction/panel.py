"""What the page says of differences between subgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.drawing.words import count
from sidemine.lines.interaction.record import POOLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidemine.lines.interaction.record import SubgroupDifference

SHOWN_P = 0.05
"""Largest two-sided p at which a difference is called one."""


def interaction_sentences(
    entries: Sequence[SubgroupDifference], gene_set: str, groups: Mapping[str, tuple[str, str]]
) -> list[str]:
    """Say of each interaction of a set whether it is shown: one answer each, the data sets as figures beside it.

    Parameters
    ----------
    entries
        All of the study: of one interaction the contrasts, then the common effect, where there is one.
    gene_set
        Interactions of this set are told; how many were measured counts all.
    groups
        Target and reference of every contrast, in words.
    """
    by_name: dict[tuple[str, str], list[SubgroupDifference]] = {}
    for entry in entries:
        by_name.setdefault((entry.name, entry.gene_set), []).append(entry)
    sentences = []
    for rows in by_name.values():
        if rows[0].gene_set != gene_set:
            continue
        # Without a common effect the first contrast: any other is of the same people.
        answer = rows[-1] if rows[-1].contrast == POOLED else rows[0]
        others = "; ".join(f"{row.place} {_figures(row)}" for row in rows if row is not answer)
        doubt = f" But {answer.reason}." if answer.reason and answer.effect is not None else ""
        sentences.append(difference_sentence(answer, groups) + doubt + (f" By contrast: {others}." if others else ""))
    if sentences:
        asked = count(len(by_name), "difference")
        sentences.append(
            f"{asked} between subgroups {'was' if len(by_name) == 1 else 'were'} measured; no p is corrected for that number."
        )
    return sentences


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
    if entry.effect is None or entry.p_value is None:
        return f"No common difference of {entry.gene_set} between {target} and {reference}: {entry.reason}."
    if entry.p_value <= SHOWN_P:
        side = "higher" if entry.effect > 0 else "lower"
        return f"{entry.gene_set} is {side} in {target} than in {reference} ({entry.place}): {_figures(entry)}."
    return f"No difference of {entry.gene_set} between {target} and {reference} is shown ({entry.place}): {_figures(entry)}."


def _figures(entry: SubgroupDifference) -> str:
    return f"{entry.effect:z.2f} SD (95 % CI {entry.ci_low:z.2f} to {entry.ci_high:z.2f})"
