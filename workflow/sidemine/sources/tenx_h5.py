"""Read the .h5 file of Cell Ranger, versions 2 and later. To be called inside `run_isolated`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem
from sidemine.isolation.entries import Entries
from sidemine.isolation.hdf5 import open_hdf5, read_sparse, read_texts

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class TenxFile:
    """An open 10x .h5.

    Attributes
    ----------
    features
        Per feature: identifier, name, and the type where the file says it.
    barcodes
        One per cell.
    libraries
        Names of the samples that were joined, where the file says them.
    group, where
        What holds the counts, and its name in messages.
    """

    features: list[list[str]]
    barcodes: list[str]
    libraries: list[str]
    group: h5py.Group
    where: str

    def entries(self) -> Iterator[Entries]:
        """Yield the counts, cells × features, block by block.

        Raises
        ------
        InputError
            When the parts of the matrix do not fit together.
        """
        return read_sparse(self.group, len(self.barcodes), len(self.features), self.where)


@contextlib.contextmanager
def open_tenx_h5(path: Path, where: str = "") -> Iterator[TenxFile]:
    """Open a 10x .h5: the group `matrix` (Cell Ranger 3 and later), or the one group of a genome (version 2).

    Parameters
    ----------
    path
        The file.
    where
        The file as messages call it, when it is a member of an archive.

    Raises
    ------
    InputError
        When the file is no 10x .h5, holds several genomes, or its parts do not fit together.
    """
    where = where or str(path)
    with open_hdf5(path, (), where) as file:
        groups = [name for name in file if _is_group(file, name)]
    place = "matrix" if "matrix" in groups else groups[0] if len(groups) == 1 else ""
    if not place:
        raise InputError(_no_tenx(where, f"it has the groups {', '.join(groups) or '(none)'}"))
    with open_hdf5(path, [place], where) as file:
        try:
            libraries = [bytes(name).decode("utf-8", "replace") for name in file.attrs.get("library_ids", ())]
            opened = _open_group(file[place], libraries, f"{where}, {place}")
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise InputError(_no_tenx(where, str(error)[:200])) from error
        yield opened


def _is_group(file: h5py.File, name: str) -> bool:
    """Tell whether a name is a group, without following links: those are refused when the group is opened."""
    import h5py

    return not isinstance(file.get(name, getlink=True), h5py.HardLink) or isinstance(file[name], h5py.Group)


def _open_group(group: h5py.Group, libraries: list[str], where: str) -> TenxFile:
    if "features" in group:
        named = [read_texts(group["features"][name]) for name in ("id", "name", "feature_type")]
    else:
        named = [read_texts(group[name]) for name in ("genes", "gene_names")]
    barcodes = read_texts(group["barcodes"])
    n_features, n_cells = (int(number) for number in group["shape"][:])
    if {len(texts) for texts in named} != {n_features} or len(barcodes) != n_cells:
        content = f"{n_features} × {n_cells} values for {len(named[0])} features and {len(barcodes)} barcodes"
        raise InputError(_no_tenx(where, content))
    return TenxFile([list(cells) for cells in zip(*named, strict=True)], barcodes, libraries, group, where)


def _no_tenx(where: str, content: str) -> Problem:
    return Problem(
        "the file is no 10x .h5",
        f"{where}: {content}",
        "a feature-barcode matrix in HDF5 as Cell Ranger writes it, of one genome",
        "Check file and layout in datasets.tsv; a molecule_info.h5 holds no matrix.",
    )
