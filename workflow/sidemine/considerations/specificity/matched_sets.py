"""Random gene sets that could be the primary set in all but its biology: same size, mean expression and correlation.

Random signatures of co-expressed genes are associated with almost any difference between people (Venet et al. 2011,
doi 10.1371/journal.pcbi.1002240), so genes drawn evenly would be too easy a comparison. Here every random set grows
around a seed gene: within strata of mean expression, genes are drawn with weights exp(λ·r), r being the residual
correlation with the seed's nearest neighbours. Sets drawn with many λ are compared with the primary set, and the nearest in mean inter-gene
correlation are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.specificity.record import MatchQuality
from sidemine.stats.tails import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit

NEIGHBOUR = 0.5
"""Genes whose residuals correlate above this with a target gene are no random genes."""
LARGEST_SMD = 0.25
"""Largest standardised mean difference, of expression or of correlation, at which sets count as matched."""
FEWEST_DISTINCT = 100
"""Fewest sets of which no two share half of their genes."""
SHARED_GENES = 0.5
CANDIDATES_PER_SET = 6
CONCENTRATIONS = (0.0, 3.0, 6.0, 9.0, 13.0, 20.0, 30.0, 60.0)
"""Values of λ: 0 draws evenly, 60 takes almost only the seed's nearest neighbours."""
STRATA = 6
"""Strata of mean expression to start with, by quantiles of the set's own genes."""
GENES_PER_SLOT = 2
"""Genes that a stratum must hold for each that it gives; poorer strata are joined with a neighbour."""
GENES_OF_CENTRE = 10
GROUPS, SMALLEST_GROUP = 4, 4
"""Groups of columns per wanted value, and their fewest columns, in the search for the largest values."""
SETS_PER_BLOCK = 250
"""Sets drawn together: bounds memory and is fixed, so that results do not depend on the machine."""
SETS_AT_ONCE = 64
"""Of these, sets whose values pass through the cache of a core together: a third less time, the same numbers."""

SMALLEST_NOISE = np.float32(2.0**-26)
"""Exponential number of an even one that float32 rounds to 1: they lie between 0 and twice that."""


@dataclass(frozen=True)
class MatchedSets:
    """Random sets, and how well they match.

    Attributes
    ----------
    members
        Sets × size: positions of genes in the fit.
    weights
        Sets × size: sign and weight of each of them, a permutation of the primary set's.
    quality
        How well they match.
    reason
        Why these sets are no valid comparator; empty when they are.
    less_alike
        Whether that is only because they are less co-expressed than the primary set.
    """

    members: NDArray[np.int64]
    weights: NDArray[np.float64]
    quality: MatchQuality
    reason: str
    less_alike: bool = False


@dataclass(frozen=True)
class _Stratum:
    """Slots of the primary set with the same expression stratum and sign, and the genes that may fill them."""

    start: int
    stop: int
    sign: float
    weights: NDArray[np.float64]


def draw_matched_sets(
    fit: ContrastFit,
    members: NDArray[np.int64],
    weights: NDArray[np.float64],
    forbidden: NDArray[np.bool_],
    n_sets: int,
    seed: list[int],
) -> MatchedSets:
    """Draw random sets matched with one set on size, mean expression and inter-gene correlation.

    Parameters
    ----------
    fit
        A fitted contrast; correlation is that of its residuals, so the contrast itself plays no part.
    members, weights
        Positions in the fit, and signed weights, of the set's measured genes.
    forbidden
        Per gene of the fit: may not be drawn (genes of target sets). The members and their neighbours are added.
    n_sets
        Number of sets to keep.
    seed
        Entropy of the draws; the same seed gives the same sets for any number of cores.

    Returns
    -------
    MatchedSets
        Its `reason` says why there is no valid comparator: too few genes, too few distinct sets, or a standardised
        mean difference above 0.25.
    """
    residuals = unit_residuals(fit)
    limit = neighbour_limit(len(members), fit.residual_df)
    excluded = forbidden.copy()
    excluded[members] = True
    excluded |= _neighbours(residuals, members, limit)
    pool = np.flatnonzero(~excluded)
    facts = MatchQuality(
        n_pool=len(pool),
        n_excluded=int(excluded.sum()),
        neighbour_limit=limit,
        correlation=float(mean_correlation(residuals, members[None], weights[None])[0]),
    )
    strata, pool = _strata(fit.mean_expression, members, weights, pool)
    if not strata:
        reason = f"no valid comparator: {len(pool)} genes of like expression are left beside the set and its neighbours"
        return MatchedSets(np.zeros((0, len(members)), dtype=np.int64), np.zeros((0, len(members))), facts, reason)
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    drawn, slot_weights = _draw(residuals, pool, strata, CANDIDATES_PER_SET * n_sets, rng)
    return _keep_nearest(fit, residuals, members, weights, drawn, slot_weights, n_sets, facts)


