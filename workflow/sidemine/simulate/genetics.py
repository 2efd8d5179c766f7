"""A simulated genome-wide association study: gene locations, SNPs, and what MAGMA would make of it.

Genes lie anywhere in a genome as long as GRCh37 (which fits GRCh38 too, but for the ends of chromosomes), neighbours share linkage
disequilibrium, larger genes are more associated, and members of the pathway are so beyond that. Nothing else is planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.simulate.scene import SCENE
from sidemine.tables import write_text

CHROMOSOME_MB = (248, 242, 198, 190, 180, 170, 159, 145, 138, 133, 135, 133, 114, 107, 101, 90, 81, 78, 58, 63, 46, 50)
PEOPLE = 200_000
PLANTED = SCENE.members
GENE_SHIFT, SNP_SHIFT = 1.0, 1.2
"""How much higher z is of a planted gene, and of the SNPs within it."""
SNPS_PER_GENE = 6
_REACH = 6


@dataclass(frozen=True)
class _Genome:
    """Genes in genome order: names, places, and whether something is planted in each; and the generator of what follows."""

    entrez: list[str]
    symbols: list[str]
    chromosome: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    planted: FloatArray
    rng: np.random.Generator

    def locations(self) -> str:
        """Return the table of gene locations."""
        strands = np.where(self.rng.random(len(self.symbols)) < 0.5, "+", "-").tolist()
        columns = (
            self.entrez,
            self.chromosome.tolist(),
            self.start.tolist(),
            self.stop.tolist(),
            strands,
            self.symbols,
        )
        return COMMENT + "".join("\t".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def write_genetics(folder: Path, universe: GeneUniverse, seed: int) -> None:
    """Write `gene.loc`, `snps.tsv.gz`, `trait.genes.out` and `trait.genes.raw`.

    Parameters
    ----------
    folder
        Filled with these files.
    universe
        The genes; ids are its invented Entrez ids.
    seed
        Seed; never 0.
    """
    genome = _make_genome(universe, seed)
    write_text(genome.locations(), folder / "gene.loc")
    _write_magma(folder, genome)
    lines = [
        f"{chromosome}\t{base}\tA\tG\t{p:.4g}\t{PEOPLE}"
        for chromosome, base, p in zip(*_draw_snps(genome, SNPS_PER_GENE), strict=True)
    ]
    header = "chromosome\tbase_pair_location\teffect_allele\tother_allele\tp_value\tn"
    write_text(COMMENT + "\n".join([header, *lines]) + "\n", folder / "snps.tsv.gz")


def _make_genome(universe: GeneUniverse, seed: int) -> _Genome:
    rng = np.random.default_rng(np.random.SeedSequence([seed, 18]))
    n = len(universe.symbols)
    order = rng.permutation(n)
    share = np.cumsum([0, *CHROMOSOME_MB]) / sum(CHROMOSOME_MB)
    chromosome = np.searchsorted(share, (np.arange(n) + 0.5) / n, side="right")
    place = np.arange(n) - np.flatnonzero(np.diff(chromosome, prepend=0))[chromosome - 1]
    spacing = 1e6 * np.array(CHROMOSOME_MB)[chromosome - 1] / (np.bincount(chromosome)[chromosome] + 2)
    start = (spacing * (place + 1)).astype(np.int64)
    stop = start + (spacing * rng.uniform(0.05, 0.5, n)).astype(np.int64)
    return _Genome(
        np.array(universe.entrez(), dtype=object)[order].tolist(),
        np.array(universe.symbols, dtype=object)[order].tolist(),
        chromosome,
        start,
        stop,
        np.isin(order, universe.rows(universe.modules[PLANTED])).astype(np.float64),
        rng,
    )


def _write_magma(folder: Path, genome: _Genome) -> None:
    from scipy.special import ndtr

    rng, n = genome.rng, len(genome.symbols)
    n_param = np.maximum(rng.lognormal(3, 0.7, n).astype(int), 2)
    n_snps = n_param * rng.integers(3, 12, n)
    link = rng.uniform(0.05, 0.7, n).round(3)
    link[np.flatnonzero(np.diff(genome.chromosome, prepend=0))] = 0
    z = rng.standard_normal(n)
    for row in range(1, n):
        z[row] = link[row] * z[row - 1] + (1 - link[row] ** 2) ** 0.5 * z[row]
    size = np.log(n_param)
    z += 0.3 * (size - size.mean()) / size.std() + GENE_SHIFT * genome.planted
    out = ["GENE CHR START STOP NSNPS NPARAM N ZSTAT P"]
    raw = ["# VERSION = 108", "# COVAR = NSAMP MAC"]
    for row in range(n):
        cells = (
            genome.entrez[row],
            genome.chromosome[row],
            genome.start[row],
            genome.stop[row],
            n_snps[row],
            n_param[row],
        )
        head = " ".join(map(str, (*cells, PEOPLE)))
        out.append(f"{head} {z[row]:.5g} {ndtr(-z[row]):.5g}")
        # With the genes before it, the nearest last; each step takes a link more.
        links = np.cumprod(link[max(0, row - _REACH + 1) : row + 1][::-1])
        correlations = [f"{value:.4g}" for value in links[links > 0][::-1]]
        raw.append(" ".join([head, "20000", f"{z[row]:.6g}", *correlations]))
    write_text(COMMENT + "\n".join(out) + "\n", folder / "trait.genes.out")
    write_text(COMMENT + "\n".join(raw) + "\n", folder / "trait.genes.raw")


def _draw_snps(genome: _Genome, per_gene: int) -> tuple[list[int], list[int], list[float]]:
    """Return chromosome, base and p-value of SNPs, some per gene."""
    from scipy.special import ndtr

    rng, n = genome.rng, len(genome.symbols)
    shape = (n, per_gene)
    position = np.sort(rng.integers(genome.start[:, None], genome.stop[:, None] + 1, shape), axis=1)
    z = 0.5**0.5 * rng.standard_normal((n, 1)) + 0.5**0.5 * rng.standard_normal(shape)
    z += SNP_SHIFT * genome.planted[:, None] * rng.choice([-1, 1], (n, 1))
    p = 2 * ndtr(-np.abs(z))
    return np.repeat(genome.chromosome, per_gene).tolist(), position.ravel().tolist(), p.ravel().tolist()
