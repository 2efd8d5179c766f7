"""Single cells to pseudobulk: counts summed per biological unit × cell type × sample columns.

Cells of one donor are not replicates: tests on cells find differences in data without any (Squair et al. 2021, Nature
Communications 12:5692, doi 10.1038/s41467-021-25960-2). Sums per donor go into the same linear models as bulk data.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem, SheetMismatch
from sidemine.prepare.value_matrix import ValueMatrix
from sidemine.simulation_marker import SIMULATION_MARKER

if TYPE_CHECKING:
    import anndata as ad
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import Dataset, IdentifierKind

logger = logging.getLogger(__name__)

MIN_CELLS = 10
"""Fewest cells of a pseudobulk sample: sums of fewer are mostly noise."""

COUNT_LAYERS = ("counts", "raw_counts", "count", "raw", "spliced_unspliced")
_SYMBOL_COLUMNS = ("gene_symbols", "gene_symbol", "symbol", "feature_name", "gene_name", "gene_short_name")
_ENSEMBL_COLUMNS = ("gene_ids", "gene_id", "ensembl", "ensembl_id", "ensembl_gene_id", "feature_id")


@dataclass
class Cells:
    """Single cells.

    Attributes
    ----------
    counts
        Sparse, cells × genes, raw counts; None when only the cells' metadata were read.
    identifiers
        Gene identifiers.
    obs
        Text metadata, one row per cell.
    left_out
        (identifier, reason) of features that are no genes.
    """

    counts: Any
    identifiers: list[str]
    obs: pd.DataFrame
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    simulated: bool = False


@dataclass
class PseudobulkPlan:
    """Which cell belongs to which pseudobulk sample.

    Attributes
    ----------
    codes
        Per cell: row of `samples`, or -1.
    samples
        Index `sample`; text columns: the grouping columns, cell columns that are constant within samples, `n_cells`.
    problem
        Why no contrast of this dataset can be tested; None when there are biological units.
    notes
        Sentences for the provenance.
    """

    codes: NDArray[np.intp]
    samples: pd.DataFrame
    problem: Problem | None
    notes: list[str]


def read_h5ad_cells(path: Path, kind: IdentifierKind, values: bool = True) -> Cells:
    """Read cells of an h5ad: raw counts from X, a counts layer, or raw, wherever there are whole numbers.

    Parameters
    ----------
    path
        The file.
    kind
        What the identifiers are to be; a column of var is used where the index holds the other kind.
    values
        False: metadata of the cells only.

    Raises
    ------
    InputError
        When the file is no h5ad, or holds no raw counts.
    """
    adata = _open_h5ad(path, backed=not values)
    obs = text_frame(adata.obs)
    simulated = SIMULATION_MARKER in str(adata.uns.get("simulated", ""))
    if not values:
        adata.file.close()
        return Cells(None, [], obs, simulated=simulated)
    counts, var, source = _find_counts(adata, path)
    note = f"raw counts of {counts.shape[0]} cells × {counts.shape[1]} genes from {source}"
    return Cells(counts, _identifiers(var, kind), obs, notes=[note], simulated=simulated)


def _open_h5ad(path: Path, backed: bool) -> ad.AnnData:
    import anndata as ad

    try:
        with warnings.catch_warnings():
            # Deposited files repeat gene names and use older layouts; both are handled here.
            warnings.filterwarnings("ignore", message=".*names are not unique.*")
            warnings.filterwarnings("ignore", category=FutureWarning)
            warnings.filterwarnings("ignore", category=getattr(ad, "OldFormatWarning", FutureWarning))
            return ad.read_h5ad(path, backed="r" if backed else None)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            Problem(
                "the file cannot be read as h5ad",
                f"{path}: {str(error)[:200]}",
                "a complete h5ad file (AnnData)",
                "Retrieve the file again; check layout in datasets.tsv.",
            )
        ) from error


def _find_counts(adata: ad.AnnData, path: Path) -> tuple[Any, pd.DataFrame, str]:
    candidates: list[tuple[str, Any, pd.DataFrame]] = []
    if adata.X is not None:
        candidates.append(("X", adata.X, adata.var))
    candidates += [(f"layer {name}", adata.layers[name], adata.var) for name in COUNT_LAYERS if name in adata.layers]
    if adata.raw is not None:
        candidates.append(("raw", adata.raw.X, adata.raw.var))
    found = []
    for name, matrix, var in candidates:
        complaint = _not_counts(matrix)
        if complaint is None:
            return _as_csr(matrix), var, name
        found.append(f"{name}: {complaint}")
    raise InputError(
        Problem(
            "the file holds no raw counts",
            f"{path}: {'; '.join(found) or 'no matrix'}",
            f"whole numbers, none negative, in X, a layer ({', '.join(COUNT_LAYERS)}) or raw",
            "Use the file with raw counts: sums of normalised cells have no known variance.",
        )
    )


def _not_counts(matrix: Any) -> str | None:
    import numpy as np

    data = np.asarray(matrix.data if hasattr(matrix, "tocsr") else matrix).ravel()
    if data.size == 0:
        return None
    if float(data.min()) < 0:
        return f"negative values (minimum {float(data.min()):.4g})"
    fractions = data[data != np.rint(data)]
    return f"fractions (for example {float(fractions[0]):.4g})" if fractions.size else None


def _as_csr(matrix: Any) -> Any:
    import scipy.sparse as sp

    return sp.csr_matrix(matrix)


def _identifiers(var: pd.DataFrame, kind: IdentifierKind) -> list[str]:
    """Return identifiers of the kind that is declared, from the index or from a column that holds it."""
    names = [str(name) for name in var.index]
    looks_ensembl = sum(name.upper().startswith("ENS") for name in names) > len(names) / 2
    columns = {"ensembl": _ENSEMBL_COLUMNS, "symbol": _SYMBOL_COLUMNS}.get(kind, ())
    if (kind == "ensembl") == looks_ensembl:
        return names
    column = next((name for name in columns if name in var.columns), None)
    return names if column is None else [str(cell) for cell in var[column]]


def text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return metadata as text, '' = missing, whole numbers without a decimal point."""
    import pandas as pd

    columns = {str(name): _as_text(frame[name]) for name in frame.columns}
    index = pd.Index([str(name) for name in frame.index], name="cell", dtype=object)
    return pd.DataFrame(columns, index=index, dtype=object)


