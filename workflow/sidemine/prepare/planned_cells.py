"""Single cells with what is known of them, and the pseudobulk samples that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.prepare.derived_columns import check_derived, derive_columns
from sidemine.prepare.sample_sheet import apply_sample_sheet, read_sample_sheet
from sidemine.prepare.single_cell import PseudobulkPlan, groups_of, plan_pseudobulk, to_pseudobulk
from sidemine.sources.cells import Cells, CellsWanted
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.geo_record import read_record_metadata
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.study.selectors import matches_nothing, parse_selector

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import DerivedColumn
    from sidemine.study.projections import DatasetToRead


@dataclass
class PlannedCells:
    """Cells with their metadata, the pseudobulk samples that they make, and what is to be told of the sample sheet."""

    cells: Cells
    plan: PseudobulkPlan
    notes: list[str]


def read_planned_cells(
    row: DatasetToRead, files: Mapping[str, Path], derive: Mapping[str, DerivedColumn]
) -> PlannedCells:
    """Read single cells, add what is known of them, and plan their pseudobulk samples.

    A sample sheet may name the samples of a 10x archive, single cells, or pseudobulk samples.

    Parameters
    ----------
    row, files, derive
        As in `read_samples`.

    Raises
    ------
    InputError
        When files, columns, selectors and sheet do not fit together.
    """
    import numpy as np

    cells = CELL_LAYOUTS[row.layout].read(files["values"], DeclaredValues.of(row), None)
    sheet = read_sample_sheet(files["sample_sheet"]) if "sample_sheet" in files else None
    obs, notes = cells.obs, []
    if "metadata" in files and "sample" in obs.columns:
        obs = _join(obs, read_record_metadata(files["metadata"]).samples, "sample")
    if sheet is not None and "sample" in obs.columns and set(sheet.index) <= set(obs["sample"]):
        obs, sheet = _join(obs, sheet, "sample"), None
    elif sheet is not None and (names := _cells_of_sheet(obs, sheet)) is not None:
        _refuse_repeated_cells(names, sheet, files["sample_sheet"])
        if unknown := len(sheet) - int(sheet.index.isin(names).sum()):
            notes.append(f"{unknown} of {len(sheet)} rows of the sample sheet name no cell")
        obs, sheet = _join(obs.assign(_cell=names), sheet, "_cell").drop(columns="_cell"), None
    where = f"config.yaml, derive.{row.dataset}"
    obs = derive_columns(obs, derive, where)
    taken = select_subset(row, obs) if row.subset else np.ones(len(obs), dtype=bool)
    check_derived(obs, derive, taken, where)
    cells.obs = obs
    plan = plan_pseudobulk(row, obs, taken)
    if sheet is not None:
        plan.samples = apply_sample_sheet(plan.samples, sheet, files["sample_sheet"])
    return PlannedCells(cells, plan, notes)


def sum_planned_cells(row: DatasetToRead, files: Mapping[str, Path], planned: PlannedCells) -> ValueMatrix:
    """Read the counts of planned cells, and add up those of each pseudobulk sample.

    Parameters
    ----------
    row, files
        As in `read_samples`.
    planned
        What `read_planned_cells` returned.

    Returns
    -------
    ValueMatrix
        float64, genes × pseudobulk samples.
    """
    cells, plan = planned.cells, planned.plan
    wanted = CellsWanted(groups=groups_of(plan, cells), n_groups=len(plan.samples), parts=cells.parts)
    summed = CELL_LAYOUTS[row.layout].read(files["values"], DeclaredValues.of(row), wanted)
    return to_pseudobulk(summed, plan, planned.notes)


def _cells_of_sheet(obs: pd.DataFrame, sheet: pd.DataFrame) -> pd.Index | None:
    """Return the names of the cells that a sheet uses: their own, or bare barcodes; None where it names no cell."""
    import pandas as pd

    if sheet.index.isin(obs.index).any():
        return obs.index
    bare = pd.Index(obs["barcode"]) if "barcode" in obs.columns else obs.index[:0]
    return bare if sheet.index.isin(bare).any() else None


def _refuse_repeated_cells(names: pd.Index, sheet: pd.DataFrame, path: Path) -> None:
    repeated = names[names.duplicated() & names.isin(sheet.index)]
    if len(repeated):
        raise InputError(
            Problem(
                f"{len(set(repeated))} names of the sample sheet stand for several cells each",
                f"{path}: {', '.join(map(repr, list(dict.fromkeys(repeated))[:5]))}",
                "names that one cell bears; in 10x data sample_barcode",
                "Name the cells as sidemine inspect lists them, or describe samples instead of cells.",
            )
        )


def _join(obs: pd.DataFrame, table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Add the columns of `table` (indexed by sample or cell) to the cells; cells that it does not name get ''."""
    rows = table.reindex(obs[key]).fillna("")
    result = obs.copy()
    for name in table.columns:
        if name != key:
            result[name] = rows[name].to_numpy(dtype=object)
    return result


def select_subset(row: DatasetToRead, samples: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which samples (or cells) match the `subset` of a dataset, one truth value per row of `samples`.

    Raises
    ------
    SheetMismatch
        When none does.
    """
    where = f"datasets.tsv, dataset {row.dataset}, column subset"
    selector = parse_selector(row.subset, where)
    inside: NDArray[np.bool_] = selector.matches(samples, where)
    if not inside.any():
        raise SheetMismatch(matches_nothing(selector, samples, where))
    return inside
