"""The genes of a simulated study: a core of real symbols, and invented `SIMnnnnn` genes.

The core is there so that every stage meets names that it knows (sex genes, heme genes, interferon-stimulated genes).
Groups are textbook knowledge, short on purpose, and describe what the *simulator* plants: they are no gene-set library.
Entrez and Ensembl ids are invented, in a range that no real gene uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sidemine.simulate.scene import SCENE

FloatArray = npt.NDArray[np.float64]


CORE: Mapping[str, tuple[str, ...]] = SCENE.genes
"""Real symbols that every simulated study holds, by what the simulator does with them."""

TISSUE_MARKERS: Mapping[str, tuple[str, ...]] = SCENE.tissue_genes
"""Marker genes of a simulated tissue, beside those of `CORE`."""

TISSUE_CELL_TYPES = ("endothelial", "fibroblast", "epithelial", "macrophage", "lymphocyte", "unknown")
"""Cell types whose fractions vary between people in a simulated tissue; as in blood, `unknown` has no marker."""

CELL_TYPES = ("erythroid", "neutrophil", "platelet", "lymphocyte", "unknown")
"""Cell types whose fractions vary between people; `unknown` has no marker gene that anybody could adjust for."""


@dataclass(frozen=True)
class GeneUniverse:
    """All genes of a simulated study, the same for each of its datasets.

    Attributes
    ----------
    symbols
        Gene symbols; real ones first.
    modules
        Co-expressed groups by name; a gene belongs to at most one.
    mean
        Mean log2 expression per gene on an array scale, shape (n_genes,).
    sd
        Residual standard deviation per gene (log2 units), shape (n_genes,).
    """

    symbols: tuple[str, ...]
    modules: dict[str, tuple[str, ...]]
    mean: FloatArray
    sd: FloatArray

    def rows(self, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
        """Return the row numbers of `names`, in their order."""
        index = {symbol: row for row, symbol in enumerate(self.symbols)}
        return np.array([index[name] for name in names], dtype=np.intp)

    def entrez(self) -> list[str]:
        """Return one invented Entrez id per gene."""
        return [str(900_000_001 + row) for row in range(len(self.symbols))]

    def ensembl(self) -> list[str]:
        """Return one invented Ensembl id per gene."""
        return [f"ENSG99{row + 1:09d}" for row in range(len(self.symbols))]


def make_universe(n_genes: int, seed: int, n_comparators: int = 20, *, tissue: bool = False) -> GeneUniverse:
    """Make the genes of a study.

    Parameters
    ----------
    n_genes
        All genes, real and invented; at least 1600, of a tissue 1900, so that every module finds its genes.
    seed
        Seed of means and variances; never 0.
    n_comparators
        Invented modules that nothing is planted in.
    tissue
        With the markers and genes of cell types of a tissue, in the place of as many invented genes.

    Returns
    -------
    GeneUniverse
        Means are about normal (7, 1.8) and floored at 3.2; residual SDs are log-normal around 0.3, higher for genes of
        low expression, as on blood arrays.

    Raises
    ------
    ValueError
        When `n_genes` is too small or the seed is 0.
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    groups = {**CORE, **TISSUE_MARKERS} if tissue else CORE
    planned = [("interferon_response", 35), ("erythroid", 60), ("neutrophil", 60), ("platelet", 40)]
    planned += [("lymphocyte", 80), ("unknown", 60), ("proliferation", 30), ("negative_control", 40), ("age", 40)]
    planned += [(SCENE.repressed, 15)]
    planned += [(name, 40) for name in TISSUE_CELL_TYPES if tissue and name not in dict(planned)]
    planned += [(f"module_{number:02d}", 25 + 5 * (number % 6)) for number in range(1, n_comparators + 1)]
    return assemble_universe(groups, planned, n_genes, seed)


def assemble_universe(
    groups: Mapping[str, tuple[str, ...]], planned: Sequence[tuple[str, int]], n_genes: int, seed: int
) -> GeneUniverse:
    """Make a universe of named genes and invented ones.

    Parameters
    ----------
    groups
        Real symbols by module; a gene may stand in several.
    planned
        Modules, each with a number of invented genes of its own; one that stands in `groups` too gets them besides.
    n_genes
        All genes, real and invented.
    seed
        Seed of means and variances; never 0.

    Returns
    -------
    GeneUniverse
        As `make_universe` describes it.

    Raises
    ------
    ValueError
        When `n_genes` is too small.
    """
    core = tuple(dict.fromkeys(symbol for group in groups.values() for symbol in group))
    needed = len(core) + sum(size for _, size in planned)
    if needed > n_genes:
        raise ValueError(f"n_genes = {n_genes} leaves too few invented genes for the modules; take at least {needed}")
    invented = tuple(f"SIM{number:05d}" for number in range(1, n_genes - len(core) + 1))
    modules: dict[str, tuple[str, ...]] = dict(groups)
    start = 0
    for name, size in planned:
        modules[name] = (*groups.get(name, ()), *invented[start : start + size])
        start += size
    symbols = core + invented
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    mean = np.maximum(rng.normal(7.0, 1.8, n_genes), 3.2)
    is_core = np.arange(n_genes) < len(core)
    in_module = np.zeros(n_genes, dtype=bool)
    in_module[len(core) : len(core) + start] = True
    # Genes that carry a story must be measurable, or the story would drown in the background of the array.
    mean = np.where(is_core | in_module, np.clip(mean, 6.0, 12.5), np.minimum(mean, 13.5))
    sd = np.exp(rng.normal(np.log(0.3), 0.35, n_genes)) * np.where(mean < 5, 1.3, 1.0)
    return GeneUniverse(symbols, modules, mean, sd)
