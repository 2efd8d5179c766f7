"""Where a perturbation stands in a library: `lines/perturbation/<line>.details.json`."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.lines.bridge.record import JudgedLibrary


@dataclass(frozen=True)
class PerturbationDetails:
    """A perturbation among the signatures of a library.

    Attributes
    ----------
    perturbation, identifiers
        Its row in the file, and what the header of the file holds.
    control_set, control_expected, control
        The positive control as declared, and how it came out.
    expected, found
        Direction that is asked about, and the place of the perturbation on the row's own set; None where the library may
        not speak, so that nothing was looked at.
    smallest_percentile
        The smallest that a perturbation can have among so many signatures: one signature's share.
    """

    perturbation: str
    identifiers: str
    control_set: str
    control_expected: str
    control: JudgedLibrary
    expected: str
    found: JudgedLibrary | None
    smallest_percentile: float
