"""The parts of an h5ad that sidemine reads: tables of cells and genes, matrices. To be called inside `run_isolated`.

What `uns`, `obsm` and the like hold is never read: it may be anything.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation.entries import Entries
from sidemine.isolation.hdf5 import open_hdf5, read_dense, read_sparse
from sidemine.simulation_marker import SIMULATION_MARKER

if TYPE_CHECKING:
    import h5py
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PRELOAD = ("anndata", "scipy.sparse")
"""Modules that reading an h5ad needs, for `run_isolated`."""

_MARKER = "uns/simulated"
_OLD_RAW = {"raw/X": "raw.X", "raw/var": "raw.var"}


@dataclass(frozen=True)
class H5adFile:
    """An open h5ad.

    Attributes
    ----------
    file
        The file; only parts that `open_h5ad` checked may be read.
    path
        For messages.
    """

    file: h5py.File
    path: Path

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of metadata, `obs`, `var` or `raw/var`, with the columns that the file has.

        Raises
        ------
        InputError
            When the file has none.
        """
        from anndata.io import read_elem

        item = self._item(name)
        if item is None:
            raise InputError(_no_h5ad(self.path, f"it has no {name}"))
        with warnings.catch_warnings():
            # Deposited files repeat names and use older layouts; both are handled here.
            warnings.simplefilter("ignore")
            return read_elem(item) if hasattr(item, "keys") else self._old_table(item)

    def _old_table(self, item: h5py.Dataset) -> pd.DataFrame:
        """Return a table as anndata stored it before 0.7: records, and the words of categories in `uns`."""
        import pandas as pd

        records = item[:]
        texts = {name: [_text(value) for value in records[name].tolist()] for name in records.dtype.names}
        names = list(texts)
        index = "index" if "index" in names else "_index" if "_index" in names else names[0]
        table = pd.DataFrame({name: texts[name] for name in names if name != index}, index=texts[index])
        for name in table.columns:
            key = f"uns/{name}_categories"
            with open_hdf5(self.path, [key]) as checked:
                if key in checked:
                    words = [_text(value) for value in checked[key][:].tolist()]
                    table[name] = [words[code] if 0 <= code < len(words) else None for code in table[name]]
        return table

    def _item(self, name: str) -> Any:
        for known in (name, _OLD_RAW.get(name, name)):
            if known in self.file:
                return self.file[known]
        return None

    @property
    def matrices(self) -> dict[str, str]:
        """Place in the file by the name that a reader knows: X, layer NAME, raw."""
        places = {"X": "X"} | {f"layer {name}": f"layers/{name}" for name in self.file.get("layers", ())}
        return {name: place for name, place in (places | {"raw": "raw/X"}).items() if self._item(place) is not None}

    def shape(self, name: str) -> tuple[int, int]:
        """Return how many cells and genes a matrix has, without reading it.

        Raises
        ------
        InputError
            When it is no matrix.
        """
        item, where = self._item(self.matrices[name]), f"{self.path}, {self.matrices[name]}"
        if hasattr(item, "keys"):
            return _sparse_layout(item, where)[0]
        if len(item.shape or ()) != 2 or item.dtype.kind not in "biuf":
            raise InputError(_no_h5ad(self.path, f"{self.matrices[name]} is no matrix of numbers"))
        return int(item.shape[0]), int(item.shape[1])

    def entries(self, name: str) -> Iterator[Entries]:
        """Yield a matrix, cells × genes, block by block.

        Raises
        ------
        InputError
            When it is no matrix of numbers, or its parts do not fit together.
        """
        place = self.matrices[name]
        item, where = self._item(place), f"{self.path}, {place}"
        if not hasattr(item, "keys"):
            self.shape(name)
            return read_dense(item)
        shape, columns_first = _sparse_layout(item, where)
        major, minor = reversed(shape) if columns_first else shape
        return read_sparse(item, major, minor, where, turned=columns_first)

    def head(self, name: str, n_rows: int) -> NDArray[np.float64]:
        """Return the first cells of a matrix × genes."""
        import numpy as np

        item = self._item(self.matrices[name])
        by_genes = hasattr(item, "keys") and _sparse_layout(item, str(self.path))[1]
        cells = np.zeros((n_rows, self.shape(name)[1]))
        for block in self.entries(name):
            here = block.cells < n_rows
            cells[block.cells[here], block.genes[here]] = block.values[here]
            if not by_genes and here.size and not here[-1]:
                break
        return cells

    @property
    def simulated(self) -> bool:
        """Whether the file carries the mark of the simulator."""
        item = self._item(_MARKER)
        return item is not None and not hasattr(item, "keys") and SIMULATION_MARKER in _text(item[()])


@contextlib.contextmanager
def open_h5ad(path: Path) -> Iterator[H5adFile]:
    """Open an h5ad whose structure was checked.

    Raises
    ------
    InputError
        See `open_hdf5`.
    """
    parts = ("obs", "var", "X", "layers", "raw/X", "raw/var", *_OLD_RAW.values(), _MARKER)
    with open_hdf5(path, parts) as file:
        yield H5adFile(file, path)


def _sparse_layout(group: h5py.Group, where: str) -> tuple[tuple[int, int], bool]:
    """Return the shape of a sparse matrix, and whether its columns are compressed."""
    attributes = group.attrs
    layout = str(attributes.get("encoding-type", attributes.get("h5sparse_format", "")))
    shape = attributes.get("shape", attributes.get("h5sparse_shape"))
    if layout[:3] not in {"csr", "csc"} or shape is None or len(shape) != 2 or min(shape) < 0:
        raise InputError(_no_h5ad(Path(where), f"a matrix is stored as {layout or 'nothing known'}"))
    return (int(shape[0]), int(shape[1])), layout[:3] == "csc"


def _text(value: object) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _no_h5ad(path: Path, what: str) -> Problem:
    return Problem(
        "the file cannot be read as h5ad",
        f"{path}: {what}",
        "a complete h5ad file (AnnData)",
        "Retrieve the file again; check layout in datasets.tsv.",
    )
