"""miRNAs with a skewed graph of targets: a few are well studied, most are not, and families share their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.tables import write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEDIAN_TARGETS = 4
SPREAD_OF_TARGETS = 2.0
"""Standard deviation of the log number of targets."""
SPREAD_OF_GENES = 1.0
"""Standard deviation of the log popularity of a gene as a target."""
SPREAD_OF_FAMILIES = 2.0
"""The same of what a family prefers: its members share their targets by it."""
LARGEST_FAMILY = 4
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


def simulate_mirnas(n_families: int, n_genes: int, seed: int | Sequence[int]) -> SimulatedMirnas:
    """Draw families of 1 to `LARGEST_FAMILY` miRNAs and their targets.

    Parameters
    ----------
    n_families, n_genes
        How many of each.
    seed
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, LARGEST_FAMILY + 1, n_families)
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


FAMILIES = 220
PLANTED_FAMILIES, OTHER_FAMILIES = 14, 16
"""Families that the disease lowers: those that target the planted module, and others."""
EXTRA_TARGETS = 10
WITHOUT_ARM = 4
"""miRNAs that have two arms, and whose rows do not say which: they cannot be told."""


def write_mirnas(folder: Path, universe: GeneUniverse, planted: str, seed: int) -> None:
    """Write `mirnas.tsv`, `targets.tsv.gz`, `aliases.txt` and `mature.fa`.

    Parameters
    ----------
    folder
        Filled with these files.
    universe
        The genes.
    planted
        Module that miRNAs which are lower in the disease target more than others do.
    seed
        Seed; never 0.
    """
    entropy = [seed, 21]
    drawn = simulate_mirnas(FAMILIES, len(universe.symbols), entropy)
    rng = np.random.default_rng(np.random.SeedSequence([*entropy, 1]))
    seeds = np.array(drawn.seeds)
    moved = rng.choice(np.unique(seeds), PLANTED_FAMILIES + OTHER_FAMILIES, replace=False)
    module = np.array(universe.rows(universe.modules[planted]))
    pairs = set(zip(drawn.mirna_of.tolist(), drawn.gene_of.tolist(), strict=True))
    for mirna in np.flatnonzero(np.isin(seeds, moved[:PLANTED_FAMILIES])):
        pairs |= {(int(mirna), int(gene)) for gene in rng.choice(module, EXTRA_TARGETS, replace=False)}
    is_moved = np.isin(seeds, moved)
    change = np.where(is_moved, -rng.uniform(0.6, 1.6, len(seeds)), rng.normal(0, 0.2, len(seeds)))
    adjusted = np.where(is_moved, rng.uniform(1e-5, 0.04, len(seeds)), rng.uniform(0.1, 1, len(seeds)))
    shown = [name.removesuffix("-5p") if row < WITHOUT_ARM else name for row, name in enumerate(drawn.names)]
    table = [f"{name}\t{a:.3f}\t{b:.4g}" for name, a, b in zip(shown, change, adjusted, strict=True)]
    write_text(COMMENT + "\n".join(["mirna\tlog2_fold_change\tadjusted_p", *table]) + "\n", folder / "mirnas.tsv")
    rows = [f"{drawn.names[mirna]}\t{universe.symbols[gene]}" for mirna, gene in sorted(pairs)]
    write_text(COMMENT + "\n".join(["miRNA\tTarget Gene", *rows]) + "\n", folder / "targets.tsv.gz")
    aliases = [
        f"{key}\t{name.removesuffix('-5p')};{name};" for key, name in zip(drawn.accessions, drawn.names, strict=True)
    ]
    other_arms = [name.replace("-5p", "-3p") for name in drawn.names[:WITHOUT_ARM]]
    aliases += [f"MIMAT8{row:06d}\t{name};" for row, name in enumerate(other_arms)]
    write_text(COMMENT + "\n".join(aliases) + "\n", folder / "aliases.txt")
    sequences = [
        f">{name} {key} simulated\nU{seed_of}{''.join(rng.choice(list('ACGU'), 14))}"
        for name, key, seed_of in zip(drawn.names, drawn.accessions, drawn.seeds, strict=True)
    ]
    write_text(COMMENT + "\n".join(sequences) + "\n", folder / "mature.fa")
