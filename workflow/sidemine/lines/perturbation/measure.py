"""Where a perturbation stands among all signatures of a library on a set of genes.

A library has one consensus signature per perturbation, so that nothing says how much a signature varies; its genes move
together (978 measured genes of L1000 count as about 25), so that a p over genes calls 9–50 % of its drugs. What is left
is the place among the signatures, adjusted for their strength (`bridge.strength`). It is described, never tested: it rests
on cells in a dish and on a gene list, holds no patient, and so counts for nothing in a synthesis of evidence on a disease.

The library may speak only where the perturbation itself does in it what it is known to do (`bridge.library`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.lines.bridge.library import SignatureLibrary, judge_library
from sidemine.lines.bridge.specification import ControlOfLibrary
from sidemine.lines.perturbation.record import PerturbationDetails

if TYPE_CHECKING:
    import pandas as pd


def place_perturbation(
    library: SignatureLibrary, control: ControlOfLibrary, asked: ControlOfLibrary, gene_sets: pd.DataFrame, identifiers: str
) -> PerturbationDetails:
    """Place a perturbation among the signatures of a library, if its positive control allows it.

    Parameters
    ----------
    library
        The signatures; the perturbation's own row stands apart, its class is left out.
    control
        The positive control, declared before any result was seen.
    asked
        The set that is asked about, and the direction.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.
    identifiers
        What the header of the file holds.

    Returns
    -------
    PerturbationDetails
        `found` is None where the control does not pass.
    """
    judged = judge_library(library, control, gene_sets)
    return PerturbationDetails(
        perturbation=asked.perturbation,
        identifiers=identifiers,
        control_set=control.set,
        control_expected=control.expected,
        control=judged,
        expected=asked.expected,
        found=judge_library(library, asked, gene_sets) if judged.admissible else None,
        smallest_percentile=100 / max(len(library.others), 1),
    )
