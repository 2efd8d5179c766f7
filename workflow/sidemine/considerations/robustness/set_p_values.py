"""One set, one contrast: its p-value by another test than the declared one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.robustness.contrast_data import NotApplicable, Refit
from sidemine.differential.contrast_fit import restrict_genes
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.label_permutation import label_permutation_test
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import are_among, build_membership
from sidemine.enrichment.unit_errors import p_of_blocks_over_others, p_of_units
from sidemine.errors import InputError
from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.considerations.robustness.variants import Test

FEWEST_PER_ARM = 6
"""Samples per arm from which on labels may be permuted."""
FEWEST_RESIDUAL_DF = 10
"""Below this CAMERA is uninformative, and a test for movement either way is too liberal."""
PERMUTATIONS = 999


@dataclass(frozen=True)
class SetP:
    """A two-sided p-value and the direction that the test found."""

    p_value: float
    direction: str


def set_p(refit: Refit, rows: pd.DataFrame, test: Test, rotations: int, seed: int) -> SetP:
    """Test one set in one contrast.

    Parameters
    ----------
    refit
        The fitted contrast, all genes.
    rows
        Rows of the set, as `gene_set_table.GENE_SETS` describes.
    test
        fry, rotation, camera, label_permutation, or mean_absolute_t (its direction is that of the rotation test).
    rotations, seed
        Of the sampled tests.

    Raises
    ------
    NotApplicable
        When the test cannot tell anything here.
    """
    fit = refit.fit
    if test in {"camera", "mean_absolute_t"} and fit.residual_df < FEWEST_RESIDUAL_DF:
        raise NotApplicable(f"uninformative with {fit.residual_df} residual degrees of freedom")
    if test == "camera":
        whole = build_membership(rows, fit.genes, min_size=0)
        found, over_others = camera(fit, whole), p_of_blocks_over_others(fit, whole)
        return SetP(float(np.fmax(found["p_value"].iloc[0], over_others[0])), str(found["direction"].iloc[0]))
    # These tests need the genes of the set only, moderated among all.
    inside = restrict_genes(fit, np.flatnonzero(are_among(fit.genes, list(rows["gene"]))))
    membership = build_membership(rows, inside.genes, min_size=0)
    if test == "label_permutation":
        n_target = int(refit.design.is_target.sum())
        if min(n_target, len(refit.design.samples) - n_target) < FEWEST_PER_ARM:
            raise NotApplicable(f"fewer than {FEWEST_PER_ARM} samples in an arm are too few to permute")
        try:
            found = label_permutation_test(inside, refit.design, membership, n_permutations=PERMUTATIONS, seed=seed)
        except InputError as error:
            raise NotApplicable(error.problems[0].what) from None
    elif test == "fry":
        found = fry(inside, membership, mixed=False)
    else:
        mixed = test == "mean_absolute_t"
        found = rotation_test(inside, membership, n_rotations=rotations, seed=seed, competitive=False, mixed=mixed)
    column = "p_mixed" if test == "mean_absolute_t" else "p_value"
    # As the declared test is: no smaller than with errors by unit.
    of_units = float(p_of_units(inside, membership)[0]) if test in {"fry", "rotation"} else 0.0
    return SetP(max(float(found[column].iloc[0]), of_units), str(found["direction"].iloc[0]))


def combine_stouffer(p_values: list[SetP], weights: list[float]) -> SetP:
    """Return the weighted sum of the contrasts' signed z-values as one two-sided p, with its direction."""
    signs = {"up": 1.0, "down": -1.0}
    z = np.array([signs.get(p.direction, 0.0) * -float(t_quantile(p.p_value / 2, np.inf)) for p in p_values])
    total = float(np.array(weights) @ z / np.linalg.norm(weights))
    return SetP(float(two_sided_p(np.array(total), np.inf)), "up" if total > 0 else "down" if total < 0 else "none")


def smallest_of_all(p_values: list[SetP]) -> SetP:
    """Return the smallest p times the number of contrasts, with the direction of that contrast."""
    best = min(p_values, key=lambda p: p.p_value)
    return SetP(min(1.0, best.p_value * len(p_values)), best.direction)
