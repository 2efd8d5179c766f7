"""The set tests on permuted labels of one contrast: what they call where, but for chance, nothing differs.

The group column of the design is permuted among the samples (within blocks where these are fixed effects), covariates
stay in the design, and every gene is fitted, moderated and tested again as the contrast was (Draper and Stoneman 1966,
doi 10.2307/1266323: permuting the variable tested). The null is a *global* one: it gives all samples of the contrast
the same distribution. A true difference between the groups becomes spread among the residuals, and group-wise
variances are mixed, so nothing is learnt of unequal variances, nor of other genes that are truly changed.

No gene is fitted from its expression: whatever the labels, the space beyond covariates and blocks is the same, and a
permuted contrast is one direction of it. What depends on the basis of the residuals (FRY's largest square) follows
from the one Householder reflection in which the QR decompositions of two labelings differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design
from sidemine.differential.empirical_bayes import ModeratedVariances, squeeze_variances
from sidemine.enrichment.camera import SMALLEST_VARIANCE, CameraSets
from sidemine.enrichment.fry import resistant_variances
from sidemine.enrichment.label_permutation import exchangeable_blocks, random_orders
from sidemine.enrichment.rotated_deviates import random_directions
from sidemine.enrichment.rotation import rotated_statistics
from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test import COMPETITIVE, SELF_CONTAINED
from sidemine.stats.tails import two_sided_p, z_of_t

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

# A permuted group column of which less than this share lies outside covariates and blocks cannot be told from them.
ALIASED = 1e-6


@dataclass(frozen=True)
class PermutedTests:
    """p-values on permuted labels.

    Attributes
    ----------
    p_values
        Test → labelings × sets. fry and camera are moderated anew for every labeling; rotation and
        rotation_competitive hold the prior of the contrast's own fit, so that one set of rotations serves all labelings.
    n_labelings
        Labelings that were tested: those drawn, without those that covariates happen to tell already.
    """

    p_values: dict[str, NDArray[np.float64]]
    n_labelings: int


def refuse_reason(fit: ContrastFit, design: Design) -> str:
    """Return why the labels of a contrast cannot be permuted, or '' if they can."""
    if design.blocking == "correlation":
        return "the blocks enter as a correlation, so the samples are not exchangeable"
    if fit.facts.sample_weights is not None:
        return "the samples have weights (read counts, or array weights), so they are not exchangeable"
    return ""


def permute_and_test(
    fit: ContrastFit, design: Design, membership: SetMembership, *, n_labelings: int, n_rotations: int, seed: list[int]
) -> PermutedTests:
    """Test every set on random labelings of the samples.

    Parameters
    ----------
    fit
        A fitted contrast without weights or block correlation, see `refuse_reason`.
    design
        The design that it was fitted with.
    membership
        Sets × genes of that fit.
    n_labelings
        Random labelings, drawn with replacement.
    n_rotations
        Rotations behind the rotation tests; 0: these are left out.
    seed
        Seed of labelings and rotations.
    """
    space = _Space.of(fit, design)
    directions = space.directions(permuted_targets(design, n_labelings, seed))
    tests = _Tests(space, membership)
    statistics = np.array([tests.of_labeling(direction) for direction in directions])
    statistics = statistics.reshape(len(directions), 2, len(membership.gene_sets))
    p_values = {
        SELF_CONTAINED.name: two_sided_p(statistics[:, 0], float(fit.residual_df)),
        COMPETITIVE.name: two_sided_p(statistics[:, 1], float(min(fit.residual_df, len(fit.genes) - 2))),
    }
    if n_rotations and len(directions):
        plain = replace(fit, effects=space.effects, score_effects=space.effects)
        rotations = random_directions(
            fit.residual_df, n_rotations, int(np.random.SeedSequence(seed).generate_state(1)[0])
        )
        names = ("rotation", "rotation_competitive")
        here = rotated_statistics(plain, membership, directions)
        for name, observed, rotated in zip(names, here, rotated_statistics(plain, membership, rotations), strict=True):
            p_values[name] = _share_reached(np.abs(observed), np.sort(np.abs(rotated), axis=1)).T
    return PermutedTests(p_values, len(directions))


def permuted_targets(design: Design, n_labelings: int, seed: list[int]) -> NDArray[np.bool_]:
    """Return random labelings, labelings × samples: who is a target.

    Parameters
    ----------
    design
        The design whose group column is permuted, within blocks where these are fixed effects.
    n_labelings
        Number of labelings, drawn with replacement.
    seed
        Entropy of the draw.
    """
    orders = random_orders(exchangeable_blocks(design), len(design.samples), n_labelings, seed)
    return np.asarray(design.is_target[orders])


@dataclass(frozen=True)
class _Space:
    """The space beyond covariates and blocks, in the basis of their own QR decomposition."""

    fit: ContrastFit
    basis: NDArray[np.float64]
    effects: NDArray[np.float64]
    total: NDArray[np.float64]

    @classmethod
    def of(cls, fit: ContrastFit, design: Design) -> _Space:
        last = design.matrix.shape[1] - 1
        q, r = np.linalg.qr(design.matrix, mode="complete")
        of_fit = q[:, last:].copy()
        of_fit[:, 0] *= np.sign(r[last, last])
        basis = np.linalg.qr(design.matrix[:, :last], mode="complete")[0][:, last:]
        effects = fit.effects @ (of_fit.T @ basis)
        return cls(fit, basis, effects, np.sum(effects**2, axis=1))

    def directions(self, targets: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the direction of each permuted contrast; labelings that covariates tell already are left out."""
        columns = targets.astype(np.float64)
        inside = columns @ self.basis
        length = np.linalg.norm(inside, axis=1)
        is_aliased = length <= ALIASED * np.linalg.norm(columns, axis=1)
        return np.asarray(inside[~is_aliased] / length[~is_aliased, None])

    def moderate(self, contrast: NDArray[np.float64]) -> tuple[NDArray[np.float64], ModeratedVariances]:
        """Return residual variances and their moderation, as `differential.fit` does it."""
        variances = np.maximum(self.total - contrast**2, 0.0) / self.fit.residual_df
        trend = self.fit.mean_expression if self.fit.facts.trend else None
        return variances, squeeze_variances(variances, self.fit.residual_df, trend, self.fit.facts.robust)


