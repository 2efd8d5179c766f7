"""The concordance of a target pathway's drugs with an effect, in bulk: the numbers of a bridge, as products of matrices.

The drugs of a pathway are one unit. Their concordance is the mean over the drugs, and a drug's the mean over its profiles. Each is
Σ x·y / √(Σ x² Σ y²) over the pathway's genes, x and y centred on all genes that drug and effect share, as in
`lines/bridge/statistic.py`. With x fixed this is linear in y, so the whole pathway is one vector of weights, which holds the
centring too: its product with the rotated profiles of an effect (`lines/bridge/profiles.py`) gives the null of every pathway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from sidemine.lines.bridge.statistic import FEWEST_GENES
from sidemine.stats.seeds import named_seed
from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.lines.bridge.profiles import Side

    Array = NDArray[np.float64]
    Single = NDArray[np.float32]
    Places = NDArray[np.int64]


@dataclass(frozen=True)
class SharedProfiles:
    """Some profiles on the genes of another profile, y.

    Attributes
    ----------
    drugs
        Whose profile each row is.
    values
        Profiles × genes, each centred on the genes that it shares with y; 0 where it was not measured.
    measured
        Where it was.
    """

    drugs: Sequence[str]
    values: Array
    measured: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Array, drugs: Sequence[str]) -> SharedProfiles:
        """Centre profiles that are not a number where they were not measured."""
        measured = np.isfinite(values)
        filled = np.where(measured, values, 0.0)
        mean = filled.sum(axis=1, keepdims=True) / np.maximum(measured.sum(axis=1, keepdims=True), 1)
        return cls(drugs, np.where(measured, filled - mean, 0.0), measured)

    def centres(self, other: Array) -> Array:
        """Return the means of another profile (genes, or genes × any) over the genes that each of these shares with it."""
        counts = np.maximum(self.measured.sum(axis=1), 1).reshape(-1, *[1] * (other.ndim - 1))
        return np.asarray(self.measured.astype(np.float64) @ other / counts)


@dataclass(frozen=True)
class Row:
    """A weighted sum over genes, in parts: the genes of a set, and means over all genes that profiles have in common.

    Attributes
    ----------
    members, weights
        Places of the set's genes, and the weight of each.
    measured, shifts
        Profiles × genes that each measures, and what every such gene weighs beside its own weight.
    """

    members: Places
    weights: Array
    measured: NDArray[np.bool_]
    shifts: Array


@dataclass(frozen=True)
class Weights:
    """Rows × genes as sums of few genes each, and of whole masks of measured genes, which most rows share.

    Attributes
    ----------
    chosen
        Rows × genes, sparse.
    shifts, masks
        Rows × masks, masks × genes.
    """

    chosen: sparse.csr_array
    shifts: Array | Single
    masks: Array | Single

    @classmethod
    def of(cls, rows: Sequence[Row], n_genes: int) -> Weights:
        """Collect rows, and their masks, each once."""
        masks: dict[bytes, int] = {}
        entries: list[tuple[int, int, float]] = []
        for number, row in enumerate(rows):
            for mask, shift in zip(row.measured, row.shifts.tolist(), strict=True):
                entries.append((number, masks.setdefault(mask.tobytes(), len(masks)), shift))
        shifts = np.zeros((len(rows), len(masks)))
        for number, mask_number, shift in entries:
            shifts[number, mask_number] += shift
        starts = np.concatenate([[0], np.cumsum([len(row.members) for row in rows])])
        weights, members = (np.concatenate([getattr(row, name) for row in rows]) for name in ("weights", "members"))
        chosen = sparse.csr_array((weights, members, starts), shape=(len(rows), n_genes))
        together = b"".join(masks)
        return cls(chosen, shifts, np.frombuffer(together, dtype=np.bool_).reshape(-1, n_genes).astype(np.float64))

    def times(self, values: Array) -> Array:
        """Return the sums of some columns: rows × columns, or rows."""
        return np.asarray(self.chosen @ values + self.shifts @ (self.masks @ values))

    def times_single(self, values: Single) -> Single:
        """Return the same in single precision."""
        return np.asarray(self.chosen @ values + self.shifts @ (self.masks @ values), dtype=np.float32)

    def scaled(self, factor: Array) -> Weights:
        """Return the rows, each multiplied, in single precision."""
        chosen = sparse.csr_array(self.chosen.multiply(factor[:, None])).astype(np.float32)
        shifts = (self.shifts * factor[:, None]).astype(np.float32)
        return Weights(chosen, shifts, self.masks.astype(np.float32))


@dataclass(frozen=True)
class UnitConcordance:
    """A pathway's drugs against one effect.

    Attributes
    ----------
    value
        Mean concordance, −1 to 1; positive: drugs and patients change in the same direction.
    n_genes
        Median number of shared genes of the set.
    usable
        Which profiles share enough genes.
    row
        Weights of the genes of y: times y they give the mean of Σ x·y / √Σ x², whatever y.
    """

    value: float
    n_genes: int
    usable: NDArray[np.bool_]
    row: Row


def equal_shares(drugs: Sequence[str], usable: NDArray[np.bool_]) -> Array:
    """Return the share of each profile: drugs count equally, and so do the profiles of one drug."""
    names = np.array(drugs, dtype=object)
    counted = {name: int((usable & (names == name)).sum()) for name in set(drugs)}
    n_drugs = sum(count > 0 for count in counted.values())
    return np.array([1 / (n_drugs * counted[name]) if use else 0.0 for name, use in zip(drugs, usable, strict=True)])


def measure_unit(profiles: SharedProfiles, y: Array, members: Places) -> UnitConcordance | None:
    """Measure the concordance of a pathway with an effect; None where no profile shares `FEWEST_GENES` genes of the set.

    Parameters
    ----------
    profiles
        Those of the pathway's drugs, on the genes of y.
    y
        The effect's deviates.
    members
        Places of the set's genes in y.
    """
    x, inside = profiles.values[:, members], profiles.measured[:, members]
    norms = np.sqrt(np.sum(x**2, axis=1))
    counts = inside.sum(axis=1)
    usable = (counts >= FEWEST_GENES) & (norms > 0)
    if not usable.any():
        return None
    scaled = np.where(usable, equal_shares(profiles.drugs, usable) / np.where(usable, norms, 1), 0)[:, None] * x
    own = np.where(inside, y[members] - profiles.centres(y)[:, None], 0.0)
    lengths = np.sqrt(np.sum(own**2, axis=1))
    products = np.sum(scaled * own, axis=1)
    shifts = -scaled.sum(axis=1) / np.maximum(profiles.measured.sum(axis=1), 1)
    return UnitConcordance(
        float(np.sum(products[usable] / lengths[usable])) if (lengths[usable] > 0).all() else 0.0,
        int(np.median(counts[usable])),
        usable,
        Row(members, scaled.sum(axis=0), profiles.measured, shifts),
    )


def scores_on_sets(
    profiles: SharedProfiles, y: Array, noise: Array, sets: Sequence[Places], usable: NDArray[np.bool_]
) -> Array:
    """Return z per set: the unit's weighted sum over y, divided by the standard deviation that chance gives it.

    Parameters
    ----------
    profiles, y
        As for `measure_unit`.
    noise
        Genes × df: times its own transpose the covariance that chance gives y (`Profile.noises`).
    sets
        Places of the genes of each set.
    usable
        Which profiles count.
    """
    chosen = np.flatnonzero(usable).tolist()
    drugs = [profiles.drugs[row] for row in chosen]
    shares = equal_shares(drugs, np.ones(len(drugs), dtype=bool))
    known = np.column_stack([y, noise])
    place = np.concatenate(sets)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    filled = starts[:-1] < starts[1:]
    weights, shifts = np.zeros(len(place)), np.zeros((len(sets), known.shape[1]))
    centres = profiles.centres(known)
    for share, row in zip(shares, chosen, strict=True):
        x = profiles.values[row, place]
        squares, sums = np.zeros(len(sets)), np.zeros(len(sets))
        squares[filled] = np.add.reduceat(x**2, starts[:-1][filled])
        sums[filled] = np.add.reduceat(x, starts[:-1][filled])
        scale = np.divide(share, np.sqrt(squares), out=np.zeros(len(sets)), where=squares > 0)
        weights += x * np.repeat(scale, np.diff(starts))
        shifts += np.outer(sums * scale, centres[row])
    products = sparse.csr_array((weights, place, starts), shape=(len(sets), len(y))) @ known - shifts
    size = np.sqrt(np.sum(products[:, 1:] ** 2, axis=1))
    return np.asarray(np.divide(products[:, 0], size, out=np.zeros(len(sets)), where=size > 0))


def noise_of(side: Side) -> Array:
    """Return genes × all residual df of a side's whole profile: the factor of its chance covariance."""
    return np.column_stack([factor for factor, _ in side.whole.noises])


