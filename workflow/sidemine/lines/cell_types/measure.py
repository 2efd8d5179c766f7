"""The primary set in every cell type of every donor: signs, which are described and not tested.

Cells and cell types of one donor share the donor, so that they are no replicates (Squair et al. 2021, Nature Communications
12:5692, doi 10.1038/s41467-021-25960-2): ten equal signs of two donors are two observations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.set_membership import build_membership
from sidemine.lines.cell_types.record import CellTypeEffect
from sidemine.prepare.log_expression import log2_expression

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

LEAST_SEEN = 0.5
"""Share of the samples of a contrast in which a gene must have a count, as the fits leave out what is not expressed."""


@dataclass(frozen=True)
class ComparedCells:
    """A contrast of pseudobulk samples: its samples on either side, and the column of their cell types."""

    contrast: str
    target: list[str]
    reference: list[str]
    column: str


def describe_cell_types(
    compared: ComparedCells, expression: AnnData, gene_sets: pd.DataFrame, gene_set: str, min_set_size: int
) -> tuple[list[CellTypeEffect], int]:
    """Return the effect of each cell type and donor, and how many pairs lack a sample.

    Parameters
    ----------
    compared
        The contrast.
    expression
        The dataset: samples × genes; obs has `unit`, `n_cells` and the column of cell types.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    gene_set
        The primary set.
    min_set_size
        Fewest measured genes of the set; with fewer there are no effects.

    Returns
    -------
    effects : list of CellTypeEffect
        log2; above 0: higher in the target.
    n_unpaired : int
        Pairs of cell type and donor without both samples.
    """
    samples = [*compared.target, *compared.reference]
    here = expression[samples]
    seen = (np.asarray(here.layers["counts"]) > 0).mean(axis=0) >= LEAST_SEEN
    genes = [str(name) for name in here.var_names[seen]]
    mine = gene_sets[gene_sets["gene_set"] == gene_set]
    membership = build_membership(mine, genes, min_set_size)
    if not membership.gene_sets:
        return [], 0
    scores = _scores(log2_expression(here)[:, seen], membership.shares().toarray()[0])
    places: dict[tuple[str, str], list[list[int]]] = {}
    for number in range(len(samples)):
        row = here.obs.iloc[number]
        side = int(number >= len(compared.target))
        places.setdefault((str(row[compared.column]), str(row["unit"])), [[], []])[side].append(number)
    cells = here.obs["n_cells"].astype(int).to_numpy()
    effects = [
        CellTypeEffect(
            contrast=compared.contrast,
            cell_type=kind,
            unit=unit,
            effect=round(float(scores[target].mean() - scores[reference].mean()), 6),
            n_cells=[int(cells[target].sum()), int(cells[reference].sum())],
        )
        for (kind, unit), (target, reference) in sorted(places.items())
        if target and reference
    ]
    return effects, len(places) - len(effects)


def _scores(values: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, per sample, the weighted mean of the set minus the mean of all other genes, as often as signs leave it."""
    score: NDArray[np.float64] = values @ share - share.sum() * values[:, share == 0].mean(axis=1)
    return score