class _Tests:
    """FRY and CAMERA along directions of one space."""

    def __init__(self, space: _Space, membership: SetMembership) -> None:
        self.space, self.sets = space, CameraSets.of(membership)
        # FRY looks at the genes of sets alone.
        self.genes = np.flatnonzero(np.asarray(self.sets.members.sum(axis=0)).ravel())
        self.shares = self.sets.shares[:, self.genes].tocsr()
        self.effects = np.ascontiguousarray(space.effects[self.genes])

    def of_labeling(self, direction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the t statistics of FRY and of CAMERA, one per set."""
        df = self.space.fit.residual_df
        contrast = self.space.effects @ direction
        variances, moderated = self.space.moderate(contrast)
        df_total = np.minimum(df + moderated.prior_df, len(contrast) * float(df))
        z = z_of_t(contrast / np.sqrt(moderated.posterior), df_total)
        _, residual = self._sums(np.maximum(variances, SMALLEST_VARIANCE)[self.genes], direction)
        variance_of_score, _ = self.sets.variance_of_mean_square(residual)
        camera = self.sets.statistic(z, variance_of_score)
        scale = resistant_variances(
            self.space.total[self.genes],
            self._largest_square(direction),
            df,
            moderated.prior[self.genes],
            moderated.prior_df[self.genes],
        )
        mean, residual = self._sums(scale, direction)
        with np.errstate(divide="ignore", invalid="ignore"):
            return mean / np.sqrt(residual), camera

    def _sums(
        self, variances: NDArray[np.float64], direction: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Σ a·effect of standardised effects, and the mean square of Σ a·residual, per set."""
        scaled = _scaled_columns(self.shares, 1 / np.sqrt(variances))
        scores = np.asarray(scaled @ self.effects)
        mean = scores @ direction
        return mean, np.maximum(np.sum(scores**2, axis=1) - mean**2, 0.0) / self.space.fit.residual_df

    def _largest_square(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the largest squared effect per gene, in the basis that limma would use for this labeling."""
        mirror = direction.copy()
        mirror[0] += np.copysign(1.0, direction[0])
        mirror *= np.sqrt(2) / np.linalg.norm(mirror)
        along = self.effects @ mirror
        largest = np.empty(len(along))
        for block in _blocks_of_genes(len(along)):
            rotated = along[block, None] * mirror
            np.subtract(self.effects[block], rotated, out=rotated)
            np.maximum(rotated.max(axis=1), -rotated.min(axis=1), out=largest[block])
        return np.asarray(largest**2)


def _blocks_of_genes(n_genes: int) -> Iterator[slice]:
    # Small enough that a block stays in the cache.
    return (slice(start, start + 256) for start in range(0, n_genes, 256))


def _scaled_columns(matrix: csr_array, factor: NDArray[np.float64]) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((matrix.data * factor[matrix.indices], matrix.indices, matrix.indptr), shape=matrix.shape)


def _share_reached(observed: NDArray[np.float64], rotated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (b + 1) / (m + 1), sets × labelings; `rotated` is sorted along its rows."""
    n = rotated.shape[1]
    below = np.array([np.searchsorted(row, here) for row, here in zip(rotated, observed, strict=True)])
    return np.asarray((n - below + 1) / (n + 1))
