"""Promoters of one's own making: sequences whose GC content varies as real ones do, with planted sites, and motif matrices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.tables import write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONSENSUS: Mapping[str, tuple[str, str]] = {
    "MA9001.1": ("STAT1", "NTTCCNGGAAN"),
    "MA9002.1": ("STAT3", "CTTCCNGGAAG"),
    "MA9003.1": ("IRF1", "GAAANNGAAACT"),
    "MA9004.1": ("IRF9", "AGAAACNGAAACN"),
}
"""Factor and consensus by id: the two families that sites are counted in. N: any base."""
SITES = {"GAS": "ATTCCAGGAAG", "ISRE": "AGAAACCGAAACT"}
"""A site of each family, as it is planted."""
_COUNTS = {True: 94, False: 2}
_EACH = 25


def jaspar_text() -> str:
    """Return the matrices of `CONSENSUS` in JASPAR's format."""
    blocks = []
    for key, (name, consensus) in CONSENSUS.items():
        rows = [
            f"{base} [ {' '.join(str(_EACH if letter == 'N' else _COUNTS[letter == base]) for letter in consensus)} ]"
            for base in "ACGT"
        ]
        blocks.append("\n".join([f">{key}\t{name}", *rows]))
    return "\n".join(blocks) + "\n"


def gc_contents(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a share of G and C per promoter: six of ten lie in CpG islands (about .62), the others about .44."""
    island = rng.random(n) < 0.6
    return np.clip(np.where(island, rng.normal(0.62, 0.05, n), rng.normal(0.44, 0.05, n)), 0.3, 0.75)


def simulate_promoters(
    genes: Sequence[str],
    gc: NDArray[np.float64],
    planted: Mapping[str, Collection[str]],
    rng: np.random.Generator,
    length: int = 400,
) -> dict[str, str]:
    """Return one sequence per gene.

    Parameters
    ----------
    genes, gc
        Names, and the share of G and C of each.
    planted
        Genes with a site, by family of `SITES`; it stands at a random place.
    rng
        Of the sequences.
    length
        Bases of each.
    """
    edges = np.column_stack([(1 - gc) / 2, 0.5 * np.ones(len(gc)), (1 + gc) / 2])  # A below, then C, G, T
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)[
        (rng.random((len(genes), length))[:, :, None] > edges[:, None, :]).sum(axis=2)
    ]
    for family, members in planted.items():
        site = np.frombuffer(SITES[family].encode(), dtype=np.uint8)
        for row in np.flatnonzero([gene in members for gene in genes]):
            start = int(rng.integers(0, length - len(site)))
            letters[row, start : start + len(site)] = site
    return {gene: row.tobytes().decode() for gene, row in zip(genes, letters, strict=True)}


def fasta_text(promoters: Mapping[str, str]) -> str:
    """Return sequences as FASTA."""
    return "".join(f">{gene}\n{sequence}\n" for gene, sequence in promoters.items())


def write_promoters(folder: Path, universe: GeneUniverse, planted: str, seed: int) -> None:
    """Write `promoters.fa.gz` and `motifs.jaspar`: genes of one module have an interferon-stimulated response element.

    Parameters
    ----------
    folder
        Filled with these files.
    universe
        The genes.
    planted
        The module; sites of the other family are nowhere planted.
    seed
        Seed; never 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 22]))
    gc = gc_contents(len(universe.symbols), rng)
    promoters = simulate_promoters(universe.symbols, gc, {"ISRE": universe.modules[planted]}, rng)
    write_text(COMMENT + fasta_text(promoters), folder / "promoters.fa.gz")
    write_text(COMMENT + jaspar_text(), folder / "motifs.jaspar")
