"""Whether genes of a set are associated with a trait more than other genes like them: one model, one null.

The model is z of genes = intercept + gene size, density and the like + set; asked is, one-sided, whether the coefficient of the
set is above 0 (de Leeuw et al. 2015, doi 10.1371/journal.pcbi.1004219). Where the correlations of neighbouring genes are known,
which linkage disequilibrium makes and MAGMA writes into its `.genes.raw`, it is fitted by generalised least squares, else by
ordinary ones.

The null is *rotation*: the labels of the set are shifted along the genome, the end joined to the beginning, so that genes keep
their neighbours and the set keeps its clusters (circular genomic permutation, Cabrera et al. 2012, doi 10.1534/g3.112.002618).
All shifts are made, so nothing is random. Student's t, by which MAGMA judges the same coefficient, calls too many large families
of neighbouring genes, which share signals beyond linkage disequilibrium; it is told beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sidemine.stats.tails import t_quantile, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MATCHED_SETS = 1000
"""Random sets of equal size, gene size and density that a set is placed among."""
SIZE_STRATA, DENSITY_STRATA = 10, 3
"""Strata within which random genes replace those of a set."""
LOCUS = 1_000_000
"""Genes of a set that lie within so many bases of one another are one locus."""
SHRINKAGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Shares by which correlations are drawn towards 0 until their matrix can be one of correlations; the first that does is taken."""
_LEAST_PIVOT = 1e-6
_NEGLIGIBLE = 1e-7
"""Entries of an inverse of correlations that are smaller count as 0 where all shifts of a set are made."""


@dataclass(frozen=True)
class SetResult:
    """One set in one test.

    Attributes
    ----------
    effect, ci_low, ci_high
        How much higher the z of its genes is than that of other genes of the same size and density; 95 % interval.
    statistic
        The effect over its standard error.
    p_value
        One-sided: the genes of the set are associated more than others. Never 0.
    """

    effect: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float


