"""Rotation tests: set tests by random rotation of residuals, all sets and all rotations as matrix products.

Self-contained ("the set changed"): Wu et al. 2010 (ROAST, doi 10.1093/bioinformatics/btq401) with limma's default
statistic, the mean of the genes' normal deviates. Competitive ("more than other measured genes"): rotation as in
Majewski et al. 2010 (romer; Blood, PubMed 20445021), with the statistic of
CAMERA instead of mean ranks: set mean minus mean outside, divided by the spread of all genes, so that a background that
is changed itself widens the observed spread too.

A rotation replaces the contrast by a random direction of the space that contrast and residuals span. Prior variance
and prior degrees of freedom are held fixed. Under normal errors with one covariance for all samples the self-contained
p-value is exact, down to a few residual degrees of freedom. With voom's weights or a consensus block correlation,
residuals of different genes do not share one basis, or the correlation is an estimate: there it is approximate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.enrichment.camera import direction_of
from sidemine.enrichment.fry import ROAST_PAPER
from sidemine.enrichment.rotated_deviates import (
    ROTATIONS_PER_STREAM,
    RotatableGenes,
    StandardisedSpace,
    curved_first,
    directions_of,
    streams_of,
)
from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test import SampleSettings, SetTest, Statistic
from sidemine.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# With many sets their sums have to stay in the cache too (measured: half the time), so streams are taken singly.
MANY_SETS = 500


def rotation_test(
    fit: ContrastFit,
    membership: SetMembership,
    *,
    n_rotations: int,
    seed: int,
    competitive: bool = True,
    mixed: bool = True,
) -> pd.DataFrame:
    """Test every set by rotation.

    Parameters
    ----------
    fit
        A fitted contrast.
    membership
        Sets × genes of that fit, signs and weights included.
    n_rotations
        Random rotations m. Each is used with both signs.
    seed
        Seed of the rotations; never 0.
    competitive, mixed
        Whether to compute these statistics too (competitive needs all genes, not only those of the sets).

    Returns
    -------
    pandas.DataFrame
        One row per set, in the order of `membership`: gene_set, n_in_set, n_measured; direction and statistic (Σ w·z /
        Σ|w|, z the normal deviates of moderated t; positive: higher in the target); p_value (two-sided, (b + 1) / (m +
        1)); p_up and p_down (one-sided, (b + 1) / (2m + 1)); p_mixed (Σ|w|·|z|: some up, others down); and
        competitive_direction, competitive_statistic, p_competitive (two-sided). Columns that were not asked for, and
        competitive ones of a set that leaves no gene outside, are NaN.

    Raises
    ------
    InputError
        When `n_rotations` or `seed` is below 1.
    """
    import pandas as pd

    _refuse_bad_settings(n_rotations, seed)
    n_sets = len(membership.gene_sets)
    statistics = _Statistics.of(fit, membership, competitive, mixed)
    observed = statistics.observed
    exceeding = np.zeros((3, n_sets), dtype=np.int64)
    streams = streams_of(n_rotations, seed)
    at_once = 1 if n_sets >= MANY_SETS else 2
    for start in range(0, len(streams), at_once):
        block = [directions_of(stream, size, fit.residual_df + 1) for stream, size in streams[start : start + at_once]]
        exceeding += statistics.count(np.concatenate(block))
    two_sided = (exceeding + 1) / (n_rotations + 1)
    p_along = (exceeding[0] + 1) / (2 * n_rotations + 1)
    p_against = (2 * n_rotations - exceeding[0] + 1) / (2 * n_rotations + 1)
    outside = len(fit.genes) > membership.n_measured
    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "n_in_set": membership.n_in_set,
            "n_measured": membership.n_measured,
            "direction": direction_of(observed[0]),
            "statistic": observed[0],
            "p_value": two_sided[0],
            "p_up": np.where(observed[0] > 0, p_along, p_against),
            "p_down": np.where(observed[0] > 0, p_against, p_along),
            "p_mixed": np.where(mixed, two_sided[2], np.nan),
            "competitive_direction": direction_of(np.where(competitive & outside, observed[1], np.nan)),
            "competitive_statistic": np.where(competitive & outside, observed[1], np.nan),
            "p_competitive": np.where(competitive & outside, two_sided[1], np.nan),
        }
    )


def rotated_statistics(
    fit: ContrastFit, membership: SetMembership, directions: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the self-contained and the competitive statistic along directions of the effect space.

    Parameters
    ----------
    fit
        A fitted contrast; its prior variance and prior df are held fixed.
    membership
        Sets × genes of that fit.
    directions
        Directions × (1 + residual df), each of length 1: random ones, or those of other labelings of the samples.

    Returns
    -------
    tuple
        Two arrays, sets × directions.
    """
    statistics = _Statistics.of(fit, membership, competitive=True, mixed=False)
    blocks = [
        statistics.means(np.asarray(directions[start : start + ROTATIONS_PER_STREAM], dtype=np.float32))
        for start in range(0, len(directions), ROTATIONS_PER_STREAM)
    ]
    return np.hstack([self_contained for self_contained, _ in blocks]), np.hstack([over for _, over in blocks])


