"""What a screen is measured by."""

from __future__ import annotations

from sidemine.study.projections import Projection


class ScreenToMeasure(Projection):
    """A screen without its words; see `config.Screen`."""

    id: str
    dataset: str
    compound: str
    vehicle: str
    donor: str
    plate: str
    cell_type: str
    sets: list[str]
    classes: dict[str, list[str]]


class MeasureScreens(Projection):
    """All screens of a study."""

    screens: list[ScreenToMeasure]