def unit_residuals(fit: ContrastFit) -> NDArray[np.float64]:
    """Return each gene's residuals scaled to length 1 (genes × residual df); products are correlations."""
    residuals = fit.score_effects[:, 1:]
    length = np.sqrt(np.sum(residuals**2, axis=1, keepdims=True))
    return np.asarray(residuals / np.maximum(length, np.finfo(np.float64).tiny))


def neighbour_limit(n_members: int, residual_df: int) -> float:
    """Return the correlation above which a gene is a neighbour: 0.5, or what chance reaches with few residual df.

    With 4 residual degrees of freedom most genes correlate above 0.5 with one of 50 others by chance. The limit is then
    the correlation that chance reaches for one gene in 20. What is missed stays among the random genes, where it makes
    the primary set look less special, never more.
    """
    df = max(residual_df - 1, 1)
    reached = -float(t_quantile(0.025 / max(n_members, 1), df))
    return max(NEIGHBOUR, reached / float(np.sqrt(df + reached**2)))


def _neighbours(residuals: NDArray[np.float64], members: NDArray[np.int64], limit: float) -> NDArray[np.bool_]:
    largest = np.zeros(len(residuals))
    for start in range(0, len(residuals), 4096):
        block = residuals[start : start + 4096] @ residuals[members].T
        largest[start : start + 4096] = np.abs(block).max(axis=1)
    return np.asarray(largest > limit)


