"""Perturbation libraries, as they are registered."""

from __future__ import annotations

from sidemine.lines.line import LineOfEvidence
from sidemine.lines.perturbation.config import LAYER
from sidemine.lines.perturbation.job import JOB
from sidemine.lines.perturbation.panel import perturbation_panel
from sidemine.lines.perturbation.record import PerturbationDetails
from sidemine.paper import Paper

PERTURBATION = LineOfEvidence(
    name="perturbation",
    job=JOB,
    schemas={"perturbation_details": PerturbationDetails},
    layer=LAYER.word,
    details=PerturbationDetails,
    line_panel=perturbation_panel,
    line_methods=(
        "Perturbation library. The mean z of the set less that of all other genes was placed among all signatures of the library, each "
        "divided by the size that its strength gives. The library counts as informative only if the perturbation is within the outermost "
        "5 % on its positive control, declared before. No p-value is given, and the row counts for nothing in the synthesis."
    ),
    papers=(
        Paper(
            "L1000",
            "Subramanian A, Narayan R, Corsello SM, et al. A next generation connectivity map: L1000 platform and the first 1,000,000 "
            "profiles. Cell 2017.",
            "10.1016/j.cell.2017.10.049",
        ),
    ),
)
