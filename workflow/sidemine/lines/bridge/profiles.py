"""Profiles of contrasts on shared genes: normal deviates, what noise does to them, and their random rotations.

A profile is one contrast, or the common effect over independent ones: gene by gene the mean of the standardised
differences, weighted by their inverse variances, again as a normal deviate. Every profile is centred on the mean of the
shared genes, so that a shift of all genes is no resemblance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.rotated_deviates import (
    RotatableGenes,
    StandardisedSpace,
    curved_first,
    directions_of,
    streams_of,
)
from sidemine.lines.interaction.record import POOLED
from sidemine.stats.sandwich import Sandwich
from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One contrast on the shared genes.

    Attributes
    ----------
    name
        The contrast.
    fit
        Its fit.
    rows
        The shared genes' places in the fit, in the order of the shared genes.
    seed
        Entropy of its rotations.
    """

    name: str
    fit: ContrastFit
    rows: NDArray[np.int64]
    seed: tuple[int, ...]

    @cached_property
    def space(self) -> StandardisedSpace:
        """The standardised effect space of all its genes."""
        return StandardisedSpace.of(self.fit)

    @cached_property
    def deviates(self) -> Array:
        """Normal deviates of the shared genes, centred."""
        return _centred(self.space.observed[self.rows])

    @cached_property
    def noise(self) -> Array:
        """Genes × samples (or blocks): this times its own transpose is the covariance that chance gives the deviates.

        Its errors are those of the sets' own p-values and intervals: HC2, and CR2 where blocks enter as a correlation. The rotations
        take one variance for all samples and one correlation of blocks for all genes. A drug without any effect, 3 v 12 samples, the
        smaller group 2.5 times as variable, beside a disease with one: rotation p ≤ .05 in 24 % of 400, with these errors in 5 %.
        """
        residuals, variance = self.fit.effects[self.rows, 1:], self.fit.posterior_variance[self.rows]
        if not self._errors.usable:
            return _centred(residuals / np.sqrt(variance * self.fit.residual_df)[:, None])
        # Under voom every gene has its own basis; scores have one, in which a gene's residuals have another size.
        of_scores = self.fit.score_effects[self.rows, 1:]
        length = np.linalg.norm(residuals, axis=1)
        # A gene at the floor of its groups has no residuals, and so no noise.
        size = np.divide(np.linalg.norm(of_scores, axis=1), length, out=np.ones_like(length), where=length > 0)
        return _centred(of_scores @ self._errors.parts / (np.sqrt(variance) * size)[:, None])

    @property
    def noise_df(self) -> float:
        """Degrees of freedom of `noise`."""
        return self._errors.df if self._errors.usable else float(self.fit.residual_df)

    @property
    def _errors(self) -> Sandwich:
        return self.fit.score_sandwich

    def rotations(self, n_rotations: int) -> Iterator[NDArray[np.float32]]:
        """Yield the deviates under random rotations, genes × rotations, centred; a few rotations at a time."""
        order = curved_first(self.space, self.rows)
        place = np.argsort(self.space.is_normal[self.rows], kind="stable")
        genes = RotatableGenes.of(self.space, order)
        for stream, size in streams_of(n_rotations, self.seed):
            directions = directions_of(stream, size, self.fit.residual_df + 1)
            found, _ = genes.deviates(np.ascontiguousarray(directions.T), squares=False)
            found *= genes.factor[:, None]
            rotated = np.empty_like(found)
            rotated[place] = found
            rotated -= rotated.mean(axis=0)
            yield rotated


@dataclass(frozen=True)
class Profile:
    """A weighted sum of parts; the squares of the weights add up to 1, so that its deviates have unit variance.

    Attributes
    ----------
    name
        The contrast, or `POOLED`.
    parts
        The contrasts in it.
    weights
        One per part.
    """

    name: str
    parts: tuple[Part, ...]
    weights: tuple[float, ...]

    @cached_property
    def deviates(self) -> Array:
        """Normal deviates of the shared genes, centred; positive: higher in the target."""
        return np.asarray(sum(w * part.deviates for w, part in zip(self.weights, self.parts, strict=True)))

    @property
    def strength(self) -> float:
        """Root mean square of the deviates."""
        return float(np.sqrt(np.mean(self.deviates**2)))

    @property
    def effect_square(self) -> float:
        """Mean square of the standardised effects, in residual variances: what of the strength is not sample size or noise."""
        information = math.fsum(part.fit.score_stdev_unscaled**-2 for part in self.parts)
        return (self.strength**2 - 1) / information

    @cached_property
    def noises(self) -> list[tuple[Array, float]]:
        """The noise of every part, weighted, with its degrees of freedom."""
        return [(w * part.noise, part.noise_df) for w, part in zip(self.weights, self.parts, strict=True)]


