"""Single cells with what is known of them, and the pseudobulk samples that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.prepare.cell_checks import CellChecking, CellSource, check_cells, of_filtered
from sidemine.prepare.cell_labels import UNASSIGNED, label_cells, usable_markers
from sidemine.prepare.cell_record import CellsOnRecord, FilteredCells
from sidemine.prepare.derived_columns import check_derived, derive_columns
from sidemine.prepare.sample_sheet import apply_sample_sheet, read_sample_sheet
from sidemine.prepare.single_cell import PseudobulkPlan, groups_of, plan_pseudobulk, to_pseudobulk
from sidemine.sources.cells import MITOCHONDRIAL, Cells, CellsWanted
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.geo_record import read_record_metadata
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.study.markers import LABEL_COLUMN, label_column
from sidemine.study.selectors import matches_nothing, parse_selector

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import DerivedColumn
    from sidemine.study.projections import DatasetToRead


LABEL_SHARE = "label_share"
"""Column of pseudobulk samples: which share of their sample's cells has the label. The checks of a contrast compare it."""


@dataclass
class PlannedCells:
    """Cells with their metadata, and the pseudobulk samples that they make.

    Attributes
    ----------
    cells, plan
        The cells and the plan.
    notes
        What is to be told of the sample sheet.
    inside, sample_of
        Per cell: whether it belongs to the dataset, and the sample that it is looked at with.
    checks
        What is known of the cells already.
    labels
        Labels by markers, per cell; None where a column holds the types, or nothing does.
    markers, passed_over
        Markers by cell type that labelled, and those that were left out.
    """

    cells: Cells
    plan: PseudobulkPlan
    notes: list[str]
    inside: NDArray[np.bool_]
    sample_of: NDArray[np.object_]
    checks: CellChecking
    labels: NDArray[np.object_] | None
    markers: dict[str, list[str]]
    passed_over: list[str]


def read_planned_cells(
    row: DatasetToRead,
    files: Mapping[str, Path],
    derive: Mapping[str, DerivedColumn],
    markers: Mapping[str, Sequence[str]] | None = None,
    filtered: FilteredCells | None = None,
) -> PlannedCells:
    """Read single cells, add what is known of them, and plan their pseudobulk samples.

    A sample sheet may name the samples of a 10x archive, single cells, or pseudobulk samples. Counts are read only where
    they say which cells take part: where poor cells or doublets are left out, or markers label the cells.

    Parameters
    ----------
    row, files, derive
        As in `read_samples`.
    markers
        Markers by cell type that label the cells; None or empty: none do.
    filtered
        Which cells take no part, where that is known already; None: it is looked for.

    Raises
    ------
    InputError
        When files, columns, selectors and sheet do not fit together, or `filtered` is of another file.
    SheetMismatch
        When no marker is among the genes.
    """
    import numpy as np

    usable, passed_over = usable_markers(markers or {}, row.excluded_markers)
    genes = sorted({gene for names in usable.values() for gene in names})
    wanted = CellsWanted(measured=True, mitochondrial=MITOCHONDRIAL, picked=genes)
    source = CellSource(row.layout, files["values"], DeclaredValues.of(row))
    # Markers are symbols, whatever the genes of the analysis are named by.
    declared = replace(source.declared, identifiers="symbol") if genes else source.declared
    cells = replace(source, declared=declared).read(wanted if genes or row.cell_quality == "filter" else None)
    labels: NDArray[np.object_] | None = None
    measured: dict[str, list[str]] = {}
    if genes:
        labels, measured = label_cells(cells.picked, cells.totals, genes, usable)
        if not measured:
            raise SheetMismatch(_no_marker(row, cells))
        cells.obs = cells.obs.assign(**{LABEL_COLUMN: labels})
    obs, sheet, notes = _describe(files, cells.obs)
    where = f"config.yaml, derive.{row.dataset}"
    obs = derive_columns(obs, derive, where)
    inside = select_subset(row, obs) if row.subset else np.ones(len(obs), dtype=bool)
    check_derived(obs, derive, inside, where)
    cells.obs = obs
    sample_of = _samples_of(row, obs)
    if filtered is None:
        checks = check_cells(row, source, cells, inside, sample_of, only="filter")
    elif filtered.n_cells == len(inside):
        checks = of_filtered(filtered)
    else:
        raise InputError(_other_cells(row, files["values"], filtered.n_cells, len(inside)))
    kept = inside & ~checks.left_out
    named = inside if labels is None else inside & (labels != UNASSIGNED)
    plan = plan_pseudobulk(row, obs, named, checks.left_out)
    if label_column(row.cell_type):
        plan.samples[LABEL_SHARE] = _label_shares(plan, sample_of, kept)
    if sheet is not None:
        plan.samples = apply_sample_sheet(plan.samples, sheet, files["sample_sheet"])
    return PlannedCells(cells, plan, notes, inside, sample_of, checks, labels, measured, passed_over)


def _other_cells(row: DatasetToRead, path: Path, expected: int, n_cells: int) -> Problem:
    return Problem(
        "the cells are not those whose samples were read",
        f"dataset {row.dataset}, {path.name}: {n_cells:,} cells",
        f"{expected:,} cells",
        "Run the workflow again; it reads the samples anew.",
    )


