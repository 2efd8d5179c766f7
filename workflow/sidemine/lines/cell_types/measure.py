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

LEAST_READS = 5.0
"""Reads of a gene that the shallower sample of a pair must be expected to hold. Rarer ones are lifted by the half read that each
count is given, and with them all others seem to fall: with 15 v 300 cells, and nothing else different, 100 % of pairs were lower in the
rarer cells; so, 49 to 55 % are higher."""


@dataclass(frozen=True)
class ComparedCells:
    """A contrast of pseudobulk samples: its samples on either side, and the column of their cell types."""

    contrast: str
    target: list[str]
    reference: list[str]
    column: str


def describe_cell_types(
    compared: ComparedCells, expression: AnnData, gene_sets: pd.DataFrame, gene_set: str, min_set_size: int
) -> tuple[list[CellTypeEffect], int, int]:
    """Return the effect of each cell type and donor, and how many pairs lack a sample, or reads.

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
    n_shallow : int
        Pairs with both, of which the shallower has too few reads of the set's genes.
    """
    samples = [*compared.target, *compared.reference]
    here = expression[samples]
    counts = np.asarray(here.layers["counts"], dtype=np.float64)
    values, genes = log2_expression(here), [str(name) for name in here.var_names]
    mine = gene_sets[gene_sets["gene_set"] == gene_set]
    if not build_membership(mine, genes, min_set_size).gene_sets:
        return [], 0, 0
    places: dict[tuple[str, str], list[list[int]]] = {}
    for number in range(len(samples)):
        row = here.obs.iloc[number]
        side = int(number >= len(compared.target))
        places.setdefault((str(row[compared.column]), str(row["unit"])), [[], []])[side].append(number)
    cells = here.obs["n_cells"].astype(int).to_numpy()
    paired = {key: sides for key, sides in sorted(places.items()) if all(sides)}
    effects = []
    for (kind, unit), (target, reference) in paired.items():
        others = [sides for key, sides in paired.items() if key[0] == kind and key[1] != unit]
        read = _read_in_both(counts, [target, reference], others)
        membership = build_membership(
            mine, [gene for gene, kept in zip(genes, read, strict=True) if kept], min_set_size
        )
        if not membership.gene_sets:
            continue
        scores = _scores(values[:, read], membership.shares().toarray()[0])
        effects.append(
            CellTypeEffect(
                contrast=compared.contrast,
                cell_type=kind,
                unit=unit,
                effect=round(float(scores[target].mean() - scores[reference].mean()), 6),
                n_cells=[int(cells[target].sum()), int(cells[reference].sum())],
            )
        )
    return effects, len(places) - len(paired), len(paired) - len(effects)


def _read_in_both(
    counts: NDArray[np.float64], own: list[list[int]], others: list[list[list[int]]]
) -> NDArray[np.bool_]:
    """Return which genes the shallowest sample of a pair would hold enough reads of.

    By their mean share in the pairs of the other donors, whose chance is not that of this pair: genes that are chosen by what a shallow
    sample happens to hold are higher in it. Of a single donor by the share in all its reads, most of which are those of the deeper sample (.08 log2 remain of .4).
    """
    sizes = counts.sum(axis=1, keepdims=True)
    mine = [number for side in own for number in side]
    share = counts[mine].sum(axis=0) / sizes[mine].sum()
    if others:
        sides = [(counts[side] / np.maximum(sizes[side], 1.0)).mean(axis=0) for pair in others for side in pair]
        share = np.mean(sides, axis=0)
    return np.asarray(share * sizes[mine].min() >= LEAST_READS)


def _scores(values: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, per sample, the weighted mean of the set minus the mean of all other genes, as often as signs leave it."""
    score: NDArray[np.float64] = values @ share - share.sum() * values[:, share == 0].mean(axis=1)
    return score
