"""Size and power of the line `promoter` on contrasts that follow the GC content of promoters, through the shipped functions.

Run `python benchmarks/lines_promoter.py [--reps 200] [--motifs JASPAR.txt] [--write]`. Promoters are of our own making (2,000 genes, 400
bases, CpG islands and others), scanned with matrices of both families; with `--motifs` with those of the file. Expression has
co-expressed blocks; its mean and its change follow the promoter's GC, which sites follow too. Null: nothing but that. Beside it the same
test without GC, CpG and expression (naive). ChIP sets: genes drawn in proportion to their expression, which the change follows.
`--write` puts the rows of this layer into resources/calibration/lines.tsv.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.lines.promoter.measure import site_effect
from sidemine.lines.promoter.motifs import FAMILIES, MotifMatrix, family_of, scan_promoters
from sidemine.lines.promoter.record import SiteEffect
from sidemine.simulate.promoters import gc_contents, simulate_promoters

Array = NDArray[np.float64]
LEVEL = 0.05
SEED = 20270312
N_GENES, BLOCK, CORRELATION = 2_000, 40, 0.2
DESIGNS = ((3, 3), (10, 10), (70, 63))
GC_TREND = 0.25
"""Change of expression per standard deviation of GC, in residual standard deviations."""


@dataclass(frozen=True)
class Genome:
    """Genes with their promoters: GC, and what a site is by name."""

    genes: list[str]
    gc: Array
    sites: dict[str, Mapping[str, float]]
    composition: dict[str, tuple[float, float]]


def make_genome(seed: int, matrices: Sequence[MotifMatrix]) -> Genome:
    """Return simulated promoters with the hits of each family."""
    rng = np.random.default_rng(seed)
    genes = [f"G{number:04d}" for number in range(N_GENES)]
    gc = gc_contents(N_GENES, rng)
    promoters = simulate_promoters(genes, gc, {}, rng)
    scanned = {family: scan_promoters(promoters, family_of(matrices, family)) for family in FAMILIES}
    sites = {family: found.share for family, found in scanned.items()}
    return Genome(genes, (gc - gc.mean()) / gc.std(), sites, next(iter(scanned.values())).composition)


def draw_fit(
    genome: Genome, design: tuple[int, int], rng: np.random.Generator, shift: Array | None = None
) -> ContrastFit:
    """Return a fitted contrast of co-expressed blocks whose mean and change follow GC.

    Parameters
    ----------
    genome, design
        Promoters; samples on both sides.
    rng
        Of the values.
    shift
        Planted change per gene besides, in residual standard deviations.
    """
    n = sum(design)
    order = rng.permutation(N_GENES)
    block = np.empty(N_GENES, dtype=int)
    block[order] = np.arange(N_GENES) // BLOCK
    values = np.sqrt(1 - CORRELATION) * rng.standard_normal((N_GENES, n))
    values += np.sqrt(CORRELATION) * rng.standard_normal((N_GENES // BLOCK, n))[block]
    is_target = np.arange(n) < design[0]
    change = GC_TREND * genome.gc + 0.3 * rng.standard_normal(N_GENES) + (0 if shift is None else shift)
    level = 7 + 1.0 * genome.gc + rng.standard_normal(N_GENES)
    samples = pd.DataFrame(index=[f"s{number}" for number in range(n)])
    return fit_contrast(
        level[:, None] + 0.4 * (values + change[:, None] * is_target),
        genome.genes,
        build_design(samples, is_target, ~is_target, []),
    )


def p_of(found: SiteEffect | str) -> float:
    """Return the one-sided p of a higher effect."""
    assert not isinstance(found, str), found
    return found.p_value / 2 if found.effect > 0 else 1 - found.p_value / 2


def naive(fit: ContrastFit, site: Mapping[str, float]) -> float:
    """Return the same without covariates: expression is made constant, so that its spline is the intercept."""
    return p_of(site_effect("naive", replace(fit, mean_expression=np.zeros(len(fit.genes))), site))


def measure(genome: Genome, design: tuple[int, int], reps: int, planted: float = 0.0) -> dict[str, dict[str, float]]:
    """Return, by way and site, the share of contrasts that are called higher or lower (two-sided at twice the level's half).

    Parameters
    ----------
    genome, design, reps
        Promoters, samples, contrasts.
    planted
        Change of genes whose promoters every matrix of the family hits, in residual standard deviations; 0: null.
    """
    called: dict[str, dict[str, float]] = {"shipped": {}, "naive": {}}
    for number, (name, site) in enumerate(genome.sites.items()):
        rng = np.random.default_rng([SEED, number, *design])
        shift = planted * np.array([site.get(gene, 0.0) for gene in genome.genes])
        shipped, without = [], []
        for _ in range(reps):
            fit = draw_fit(genome, design, rng, shift)
            found = p_of(site_effect("x", fit, site, genome.composition))
            bare = naive(fit, site)
            shipped.append(found)
            without.append(bare)
        tail = np.array([shipped, without])
        rates = (
            (tail <= LEVEL).mean(axis=1)
            if planted
            else np.maximum((tail <= LEVEL).mean(axis=1), (tail >= 1 - LEVEL).mean(axis=1))
        )
        called["shipped"][name], called["naive"][name] = float(rates[0]), float(rates[1])
        if name in FAMILIES and not planted:
            weights = np.exp(genome.gc)
            size = 0.0
            rng = np.random.default_rng([SEED, 7, number, *design])
            tails = []
            for _ in range(reps):
                fit = draw_fit(genome, design, rng)
                chosen = rng.choice(N_GENES, 150, replace=False, p=(w := np.exp(fit.mean_expression - 7)) / w.sum())
                members = {genome.genes[at]: 1.0 for at in chosen}
                tails.append((p_of(site_effect("x", fit, members)), naive(fit, members)))
            found_tails = np.array(tails)
            del weights, size
            called["shipped"][f"ChIP {name}"], called["naive"][f"ChIP {name}"] = (
                float(rate)
                for rate in np.maximum((found_tails <= LEVEL).mean(axis=0), (found_tails >= 1 - LEVEL).mean(axis=0))
            )
    return called
