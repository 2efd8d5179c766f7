"""An answer card as the considerations are asked of it, and what they add to its words."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.drawing.panel import ComparatorEffect, Subject, Told
from sidemine.verdict.card import Card


def subject_of(card: Card, comparators: Sequence[ComparatorEffect] = ()) -> Subject:
    """Return what the panels and the words of a card are about."""
    return Subject(
        hypothesis=card.hypothesis,
        primary_set=card.declared.set,
        is_cohort=card.kind == "cohort",
        # All contrasts of a hypothesis share one unit.
        unit=card.evidence[0].effect_unit if card.evidence else card.declared.margin.unit,
        evidence=card.evidence,
        missing=card.not_computed,
        considered=card.considered,
        comparators=comparators,
        doubt=card.doubt,
        direction=card.declared.direction,
        margin=card.declared.margin,
        main_effect=card.main_effect,
    )


def told_of(card: Card) -> list[Told]:
    """Return what each consideration adds to the words of a card."""
    subject = subject_of(card)
    return [entry.tell(subject) for entry in CONSIDERATIONS]
