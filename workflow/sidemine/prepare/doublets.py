"""Doublets by scanpy's scrublet, sample by sample: two cells in one drop look like sums of others of their sample.

Wolock et al. 2019, Cell Systems 8:281, doi 10.1016/j.cels.2018.11.005. It needs all counts of a sample at once, so that
samples come one after another and their size is bounded; it sees only doublets of cells that differ.
"""

from __future__ import annotations

import warnings
from typing import Any

FEWEST_CELLS = 200
MOST_CELLS = 20_000
"""Cells of a sample beyond its range: fewer make no neighbourhoods, more than one lane of a 10x chip gives are several."""
MOST_OF_FILE = 100_000
"""Cells of a file beyond which doublets are not looked for: an hour of work and more."""
MOST_CALLED = 0.3
"""Share of called cells that no loading of a chip gives: the two kinds of cells were not told apart."""
SEED = 20260101


def out_of_range(n_cells: int, n_of_file: int) -> str:
    """Return why doublets of a sample cannot be looked for; empty: they can."""
    if n_of_file > MOST_OF_FILE:
        return f"not looked for: the file has more than {MOST_OF_FILE:,} cells"
    if not FEWEST_CELLS <= n_cells <= MOST_CELLS:
        return f"not looked for: {n_cells:,} cells, scrublet is used for {FEWEST_CELLS} to {MOST_CELLS:,}"
    return ""


def find_doublets(counts: Any) -> tuple[Any, str]:
    """Call the doublets of one sample.

    Parameters
    ----------
    counts
        Sparse, cells × genes.

    Returns
    -------
    called : numpy.ndarray or None
        Truth value per cell; None where no threshold tells doublets from single cells.
    words : str
        How it was decided.
    """
    import anndata as ad
    import numpy as np
    import scanpy as sc

    data = ad.AnnData(counts.astype(np.float32))
    n_components = min(30, counts.shape[0] - 1, int((np.diff(counts.tocsc().indptr) > 0).sum()) - 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sc.pp.scrublet(data, n_prin_comps=n_components, random_state=SEED, verbose=False)
    except (ValueError, ArithmeticError) as error:
        return None, f"no call: scrublet failed ({str(error)[:120]})"
    if "predicted_doublet" not in data.obs:
        return None, "no call: the scores have one peak, so that nothing tells doublets from single cells"
    called = data.obs["predicted_doublet"].to_numpy(dtype=bool)
    threshold = float(data.uns["scrublet"]["threshold"])
    if called.mean() > MOST_CALLED:
        return None, f"no call: the threshold ({threshold:.2f}) would call {called.mean():.0%} of the cells"
    return called, f"{int(called.sum())} of {len(called)} cells called, score above {threshold:.2f}"