def random_sets(usable: NDArray[np.bool_], size: int, n_sets: int, seed: int, name: str) -> list[Places]:
    """Return random sets of genes, none twice in a set, from those that every profile has.

    Parameters
    ----------
    usable
        Genes that may be drawn.
    size
        Genes per set.
    n_sets
        Number of sets.
    seed, name
        The atlas' seed, and what the sets are drawn for.
    """
    rng = np.random.default_rng(named_seed(seed, "random sets", name))
    places = np.flatnonzero(usable)
    return [rng.choice(places, size=min(size, len(places)), replace=False, shuffle=False) for _ in range(n_sets)]


def rotated_sums(side: Side, weights: Weights, n_draws: int) -> Single:
    """Return weights times the rotated whole profile of a side: rows × draws.

    Parameters
    ----------
    side
        The side that is rotated.
    weights
        Rows × genes, in single precision.
    n_draws
        Rotations.
    """
    return np.concatenate([weights.times_single(drawn[side.main]) for drawn in side.rotations(n_draws)], axis=1)


def chance_by_unit(side: Side, weights: Weights) -> tuple[Array, Array]:
    """Return per row the variance that chance gives its sum, with errors by unit (`Part.noise`), and the degrees of freedom.

    Parameters
    ----------
    side
        The side whose chance is asked for.
    weights
        Rows × genes.
    """
    parts = [(np.sum(weights.times(factor) ** 2, axis=1), df) for factor, df in side.whole.noises]
    variance = np.sum([part for part, _ in parts], axis=0)
    spread = np.sum([part**2 / df for part, df in parts], axis=0)
    return variance, np.divide(variance**2, spread, out=np.ones_like(variance), where=spread > 0)


