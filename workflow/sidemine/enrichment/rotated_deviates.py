"""Normal deviates of moderated t under random rotations of contrast and residuals: what all rotation tests share.

One moderated t costs one square, one logarithm and one square root per rotation, because with v = effect / √(d₀s₀² +
sum of squares), t² / df = v² / (1 − v²), and the normal deviate of t is a multiple of √(−log(1 − v²)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

Seed = int | Sequence[int]

# Rotations per stream of random numbers. Part of the result: another number gives other rotations for the same seed.
ROTATIONS_PER_STREAM = 128
# Genes whose deviates are computed at once: a quarter of a megabyte per stream, so that they stay in the cache.
GENES_PER_BLOCK = 512
# Above this many degrees of freedom t is a normal deviate (limma stops there too), and single precision would blur it.
MOST_DF = 10_000.0
# Keeps v below 1 in single precision, where a gene without prior degrees of freedom points along a rotation.
SHRINK = 1 - 1e-5


@dataclass(frozen=True)
class StandardisedSpace:
    """Effect space with every gene divided by its length, prior included: normal deviates follow from products.

    Attributes
    ----------
    vectors
        Genes × (1 + residual df): v of the contrast (column 0) and of the residuals. Sum of squares at most 1; genes
        with more than `MOST_DF` degrees of freedom are divided by their standard deviation instead.
    factor
        Per gene: the normal deviate is factor × sign(v) × √(−log(1 − v²)), or factor × v for the latter genes.
    is_normal
        Genes with more than `MOST_DF` degrees of freedom.
    """

    vectors: NDArray[np.float64]
    factor: NDArray[np.float64]
    is_normal: NDArray[np.bool_]

    @classmethod
    def of(cls, fit: ContrastFit) -> StandardisedSpace:
        """Standardise the effect space of a fit; prior variance and prior df are held fixed from here on."""
        df = fit.residual_df + fit.prior_df
        is_normal = df > MOST_DF
        finite_df = np.where(is_normal, MOST_DF, df)
        prior = np.where(is_normal, 0.0, fit.prior_df) * fit.prior_variance
        length = np.where(is_normal, fit.posterior_variance, prior + np.sum(fit.effects**2, axis=1))
        vectors = fit.effects * (SHRINK / np.sqrt(np.maximum(length, np.finfo(np.float64).tiny)))[:, None]
        return cls(vectors, np.where(is_normal, 1.0, bailey_factor(finite_df)), is_normal)

    @property
    def observed(self) -> NDArray[np.float64]:
        """Normal deviates of the contrast itself, one per gene; positive: higher in the target."""
        v = self.vectors[:, 0]
        curved = np.sign(v) * np.sqrt(-np.log1p(-(np.where(self.is_normal, 0.0, v) ** 2)))
        return np.asarray(self.factor * np.where(self.is_normal, v, curved))


def bailey_factor(df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, one per gene, what √(log(1 + t² / df)) is multiplied with to be the normal deviate of t, without its sign.

    Bailey's approximation, as limma's roast uses it, up to a twelfth of a degree of freedom.
    """
    return np.asarray((df + 0.125) / (df + 1.125) * np.sqrt(df + 19 / 12))


def curved_first(space: StandardisedSpace, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `rows` in another order: genes that need a logarithm first, so that a block of rows is either curved or not."""
    return rows[np.argsort(space.is_normal[rows], kind="stable")]


@dataclass(frozen=True)
class RotatableGenes:
    """Some genes of a standardised space in single precision, ready to be rotated.

    Attributes
    ----------
    vectors
        Genes × (1 + residual df).
    factor
        Per gene: what `deviates` must be multiplied with to be normal deviates.
    n_curved
        Genes that need a logarithm; they come first.
    """

    vectors: NDArray[np.float32]
    factor: NDArray[np.float32]
    n_curved: int

    @classmethod
    def of(cls, space: StandardisedSpace, rows: NDArray[np.int64]) -> RotatableGenes:
        """Take genes of a space, in the order that `curved_first` gives."""
        return cls(
            np.ascontiguousarray(space.vectors[rows], dtype=np.float32),
            space.factor[rows].astype(np.float32),
            int((~space.is_normal[rows]).sum()),
        )

    def deviates(
        self, directions: NDArray[np.float32], *, squares: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return normal deviates, without their factor, of genes × rotations, and their sums of squares, with it."""
        deviates = np.empty((len(self.vectors), directions.shape[1]), dtype=np.float32)
        scratch = np.empty((GENES_PER_BLOCK, directions.shape[1]), dtype=np.float32)
        sums = np.zeros(directions.shape[1], dtype=np.float32)
        edges = [*range(0, self.n_curved, GENES_PER_BLOCK), *range(self.n_curved, len(deviates), GENES_PER_BLOCK)]
        for start, stop in zip(edges, [*edges[1:], len(deviates)], strict=True):
            v, w = deviates[start:stop], scratch[: stop - start]
            np.matmul(self.vectors[start:stop], directions, out=v)
            np.multiply(v, v, out=w)
            if start < self.n_curved:
                np.subtract(1, w, out=w)
                np.log(w, out=w)
                np.negative(w, out=w)
            if squares:
                sums += self.factor[start:stop] ** 2 @ w
            if start < self.n_curved:
                np.sqrt(w, out=w)
                np.copysign(w, v, out=v)
        return deviates, sums


def random_directions(residual_df: int, n_rotations: int, seed: Seed) -> NDArray[np.float32]:
    """Return the directions that `rotation_test` uses: rotations × (1 + residual df), each of length 1.

    Parameters
    ----------
    residual_df
        Residual degrees of freedom.
    n_rotations
        Number of directions. Fewer of them are the first of more.
    seed
        Entropy of the draw.
    """
    streams = streams_of(n_rotations, seed)
    return np.concatenate([directions_of(stream, size, residual_df + 1) for stream, size in streams])


def streams_of(n_rotations: int, seed: Seed) -> list[tuple[np.random.SeedSequence, int]]:
    """Return one seed per stream and its number of rotations; the last stream may be cut short."""
    n_streams = -(-n_rotations // ROTATIONS_PER_STREAM)
    starts = range(0, n_rotations, ROTATIONS_PER_STREAM)
    sizes = [min(ROTATIONS_PER_STREAM, n_rotations - start) for start in starts]
    return list(zip(np.random.SeedSequence(seed).spawn(n_streams), sizes, strict=True))


def directions_of(stream: np.random.SeedSequence, size: int, n_effects: int) -> NDArray[np.float32]:
    """Return the directions of one stream: rotations × effects, each of length 1.

    Parameters
    ----------
    stream, size
        Seed and number of rotations of the stream, as `streams_of` gives them.
    n_effects
        Dimensions of the space: 1 + residual df.
    """
    # Drawn in full and cut, so that fewer rotations are the first of more rotations.
    normal = np.random.default_rng(stream).standard_normal((ROTATIONS_PER_STREAM, n_effects))[:size]
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), dtype=np.float32)