class Correlations:
    """Correlations of neighbouring genes, as generalised least squares use them.

    Parameters
    ----------
    blocks
        Correlation matrices along the diagonal, one per chromosome, in the order of the genes.

    Attributes
    ----------
    shrinkage
        Share by which the most unruly of them was drawn towards 0, for a root to exist.

    Raises
    ------
    ValueError
        When a block is no matrix of correlations even so.
    """

    def __init__(self, blocks: Sequence[Array]) -> None:
        roots = [_root(block) for block in blocks]
        self._roots = [root for root, _ in roots]
        self.shrinkage = max((share for _, share in roots), default=0.0)

    def whiten(self, columns: Array) -> Array:
        """Return genes × columns, multiplied by the inverse root: of variance 1 and independent."""
        return self._solve(columns, "N")

    def weigh(self, whitened: Array) -> Array:
        """Return what `whiten` gave, multiplied by the inverse root from the other side: by the inverse in all."""
        return self._solve(whitened, "T")

    def form(self, members: Mask) -> Array:
        """Return, for every shift of a set's labels, the sum of the inverse over all pairs of its genes.

        The pairs that lie k genes apart meet the k-th diagonal of the inverse; over all shifts that is a circular
        cross-correlation.
        """
        n = len(members)
        labels = members.astype(np.float64)
        whole = np.zeros(n // 2 + 1, dtype=np.complex128)
        for k, diagonal in enumerate(self._diagonals):
            pairs = labels * np.roll(labels, -k)
            if pairs.any():
                whole += (1 if k == 0 else 2) * diagonal * np.conj(np.fft.rfft(pairs))
        return np.fft.irfft(whole, n)

    def _solve(self, columns: Array, trans: str) -> Array:
        from scipy.linalg import solve_triangular

        parts = []
        start = 0
        for root in self._roots:
            part = columns[start : start + len(root)]
            parts.append(solve_triangular(root, part, lower=True, trans=trans, check_finite=False))
            start += len(root)
        return np.concatenate(parts)

    @cached_property
    def _diagonals(self) -> list[NDArray[np.complex128]]:
        """Fourier transforms of the diagonals of the inverse, from the main one outwards, as far as they are not 0."""
        from scipy.linalg import cho_solve

        inverses = [cho_solve((root, True), np.eye(len(root)), check_finite=False) for root in self._roots]
        n = sum(len(root) for root in self._roots)
        diagonals = []
        for k in range(max((_reach(inverse) for inverse in inverses), default=0)):
            diagonal = np.zeros(n)
            start = 0
            for inverse in inverses:
                part = np.diag(inverse, k) if k < len(inverse) else ()
                diagonal[start : start + len(part)] = part
                start += len(inverse)
            diagonals.append(np.fft.rfft(diagonal))
        return diagonals


class Rotation:
    """Circular rotation of a set's labels along the genome.

    Parameters
    ----------
    z
        Association of every gene, in genome order; higher: more.
    covariates
        Genes × covariates, without an intercept; full rank.
    correlations
        Of the same genes: generalised least squares; None: ordinary ones.

    Attributes
    ----------
    residuals
        What the covariates leave of z; with correlations, weighed by their inverse.
    basis
        Orthonormal basis of the covariates; with correlations, weighed likewise.
    """

    def __init__(self, z: Array, covariates: Array, correlations: Correlations | None = None) -> None:
        self._correlations = correlations
        whole = np.column_stack([z, np.ones(len(z)), covariates])
        if correlations is not None:
            whole = correlations.whiten(whole)
        basis, _ = np.linalg.qr(whole[:, 1:])
        residuals = whole[:, 0] - basis @ (basis.T @ whole[:, 0])
        self._white_residuals, self._white_basis = residuals, basis
        self._df = max(1, len(z) - basis.shape[1] - 1)
        self.residuals: Array = residuals if correlations is None else correlations.weigh(residuals)
        self.basis: Array = basis if correlations is None else correlations.weigh(basis)
        self._rows = np.fft.rfft(np.column_stack([self.residuals, self.basis]), axis=0)

    def test(self, members: Mask) -> tuple[SetResult, float]:
        """Test one set.

        Parameters
        ----------
        members
            Which genes it holds: at least one, and not all.

        Returns
        -------
        tuple
            The result; and by what the neighbourhood of genes multiplies the variance of the effect beyond what the model
            knows of it, 1 where genes are independent. The p-value counts the set itself among the shifts, so that it is at
            least one over the number of genes.
        """
        effects, statistics, left = self._shifted(members)
        # Shifts that give the same sum in another order of addition are ties.
        reached = statistics >= statistics[0] - 1e-9 * np.abs(statistics[0]) - 1e-12
        spread = float(effects.std())
        half = 1.959963984540054 * spread
        expected = float((self._white_residuals**2).sum()) / self._df / float(left[0])
        effect = float(effects[0])
        statistic = effect / spread if spread > 0 else 0.0
        result = SetResult(effect, effect - half, effect + half, statistic, float(reached.mean()))
        return result, spread**2 / expected if expected > 0 else float("nan")

    def by_student(self, members: Mask) -> SetResult:
        """Return the same effect with the interval and the p-value of Student's t, as MAGMA tells them."""
        labels = members.astype(np.float64)
        if self._correlations is not None:
            labels = self._correlations.whiten(labels)
        labels -= self._white_basis @ (self._white_basis.T @ labels)
        left = float(labels @ labels)
        effect = float(labels @ self._white_residuals) / left
        error = float(np.sqrt(((self._white_residuals - effect * labels) ** 2).sum() / self._df / left))
        t = effect / error
        half = float(t_quantile(0.975, self._df)) * error
        tail = float(two_sided_p(np.array([t]), self._df)[0]) / 2
        return SetResult(
            effect, effect - half, effect + half, t, max(tail, np.finfo(float).tiny) if t > 0 else 1 - tail
        )

    def left(self, members: Mask) -> float:
        """Return how much of a set's labels the covariates leave, without correlations."""
        return float(members.sum() - (self.basis[members].sum(axis=0) ** 2).sum())

    def left_at_shifts(self, members: Mask) -> Array:
        """Return how much of a set's labels the covariates leave at every shift; it does not depend on z."""
        labels = np.conj(np.fft.rfft(members.astype(np.float64)))
        sums = np.fft.irfft(self._rows[:, 1:] * labels[:, None], len(members), axis=0)
        whole = members.sum() if self._correlations is None else self._correlations.form(members)
        left: Array = np.maximum(whole - (sums**2).sum(axis=1), 1e-9)
        return left

    def _shifted(self, members: Mask) -> tuple[Array, Array, Array]:
        """Return effects, statistics, and what is left of the labels, at every shift."""
        labels = np.conj(np.fft.rfft(members.astype(np.float64)))
        sums = np.fft.irfft(self._rows[:, 0] * labels, len(members))
        left = self.left_at_shifts(members)
        return sums / left, sums / np.sqrt(left), left


def percentile_among_matched(
    rotation: Rotation,
    members: Mask,
    size: Array,
    density: Array | None,
    seed: Sequence[int],
    n_sets: int = MATCHED_SETS,
) -> float:
    """Return the place of a set among random sets of as many genes of the same size and density.

    Parameters
    ----------
    rotation
        Holds what the covariates leave of every gene; without correlations.
    members
        The set.
    size, density
        Of every gene; None: no density is known.
    seed
        Entropy of the draws.
    n_sets
        How many random sets.

    Returns
    -------
    float
        Per cent of the random sets whose statistic is smaller, ties counting half.
    """
    rng = np.random.default_rng(list(seed))
    strata = _strata(size, SIZE_STRATA)
    if density is not None:
        strata = strata * DENSITY_STRATA + _strata(density, DENSITY_STRATA)
    sums = np.zeros((n_sets, rotation.basis.shape[1] + 1))
    rows = np.column_stack([rotation.residuals, rotation.basis])
    for stratum in np.unique(strata[members]):
        pool = np.flatnonzero(strata == stratum)
        wanted = int(members[pool].sum())
        if wanted == len(pool):
            sums += rows[pool].sum(axis=0)
            continue
        drawn = np.argpartition(rng.random((n_sets, len(pool)), dtype=np.float32), wanted - 1, axis=1)[:, :wanted]
        sums += rows[pool[drawn]].sum(axis=1)
    left = np.maximum(members.sum() - (sums[:, 1:] ** 2).sum(axis=1), 1e-9)
    own = float(rotation.residuals[members].sum()) / np.sqrt(rotation.left(members))
    statistics = sums[:, 0] / np.sqrt(left)
    return float(100 * ((statistics < own).mean() + (statistics == own).mean() / 2))


def loci(chromosome: NDArray[np.int64], start: Array, stop: Array, members: Mask) -> NDArray[np.int64]:
    """Return the locus of every gene of a set, from 0 in genome order.

    Parameters
    ----------
    chromosome, start, stop
        Of all genes, in genome order.
    members
        The set.
    """
    chosen = np.flatnonzero(members)
    if not len(chosen):
        return np.zeros(0, dtype=np.int64)
    key = chromosome[chosen]
    # A long gene may end behind those that begin after it.
    reach = np.maximum.accumulate(stop[chosen] + key * 1e10)
    new = (key[1:] != key[:-1]) | (start[chosen][1:] + key[1:] * 1e10 - reach[:-1] > LOCUS)
    return np.concatenate([[0], np.cumsum(new)])


def _reach(inverse: Array) -> int:
    """Return how many diagonals hold something, the main one counted."""
    rows, columns = np.nonzero(np.abs(inverse) > _NEGLIGIBLE)
    return int((columns - rows).max(initial=-1)) + 1


def _strata(values: Array, n: int) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def _root(block: Array) -> tuple[Array, float]:
    """Return the Cholesky root of a matrix of correlations, and by how much they were shrunken for one to exist."""
    for share in SHRINKAGES:
        matrix = (1 - share) * block
        np.fill_diagonal(matrix, 1.0)
        try:
            root: Array = np.linalg.cholesky(matrix).astype(np.float64)
        except np.linalg.LinAlgError:
            continue
        if root.diagonal().min() > _LEAST_PIVOT**0.5:
            return root, share
    raise ValueError("the correlations of genes are no correlations: no share of them makes a positive definite matrix")
