"""Settings of the study that specificity uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpecificitySettings:
    """Part of `study.models.Settings`, by the same names; see there.

    Attributes
    ----------
    matched_sets
        Random sets per primary set and contrast.
    min_set_size, max_set_size
        Fewest measured genes of a set; most measured genes of a comparator set.
    seed
        Seed of the random sets.
    """

    matched_sets: int
    min_set_size: int
    max_set_size: int
    seed: int
