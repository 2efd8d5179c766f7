"""Where a perturbation stands in a library: `lines/perturbation/<line>.details.json`."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.lines.bridge.record import JudgedLibrary


@dataclass(frozen=True)
class PerturbationDetails:
    """A perturbation among the signatures of a library.

    Attributes
    ----------
    perturbation
        Its row in the file.
    control_set, control_expected, control
        The positive control as declared, and how it came out.
    asked_set, expected, found
        What the row asks, and the place of the perturbation there; None where the library may not speak, so that nothing was
        looked at.
    excluded
        Rows of its own class, which are no signatures to compare with.
    smallest_percentile
        One signature's share in percent: no percentile is finer.
    """

    perturbation: str
    control_set: str
    control_expected: str
    control: JudgedLibrary
    asked_set: str
    expected: str
    excluded: list[str]
    found: JudgedLibrary | None
    smallest_percentile: float
