"""Read the cells that are drawn, and lay them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sidemine.enrichment.gene_set_table import genes_of_set
from sidemine.errors import SheetMismatch
from sidemine.lines.illustration.measure import choose_cells, draw_map
from sidemine.lines.illustration.record import CellMap
from sidemine.prepare.gene_mapping import map_ids, map_symbols
from sidemine.prepare.planned_cells import read_planned_cells
from sidemine.sources.cells import CellsWanted
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.registry import CELL_LAYOUTS

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.lines.illustration.specification import CellsToIllustrate
    from sidemine.prepare.gene_table import GeneTable


def read_map(
    specification: CellsToIllustrate,
    files: Mapping[str, Path],
    gene_table: GeneTable,
    gene_sets: pd.DataFrame,
    seed: int,
) -> CellMap:
    """Read the cells that are drawn (metadata of all, counts of a bounded random part), and lay them out.

    Parameters
    ----------
    specification
        The dataset, and what colours its cells.
    files
        Its files by role.
    gene_table
        Approved symbols.
    gene_sets
        Long table with the columns of `gene_set_table.GENE_SETS`.
    seed
        The study's seed.

    Raises
    ------
    InputError
        When files cannot be read.
    """
    import numpy as np

    # Doublets are drawn, too: to call them again takes longer than the map.
    row, name = specification.dataset.model_copy(update={"doublets": "off"}), specification.set
    try:
        planned = read_planned_cells(row, files, specification.derive, specification.markers)
    except SheetMismatch as error:
        return CellMap(row.dataset, name, problem=error.problems[0].what)
    cells, obs = planned.cells, planned.cells.obs
    columns = [column for column in (specification.condition, specification.cell_type) if column]
    if absent := [column for column in columns if column not in obs.columns]:
        return CellMap(row.dataset, name, problem=f"the cells have no column {', '.join(map(repr, absent))}")
    members = genes_of_set(gene_sets, name)
    usable = np.flatnonzero(planned.plan.codes >= 0)
    drawn = choose_cells(usable, seed, row.dataset)
    if not len(drawn) or not members:
        return CellMap(row.dataset, name, problem="no cell takes part, or the set has no gene")
    wanted = CellsWanted(whole=cells.rows[drawn], parts=cells.parts)
    read = CELL_LAYOUTS[row.layout].read(files["values"], DeclaredValues.of(row), wanted)
    where = f"dataset {row.dataset}, {files['values'].name}"
    if row.identifiers in {"ensembl", "entrez"}:
        kind: Literal["ensembl", "entrez"] = "ensembl" if row.identifiers == "ensembl" else "entrez"
        mapped = map_ids(read.identifiers, gene_table, kind, where)
    else:
        mapped = map_symbols(read.identifiers, gene_table, "drop", where, human="human_symbols" in row.confirmed)
    condition, cell_type = (
        obs[column].iloc[drawn].astype(str).tolist() if column else []
        for column in (specification.condition, specification.cell_type)
    )
    colours = (condition, cell_type)
    return draw_map(
        read.whole, mapped.genes, (name, members), colours, row.dataset, len(usable), seed, specification.layout
    )
