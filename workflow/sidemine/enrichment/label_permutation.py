"""Label permutation beside rotation: no normal errors are assumed, but the samples have to be exchangeable.

Without covariates the labels are permuted, within blocks where the design has fixed block effects: exact, by
enumeration of all labelings when there are few. With covariates the residuals of the model without the contrast are
permuted and the full model is fitted to them again (Freedman and Lane 1983, doi 10.2307/2987653; Winkler et al. 2014,
doi 10.1016/j.neuroimage.2014.01.060): approximate. Prior variance and prior degrees of freedom are held fixed.

In the effect space a permutation is one more direction, so the statistic and its normal deviates are those of
`rotation`. With covariates a permuted residual partly falls into the space of the covariates; its sum of squares there
is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod
from typing import TYPE_CHECKING, Literal

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design
from sidemine.enrichment.camera import direction_of
from sidemine.enrichment.rotated_deviates import SHRINK, StandardisedSpace
from sidemine.enrichment.set_membership import SetMembership
from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Method = Literal["exact", "sampled", "Freedman–Lane (approximate)"]

PERMUTATIONS_PER_BLOCK = 128
# Statistics closer than this share count as equal: mirrored labelings give the same number but for rounding.
TIE = 1e-9


def label_permutation_test(
    fit: ContrastFit, design: Design, membership: SetMembership, *, n_permutations: int, seed: int
) -> pd.DataFrame:
    """Test every set, self-contained, by permuting labels.

    Parameters
    ----------
    fit
        A fitted contrast without sample weights, voom weights or block correlation.
    design
        The design that it was fitted with. With fixed block effects labels are permuted within blocks.
    membership
        Sets × genes of that fit.
    n_permutations
        Random permutations. Without covariates, when there are no more labelings than this, all are enumerated.
    seed
        Seed of the permutations.

    Returns
    -------
    pandas.DataFrame
        One row per set: gene_set, n_in_set, n_measured, direction, statistic (as in `rotation.rotation_test`),
        p_value (two-sided; (b + 1) / (m + 1), which is the share of labelings when all are enumerated), p_mixed,
        n_permutations (without the observed labeling), method (exact, sampled, or Freedman–Lane (approximate)).

    Raises
    ------
    InputError
        When the fit uses weights or a block correlation (its samples are not exchangeable), or is of another design.
    """
    import pandas as pd

    _refuse_unexchangeable(fit, design)
    plan = permute_labels(design, n_permutations, seed)
    space = StandardisedSpace.of(fit)
    shares, sizes = membership.shares(), abs(membership.shares())
    observed = np.stack([shares @ space.observed, sizes @ np.abs(space.observed)])
    reached = np.zeros(observed.shape, dtype=np.int64)
    for start in range(0, len(plan.directions), PERMUTATIONS_PER_BLOCK):
        z = _deviates(space, plan, slice(start, start + PERMUTATIONS_PER_BLOCK))
        for row, rotated in enumerate((shares @ z, sizes @ np.abs(z))):
            least = np.abs(observed[row]) * (1 - TIE)
            reached[row] += np.count_nonzero(np.abs(rotated) >= least[:, None], axis=1)
    n = len(plan.directions)
    p_values = (reached + 1) / (n + 1)
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_in_set": membership.n_in_set,
            "n_measured": membership.n_measured,
            "direction": direction_of(observed[0]),
            "statistic": observed[0],
            "p_value": p_values[0],
            "p_mixed": p_values[1],
            "n_permutations": np.full(len(p_values[0]), n),
            "method": np.full(len(p_values[0]), plan.method, dtype=object),
        }
    )


@dataclass(frozen=True)
class PermutationPlan:
    """Permutations as directions of the effect space.

    Attributes
    ----------
    directions
        Permutations × (1 + residual df): the contrast coordinate of permuted residuals. The observed labeling is left
        out of an enumeration.
    leaks
        Covariate columns × permutations × (1 + residual df): what falls into the space of the reduced model; empty
        without covariates.
    method
        exact, sampled, or Freedman–Lane (approximate).
    """

    directions: NDArray[np.float64]
    leaks: NDArray[np.float64]
    method: Method


def permute_labels(design: Design, n_permutations: int, seed: int) -> PermutationPlan:
    """Return the permutations of a design: all labelings where they are few, else random ones.

    Parameters
    ----------
    design
        A design without block correlation; with fixed block effects labels stay within their block.
    n_permutations
        Random permutations, and the number of labelings up to which all are enumerated. With covariates they are always
        random, and residuals of the covariates are permuted (Freedman and Lane 1983).
    seed
        Seed of the random permutations.
    """
    last = design.matrix.shape[1] - 1
    q, r = np.linalg.qr(design.matrix, mode="complete")
    contrast = q[:, last] * np.sign(r[last, last])
    residual_space = q[:, last:].copy()
    residual_space[:, 0] = contrast
    blocks = exchangeable_blocks(design)
    if design.covariates:
        orders = random_orders(blocks, len(contrast), n_permutations, seed)
        leaks = np.stack([q[:, column][orders] @ residual_space for column in range(last)])
        return PermutationPlan(contrast[orders] @ residual_space, leaks, "Freedman–Lane (approximate)")
    nothing = np.zeros((0, 0, 0))
    if count_labelings(design) <= n_permutations:
        labelings = _all_labelings(contrast, design.is_target, blocks)
        return PermutationPlan(labelings[1:] @ residual_space, nothing, "exact")
    orders = random_orders(blocks, len(contrast), n_permutations, seed)
    return PermutationPlan(contrast[orders] @ residual_space, nothing, "sampled")


def count_labelings(design: Design) -> int:
    """Return how many distinct labelings of the samples there are, within blocks where these are fixed effects."""
    return prod(comb(len(rows), int(design.is_target[rows].sum())) for rows in exchangeable_blocks(design))


def exchangeable_blocks(design: Design) -> list[NDArray[np.int64]]:
    """Return the rows among which labels may be permuted: all of them, or those of each fixed block."""
    n = len(design.samples)
    if design.blocking != "fixed" or design.block_labels is None:
        return [np.arange(n)]
    return [np.flatnonzero(design.block_labels == label) for label in sorted(set(design.block_labels.tolist()))]


def random_orders(
    blocks: list[NDArray[np.int64]], n: int, n_permutations: int, seed: int | list[int]
) -> NDArray[np.int64]:
    """Return random orders of the rows, permutations × n, each row staying in its block.

    Parameters
    ----------
    blocks
        Rows among which labels may be permuted.
    n
        Number of rows in all.
    n_permutations
        Number of orders, drawn with replacement.
    seed
        Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    orders = np.tile(np.arange(n), (n_permutations, 1))
    for rows in blocks:
        orders[:, rows] = rng.permuted(orders[:, rows], axis=1)
    return orders


