"""Size and power of the line `promoter` on contrasts that follow the GC content of promoters, through the shipped functions.

Run `python benchmarks/lines_promoter.py [--reps 200] [--motifs JASPAR.txt] [--write]`. Promoters are of our own making (2,000 genes, 400
bases, CpG islands and others), scanned with matrices of both families; with `--motifs` with those of the file. Expression has
co-expressed blocks; its mean and its change follow the promoter's GC, which sites follow too. Null: nothing but that. Beside it the same
test without GC, CpG and expression (naive).

ChIP sets come as files of 60 sets of 30 to 500 genes. Every factor has its own liking for GC, length and expression of genes (detectability), and
the change of expression follows one of these, or all, or nothing while sets are made of co-expressed genes. Neither the regression's own p nor
the place among the other sets, taken for a p, holds for every set, so that neither is given: the mean over sets, and the worst set.
`--write` puts the rows of this layer into resources/calibration/lines/promoter.tsv.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from lines_mirna import clopper_pearson
from numpy.typing import NDArray

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.lines.evidence import LINE_SIZES
from sidemine.lines.promoter.measure import site_effect
from sidemine.lines.promoter.motifs import FAMILIES, MotifMatrix, family_of, read_matrices, scan_promoters
from sidemine.lines.promoter.record import SiteEffect
from sidemine.simulate.promoters import gc_contents, jaspar_text, simulate_promoters
from sidemine.tables import write_table

Array = NDArray[np.float64]
LEVEL = 0.05
SEED = 20270312
N_GENES, BLOCK, CORRELATION = 2_000, 40, 0.2
DESIGNS = ((3, 3), (10, 10), (70, 63))
TREND = 0.25
"""Change of expression per standard deviation of what it follows, in residual standard deviations."""
N_SETS, SET_SIZES = 60, (30, 500)
CHIP = {
    "nothing; sets are co-expressed genes": (0.0, 0.0, 0.0),
    "GC": (1.0, 0.0, 0.0),
    "length": (0.0, 1.0, 0.0),
    "expression": (0.0, 0.0, 1.0),
    "GC, length and expression": (0.6, 0.4, 0.6),
}
"""Nulls of ChIP sets: what the change follows, as weights of GC, length and expression."""
PLACE = "place of a ChIP set (not given as a p)"
LIKING, LIKING_SD = (1.0, 0.5, 0.5), 0.4
"""How much the factors of a file prefer these, on average, and how they differ."""


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
    genome: Genome,
    design: tuple[int, int],
    rng: np.random.Generator,
    shift: Array,
    level: Array,
    trend: Array,
    block: NDArray[np.intp] | None = None,
) -> ContrastFit:
    """Return a fitted contrast of co-expressed blocks.

    Parameters
    ----------
    genome, design
        Promoters; samples on both sides.
    rng
        Of the values.
    shift, level, trend
        Per gene: planted change in residual standard deviations; mean expression; what the change follows, in standard
        deviations of its own.
    block
        Block of every gene; None: drawn.
    """
    n = sum(design)
    block = draw_blocks(rng) if block is None else block
    values = np.sqrt(1 - CORRELATION) * rng.standard_normal((N_GENES, n))
    values += np.sqrt(CORRELATION) * rng.standard_normal((N_GENES // BLOCK, n))[block]
    is_target = np.arange(n) < design[0]
    change = TREND * trend + 0.3 * rng.standard_normal(N_GENES) + shift
    samples = pd.DataFrame(index=[f"s{number}" for number in range(n)])
    return fit_contrast(
        level[:, None] + 0.4 * (values + change[:, None] * is_target),
        genome.genes,
        build_design(samples, is_target, ~is_target, []),
    )


def draw_blocks(rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the co-expressed block of every gene."""
    block = np.empty(N_GENES, dtype=np.intp)
    block[rng.permutation(N_GENES)] = np.arange(N_GENES) // BLOCK
    return block


def p_of(found: SiteEffect | str) -> float:
    """Return the one-sided p of a higher effect."""
    assert not isinstance(found, str), found
    return found.p_value / 2 if found.effect > 0 else 1 - found.p_value / 2


def naive(fit: ContrastFit, site: Mapping[str, float]) -> float:
    """Return the same without covariates: expression is made constant, so that its spline is the intercept."""
    return p_of(site_effect("naive", replace(fit, mean_expression=np.zeros(len(fit.genes))), site))


def measure(genome: Genome, design: tuple[int, int], reps: int, planted: float = 0.0) -> dict[str, tuple[float, float]]:
    """Return, by site, the one-sided share of contrasts that the shipped and the naive test call; a null's is the mean of both sides.

    Parameters
    ----------
    genome, design, reps
        Promoters, samples, contrasts.
    planted
        Change of genes whose promoters every matrix of the family hits (ChIP: of the members), in residual standard
        deviations; 0: null.
    """
    called: dict[str, tuple[float, float]] = {}
    for number, name in enumerate(genome.sites):
        rng = np.random.default_rng([SEED, number, *design, int(10 * planted)])
        tails = []
        for _ in range(reps):
            level = 7 + genome.gc + rng.standard_normal(N_GENES)
            site = genome.sites[name]
            shift = planted * np.array([site.get(gene, 0.0) for gene in genome.genes])
            fit = draw_fit(genome, design, rng, shift, level, genome.gc)
            tails.append((p_of(site_effect("shipped", fit, site, genome.composition)), naive(fit, site)))
        found = np.array(tails)
        low = (found <= LEVEL).mean(axis=0)
        rates = low if planted else (low + (found >= 1 - LEVEL).mean(axis=0)) / 2
        called[name] = (float(rates[0]), float(rates[1]))
    return called


