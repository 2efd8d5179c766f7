"""A library of signatures may speak only where the perturbation itself does in it what it is known to do.

In the consensus signatures of L1000 ruxolitinib is at the 8th percentile on core interferon-stimulated genes: the library
does not see what it is asked about, and nothing follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.gene_set_table import weights_of_set
from sidemine.lines.bridge.record import JudgedLibrary
from sidemine.lines.bridge.strength import FEWEST_FOR_STRENGTH, expected_sizes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.lines.bridge.specification import ControlOfLibrary

    Array = NDArray[np.float64]

OUTERMOST = 5.0
"""Largest percentile of a positive control that passes."""
FEWEST_CONTROL_GENES = 5
FEWEST_SIGNATURES = 20
"""With fewer signatures nothing can lie within the outermost 5 %."""


@dataclass(frozen=True)
class SignatureLibrary:
    """A file of signatures, as it was read.

    Attributes
    ----------
    others
        Perturbations × approved symbols: z-scores, without the perturbation's own class.
    control
        The one row of the perturbation itself, with the same symbols; None where none is declared.
    """

    others: pd.DataFrame
    control: pd.DataFrame | None = None


def judge_library(
    library: SignatureLibrary, declared: ControlOfLibrary | None, gene_sets: pd.DataFrame
) -> JudgedLibrary:
    """Return whether a library may be used.

    Parameters
    ----------
    library
        The signatures.
    declared
        The positive control, declared before any result is seen.
    gene_sets
        As `gene_set_table.GENE_SETS` describes.

    Returns
    -------
    JudgedLibrary
        Admissible where the control's mean over the set, less that of all other genes, is among the outermost 5 % of all
        signatures in the expected direction, for the strength of its signature (`_place`).
    """
    n = len(library.others)
    if declared is None or library.control is None:
        return JudgedLibrary(n, 0, None, False, "uninformative: no positive control is declared for this library")
    weights = weights_of_set(gene_sets, declared.set)
    values = np.vstack([library.others.to_numpy(dtype=np.float64), library.control.to_numpy(dtype=np.float64)])
    signs = np.sign([weights.get(gene, 0.0) for gene in library.others.columns])
    own = np.isfinite(values[-1]) & (signs != 0)
    n_genes, where = int(own.sum()), f"{declared.perturbation} on {declared.set}"
    if n_genes < FEWEST_CONTROL_GENES:
        words = (
            f"uninformative: of {len(weights)} genes of {declared.set} it measures {n_genes}, and its positive control needs "
            f"{FEWEST_CONTROL_GENES}"
        )
        return JudgedLibrary(n, n_genes, None, False, words)
    scores, strengths = _scores(values, signs), np.sqrt(np.nanmean(values**2, axis=1))
    usable = np.isfinite(scores[:-1])
    if int(usable.sum()) < FEWEST_SIGNATURES:
        words = f"uninformative: {int(usable.sum())} signatures are too few to place {where} among ({FEWEST_SIGNATURES} needed)"
        return JudgedLibrary(n, n_genes, None, False, words)
    others = scores[:-1][usable]
    sign = 1.0 if declared.expected == "up" else -1.0
    place = _place(sign * others, strengths[:-1][usable], sign * float(scores[-1]), float(strengths[-1]))
    passed = bool(place <= OUTERMOST and sign * scores[-1] > 0)
    sentence = f"{where} is at percentile {place:.0f} of {len(others):,} signatures, {declared.expected} being expected"
    words = (
        f"its positive control passes: {sentence}"
        if passed
        else f"uninformative: {sentence}, and at most {OUTERMOST:g} is needed"
        if place > OUTERMOST
        else f"uninformative: {sentence}, and it goes the other way"
    )
    return JudgedLibrary(n, n_genes, place, passed, words)


def _place(others: Array, strengths: Array, own: float, own_strength: float) -> float:
    """Return the percentage of signatures whose score is as large as a perturbation's own or larger, for their strength.

    Notes
    -----
    A score is a mean of z, which is as many times larger as its signature is stronger where nothing but noise is in both. So a
    signature stronger than all others is expected to have a score larger in proportion (taken for one as strong as the strongest, one
    that is twice as strong lies among the outermost 5 % in 19 to 26 % of libraries without any effect); and where signatures
    are too few to learn what strength does, it is the worse of two places: scores as they are, and divided by strength.
    """
    if len(others) < FEWEST_FOR_STRENGTH:
        in_proportion = others * own_strength >= own * strengths
        return float(100 * max(np.mean(others >= own), np.mean(in_proportion)))
    sizes, size = expected_sizes(others, strengths, own_strength)
    strongest = float(strengths.max())
    if own_strength > strongest > 0:
        size *= own_strength / strongest
    return float(100 * np.mean(others / sizes >= own / size))


def _scores(values: Array, signs: Array) -> Array:
    """Return per row the signed mean over the set less the mean of all other genes; NaN where a part has no genes."""
    measured, filled = np.isfinite(values).astype(np.float64), np.nan_to_num(values)
    inside, outside = measured @ np.abs(signs), measured @ (1 - np.abs(signs))
    with np.errstate(divide="ignore", invalid="ignore"):
        of_set = filled @ signs / inside
        rest = filled @ (1 - np.abs(signs)) / outside
        # A signed set: what all genes share goes only with the balance of its signs.
        balance = (measured @ signs) / inside
        return np.where(inside > 0, of_set - np.nan_to_num(rest) * balance, np.nan)
