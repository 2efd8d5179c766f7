"""Whether genes of a set are associated with a trait more than other genes like them: two tests, one model.

Both fit z of genes = intercept + gene size, density and the like + set, and ask one-sided whether the coefficient of the set is
above 0 (de Leeuw et al. 2015, doi 10.1371/journal.pcbi.1004219). They differ in what they know of the neighbourhood of genes:

- *generalised least squares* takes the correlations of neighbouring genes that linkage disequilibrium makes, as MAGMA wrote
  them into its `.genes.raw`;
- *rotation* needs none: the labels of the set are shifted along the genome, the end joined to the beginning, so that genes keep
  their neighbours and the set keeps its clusters (circular genomic permutation, Cabrera et al. 2012, doi
  10.1534/g3.112.002618). All shifts are made, so nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass
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


class Rotation:
    """Circular rotation of a set's labels along the genome.

    Parameters
    ----------
    z
        Association of every gene, in genome order; higher: more.
    covariates
        Genes × covariates, without an intercept; full rank.
    """

    def __init__(self, z: Array, covariates: Array) -> None:
        self.basis = _basis(covariates)
        self.residuals = z - self.basis @ (self.basis.T @ z)
        self.variance = float((self.residuals**2).sum()) / max(1, len(z) - self.basis.shape[1] - 1)
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
            The result; and by what the neighbourhood of genes multiplies the variance of the effect, 1 where genes are
            independent. The p-value counts the set itself among the shifts, so that it is at least one over the number of
            genes.
        """
        effects, statistics = self._shifted(members)
        # Shifts that give the same sum in another order of addition are ties.
        reached = statistics >= statistics[0] - 1e-9 * np.abs(statistics[0]) - 1e-12
        spread = float(effects.std())
        half = 1.959963984540054 * spread
        expected = self.variance / self.left(members)
        effect = float(effects[0])
        statistic = effect / spread if spread > 0 else 0.0
        result = SetResult(effect, effect - half, effect + half, statistic, float(reached.mean()))
        return result, spread**2 / expected if expected > 0 else float("nan")

    def left(self, members: Mask) -> float:
        """Return how much of a set's labels the covariates leave."""
        return float(members.sum() - (self.basis[members].sum(axis=0) ** 2).sum())

    def _shifted(self, members: Mask) -> tuple[Array, Array]:
        n = len(members)
        labels = np.conj(np.fft.rfft(members.astype(np.float64)))
        sums = np.fft.irfft(self._rows * labels[:, None], n, axis=0)
        left = np.maximum(members.sum() - (sums[:, 1:] ** 2).sum(axis=1), 1e-9)
        return sums[:, 0] / left, sums[:, 0] / np.sqrt(left)


class Whitening:
    """What makes correlated genes independent: the inverse root of their correlations.

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
        """Return genes × columns, whitened."""
        from scipy.linalg import solve_triangular

        parts = []
        start = 0
        for root in self._roots:
            parts.append(solve_triangular(root, columns[start : start + len(root)], lower=True, check_finite=False))
            start += len(root)
        return np.concatenate(parts)


class LeastSquares:
    """Generalised least squares with the correlations of neighbouring genes.

    Parameters
    ----------
    z, covariates
        As in `Rotation`.
    whitening
        Of the same genes.
    """

    def __init__(self, z: Array, covariates: Array, whitening: Whitening) -> None:
        self._whitening = whitening
        whole = whitening.whiten(np.column_stack([z, np.ones(len(z)), covariates]))
        self._basis, _ = np.linalg.qr(whole[:, 1:])
        self._z = whole[:, 0] - self._basis @ (self._basis.T @ whole[:, 0])

    def test(self, members: Mask) -> SetResult:
        """Test one set; `members` as in `Rotation.test`. The p-value is that of Student's t."""
        labels = self._whitening.whiten(members.astype(np.float64)[:, None])[:, 0]
        labels = labels - self._basis @ (self._basis.T @ labels)
        left = float(labels @ labels)
        effect = float(labels @ self._z) / left
        df = len(labels) - self._basis.shape[1] - 1
        error = float(np.sqrt(((self._z - effect * labels) ** 2).sum() / df / left))
        t = effect / error
        half = float(t_quantile(0.975, df)) * error
        tail = float(two_sided_p(np.array([t]), df)[0]) / 2
        return SetResult(
            effect, effect - half, effect + half, t, max(tail, np.finfo(float).tiny) if t > 0 else 1 - tail
        )


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
        Holds what the covariates leave of every gene.
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


def _strata(values: Array, n: int) -> NDArray[np.int64]:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def _basis(covariates: Array) -> Array:
    basis, _ = np.linalg.qr(np.column_stack([np.ones(len(covariates)), covariates]))
    return np.asarray(basis)


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