@dataclass(frozen=True)
class _Statistics:
    """Statistics of all sets, observed, and the matrices that give them for a block of rotations.

    `products` has the signed shares of all sets times the genes' factors and, below, the mere membership of sets whose
    weights differ: the genes outside such a set do not follow from its weighted mean.
    """

    space: StandardisedSpace
    rotatable: RotatableGenes
    products: csr_array
    sizes: csr_array | None
    total_share: NDArray[np.float64]
    n_measured: NDArray[np.float64]
    uneven: NDArray[np.int64]
    competitive: bool
    n_genes: int
    observed: NDArray[np.float64]

    @classmethod
    def of(cls, fit: ContrastFit, membership: SetMembership, competitive: bool, mixed: bool) -> _Statistics:
        from scipy.sparse import csr_array, diags_array, vstack

        space = StandardisedSpace.of(fit)
        shares = csr_array(membership.shares())
        members = csr_array(abs(membership.weights).sign())
        used = np.arange(len(fit.genes)) if competitive else np.flatnonzero(np.asarray(members.sum(axis=0)).ravel())
        used = curved_first(space, used)
        uneven = np.flatnonzero([len(np.unique(row)) > 1 for row in np.split(shares.data, shares.indptr[1:-1])])
        factors = diags_array(space.factor)
        together = vstack([shares, members[uneven]]) if competitive else shares
        total_share = np.asarray(shares.sum(axis=1)).ravel()
        observed = _observed(space.observed, shares, members, total_share, competitive)
        return cls(
            space=space,
            rotatable=RotatableGenes.of(space, used),
            products=csr_array((together @ factors).tocsr()[:, used], dtype=np.float32),
            sizes=csr_array((abs(shares) @ factors).tocsr()[:, used], dtype=np.float32) if mixed else None,
            total_share=total_share,
            n_measured=membership.n_measured.astype(np.float64),
            uneven=uneven,
            competitive=competitive,
            n_genes=len(fit.genes),
            observed=observed,
        )

    def count(self, directions: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return how many of these rotations reach the observed statistics: (set, over complement, mixed) × sets."""
        deviates, squares = self.rotatable.deviates(np.ascontiguousarray(directions.T), squares=self.competitive)
        n_sets = len(self.n_measured)
        sums = self.products @ deviates
        exceeding = np.zeros((3, n_sets), dtype=np.int64)
        exceeding[0] = _reached(sums[:n_sets], self.observed[0])
        if self.competitive:
            exceeding[1] = _reached(
                self._over_complement(sums, self.rotatable.factor @ deviates, squares), self.observed[1]
            )
        if self.sizes is not None:
            np.abs(deviates, out=deviates)
            exceeding[2] = _reached(self.sizes @ deviates, self.observed[2])
        return exceeding

    def means(self, directions: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the set means along these directions, and the means over their complement: sets × directions."""
        deviates, squares = self.rotatable.deviates(np.ascontiguousarray(directions.T), squares=True)
        sums = self.products @ deviates
        over = self._over_complement(sums, self.rotatable.factor @ deviates, squares)
        return np.asarray(sums[: len(self.n_measured)], dtype=np.float64), over

    def _over_complement(
        self, sums: NDArray[np.float32], total: NDArray[np.float32], squares: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        n_sets = len(self.n_measured)
        inside = _inside(sums[:n_sets], self.total_share, self.n_measured)
        inside[self.uneven] = sums[n_sets:]
        return _centred(sums[:n_sets], inside, self.total_share, self.n_measured, total, squares, self.n_genes)


def _observed(
    z: NDArray[np.float64],
    shares: csr_array,
    members: csr_array,
    total_share: NDArray[np.float64],
    competitive: bool,
) -> NDArray[np.float64]:
    """Return the observed statistics: (set, over complement, mixed) × sets."""
    size = np.asarray(members.sum(axis=1)).ravel()
    score = shares @ z
    mixed = abs(shares) @ np.abs(z)
    if not competitive:
        over = np.full(len(size), np.nan)
    else:
        over = _centred(
            score[:, None],
            (members @ z)[:, None],
            total_share,
            size,
            np.array([z.sum()]),
            np.array([np.sum(z**2)]),
            len(z),
        )[:, 0]
    return np.stack([score, over, mixed])


def _inside(
    score: NDArray[np.float32], total_share: NDArray[np.float64], n_measured: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the sum of deviates within sets of even weights: Σ w·z / Σ|w| times ± the number of genes."""
    sign = np.where(total_share < 0, -1.0, 1.0)
    return np.asarray(score * (sign * n_measured)[:, None], dtype=np.float64)


def _centred(
    score: NDArray[np.floating],
    inside: NDArray[np.float64],
    total_share: NDArray[np.float64],
    n_measured: NDArray[np.float64],
    total: NDArray[np.floating],
    squares: NDArray[np.floating],
    n_genes: int,
) -> NDArray[np.float64]:
    """Return (score − total share × mean outside) / spread of all genes, sets × rotations."""
    spread = np.sqrt(squares.astype(np.float64) / n_genes - (total.astype(np.float64) / n_genes) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = (total - inside) / (n_genes - n_measured)[:, None]
        return np.asarray((score - total_share[:, None] * outside) / spread)


def _reached(rotated: NDArray[np.floating], observed: NDArray[np.float64]) -> NDArray[np.int64]:
    # Each rotation stands for itself and its mirror image, whose statistic has the other sign.
    return np.asarray(np.count_nonzero(np.abs(rotated) >= np.abs(observed)[:, None], axis=1), dtype=np.int64)


def _refuse_bad_settings(n_rotations: int, seed: int) -> None:
    problems = [
        Problem(f"{name} is {value}", "rotation test", "a whole number of at least 1", f"Set {name} to 1 or more.")
        for name, value in (("rotations", n_rotations), ("seed", seed))
        if value < 1
    ]
    if problems:
        raise InputError(problems)


def _run(fit: ContrastFit, membership: SetMembership, settings: SampleSettings) -> pd.DataFrame:
    import pandas as pd

    rotated = rotation_test(fit, membership, n_rotations=settings.rotations, seed=settings.seed, mixed=False)
    rotated["n_permutations"] = settings.rotations
    over_complement = rotated.assign(
        direction=rotated["competitive_direction"],
        statistic=rotated["competitive_statistic"],
        p_value=rotated["p_competitive"],
    )
    return pd.concat(
        [rotated.assign(test="rotation"), over_complement.assign(test="rotation_competitive")], ignore_index=True
    )


ROTATION = SetTest[SampleSettings](
    statistics=(
        Statistic("rotation", "rotation", "verdict"),
        # It describes until its size is known for every design.
        Statistic("rotation_competitive", "rotation, over other genes", competitive=True),
    ),
    words="Rotation asks the same by {rotations:,} random rotations of contrast and residuals (seed {seed}; approximate "
    "where counts are weighted by voom or blocks by a correlation); over other genes it is descriptive.",
    papers=(ROAST_PAPER,),
    run=_run,
)
