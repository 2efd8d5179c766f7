"""Read the .h5 file of Cell Ranger, versions 2 and later. To be called inside `run_isolated`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation.hdf5 import open_hdf5, read_sparse, read_texts

if TYPE_CHECKING:
    import h5py


@dataclass
class TenxMatrix:
    """What a 10x .h5 holds.

    Attributes
    ----------
    counts
        Compressed rows, cells × features.
    features
        Per feature: identifier, name, and the type where the file says it.
    barcodes
        One per cell.
    """

    counts: Any
    features: list[list[str]]
    barcodes: list[str]


def read_tenx_h5(path: Path) -> TenxMatrix:
    """Read a 10x .h5: the group `matrix` (Cell Ranger 3 and later), or the one group of a genome (version 2).

    Raises
    ------
    InputError
        When the file is no 10x .h5, holds several genomes, or its parts do not fit together.
    """
    with open_hdf5(path, ()) as file:
        groups = [name for name in file if file.get(name, getclass=True).__name__ == "Group"]
    place = "matrix" if "matrix" in groups else groups[0] if len(groups) == 1 else ""
    if not place:
        raise InputError(_no_tenx(path, f"it has the groups {', '.join(groups) or '(none)'}"))
    with open_hdf5(path, [place]) as file:
        try:
            return _read_group(file[place], path, place)
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise InputError(_no_tenx(path, str(error)[:200])) from error


def _read_group(group: h5py.Group, path: Path, place: str) -> TenxMatrix:
    if "features" in group:
        named = [read_texts(group["features"][name]) for name in ("id", "name", "feature_type")]
    else:
        named = [read_texts(group[name]) for name in ("genes", "gene_names")]
    barcodes = read_texts(group["barcodes"])
    n_features, n_cells = (int(number) for number in group["shape"][:])
    if {len(texts) for texts in named} != {n_features} or len(barcodes) != n_cells:
        found = f"{n_features} × {n_cells} values for {len(named[0])} features and {len(barcodes)} barcodes"
        raise InputError(_no_tenx(path, found))
    counts = read_sparse(group, n_cells, n_features, f"{path}, {place}")
    return TenxMatrix(counts, [list(cells) for cells in zip(*named, strict=True)], barcodes)


def _no_tenx(path: Path, found: str) -> Problem:
    return Problem(
        "the file is no 10x .h5",
        f"{path}: {found}",
        "a feature-barcode matrix in HDF5 as Cell Ranger writes it, of one genome",
        "Check file and layout in datasets.tsv; a molecule_info.h5 holds no matrix.",
    )
