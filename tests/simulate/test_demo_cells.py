"""The single cells of the demo: monocytes respond and T cells do not, drops with two cells included."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np

from sidemine.simulate.demo import DEMO_SEED
from sidemine.simulate.demo_cells import N_DONORS, write_stimulated_cells
from sidemine.simulate.genes import make_universe


def test_no_cell_that_is_labelled_t_cell_holds_the_response_of_monocytes(tmp_path: Path) -> None:
    """So the null control of the demo is a true null, whatever doublet detection finds."""
    universe = make_universe(1600, DEMO_SEED)
    write_stimulated_cells(tmp_path / "cells.h5ad", universe, DEMO_SEED)
    cells = ad.read_h5ad(tmp_path / "cells.h5ad")
    targets = np.isin(cells.var_names, universe.modules["interferon_response"])
    counts = cells.X.toarray()
    response = {}
    for kind in ("monocyte", "t_cell"):
        levels = []
        for stimulus in ("interferon", "buffer"):
            chosen = ((cells.obs["cell_type"] == kind) & (cells.obs["stimulus"] == stimulus)).to_numpy()
            by_donor = [
                counts[chosen & (cells.obs["donor"] == f"donor_{n + 1}").to_numpy()].sum(0) for n in range(N_DONORS)
            ]
            levels.append(np.mean([np.log2((s[targets] + 1) / s.sum() * 1e6).mean() for s in by_donor]))
        response[kind] = levels[0] - levels[1]
    assert response["monocyte"] > 0.9
    assert abs(response["t_cell"]) < 0.1