def widened(drawn: Single, chance: tuple[Array, Array]) -> Single:
    """Return draws that lie as far from 0, rank by rank, as chance with errors by unit would put them.

    A rotation takes one variance for all samples, and one correlation of blocks for all genes; a set that moves together from block
    to block varies more (3 v 3 dishes of 3 wells without any effect: p ≤ .05 in 33 to 41 %). A bridge takes the larger of both
    p-values (`lines/bridge/rotation.py`), which is what counting these draws gives.

    Parameters
    ----------
    drawn
        Rows × draws.
    chance
        From `chance_by_unit`, of these rows.
    """
    if not drawn.size:
        return drawn
    variance, df = chance
    size = np.abs(drawn)
    place = np.argsort(np.argsort(-size, axis=1, kind="stable"), axis=1)
    # Draw number k from the outside stands for a two-sided p of (k + ½) / draws.
    own = -np.sqrt(variance)[:, None] * t_quantile((place + 0.5) / (2 * drawn.shape[1]), df[:, None])
    return np.asarray(np.sign(drawn) * np.maximum(size, own), dtype=np.float32)


def drug_weights(x: Array, effects: SharedProfiles, members: Places, shares: Array) -> Weights:
    """Return effects × genes of one drug: times its profile x they give its part of each unit, the effects held fixed.

    Parameters
    ----------
    x
        Deviates of the drug.
    effects
        Profiles of the effects on its genes.
    members
        Places of the set's genes.
    shares
        Share of this profile in the unit of each effect; 0 where it does not count.
    """
    y, inside = effects.values[:, members], effects.measured[:, members]
    own = np.where(inside, x[members] - effects.centres(x)[:, None], 0.0)
    lengths = np.sqrt(np.sum(own**2, axis=1))
    scale = np.divide(shares, lengths, out=np.zeros(len(shares)), where=lengths > 0)
    inner = y * scale[:, None]
    shifts = -inner.sum(axis=1) / np.maximum(effects.measured.sum(axis=1), 1)
    rows = [
        Row(members, inner[number], effects.measured[number : number + 1], shifts[number : number + 1])
        for number in range(len(shares))
    ]
    return Weights.of(rows, len(x))