def mean_correlation(
    residuals: NDArray[np.float64], members: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean inter-gene correlation of each set, as CAMERA estimates it, for signed weights.

    Parameters
    ----------
    residuals
        Genes × residual df, each gene with mean square 1.
    members
        Sets × members: positions of the genes.
    weights
        Sets × members: signed weights.
    """
    shares = weights / np.abs(weights).sum(axis=1, keepdims=True)
    independent = np.sum(shares**2, axis=1)
    spread = np.empty(len(members))
    for start in range(0, len(members), SETS_PER_BLOCK):
        block = slice(start, start + SETS_PER_BLOCK)
        spread[block] = np.sum(np.einsum("sg,sgd->sd", shares[block], residuals[members[block]]) ** 2, axis=1)
    return np.asarray((spread - independent) / np.maximum(1 - independent, np.finfo(np.float64).tiny))


def _strata(
    expression: NDArray[np.float64],
    members: NDArray[np.int64],
    weights: NDArray[np.float64],
    pool: NDArray[np.int64],
) -> tuple[list[_Stratum], NDArray[np.int64]]:
    """Return strata of mean expression that hold enough genes, and the pool sorted by them; none when it is too small."""
    own = expression[members]
    # The outermost strata take only genes about as far out as the set's own.
    span = np.ptp(own) / 10 + 1e-9
    kept = pool[(expression[pool] >= own.min() - span) & (expression[pool] <= own.max() + span)]
    edges = np.unique(np.quantile(own, np.linspace(0, 1, STRATA + 1)[1:-1]))
    while True:
        here, there = np.digitize(expression[kept], edges), np.digitize(own, edges)
        needed = np.bincount(there, minlength=len(edges) + 1)
        available = np.bincount(here, minlength=len(edges) + 1)
        surplus = available - GENES_PER_SLOT * needed
        if bool((surplus >= 0).all()):
            break
        if len(edges) == 0:
            return [], kept
        poorest = int(surplus.argmin())
        beside = [edge for edge in (poorest - 1, poorest) if 0 <= edge < len(edges)]
        # Join with the richer neighbour: edge e lies between strata e and e + 1.
        joined = max(beside, key=lambda edge: int(surplus[edge] + surplus[edge + 1]))
        edges = np.delete(edges, joined)
    kept = kept[np.argsort(here, kind="stable")]
    bounds = np.concatenate([[0], np.cumsum(available)])
    return [
        _Stratum(int(bounds[number]), int(bounds[number + 1]), sign, weights[chosen])
        for number in range(len(edges) + 1)
        for sign in (1.0, -1.0)
        if (chosen := (there == number) & (np.sign(weights) == sign)).any()
    ], kept


def _draw(
    residuals: NDArray[np.float64],
    pool: NDArray[np.int64],
    strata: list[_Stratum],
    n_candidates: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    weights = np.concatenate([stratum.weights for stratum in strata])
    drawn = np.empty((n_candidates, len(weights)), dtype=np.int64)
    seeds = rng.integers(len(pool), size=n_candidates)
    # Each seed gene meets every concentration with equal chance, in a fixed rotation.
    concentration = np.resize(np.asarray(CONCENTRATIONS, dtype=np.float32), n_candidates)[:, None]
    pooled = residuals[pool].astype(np.float32)
    for start in range(0, n_candidates, SETS_PER_BLOCK):
        block = slice(start, min(start + SETS_PER_BLOCK, n_candidates))
        attraction = _centres(pooled, seeds[block]) @ pooled.T
        attraction *= concentration[block]
        for first in range(0, len(attraction), SETS_AT_ONCE):
            rows = slice(first, first + SETS_AT_ONCE)
            drawn[start + first : start + first + len(attraction[rows])] = _take(attraction[rows], pool, strata, rng)
    return drawn, weights


def _take(
    attraction: NDArray[np.float32], pool: NDArray[np.int64], strata: list[_Stratum], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the genes of some sets without replacement, with weights exp(attraction): the largest sums with Gumbel noise."""
    noise = _even(attraction.shape, rng)
    np.negative(np.log(noise, out=noise), out=noise)  # exponential
    np.maximum(noise, SMALLEST_NOISE, out=noise)
    np.log(noise, out=noise)  # Gumbel's, with the other sign
    taken = []
    for number, stratum in enumerate(strata):
        part = slice(stratum.start, stratum.stop)
        sums = (np.subtract if stratum.sign > 0 else _minus_both)(attraction[:, part], noise[:, part])
        best = largest(sums, len(stratum.weights))
        if any(later.start == stratum.start for later in strata[number + 1 :]):
            # What this stratum took is not there for the one with the other sign.
            np.put_along_axis(noise[:, part], best, np.inf, axis=1)
        taken.append(pool[stratum.start + best])
    return np.concatenate(taken, axis=1)


def _even(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return evenly distributed numbers above 0 and up to 1, two of each draw of 64 bits.

    With the logarithm that makes exponential numbers of them, half the time of `standard_exponential`.
    """
    n_rows, n_columns = shape
    bits = rng.integers(2**64, size=(n_rows, -(-n_columns // 2)), dtype=np.uint64).view(np.uint32)
    even = bits[:, :n_columns].astype(np.float32)
    even += 0.5  # none is 0, and no other one is so small that it changes
    even *= 2.0**-32
    return even


def _minus_both(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.negative(one + other))


def _centres(pooled: NDArray[np.float32], seeds: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the common direction of each seed gene's nearest neighbours: one gene alone is a noisy centre."""
    # In rising order, so that the sum is rounded the same way every time.
    centre = pooled[largest(pooled[seeds] @ pooled.T, min(GENES_OF_CENTRE, len(pooled)))].sum(axis=1)
    return np.asarray(centre / np.maximum(np.linalg.norm(centre, axis=1, keepdims=True), np.finfo(np.float32).tiny))


def largest(values: NDArray[np.float32], size: int) -> NDArray[np.int64]:
    """Return the columns, in rising order, of the `size` largest values of each row; of equal ones the first.

    Where a few are wanted of many, all that lie below the `size` largest maxima of groups of columns are put aside
    first: a quarter of the time of `numpy.argpartition`.
    """
    n_rows, n_columns = values.shape
    n_groups = GROUPS * size
    if n_columns < SMALLEST_GROUP * n_groups:
        rows, columns = _places(values >= _smallest_of_largest(values, size)[:, None])
    else:
        rows, columns = _places(values >= _smallest_of_largest(_maxima(values, n_groups), size)[:, None])
        first = np.searchsorted(rows, np.arange(n_rows))
        place = np.arange(len(rows)) - first[rows]
        left = np.full((n_rows, place.max() + 1), -np.inf, dtype=values.dtype)
        left[rows, place] = values[rows, columns]
        above = values[rows, columns] >= _smallest_of_largest(left, size)[rows]
        rows, columns = rows[above], columns[above]
    if len(rows) > n_rows * size:
        order = np.lexsort((-values[rows, columns], rows))
        first = np.searchsorted(rows, np.arange(n_rows))
        columns = columns[np.sort(order[(first[:, None] + np.arange(size)).ravel()])]
    return np.asarray(columns.reshape(n_rows, size), dtype=np.int64)


def _maxima(values: NDArray[np.float32], at_least: int) -> NDArray[np.float32]:
    """Return, per row, the maxima of so many groups of columns or up to twice as many.

    Halves are laid upon one another, in whole rows: a tenth of the time of maxima over an axis of few columns.
    """
    while values.shape[1] >= 2 * at_least:
        half = values.shape[1] // 2
        last = values[:, 2 * half :]
        values = np.maximum(values[:, :half], values[:, half : 2 * half])
        np.maximum(values[:, : last.shape[1]], last, out=values[:, : last.shape[1]])
    return values


def _places(chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns as `numpy.nonzero` does of a table, which takes three times as long."""
    rows, columns = np.divmod(np.flatnonzero(chosen), chosen.shape[1])
    return rows, columns


def _smallest_of_largest(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    place = values.shape[1] - size
    return np.asarray(np.partition(values, place, axis=1)[:, place])


def _keep_nearest(
    fit: ContrastFit,
    residuals: NDArray[np.float64],
    members: NDArray[np.int64],
    weights: NDArray[np.float64],
    drawn: NDArray[np.int64],
    slot_weights: NDArray[np.float64],
    n_sets: int,
    facts: MatchQuality,
) -> MatchedSets:
    candidate_weights = np.broadcast_to(slot_weights, drawn.shape)
    correlation = mean_correlation(residuals, drawn, candidate_weights)
    _, first = np.unique(np.sort(drawn, axis=1), axis=0, return_index=True)
    first = np.sort(first)
    order = first[np.argsort(np.abs(correlation[first] - facts.correlation), kind="stable")]
    kept = np.sort(order[:n_sets])
    chosen = drawn[kept]
    typical = _belonging(residuals, members[None], weights[None])
    matched = _belonging(residuals, chosen, candidate_weights[kept])
    n_distinct = count_distinct(chosen, len(fit.genes))
    smd_expression = _smd(fit.mean_expression[members], fit.mean_expression[chosen].ravel())
    smd_correlation = _smd(typical.ravel(), matched.ravel())
    correlation_matched = float(correlation[kept].mean())
    faults = []
    if n_distinct < (needed := min(FEWEST_DISTINCT, n_sets)):
        faults.append(f"only {n_distinct} distinct random sets exist (at least {needed} are needed)")
    if abs(smd_expression) > LARGEST_SMD:
        faults.append(f"mean expression differs by {smd_expression:.2f} SD")
    if abs(smd_correlation) > LARGEST_SMD:
        faults.append(
            f"random sets are {'less' if smd_correlation > 0 else 'more'} co-expressed (mean correlation "
            f"{correlation_matched:.2f} against {facts.correlation:.2f})"
        )
    quality = replace(
        facts,
        n_sets=len(kept),
        n_distinct=n_distinct,
        smd_expression=smd_expression,
        smd_correlation=smd_correlation,
        correlation_matched=correlation_matched,
    )
    reason = f"no valid comparator: {'; '.join(faults)}" if faults else ""
    less_alike = len(faults) == 1 and smd_correlation > LARGEST_SMD
    return MatchedSets(chosen, np.array(candidate_weights[kept]), quality, reason, less_alike)


def _belonging(
    residuals: NDArray[np.float64], members: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each member's correlation with the mean of its set, sign-flipped where the weight is negative."""
    shares = weights / np.abs(weights).sum(axis=1, keepdims=True)
    result = np.empty(members.shape)
    for start in range(0, len(members), SETS_PER_BLOCK):
        block = slice(start, start + SETS_PER_BLOCK)
        own = residuals[members[block]]
        score = np.einsum("sg,sgd->sd", shares[block], own)
        score /= np.maximum(np.linalg.norm(score, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        result[block] = np.einsum("sgd,sd->sg", own, score) * np.sign(weights[block])
    return result


def _smd(own: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    spread = float(np.sqrt((own.var() + others.var()) / 2))
    difference = float(own.mean() - others.mean())
    return difference / spread if spread > 0 else 0.0


def count_distinct(members: NDArray[np.int64], n_genes: int) -> int:
    """Return how many sets, taken in order, share less than half of their genes (Jaccard) with all taken before."""
    from scipy.sparse import csr_array

    n_sets, size = members.shape
    rows = np.repeat(np.arange(n_sets), size)
    incidence = csr_array((np.ones(n_sets * size), (rows, members.ravel())), shape=(n_sets, n_genes))
    shared = (incidence @ incidence.T).tocoo()
    close = shared.data / (2 * size - shared.data) >= SHARED_GENES
    later, earlier = shared.row[close], shared.col[close]
    later, earlier = later[earlier < later], earlier[earlier < later]
    taken = np.ones(n_sets, dtype=np.bool_)
    for number in np.unique(later):
        taken[number] = not taken[earlier[later == number]].any()
    return int(taken.sum())