def _as_text(values: pd.Series) -> list[str]:
    missing = values.isna().to_numpy()
    whole = values.dtype.kind == "f" and bool((values[~missing] % 1 == 0).all())
    cells = (
        ("" if gone else str(int(value)) if whole else str(value)) for value, gone in zip(values, missing, strict=True)
    )
    return list(cells)


def plan_pseudobulk(row: Dataset, obs: pd.DataFrame, taken: NDArray[np.bool_]) -> PseudobulkPlan:
    """Group cells into pseudobulk samples: biological unit × cell type × sample columns.

    Parameters
    ----------
    row
        The dataset; without a usable `biological_unit` the sums are still made, and `problem` says why nothing can be
        tested.
    obs
        Text metadata of the cells.
    taken
        Which cells belong to the dataset.

    Raises
    ------
    SheetMismatch
        When `cell_type` or one of `sample_columns` is not a column of the cells.
    """
    import numpy as np
    import pandas as pd

    problem = _unit_problem(row, obs)
    unit = [] if problem else [row.biological_unit]
    grouping = list(dict.fromkeys([*unit, *([row.cell_type] if row.cell_type else []), *row.sample_columns]))
    _check_columns(row, grouping, obs)
    notes = []
    complete = taken.copy()
    for column in grouping:
        complete &= (obs[column] != "").to_numpy()
    if n_incomplete := int((taken & ~complete).sum()):
        notes.append(f"{n_incomplete} cells have no value in {', '.join(grouping)} and were left out")
    keys = list(zip(*(obs[column] for column in grouping), strict=True)) if grouping else [()] * len(obs)
    wanted = sorted({key for key, use in zip(keys, complete, strict=True) if use})
    position = {key: place for place, key in enumerate(wanted)}
    codes = np.array([position[key] if use else -1 for key, use in zip(keys, complete, strict=True)], dtype=np.intp)
    samples = _constant_columns(obs, codes, len(wanted), grouping)
    samples["n_cells"] = [str(n) for n in np.bincount(codes[codes >= 0], minlength=len(wanted))]
    samples.index = pd.Index(_sample_names(wanted), name="sample", dtype=object)
    return PseudobulkPlan(codes, samples, problem, notes)