def _describe(files: Mapping[str, Path], obs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame | None, list[str]]:
    """Add the record and the sample sheet to cells; return the sheet where it names pseudobulk samples, and notes."""
    sheet = read_sample_sheet(files["sample_sheet"]) if "sample_sheet" in files else None
    notes: list[str] = []
    if "metadata" in files and "sample" in obs.columns:
        obs = _join(obs, read_record_metadata(files["metadata"]).samples, "sample")
    if sheet is not None and "sample" in obs.columns and set(sheet.index) <= set(obs["sample"]):
        obs, sheet = _join(obs, sheet, "sample"), None
    elif sheet is not None and (names := _cells_of_sheet(obs, sheet)) is not None:
        _refuse_repeated_cells(names, sheet, files["sample_sheet"])
        if unknown := len(sheet) - int(sheet.index.isin(names).sum()):
            notes.append(f"{unknown} of {len(sheet)} rows of the sample sheet name no cell")
        obs, sheet = _join(obs.assign(_cell=names), sheet, "_cell").drop(columns="_cell"), None
    return obs, sheet, notes


def _no_marker(row: DatasetToRead, cells: Cells) -> Problem:
    return Problem(
        "no cell type has three markers among the genes of the file",
        f"dataset {row.dataset}: its genes are {', '.join(map(repr, cells.identifiers[:3]))}, …",
        "gene symbols, in the index of var or in a column such as gene_symbols",
        "Check identifiers, name a marker file of this tissue, or add labels by a sample sheet.",
    )


def _samples_of(row: DatasetToRead, obs: pd.DataFrame) -> NDArray[np.object_]:
    """Return the sample of each cell: the 10x matrix, or else biological unit × sample columns."""
    import numpy as np

    names = ["sample"] if "sample" in obs.columns else [row.biological_unit, *row.sample_columns]
    columns = [obs[name].astype(str) for name in dict.fromkeys(names) if name in obs.columns]
    if not columns:
        return np.full(len(obs), "all cells", dtype=object)
    joined = columns[0]
    for column in columns[1:]:
        joined = joined + " " + column
    return joined.to_numpy(dtype=object)


def _label_shares(plan: PseudobulkPlan, sample_of: NDArray[np.object_], kept: NDArray[np.bool_]) -> list[str]:
    """Return, per pseudobulk sample, its share of the cells of the samples that it is from."""
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(sample_of)
    of_sample = np.bincount(codes[kept], minlength=len(names))
    shares = []
    for number in range(len(plan.samples)):
        mine = plan.codes == number
        shares.append(f"{mine.sum() / of_sample[np.unique(codes[mine])].sum():.4g}" if mine.any() else "0")
    return shares


def sum_planned_cells(
    row: DatasetToRead, files: Mapping[str, Path], planned: PlannedCells
) -> tuple[ValueMatrix, CellsOnRecord]:
    """Read the counts of planned cells, add up those of each pseudobulk sample, and tell what became of the cells.

    Parameters
    ----------
    row, files
        As in `read_samples`.
    planned
        What `read_planned_cells` returned.

    Returns
    -------
    sums : ValueMatrix
        float64, genes × pseudobulk samples.
    record : CellsOnRecord
        What became of the cells.
    """
    cells, plan = planned.cells, planned.plan
    source = CellSource(row.layout, files["values"], DeclaredValues.of(row))
    wanted = CellsWanted(
        groups=groups_of(plan, cells),
        n_groups=len(plan.samples),
        parts=cells.parts,
        measured=row.cell_quality == "told",
        mitochondrial=MITOCHONDRIAL,
    )
    summed = source.read(wanted)
    if row.cell_quality == "told":
        measured = replace(summed, obs=cells.obs)
        checking = check_cells(row, source, measured, planned.inside, planned.sample_of, planned.checks, only="told")
    else:
        checking = check_cells(row, source, cells, planned.inside, planned.sample_of, planned.checks, only="told")
    return to_pseudobulk(summed, plan, planned.notes), _record(row, planned, checking)


def _record(row: DatasetToRead, planned: PlannedCells, checking: CellChecking) -> CellsOnRecord:
    import numpy as np

    cells, plan, inside = planned.cells, planned.plan, planned.inside
    dropped = Counter(planned.checks.reasons[inside & planned.checks.left_out].tolist())
    kept = inside & ~planned.checks.left_out
    column = label_column(row.cell_type)
    labels = Counter(cells.obs[column][kept].tolist()) if column in cells.obs.columns else Counter()
    unassigned = labels.get(UNASSIGNED, 0) if planned.labels is not None else 0
    if unassigned:
        dropped["no marker tells the type"] = unassigned
    rest = int((kept & (plan.codes < 0)).sum()) - unassigned
    if rest:
        dropped[f"no value in {' or '.join(plan.lacking)}"] = rest
    source = f"column {column} of the file" if column else ""
    if planned.labels is not None:
        source = "markers, by sidemine: the file does not say them"
    return CellsOnRecord(
        quality=row.cell_quality,
        doublets=row.doublets,
        n_cells=len(inside),
        n_outside=int((~inside).sum()),
        n_dropped=dict(sorted(dropped.items())),
        n_summed=int(np.sum(plan.codes >= 0)),
        n_pseudobulk=len(plan.samples),
        samples=checking.samples,
        labels={name or "(none)": n for name, n in sorted(labels.items())},
        label_source=source,
        markers=planned.markers,
        passed_over=planned.passed_over,
    )


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