def draw_file(
    features: Array, block: NDArray[np.intp], rng: np.random.Generator, co_expressed: bool
) -> list[list[int]]:
    """Return the target sets of a file: genes that each factor likes, or a few blocks of co-expressed genes."""
    sets = []
    for _ in range(N_SETS):
        size = int(np.exp(rng.uniform(*np.log(SET_SIZES))))
        if co_expressed:
            likes = np.isin(block, rng.choice(N_GENES // BLOCK, 1 + size // BLOCK, replace=False)) + 0.05
        else:
            likes = np.exp(features @ rng.normal(LIKING, LIKING_SD))
        sets.append(rng.choice(N_GENES, size, replace=False, p=likes / likes.sum()).tolist())
    return sets


@dataclass(frozen=True)
class FileRates:
    """Share of contrasts that are called: by place (mean over sets, worst set), by the regression (mean), and where a set moves."""

    by_place: float
    worst: float
    by_regression: float
    power: float


def measure_file(genome: Genome, design: tuple[int, int], reps: int, follows: tuple[float, ...]) -> FileRates:
    """Return how often sets of a file are called, one-sided; the sets stay, and contrasts are drawn anew.

    Parameters
    ----------
    genome, design, reps
        Promoters, samples, contrasts.
    follows
        Weights of GC, length and expression in the change of expression.
    """
    rng = np.random.default_rng([SEED, 99, *design, *(int(10 * weight) for weight in follows)])
    block = draw_blocks(rng)
    length, level = 0.3 * genome.gc + rng.standard_normal(N_GENES), 7 + genome.gc + rng.standard_normal(N_GENES)
    features = np.column_stack([(one - one.mean()) / one.std() for one in (genome.gc, length, level)])
    trend = features @ np.array(follows)
    trend = trend / trend.std() if trend.any() else trend
    sets = draw_file(features, block, rng, co_expressed=not trend.any())
    sites = [{genome.genes[at]: 1.0 for at in members} for members in sets]
    by_place, by_regression, power = [], [], []
    for rep in range(reps):
        fit = draw_fit(genome, design, rng, np.zeros(N_GENES), level, trend, block)
        ratios, tails = _ratios(fit, sites)
        by_place.append([_p_of_place(own, np.delete(ratios, at)) <= LEVEL for at, own in enumerate(ratios)])
        by_regression.append(np.mean(tails <= LEVEL))
        chosen = rep % N_SETS
        shift = 0.7 * np.isin(np.arange(N_GENES), sets[chosen])
        ratios, _ = _ratios(draw_fit(genome, design, rng, shift, level, trend, block), sites)
        power.append(_p_of_place(ratios[chosen], np.delete(ratios, chosen)) <= LEVEL)
    rates = np.mean(by_place, axis=0)
    return FileRates(float(rates.mean()), float(rates.max()), float(np.mean(by_regression)), float(np.mean(power)))


def _p_of_place(own: float, others: Array) -> float:
    return float(1 + np.sum(others >= own)) / (len(others) + 1)


def _ratios(fit: ContrastFit, sites: Sequence[Mapping[str, float]]) -> tuple[Array, Array]:
    found = [site_effect("file", fit, site) for site in sites]
    ratios = [row.effect / row.se for row in found if isinstance(row, SiteEffect)]
    return np.array(ratios), np.array([p_of(row) for row in found])


def _row(
    test: str, null: str, rate: float, n: int, conditions: str, worst: float = float("nan")
) -> dict[str, str | float | int]:
    low, high = clopper_pearson(round(rate * n), n)
    return {
        "test": test, "null": null, "quantity": "power" if "SD" in null else "size", "level": LEVEL, "rate": rate, "ci_low": low,
        "ci_high": high, "worst_set": worst, "n": n, "seed": SEED, "conditions": conditions,
    }  # fmt: skip


def main() -> int:
    """Measure, print, and write the table where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--motifs", type=Path, help="matrices in JASPAR's format")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    own = Path(tempfile.mkdtemp()) / "own.jaspar"
    own.write_text(jaspar_text())
    rows = []
    for words, path in (("matrices of our own making", own), ("JASPAR's matrices", given.motifs)):
        if path is None:
            continue
        genome = make_genome(SEED, read_matrices(path))
        for design in DESIGNS:
            for planted in (0.0, 0.7):
                for name, (shipped, bare) in measure(genome, design, given.reps, planted).items():
                    print(
                        f"{words}, {design}, planted {planted}, {name}: shipped {shipped:.3f}, naive {bare:.3f}",
                        flush=True,
                    )
                    conditions = f"{design[0]} v {design[1]}, {N_GENES:,} genes in blocks of {BLOCK}, {words}; without covariates {bare:.2f}"
                    null = f"change of {planted:g} SD" if planted else "site, mean and change follow GC"
                    rows.append(_row(f"motifs {name}", null, shipped, given.reps, conditions))
    genome = make_genome(SEED, read_matrices(own))
    for design in DESIGNS:
        for words, follows in CHIP.items():
            found = measure_file(genome, design, given.reps, follows)
            print(f"ChIP file, {design}, change follows {words}: {found}", flush=True)
            conditions = f"{design[0]} v {design[1]}, {N_GENES:,} genes in blocks of {BLOCK}, file of {N_SETS} sets; by regression {found.by_regression:.2f}"
            rows.append(
                _row(
                    PLACE,
                    f"change follows {words}",
                    found.by_place,
                    given.reps * N_SETS,
                    conditions,
                    found.worst,
                )
            )
            rows.append(_row(PLACE, "change of 0.7 SD", found.power, given.reps, f"{conditions}; follows {words}"))
    if given.write:
        path = Path(__file__).resolve().parents[1] / "resources" / "calibration" / "lines" / "promoter.tsv"
        write_table(pd.DataFrame(rows)[LINE_SIZES.names], path, LINE_SIZES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
