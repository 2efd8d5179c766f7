"""`illustrations.json`: where each drawn cell lies, and what colours it."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.lines.illustration.config import MapLayout


@dataclass(frozen=True)
class CellMap:
    """A map of cells.

    Attributes
    ----------
    dataset, gene_set
        As declared.
    n_cells, n_genes
        Cells that take part, of which those drawn are a random part; genes that the map rests on.
    n_in_set, n_measured
        Genes of the set, and those measured.
    x, y
        Places, without unit.
    condition, cell_type
        Of each drawn cell; cell types are empty where no column is declared.
    score
        Of each drawn cell: mean log expression of the set minus that of random genes of like level (scanpy's `score_genes`).
    problem
        Why nothing is drawn; empty where something is.
    layout
        By what the cells are laid out.
    """

    dataset: str
    gene_set: str
    n_cells: int = 0
    n_genes: int = 0
    n_in_set: int = 0
    n_measured: int = 0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    condition: tuple[str, ...] = ()
    cell_type: tuple[str, ...] = ()
    score: tuple[float, ...] = ()
    problem: str = ""
    layout: MapLayout = "umap"


@dataclass(frozen=True)
class MapsOfStudy:
    """All of them, in declared order."""

    maps: list[CellMap]
