"""Size and power of the tests of genetics on simulated gene results, and of ACAT on simulated SNPs, through the shipped functions.

python benchmarks/lines_genetics.py [--traits 500] [--seed 20270111] [--write resources/calibration/lines/genetics.tsv]

What is simulated: 18,000 genes on 22 chromosomes; sizes log-normal, neighbours alike; linkage disequilibrium makes neighbouring
z correlate, by .05 to .8 from gene to gene (the `.genes.raw` holds these correlations and nothing else). Traits:

- *noise*: nothing but that;
- *polygenic + loci*: larger genes are more associated (z .35 higher per SD of log size), regions of about ten genes share a
  signal (SD .5) that linkage disequilibrium alone does not explain, and 250 loci reach up to three neighbours on either side.

Sets: 40, the same for all traits: scattered ones; pathways with a part of their genes in tandem clusters; gene families in a few
large arrays; sets of large and of small genes. *Planted*: a set like the JAK–STAT pathway (150 genes: one array of 13, 40 in
clusters of two to four, the rest scattered), every gene shifted by .30 in a polygenic trait with loci; that number was chosen on
other seeds so that rotation finds about 80 %.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sidemine.lines.genetics.competitive import Correlations, Rotation
from sidemine.lines.genetics.measure import GeneResults, bounded, gene_covariates
from sidemine.lines.genetics.snps import acat

N_GENES = 18_000
LEVELS = (0.05, 0.01)
SHIFT = 0.30


@dataclass
class Genome:
    """Genes, their covariates, correlations with the gene before, and the sets that are tested."""

    frame: pd.DataFrame
    covariates: np.ndarray
    link: np.ndarray
    sets: list[np.ndarray]
    planted: np.ndarray

    def blocks(self) -> list[np.ndarray]:
        """Return the matrices of correlations: products of the links between two genes."""
        found = []
        for _, rows in self.frame.groupby("chromosome", sort=True):
            log = np.cumsum(np.log(np.maximum(self.link[rows.index], 1e-12)))
            matrix = np.exp(-np.abs(log[:, None] - log[None, :]))
            matrix[matrix < 1e-3] = 0  # as far as such a file reaches
            np.fill_diagonal(matrix, 1.0)
            found.append(matrix)
        return found


def make_genome(rng: np.random.Generator) -> Genome:
    """Return a genome and its sets."""
    chromosome = np.sort(rng.choice(22, N_GENES, p=np.linspace(2, 0.6, 22) / np.linspace(2, 0.6, 22).sum())) + 1
    alike = autoregressive(rng, np.full(N_GENES, 0.3))
    n_snps = np.maximum(np.exp(5 + alike), 3).round()
    n_param = np.maximum((n_snps**0.65 * np.exp(rng.normal(0, 0.25, N_GENES))).round(), 2)
    link = rng.uniform(0.05, 0.8, N_GENES)
    link[np.flatnonzero(np.diff(chromosome, prepend=0))] = 0
    start = np.arange(N_GENES) * 150_000
    frame = pd.DataFrame(
        {
            "chromosome": chromosome, "start": start, "stop": start + 50_000, "n_snps": n_snps, "n_param": n_param,
            "n": 400_000.0, "mac": np.nan,
        }
    )  # fmt: skip
    _, covariates, _, _ = gene_covariates(frame, GeneResults(frame))
    size = np.argsort(n_param)
    sets = [members(rng.choice(N_GENES, n, replace=False)) for n in (15, 25, 40, 60, 80, 100, 150, 200, 300, 500)]
    sets += [clustered(rng, int(n), share, (2, 6)) for n in (20, 50, 100, 200) for share in (0.2, 0.35, 0.5, 0.7, 0.9)]
    sets += [clustered(rng, n, 1.0, (length, length + 1)) for n, length in ((50, 10), (120, 20), (60, 15), (350, 30))]
    sets += [members(rng.choice(size[-6000:], n, replace=False)) for n in (40, 100, 250)]
    sets += [members(rng.choice(size[:6000], n, replace=False)) for n in (40, 100, 250)]
    planted = clustered(rng, 137, 40 / 137, (2, 5))
    array = int(rng.integers(N_GENES - 13))
    planted[array : array + 13] = True
    return Genome(frame, covariates, link, sets, planted)


def members(chosen: np.ndarray) -> np.ndarray:
    """Return a set as a mask."""
    mask = np.zeros(N_GENES, dtype=bool)
    mask[chosen] = True
    return mask


def clustered(rng: np.random.Generator, n: int, share: float, lengths: tuple[int, int]) -> np.ndarray:
    """Return a set of n genes, a share of them in runs of neighbours."""
    mask = np.zeros(N_GENES, dtype=bool)
    while mask.sum() < share * n:
        start, length = int(rng.integers(N_GENES - 50)), int(rng.integers(*lengths))
        mask[start : start + length] = True
    rest = np.flatnonzero(~mask)
    mask[rng.choice(rest, max(0, n - int(mask.sum())), replace=False)] = True
    return mask


def autoregressive(rng: np.random.Generator, link: np.ndarray) -> np.ndarray:
    """Return values of variance 1 that correlate with the one before by `link`."""
    noise = rng.normal(size=len(link))
    values = np.empty(len(link))
    last = 0.0
    for i, (rho, e) in enumerate(zip(link.tolist(), noise.tolist(), strict=True)):
        last = rho * last + (1 - rho * rho) ** 0.5 * e if i else e
        values[i] = last
    return values


def make_trait(rng: np.random.Generator, genome: Genome, kind: str, planted: bool) -> np.ndarray:
    """Return z of all genes."""
    z = autoregressive(rng, genome.link)
    if kind == "noise":
        return bounded(z)
    log_size = np.log(genome.frame["n_param"].to_numpy())
    z += 0.35 * (log_size - log_size.mean()) / log_size.std()
    z += 0.5 * autoregressive(rng, np.where(genome.link == 0, 0, 0.9))
    weight = np.exp(0.5 * (log_size - log_size.mean()))
    centres = rng.choice(N_GENES, 250, replace=False, p=weight / weight.sum())
    height = 1.5 + rng.exponential(2.0, len(centres))
    for offset in range(-3, 4):
        there = np.clip(centres + offset, 0, N_GENES - 1)
        np.add.at(z, there, height * 0.55 ** abs(offset) * rng.uniform(0.3, 1, len(centres)))
    if planted:
        z[genome.planted] += SHIFT
    return bounded(z)


class RememberedWhitening(Correlations):
    """Correlations that remember what they made of the labels of a set: here every trait meets the same sets."""

    def __init__(self, blocks: list[np.ndarray]) -> None:
        super().__init__(blocks)
        self.known: dict[bytes, np.ndarray] = {}

    def whiten(self, columns: np.ndarray) -> np.ndarray:
        """Return what `Correlations.whiten` does."""
        if columns.ndim > 1:
            return super().whiten(columns)
        key = np.packbits(columns > 0).tobytes()
        if key not in self.known:
            self.known[key] = super().whiten(columns)
        return self.known[key].copy()


class RememberedRotation(Rotation):
    """Rotation that remembers what covariates leave of a set, which is the same for all traits of a genome."""

    known: dict[bytes, np.ndarray]

    def left_at_shifts(self, members: np.ndarray) -> np.ndarray:
        """Return what `Rotation.left_at_shifts` does."""
        key = np.packbits(members).tobytes()
        if key not in self.known:
            self.known[key] = super().left_at_shifts(members)
        return self.known[key]


def measure(traits: int, seed: int) -> list[dict[str, object]]:
    """Return the rows of the table."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    genomes = [make_genome(rng) for _ in range(2)]
    correlations = [RememberedWhitening(genome.blocks()) for genome in genomes]
    left: list[tuple[dict[bytes, np.ndarray], dict[bytes, np.ndarray]]] = [({}, {}) for _ in genomes]
    for kind, planted, n in (
        ("polygenic + loci", False, traits),
        ("noise", False, traits),
        ("polygenic + loci", True, traits),
    ):
        p = {"rotation": [], "genes_raw": [], "student": []}
        for number in range(n):
            genome, known = genomes[number % 2], correlations[number % 2]
            z = make_trait(rng, genome, kind, planted)
            ordinary = RememberedRotation(z, genome.covariates)
            general = RememberedRotation(z, genome.covariates, known)
            ordinary.known, general.known = left[number % 2]
            sets = [genome.planted] if planted else genome.sets
            p["rotation"].append([ordinary.test(each)[0].p_value for each in sets])
            p["genes_raw"].append([general.test(each)[0].p_value for each in sets])
            p["student"].append([general.by_student(each).p_value for each in sets])
            if number % 50 == 49:
                sys.stderr.write(f"{kind}{' planted' if planted else ''}: {number + 1} of {n}\n")
        for test, values in p.items():
            for level in LEVELS:
                called = np.array(values) <= level
                rows.append(row(test, kind, "power" if planted else "size", level, called, seed))
    return rows


