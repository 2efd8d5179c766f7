"""Layout `h5ad`: single cells in an AnnData file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.sources.declarations import CELLS_NEED_COUNTS, COLUMNS_OF_CELLS, CellLayout, DeclaredValues
from sidemine.sources.inspection import FileToInspect, Inspection, guess_identifiers

if TYPE_CHECKING:
    from sidemine.sources.cells import Cells, CellsWanted

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ROWS_INSPECTED = 500


def _read(path: Path, declared: DeclaredValues, wanted: CellsWanted | None) -> Cells:
    from sidemine.sources.h5ad_cells import read_h5ad_cells

    return read_h5ad_cells(path, declared.identifiers, wanted, layer=declared.layer)


def _inspect(file: FileToInspect) -> Inspection | None:
    from sidemine.isolation import run_isolated
    from sidemine.sources.h5ad_file import PRELOAD

    if not file.start.startswith(HDF5_MAGIC):
        return None
    return run_isolated(_look_into, file.path, where=file.path, returns=Inspection, preload=PRELOAD)


def _look_into(path: Path) -> Inspection:
    from sidemine.sources.cells import text_frame
    from sidemine.sources.h5ad_file import open_h5ad

    with open_h5ad(path) as file:
        samples = text_frame(file.table("obs")).rename_axis("sample")
        identifiers = [str(name) for name in file.table("var").index]
        places = ", ".join(file.matrices) or "none"
        summary = f"{samples.shape[0]} cells or samples × {len(identifiers)} genes; matrices: {places}."
        row = f"layout: h5ad, identifiers: {guess_identifiers(identifiers)}, scale: counts, biological_unit: (donors)"
        inspection = Inspection(path, "h5ad", samples, value_summary=summary, sheet_row=row, simulated=file.simulated)
        if "X" in file.matrices:
            n_rows = min(_ROWS_INSPECTED, len(samples))
            head = file.head("X", n_rows)
            inspection.value_summary += f" First {n_rows} rows of X:"
            inspection.values, inspection.identifiers = head.T, identifiers
    return inspection


H5AD = CellLayout(
    word="h5ad",
    meaning="h5ad (single cell)",
    form="hdf5",
    own_columns=("layer", *COLUMNS_OF_CELLS),
    requirement=CELLS_NEED_COUNTS,
    inspect=_inspect,
    read=_read,
)
