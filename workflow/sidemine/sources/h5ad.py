"""Read single cells of an h5ad (AnnData): raw counts, identifiers, and the metadata of the cells."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.sources.cells import Cells, text_frame

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd

    from sidemine.study.models import IdentifierKind

COUNT_LAYERS = ("counts", "raw_counts", "count", "raw", "spliced_unspliced")
_SYMBOL_COLUMNS = ("gene_symbols", "gene_symbol", "symbol", "feature_name", "gene_name", "gene_short_name")
_ENSEMBL_COLUMNS = ("gene_ids", "gene_id", "ensembl", "ensembl_id", "ensembl_gene_id", "feature_id")


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
