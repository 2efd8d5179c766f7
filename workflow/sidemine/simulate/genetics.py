"""A simulated genome-wide association study: gene locations, SNPs, and what MAGMA would make of it.

Genes lie anywhere in a genome as long as GRCh37, neighbours share linkage disequilibrium, larger genes are more associated, and
members of the pathway are so beyond that. Nothing else is planted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.tables import write_text

CHROMOSOME_MB = (249, 243, 198, 191, 180, 171, 159, 146, 141, 135, 135, 133, 115, 107, 102, 90, 81, 78, 59, 63, 48, 51)
PEOPLE = 200_000
GENE_SHIFT, SNP_SHIFT = 1.0, 1.2
"""How much higher z is of a planted gene, and of the SNPs within it."""
SNPS_PER_GENE = 6
_REACH = 6


def write_genetics(folder: Path, universe: GeneUniverse, planted: str, seed: int) -> None:
    """Write `gene.loc`, `snps.tsv.gz`, `trait.genes.out` and `trait.genes.raw`.

    Parameters
    ----------
    folder
        Filled with these files.
    universe
        The genes; ids are its invented Entrez ids.
    planted
        Module whose genes are associated more than others.
    seed
        Seed; never 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 17]))
    n = len(universe.symbols)
    order = rng.permutation(n)
    share = np.cumsum([0, *CHROMOSOME_MB]) / sum(CHROMOSOME_MB)
    chromosome = np.searchsorted(share, (np.arange(n) + 0.5) / n, side="right")
    first = np.flatnonzero(np.diff(chromosome, prepend=0))
    place = np.arange(n) - first[chromosome - 1]
    spacing = 1e6 * np.array(CHROMOSOME_MB)[chromosome - 1] / (np.bincount(chromosome)[chromosome] + 2)
    start = (spacing * (place + 1)).astype(int)
    stop = start + (spacing * rng.uniform(0.05, 0.5, n)).astype(int)
    shifted = np.isin(order, universe.rows(universe.modules[planted])).astype(float)
    n_param = np.maximum(rng.lognormal(3, 0.7, n).astype(int), 2)
    n_snps = n_param * rng.integers(3, 12, n)
    link = rng.uniform(0.05, 0.7, n).round(3)
    link[first] = 0
    size = np.log(n_param)
    z = _neighbours(rng, link) + 0.3 * (size - size.mean()) / size.std() + GENE_SHIFT * shifted
    entrez, symbols = np.array(universe.entrez())[order], np.array(universe.symbols)[order]
    rows = list(zip(entrez.tolist(), chromosome.tolist(), start.tolist(), stop.tolist(), strict=True))
    strands = np.where(rng.random(n) < 0.5, "+", "-").tolist()
    write_text(
        COMMENT
        + "".join(
            "\t".join([*map(str, row), strand, symbol]) + "\n"
            for row, strand, symbol in zip(rows, strands, symbols.tolist(), strict=True)
        ),
        folder / "gene.loc",
    )
    _write_magma(folder, rows, n_snps, n_param, z, link)
    _write_snps(folder / "snps.tsv.gz", rng, chromosome, start, stop, SNP_SHIFT * shifted)


def _neighbours(rng: np.random.Generator, link: FloatArray) -> FloatArray:
    """Return normal values that correlate with the one before by `link`."""
    values = rng.standard_normal(len(link))
    for row in range(1, len(values)):
        values[row] = link[row] * values[row - 1] + (1 - link[row] ** 2) ** 0.5 * values[row]
    return values


def _write_magma(
    folder: Path,
    rows: list[tuple[str, int, int, int]],
    n_snps: np.ndarray,
    n_param: np.ndarray,
    z: FloatArray,
    link: FloatArray,
) -> None:
    from scipy.special import ndtr

    out = ["GENE CHR START STOP NSNPS NPARAM N ZSTAT P"]
    raw = ["# VERSION = 108", "# COVAR = NSAMP MAC"]
    for number, row in enumerate(rows):
        head = " ".join(map(str, (*row, n_snps[number], n_param[number], PEOPLE)))
        out.append(f"{head} {z[number]:.5g} {ndtr(-z[number]):.5g}")
        correlations: list[str] = []
        product = 1.0
        for before in range(number, max(0, number - _REACH), -1):
            product *= link[before]
            if product == 0:
                break
            correlations.insert(0, f"{product:.4g}")
        raw.append(" ".join([head, "20000", f"{z[number]:.6g}", *correlations]))
    write_text(COMMENT + "\n".join(out) + "\n", folder / "trait.genes.out")
    write_text(COMMENT + "\n".join(raw) + "\n", folder / "trait.genes.raw")


def _write_snps(
    path: Path, rng: np.random.Generator, chromosome: np.ndarray, start: np.ndarray, stop: np.ndarray, shift: FloatArray
) -> None:
    from scipy.special import ndtr

    n = len(start)
    position = np.sort(rng.integers(start[:, None], stop[:, None] + 1, (n, SNPS_PER_GENE)), axis=1)
    z = 0.5**0.5 * rng.standard_normal((n, 1)) + 0.5**0.5 * rng.standard_normal((n, SNPS_PER_GENE))
    z += shift[:, None] * rng.choice([-1, 1], (n, 1))
    p = 2 * ndtr(-np.abs(z))
    lines = ["chromosome\tbase_pair_location\teffect_allele\tother_allele\tp_value\tn"]
    lines += [
        f"{c}\t{b}\tA\tG\t{value:.4g}\t{PEOPLE}"
        for c, b, value in zip(
            np.repeat(chromosome, SNPS_PER_GENE).tolist(), position.ravel().tolist(), p.ravel().tolist(), strict=True
        )
    ]
    write_text(COMMENT + "\n".join(lines) + "\n", path)