@dataclass(frozen=True)
class FrozenProfile:
    """Weights that nothing can change any more: a profile without noise."""

    name: str
    deviates: Array
    effect_square: float
    """That of the whole profile of the perturbation that the genes were chosen by."""
    noises: list[tuple[Array, float]] = field(default_factory=list)
    parts: tuple[Part, ...] = ()
    strength: float = float("nan")
    """Few genes were chosen because they are strong: that is no strength of a profile."""


@dataclass(frozen=True)
class Side:
    """The profiles of one side, drug or disease: each contrast, and the common effect where there are several.

    Attributes
    ----------
    profiles
        Single contrasts first, the pooled one last.
    main
        Name of the profile that stands for the side: the common effect, or the only contrast that could enter it.
    """

    profiles: tuple[Profile, ...]
    main: str

    @property
    def whole(self) -> Profile:
        """The profile that stands for the side."""
        return self.profile(self.main)

    def profile(self, name: str) -> Profile:
        """Return the profile of that name."""
        return next(profile for profile in self.profiles if profile.name == name)

    def rotations(self, n_rotations: int) -> Iterator[dict[str, NDArray[np.float32]]]:
        """Yield rotated deviates by profile, genes × rotations, a few rotations at a time; the pooled profile is the sum of its parts' independent rotations."""
        parts = {part.name: part for profile in self.profiles for part in profile.parts}
        for blocks in zip(*(part.rotations(n_rotations) for part in parts.values()), strict=True):
            by_part = dict(zip(parts, blocks, strict=True))
            yield {
                profile.name: by_part[profile.name] if len(profile.parts) == 1 else _weighted_sum(profile, by_part)
                for profile in self.profiles
            }


def build_side(
    fits: Mapping[str, ContrastFit], genes: Sequence[str], pooled: Sequence[str], *, seed: int, what: str
) -> Side:
    """Build the profiles of one side.

    Parameters
    ----------
    fits
        Fits by contrast.
    genes
        The shared genes: every fit has them.
    pooled
        Contrasts that are independent of each other and enter the common effect; of a single one there is none.
    seed
        The study's seed.
    what
        Tells apart the rotations of fits of one contrast, for example total and adjusted.
    """
    parts = {name: _part(name, fit, genes, seed, what) for name, fit in fits.items()}
    profiles = [Profile(name, (part,), (1.0,)) for name, part in parts.items()]
    main = pooled[0] if len(pooled) == 1 else POOLED
    if len(pooled) > 1:
        together = tuple(parts[name] for name in pooled)
        # 1 / (standard error of a standardised difference): the inverse-variance mean, divided by its standard error.
        weights = np.array([1 / part.fit.score_stdev_unscaled for part in together])
        weights /= np.linalg.norm(weights)
        profiles.append(Profile(POOLED, together, tuple(float(weight) for weight in weights)))
    return Side(tuple(profiles), main)


def _part(name: str, fit: ContrastFit, genes: Sequence[str], seed: int, what: str) -> Part:
    position = {gene: row for row, gene in enumerate(fit.genes)}
    rows = np.array([position[gene] for gene in genes], dtype=np.int64)
    return Part(name, fit, rows, tuple(named_seed(seed, "concordance", f"{name}/{what}")))


def _weighted_sum(profile: Profile, by_part: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    blocks = [by_part[part.name] for part in profile.parts]
    total = blocks[0] * np.float32(profile.weights[0])
    for block, weight in zip(blocks[1:], profile.weights[1:], strict=True):
        total += block * np.float32(weight)
    return total


def _centred(values: Array) -> Array:
    return np.asarray(values - values.mean(axis=0))