def _all_labelings(
    contrast: NDArray[np.float64], is_target: NDArray[np.bool_], blocks: list[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Return the contrast vector under every labeling, the observed one first.

    Without covariates the contrast vector has one value per block and group, so a labeling is a choice of targets.
    """
    choices = []
    for rows in blocks:
        observed = tuple(rows[is_target[rows]].tolist())
        others = (chosen for chosen in combinations(rows.tolist(), len(observed)) if chosen != observed)
        choices.append([observed, *others])
    labelings = []
    for chosen in product(*choices):
        vector = np.empty(len(contrast))
        for rows, targets in zip(blocks, chosen, strict=True):
            values = contrast[rows]
            vector[rows] = values[~is_target[rows]][0] if len(targets) < len(rows) else 0.0
            if targets:
                vector[list(targets)] = values[is_target[rows]][0]
        labelings.append(vector)
    return np.array(labelings)


def _deviates(space: StandardisedSpace, plan: PermutationPlan, block: slice) -> NDArray[np.float64]:
    """Return normal deviates, genes × permutations."""
    v = space.vectors @ plan.directions[block].T
    square = v**2
    if len(plan.leaks):
        lost = sum((space.vectors @ leak[block].T) ** 2 for leak in plan.leaks)
        # v² with the permuted sum of squares, prior included, in place of the observed one.
        square = np.where(space.is_normal[:, None], square, square / np.maximum(1 - lost, square / SHRINK))
    curved = np.sqrt(-np.log1p(-np.where(space.is_normal[:, None], 0.0, np.minimum(square, SHRINK))))
    return np.asarray(space.factor[:, None] * np.where(space.is_normal[:, None], v, np.copysign(curved, v)))


def _refuse_unexchangeable(fit: ContrastFit, design: Design) -> None:
    problems = []
    if fit.samples != design.samples or fit.residual_df != design.residual_df:
        problems.append(
            Problem(
                "fit and design are of different samples or coefficients",
                f"{len(fit.samples)} and {len(design.samples)} samples",
                "the design that the contrast was fitted with",
                "This is a bug in sidemine: please report it.",
            )
        )
    if fit.facts.sample_weights is not None or design.blocking == "correlation":
        problems.append(
            Problem(
                "labels cannot be permuted: the samples are not exchangeable",
                f"engine {fit.facts.engine}, blocking {design.blocking}",
                "log2 values without sample weights; blocks as fixed effects or none",
                "Use the rotation test.",
            )
        )
    if problems:
        raise InputError(problems)
