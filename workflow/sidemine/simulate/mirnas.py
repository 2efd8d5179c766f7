"""miRNAs with a skewed graph of targets: a few are well studied, most are not, and families share their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEDIAN_TARGETS = 4
SPREAD_OF_TARGETS = 2.0
"""Standard deviation of the log number of targets."""
SPREAD_OF_GENES = 1.0
"""Standard deviation of the log popularity of a gene as a target."""
SPREAD_OF_FAMILIES = 2.0
"""The same of what a family prefers: its members share their targets by it."""
MOST_TARGETS = 0.17
"""Share of the genes that the best-studied miRNA targets (miRTarBase: 2,627 of 15,064)."""


@dataclass(frozen=True)
class SimulatedMirnas:
    """miRNAs and their targets.

    Attributes
    ----------
    names, accessions, seeds
        One per miRNA; members of a family share the seed.
    mirna_of, gene_of
        Per pair: positions of the miRNA and of the gene. No pair stands twice.
    """

    names: list[str]
    accessions: list[str]
    seeds: list[str]
    mirna_of: NDArray[np.int64]
    gene_of: NDArray[np.int64]


def simulate_mirnas(n_families: int, n_genes: int, seed: int | Sequence[int], largest_family: int = 4) -> SimulatedMirnas:
    """Draw families of 1 to `largest_family` miRNAs and their targets.

    Parameters
    ----------
    n_families, n_genes
        How many of each.
    seed
        Of the random numbers.
    largest_family
        Most members of a family.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, largest_family + 1, n_families)
    family = np.repeat(np.arange(n_families), sizes)
    popularity = rng.normal(0, SPREAD_OF_GENES, n_genes)
    most = max(int(MOST_TARGETS * n_genes), MEDIAN_TARGETS)
    degrees = np.clip(np.rint(np.exp(rng.normal(np.log(MEDIAN_TARGETS), SPREAD_OF_TARGETS, len(family)))), 1, most)
    pairs: list[NDArray[np.int64]] = []
    for number in range(n_families):
        appeal = popularity + rng.normal(0, SPREAD_OF_FAMILIES, n_genes)
        for mirna in np.flatnonzero(family == number):
            # The largest of log weights with Gumbel noise are a draw without replacement by these weights.
            keys = appeal + rng.gumbel(size=n_genes)
            chosen = np.sort(np.argpartition(-keys, int(degrees[mirna]) - 1)[: int(degrees[mirna])])
            pairs.append(np.column_stack([np.full(len(chosen), mirna), chosen]))
    seeds = ["".join("ACGU"[(number >> 2 * place) % 4] for place in range(7)) for number in range(n_families)]
    member = np.concatenate([np.arange(size) for size in sizes])
    joined = np.concatenate(pairs)
    return SimulatedMirnas(
        [f"hsa-miR-{9000 + at}{'abcdefgh'[place]}-5p" for at, place in zip(family, member, strict=True)],
        [f"MIMAT9{number:06d}" for number in range(len(family))],
        [seeds[at] for at in family],
        joined[:, 0],
        joined[:, 1],
    )
