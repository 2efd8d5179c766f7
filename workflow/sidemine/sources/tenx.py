"""Layout `tenx`: single cells as 10x Genomics' tools write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.sources.declarations import CELLS_NEED_COUNTS, COLUMNS_OF_CELLS, CellLayout, DeclaredValues
from sidemine.sources.h5ad import HDF5_MAGIC
from sidemine.sources.inspection import FileToInspect, Inspection

if TYPE_CHECKING:
    from sidemine.sources.cells import Cells, CellsWanted

_SHEET_ROW = "layout: tenx, identifiers: symbol or ensembl, scale: counts, biological_unit: (a column of donors)"


def _read(path: Path, declared: DeclaredValues, wanted: CellsWanted | None) -> Cells:
    from sidemine.sources.tenx_cells import read_tenx_cells

    return read_tenx_cells(path, declared.identifiers, wanted)


def _inspect(file: FileToInspect) -> Inspection | None:
    from sidemine.sources.tenx_files import describe_tenx, is_tenx_part

    if file.start.startswith(HDF5_MAGIC):
        return _inspect_h5(file.path)
    if file.members is None or not any(map(is_tenx_part, file.members)):
        return None
    samples, notes = describe_tenx(file.path)
    summary = f"{len(file.members)} files in the {'folder' if file.path.is_dir() else 'archive'}."
    return Inspection(
        file.path,
        "10x",
        samples,
        files=list(file.members),
        value_summary=summary,
        sheet_row=_SHEET_ROW,
        notes=notes,
    )


def _inspect_h5(path: Path) -> Inspection:
    import pandas as pd

    from sidemine.sources.tenx_cells import read_tenx_cells

    cells = read_tenx_cells(path, "symbol")
    counts = cells.obs.groupby("sample", sort=False)["title"].agg(["first", "size"])
    samples = pd.DataFrame(
        {"title": list(counts["first"]), "n_cells": [str(n) for n in counts["size"]]},
        index=pd.Index(counts.index, name="sample", dtype=object),
    )
    summary = f"{len(cells.obs)} cells × {len(cells.identifiers)} genes, counts of 10x Genomics."
    return Inspection(path, "10x", samples, value_summary=summary, sheet_row=_SHEET_ROW, notes=cells.notes)


TENX = CellLayout(
    word="tenx",
    meaning="tenx (single cell)",
    form="cells",
    own_columns=COLUMNS_OF_CELLS,
    requirement=CELLS_NEED_COUNTS,
    inspect=_inspect,
    read=_read,
)
