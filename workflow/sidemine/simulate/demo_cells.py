"""Single cells of the demo: blood cells of four donors with and without interferon, poor cells and doublets among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sidemine.simulate.expression import SampleModel, simulate_counts, simulate_log2
from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import write_h5ad

N_DONORS = 4
CELLS = 210
"""Cells of each donor under each condition: half of them monocytes, half T cells."""
POOR, DOUBLETS = 4, 6
"""Of these: cells that lost most of their RNA, and drops that a monocyte shares with a T cell, which are labelled monocyte: what
clustering makes of them, since a monocyte holds more RNA. So no cell that is labelled T cell holds what monocytes do."""
RESPONSE = 1.5
"""log2 change of the interferon response in monocytes; T cells do not respond."""


def write_stimulated_cells(path: Path, universe: GeneUniverse, seed: int) -> None:
    """Write an h5ad of raw counts; obs has donor, stimulus and cell_type.

    Parameters
    ----------
    path
        The file.
    universe
        Genes, with their modules.
    seed
        Seed of the draw; never 0.
    """
    import pandas as pd

    rows = [
        {"donor": f"donor_{donor + 1}", "stimulus": stimulus, "cell_type": ("monocyte", "t_cell")[cell % 2]}
        for donor in range(N_DONORS)
        for stimulus in ("buffer", "interferon")
        for cell in range(CELLS)
    ]
    obs = pd.DataFrame(rows, dtype=object, index=pd.Index([f"cell{n:05d}" for n in range(len(rows))], dtype=object))
    monocyte = (obs["cell_type"] == "monocyte").to_numpy()
    model = SampleModel(
        len(obs),
        log2_shift={
            "module_01": np.where(monocyte, 2.5, 0.0),
            "module_02": np.where(monocyte, 0.0, 2.5),
            "interferon_response": np.where(monocyte & (obs["stimulus"] == "interferon").to_numpy(), RESPONSE, 0.0),
        },
        donor=np.repeat(np.arange(N_DONORS), 2 * CELLS),
        donor_sd=0.5,
    )
    counts = simulate_counts(simulate_log2(universe, model, seed), seed, mean_library_size=3000, dispersion=0.2)
    rng = np.random.default_rng([seed, 1])
    for first in range(0, len(obs), CELLS):
        poor = slice(first, first + POOR)
        counts[:, poor] = rng.binomial(counts[:, poor], 0.03)
        # Monocytes stand at even places, T cells behind them; the T cell of the drop is one that is there alone as well.
        doublets = first + POOR + 2 * np.arange(DOUBLETS)
        counts[:, doublets] += counts[:, doublets + 2 * DOUBLETS + 1]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_h5ad(path, counts, obs, universe.symbols)