def _unit_problem(row: Dataset, obs: pd.DataFrame) -> Problem | None:
    if row.biological_unit and row.biological_unit in obs.columns:
        return None
    declared = f"biological_unit {row.biological_unit!r} is no column" if row.biological_unit else "no biological_unit"
    return Problem(
        "cells are not replicates; no donor column",
        f"dataset {row.dataset}: {declared}; the cells have {', '.join(map(str, obs.columns)) or 'no columns'}",
        "a column that names the donor (or other independent unit) of every cell, declared as biological_unit",
        "Use a release of these data with donor labels, or add them by a sample sheet.",
    )


def _check_columns(row: Dataset, grouping: list[str], obs: pd.DataFrame) -> None:
    absent = [column for column in grouping if column not in obs.columns]
    if absent:
        raise SheetMismatch(
            Problem(
                f"the cells have no column {', '.join(map(repr, absent))}",
                f"dataset {row.dataset}: cell_type or sample_columns in datasets.tsv",
                f"one of: {', '.join(map(str, obs.columns)) or '(the cells have no columns)'}",
                "Correct the names in datasets.tsv.",
            )
        )


def _constant_columns(obs: pd.DataFrame, codes: NDArray[np.intp], n_samples: int, grouping: list[str]) -> pd.DataFrame:
    """Keep the columns that have one value within each sample: those tell about samples, not about cells."""
    import numpy as np
    import pandas as pd

    cells = np.flatnonzero(codes >= 0)
    groups = codes[cells]
    first = np.full(n_samples, -1)
    first[groups[::-1]] = cells[::-1]
    columns: dict[str, list[str]] = {}
    for name in [*grouping, *(name for name in obs.columns if name not in grouping)]:
        values = pd.factorize(obs[name])[0]
        if bool((values[cells] == values[first[groups]]).all()):
            columns[name] = obs[name].iloc[first].tolist()
    return pd.DataFrame(columns, index=range(n_samples), dtype=object)


def _sample_names(keys: list[tuple[str, ...]]) -> list[str]:
    names: list[str] = []
    for key in keys:
        name = "_".join(re.sub(r"[^A-Za-z0-9.+-]+", "_", part).strip("_") for part in key) or "all_cells"
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names


def sum_cells(cells: Cells, plan: PseudobulkPlan) -> ValueMatrix:
    """Add the counts of the cells of each pseudobulk sample.

    Returns
    -------
    ValueMatrix
        float64, genes × pseudobulk samples.
    """
    import numpy as np
    import scipy.sparse as sp

    used = np.flatnonzero(plan.codes >= 0)
    shape = (len(plan.samples), cells.counts.shape[0])
    membership = sp.csr_matrix((np.ones(len(used)), (plan.codes[used], used)), shape=shape)
    sums = np.asarray((membership @ cells.counts.astype(np.float64)).todense()).T
    logger.info("%d cells summed into %d pseudobulk samples", len(used), len(plan.samples))
    return ValueMatrix(
        cells.identifiers,
        list(plan.samples.index),
        np.ascontiguousarray(sums),
        left_out=cells.left_out,
        notes=[*cells.notes, *plan.notes],
        simulated=cells.simulated,
    )
