"""Where a perturbation stands among all signatures of a library on a set of genes.

A library has one consensus signature per perturbation, so that nothing says how much a signature varies; its genes move
together (978 measured genes of L1000 count as about 25), so that a p over genes calls 9–50 % of its drugs. What is left
is the place among the signatures, adjusted for their strength (`bridge.strength`). It is described, never tested, and has
no p: it rests on cells in a dish and on a gene list and holds no patient, so it counts for nothing in a synthesis of
evidence on a disease.

The library may speak only where the perturbation itself does in it what it is known to do (`bridge.library`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.lines.bridge.library import SignatureLibrary, judge_library
from sidemine.lines.bridge.specification import ControlOfLibrary, SignaturesToRead
from sidemine.lines.evidence import Measured
from sidemine.lines.perturbation.record import PerturbationDetails

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.lines.specification import DeclaredLine


@dataclass(frozen=True)
class DeclaredPlace:
    """What a row asks: how its file is read, with the positive control, and the set and direction that are asked about."""

    file: SignaturesToRead
    control: ControlOfLibrary
    asked: ControlOfLibrary


def declared_place(row: DeclaredLine, gene_sets: Collection[str]) -> DeclaredPlace:
    """Return what a row declares.

    Parameters
    ----------
    row
        Of layer perturbation.
    gene_sets
        Names of the study's sets.

    Raises
    ------
    InputError
        When identifiers or the direction of the control are none of their words, or the control's set is none of the study's or the
        one that is asked about: what decides whether the library may speak must not be what it is asked.
    """
    perturbation, control_set = row.columns["perturbation"], row.columns["control_set"]
    identifiers, expected = row.columns["identifiers"], row.columns["control_expected"]
    problems = [
        Problem(
            f"{role} of a perturbation library is {value!r}",
            f"lines.tsv, line {row.line}, column columns",
            allowed,
            f"Write {role}=… with one of these.",
        )
        for role, value, allowed, right in (
            ("identifiers", identifiers, "symbol or entrez", identifiers in ("symbol", "entrez")),
            ("control_expected", expected, "up or down", expected in ("up", "down")),
            (
                "control_set",
                control_set,
                f"a set of gene_sets.tsv other than that which is asked about, {row.set}",
                control_set in gene_sets and control_set != row.set,
            ),
        )
        if not right
    ]
    if problems:
        raise InputError(problems)
    control = ControlOfLibrary.model_validate({"perturbation": perturbation, "set": control_set, "expected": expected})
    excluded = [name.strip() for name in row.columns.get("exclude", "").split(";") if name.strip()]
    return DeclaredPlace(
        SignaturesToRead.model_validate({"identifiers": identifiers, "exclude": excluded, "positive_control": control}),
        control,
        ControlOfLibrary.model_validate({"perturbation": perturbation, "set": row.set, "expected": row.direction}),
    )


def place_perturbation(
    library: SignatureLibrary, declared: DeclaredPlace, gene_sets: pd.DataFrame
) -> PerturbationDetails:
    """Place a perturbation among the signatures of a library, if its positive control allows it.

    Parameters
    ----------
    library
        The signatures; the perturbation's own row stands apart, its class is left out.
    declared
        The positive control, declared before any result was seen, and what is asked.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.

    Returns
    -------
    PerturbationDetails
        `found` is None where the control does not pass.
    """
    judged = judge_library(library, declared.control, gene_sets)
    return PerturbationDetails(
        perturbation=declared.asked.perturbation,
        control_set=declared.control.set,
        control_expected=declared.control.expected,
        control=judged,
        asked_set=declared.asked.set,
        expected=declared.asked.expected,
        excluded=list(declared.file.exclude),
        found=judge_library(library, declared.asked, gene_sets) if judged.admissible else None,
        smallest_percentile=100 / max(len(library.others), 1),
    )


def as_measured(details: PerturbationDetails, n_in_set: int, n_measured: int) -> Measured:
    """Return what was measured as every layer tells it: a percentile at most, never a p.

    Parameters
    ----------
    details
        From `place_perturbation`.
    n_in_set, n_measured
        Genes of the set, and those that the library measured.
    """
    found = details.found
    percentile = None if found is None else found.percentile
    if found is None:
        words = details.control.words
        reason = f"The library is {words}." if words.startswith("uninformative") else f"Uninformative: {words}."
    elif percentile is None:
        reason = f"The library passes its positive control, but on {details.asked_set} it is {found.words}."
    else:
        reason = (
            f"{percentile:.1f} % of {found.n_signatures:,} signatures lie at least as far {details.expected} as {details.perturbation} on "
            f"{details.asked_set}, for their strength (one signature is {details.smallest_percentile:.2g} %); described, not tested."
        )
    return Measured(
        universe_n=details.control.n_signatures,
        n_in_set=n_in_set,
        n_measured=n_measured,
        percentile=percentile,
        null_used="none: the place among the signatures of the library, adjusted for their strength",
        reason=reason,
        instead="described" if percentile is not None else "uninformative",
    )