def row(test: str, kind: str, quantity: str, level: float, called: np.ndarray, seed: int) -> dict[str, object]:
    """Return one row: traits are the units, since sets share them."""
    per_trait = called.mean(axis=1)
    rate, error = float(per_trait.mean()), float(per_trait.std(ddof=1) / len(per_trait) ** 0.5)
    # The two genomes have sets of their own.
    worst = max(float(called[half::2, place].mean()) for half in (0, 1) for place in range(called.shape[1]))
    return {
        "test": test, "null": kind, "quantity": quantity, "level": level, "rate": round(rate, 4),
        "ci_low": round(max(0.0, rate - 1.96 * error), 4), "ci_high": round(min(1.0, rate + 1.96 * error), 4),
        "worst_set": round(worst, 4) if quantity == "size" else np.nan, "n": called.size, "seed": seed,
        "conditions": f"{N_GENES} genes, {len(called)} traits, {called.shape[1]} sets in each of 2 genomes",
    }  # fmt: skip


def measure_acat(genes: int, seed: int) -> list[dict[str, object]]:
    """Return the size of ACAT among SNPs that correlate along a gene."""
    from scipy.special import ndtr

    rng = np.random.default_rng(seed)
    found = []
    for number in range(genes):
        n = int(np.exp(rng.normal(4, 1))) + 1
        z = autoregressive(rng, np.full(n, (0.5, 0.9, 0.97)[number % 3]))
        found.append(acat(2 * ndtr(-np.abs(z))))
    p = np.array(found)
    rows = []
    for level in (0.05, 0.01, 0.001):
        rate = float((p <= level).mean())
        half = 1.96 * (rate * (1 - rate) / genes) ** 0.5
        rows.append(
            {
                "test": "acat", "null": "SNPs in linkage disequilibrium", "quantity": "size", "level": level,
                "rate": round(rate, 5), "ci_low": round(rate - half, 5), "ci_high": round(rate + half, 5),
                "worst_set": np.nan, "n": genes, "seed": seed,
                "conditions": "genes of 2 to some thousand SNPs, neighbouring SNPs correlate by .5, .9 or .97",
            }
        )  # fmt: skip
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traits", type=int, default=500)
    parser.add_argument("--genes", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=20270111)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows = measure(options.traits, options.seed) + measure_acat(options.genes, options.seed)
    for each in rows:
        sys.stdout.write("\t".join(str(value) for value in each.values()) + "\n")
    if options.write:
        from sidemine.lines.evidence import LINE_SIZES
        from sidemine.tables import write_table

        write_table(pd.DataFrame(rows), options.write, LINE_SIZES)


if __name__ == "__main__":
    main()
