"""What an interaction is measured by."""

from __future__ import annotations

from sidemine.study.projections import Projection


class InteractionToMeasure(Projection):
    """An interaction without its words; see `lines.interaction.config.Interaction`."""

    id: str
    set: str
    contrasts: list[str]
