"""Read single cells of an h5ad (AnnData): raw counts, identifiers, and the metadata of the cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.sources.cells import Cells, text_frame
from sidemine.sources.h5ad_file import PRELOAD, H5adFile, open_h5ad

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.models import IdentifierKind

COUNT_LAYERS = ("counts", "raw_counts", "count", "raw", "spliced_unspliced")
_BLOCK = 2**22
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
    return run_isolated(_read_cells, path, kind, values, where=path, returns=Cells, preload=PRELOAD)


def _read_cells(path: Path, kind: IdentifierKind, values: bool) -> Cells:
    with open_h5ad(path) as file:
        obs = text_frame(file.table("obs"))
        if not values:
            return Cells(None, [], obs, simulated=file.simulated)
        counts, var, source = _find_counts(file, len(obs))
        note = f"raw counts of {counts.shape[0]} cells × {counts.shape[1]} genes from {source}"
        return Cells(counts, _identifiers(var, kind), obs, notes=[note], simulated=file.simulated)


def _find_counts(file: H5adFile, n_cells: int) -> tuple[Any, pd.DataFrame, str]:
    places = file.matrices
    found = []
    for name in ("X", *(f"layer {layer}" for layer in COUNT_LAYERS), "raw"):
        if name not in places:
            continue
        matrix = file.matrix(places[name])
        if (complaint := _not_counts(matrix.data)) is None:
            var = file.table("raw/var" if name == "raw" else "var")
            _check_shape(file, name, matrix.shape, (n_cells, len(var)))
            return matrix, var, name
        found.append(f"{name}: {complaint}")
    raise InputError(
        Problem(
            "the file holds no raw counts",
            f"{file.path}: {'; '.join(found) or 'no matrix'}",
            f"whole numbers, none negative, in X, a layer ({', '.join(COUNT_LAYERS)}) or raw",
            "Use the file with raw counts: sums of normalised cells have no known variance.",
        )
    )


def _check_shape(file: H5adFile, name: str, found: tuple[int, int], expected: tuple[int, int]) -> None:
    if found != expected:
        raise InputError(
            Problem(
                "a matrix does not fit the tables of cells and genes",
                f"{file.path}, {name}: {found[0]} × {found[1]} for {expected[0]} cells and {expected[1]} genes",
                "one row per cell of obs, one column per gene of var",
                "Retrieve the file again, and compare its size or checksum with the depositor's.",
            )
        )


def _not_counts(values: NDArray[Any]) -> str | None:
    import numpy as np

    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        if not np.isfinite(block).all():
            return "values that are missing or infinite"
        if float(block.min()) < 0:
            return f"negative values (for example {float(block.min()):.4g})"
        fractions = block[block != np.rint(block)]
        if fractions.size:
            return f"fractions (for example {float(fractions[0]):.4g})"
    return None


def _identifiers(var: pd.DataFrame, kind: IdentifierKind) -> list[str]:
    """Return identifiers of the kind that is declared, from the index or from a column that holds it."""
    names = [str(name) for name in var.index]
    looks_ensembl = sum(name.upper().startswith("ENS") for name in names) > len(names) / 2
    columns = {"ensembl": _ENSEMBL_COLUMNS, "symbol": _SYMBOL_COLUMNS}.get(kind, ())
    if (kind == "ensembl") == looks_ensembl:
        return names
    column = next((name for name in columns if name in var.columns), None)
    return names if column is None else [str(cell) for cell in var[column]]
