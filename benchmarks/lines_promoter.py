"""Size and power of the line `promoter` on contrasts that follow the GC content of promoters, through the shipped functions.

Run `python benchmarks/lines_promoter.py [--reps 200] [--motifs JASPAR.txt] [--write]`. Promoters are of our own making (2,000 genes, 400
bases, CpG islands and others), scanned with matrices of both families; with `--motifs` with those of the file. Expression has
co-expressed blocks; its mean and its change follow the promoter's GC, which sites follow too. Null: nothing but that. Beside it the same
test without GC, CpG and expression (naive). ChIP sets are drawn by expression, which the change follows; and, since their test knows
no promoters, by GC.
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
CHIP = ("ChIP targets", "ChIP targets, change follows GC")


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
    genome: Genome, design: tuple[int, int], rng: np.random.Generator, shift: Array, level: Array, trend: Array
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
    """
    n = sum(design)
    order = rng.permutation(N_GENES)
    block = np.empty(N_GENES, dtype=int)
    block[order] = np.arange(N_GENES) // BLOCK
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
    for number, name in enumerate([*genome.sites, *CHIP]):
        rng = np.random.default_rng([SEED, number, *design, int(10 * planted)])
        tails = []
        for _ in range(reps):
            level = 7 + genome.gc + rng.standard_normal(N_GENES)
            standard = (level - level.mean()) / level.std()
            site = genome.sites.get(name) or draw_bound(genome, standard if name == CHIP[0] else genome.gc, rng)
            shift = planted * np.array([site.get(gene, 0.0) for gene in genome.genes])
            fit = draw_fit(genome, design, rng, shift, level, standard if name == CHIP[0] else genome.gc)
            composition = None if name in CHIP else genome.composition
            tails.append((p_of(site_effect("shipped", fit, site, composition)), naive(fit, site)))
        found = np.array(tails)
        low = (found <= LEVEL).mean(axis=0)
        rates = low if planted else (low + (found >= 1 - LEVEL).mean(axis=0)) / 2
        called[name] = (float(rates[0]), float(rates[1]))
    return called


def draw_bound(genome: Genome, preferred: Array, rng: np.random.Generator, n: int = 150) -> dict[str, float]:
    """Return a target set as ChIP gives them: genes that are expressed, or rich in GC, rather than others."""
    weights = np.exp(preferred)
    return {genome.genes[at]: 1.0 for at in rng.choice(N_GENES, n, replace=False, p=weights / weights.sum())}


_NULL = {
    CHIP[0]: "site and change follow expression",
    CHIP[1]: "site and change follow GC, which the test does not know",
}


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
                    low, high = clopper_pearson(round(shipped * given.reps), given.reps)
                    print(
                        f"{words}, {design}, planted {planted}, {name}: shipped {shipped:.3f}, naive {bare:.3f}",
                        flush=True,
                    )
                    rows.append(
                        {
                            "test": CHIP[0] if name in CHIP else f"motifs {name}",
                            "null": f"change of {planted:g} SD" if planted else _NULL.get(name, "site, mean and change follow GC"),
                            "quantity": "power" if planted else "size", "level": LEVEL, "rate": shipped, "ci_low": low,
                            "ci_high": high, "worst_set": float("nan"), "n": given.reps, "seed": SEED,
                            "conditions": f"{design[0]} v {design[1]}, {N_GENES:,} genes in blocks of {BLOCK}, {words}; "
                            f"without covariates {bare:.2f}",
                        }
                    )  # fmt: skip
    if given.write:
        path = Path(__file__).resolve().parents[1] / "resources" / "calibration" / "lines" / "promoter.tsv"
        write_table(pd.DataFrame(rows)[LINE_SIZES.names], path, LINE_SIZES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
