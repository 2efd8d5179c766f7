"""What `make setup` does once for an environment, so that no run has to: `python -m sidemine.set_up`."""

from __future__ import annotations

import numpy as np

from sidemine.lines.illustration.measure import draw_map
from sidemine.prepare.doublets import find_doublets
from sidemine.report.assets import keep_bundle


def compile_for_cells() -> None:
    """Have numba compile what doublets and maps of principal components call, and keep it for later processes.

    It keeps it in `NUMBA_CACHE_DIR`, beside the packages or, where it may not write there, in the user's cache, for this kind of
    processor. Compiling takes longer than all else that the first run does with a few cells. UMAP takes four times as long, and
    only who draws it needs it.
    """
    from scipy.sparse import csr_matrix

    # Two kinds of cells that express different genes, as both expect them.
    n_cells, n_genes = 400, 600
    levels = np.ones((n_cells, n_genes))
    levels[: n_cells // 2, : n_genes // 2] = 4.0
    counts = csr_matrix(np.random.default_rng(1).poisson(levels).astype(np.float64))
    genes = [f"G{number}" for number in range(n_genes)]
    find_doublets(counts)
    draw_map(counts, genes, ("set", genes[:20]), (["a"] * n_cells, []), "cells", n_cells, 1, layout="pca")


if __name__ == "__main__":
    keep_bundle()
    compile_for_cells()
