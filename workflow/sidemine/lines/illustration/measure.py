"""Cells drawn at random, laid out by UMAP or their first principal components, and scored. For the eye: no test rests on it.

scanpy (Wolf et al. 2018, doi 10.1186/s13059-017-1382-0); UMAP (McInnes et al. 2018, arXiv 1802.03426); scores: Tirosh et al.
2016 (doi 10.1126/science.aad0501). Neighbours are exact and everything runs on one thread from the study's seed, so a
machine gives the same bytes on any number of cores. Another kind of processor may not: UMAP's compiled code adds in another
order there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.lines.illustration.config import MapLayout
from sidemine.lines.illustration.record import CellMap
from sidemine.stats.seeds import named_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

MOST_CELLS = 3_000
"""Most cells that are drawn: more hide one another, and their neighbours would no longer be found exactly."""
FEWEST_CELLS = 50
FEWEST_OTHERS = 30
"""Detected genes outside of the set, against which it is scored."""
MOST_GENES = 2_000
"""Most variable genes that the map rests on."""
_COMPONENTS = 30
_ALIKE = 1e-4
"""Difference of logarithms that single precision makes."""


def choose_cells(usable: NDArray[np.intp], seed: int, dataset: str) -> NDArray[np.intp]:
    """Return at most `MOST_CELLS` of the usable cells, at random, in their order.

    Parameters
    ----------
    usable
        Places of the cells that take part.
    seed
        The study's seed.
    dataset
        Its id: every dataset draws for itself.
    """
    if len(usable) <= MOST_CELLS:
        return usable
    rng = np.random.default_rng(named_seed(seed, "illustration", dataset))
    return np.sort(rng.choice(usable, MOST_CELLS, replace=False))


def draw_map(
    counts: csr_matrix,
    genes: Sequence[str | None],
    gene_set: tuple[str, Collection[str]],
    colours: tuple[Sequence[str], Sequence[str]],
    dataset: str,
    n_cells: int,
    seed: int,
    layout: MapLayout = "umap",
) -> CellMap:
    """Lay out cells and score them.

    Parameters
    ----------
    counts
        Drawn cells × identifiers.
    genes
        Approved symbol of every identifier; None: no gene. Counts of one gene are added.
    gene_set
        Name and genes of the set.
    colours
        Condition and type of each drawn cell; the latter may be empty.
    dataset, n_cells
        Its id, and how many cells take part.
    seed
        The study's seed.
    layout
        What lays them out.
    """
    import warnings

    import anndata as ad
    import pandas as pd
    import scanpy as sc
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    name, members = gene_set
    known = np.array([place for place, gene in enumerate(genes) if gene is not None], dtype=np.intp)
    symbols, codes = np.unique(np.array([genes[place] for place in known], dtype=str), return_inverse=True)
    joined = csr_matrix((np.ones(len(known)), (known, codes)), shape=(counts.shape[1], len(symbols)))
    values = csr_matrix(counts @ joined)
    detected = np.asarray((values > 0).sum(axis=0)).ravel() >= 3
    shown = sorted(set(members) & set(symbols[detected]))
    empty = CellMap(dataset, name, n_cells=n_cells, n_in_set=len(members), n_measured=len(shown), layout=layout)
    n_others = int(detected.sum()) - len(shown)
    if values.shape[0] < FEWEST_CELLS or n_others < FEWEST_OTHERS or len(shown) < 2:
        reason = f"{values.shape[0]} cells, {len(shown)} detected genes of the set and {n_others} others are too few"
        return replace(empty, problem=reason)
    cells = ad.AnnData(values[:, detected].astype(np.float32), var=pd.DataFrame(index=symbols[detected]))
    whole = named_seed(seed, "map", dataset)[-1] % 2**31
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        sc.pp.normalize_total(cells, target_sum=1e4)
        sc.pp.log1p(cells)
        spread = (cells.X.max(axis=0) - cells.X.min(axis=0)).toarray()
        if (spread > _ALIKE).sum() < FEWEST_OTHERS:
            return replace(empty, problem=f"the cells are alike: fewer than {FEWEST_OTHERS} genes differ between them")
        try:
            sc.tl.score_genes(cells, shown, ctrl_size=min(50, max(len(cells.var_names) // 50, 1)), random_state=whole)
        except RuntimeError:
            return replace(
                empty, problem="no other gene is expressed like those of the set, so that they have no score"
            )
        score = cells.obs["score"].to_numpy()
        sc.pp.highly_variable_genes(cells, n_top_genes=min(MOST_GENES, cells.n_vars))
        cells = cells[:, cells.var["highly_variable"]].copy()
        n_components = 2 if layout == "pca" else min(_COMPONENTS, min(cells.shape) - 1)
        sc.pp.pca(cells, n_comps=n_components, svd_solver="arpack", random_state=whole)
        # The largest coordinate of each component is made positive: the solver's sign is arbitrary.
        scores = cells.obsm["X_pca"]
        cells.obsm["X_pca"] = scores * np.sign(scores[np.abs(scores).argmax(axis=0), np.arange(scores.shape[1])])
        if layout == "umap":
            sc.pp.neighbors(cells, n_neighbors=15, random_state=whole)
            sc.tl.umap(cells, random_state=whole)
    place = cells.obsm[f"X_{layout}"]
    return replace(
        empty,
        n_genes=cells.n_vars,
        x=_rounded(place[:, 0]),
        y=_rounded(place[:, 1]),
        condition=tuple(colours[0]),
        cell_type=tuple(colours[1]),
        score=_rounded(score),
    )


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 2) for value in values)
