"""Open an HDF5 file for reading after its structure was looked at: only what stands in the file itself, and fits in it.

To be called inside `run_isolated`: HDF5 is native code, which a damaged file can crash before any check.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation.entries import BLOCK_ENTRIES, Entries
from sidemine.text.archive import is_gzip, open_data

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

MAX_OBJECTS = 50_000
MAX_DEPTH = 16
MAX_CHUNK_BYTES = 2**28
_MOST_COMPRESSED = 1_100
"""Deflate makes data at most 1,032 times smaller."""
_SMALL = 2**20

_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
"""Filters that come with h5py, by their registered number; no other is loaded."""


@contextlib.contextmanager
def open_hdf5(path: Path, names: Iterable[str], where: str = "") -> Iterator[h5py.File]:
    """Open an HDF5 file (also gzipped) whose parts `names` were checked.

    Parameters
    ----------
    path
        The file.
    names
        Paths of the groups and datasets that will be read; those that are missing are passed over. Nothing else is
        looked at, so nothing else may be read.
    where
        The file as messages call it, when it is a member of an archive. Default: the path.

    Raises
    ------
    InputError
        When the file is no HDF5; when a part leads to other files (external or soft links, external or virtual
        storage), asks for a compression plugin, or claims more than can stand in the file.
    """
    import h5py

    with contextlib.ExitStack() as stack:
        source: Path | IO[bytes] = stack.enter_context(_unpacked(path)) if is_gzip(path) else path
        try:
            file = stack.enter_context(h5py.File(source, "r"))
        except OSError as error:
            raise InputError(_damaged(where or str(path), str(error)[:200])) from error
        check = _Check(path, where or str(path))
        try:
            for name in names:
                check.check(file, name)
            yield file
        except (KeyError, RuntimeError, OSError, ValueError, TypeError) as error:
            # What HDF5 finds wrong when a part is read, however far the reader has come.
            raise InputError(_damaged(where or str(path), f"{type(error).__name__}: {str(error)[:200]}")) from error


def _damaged(where: str, what: str) -> Problem:
    return Problem(
        "the file cannot be read as h5ad or 10x .h5: it is no complete HDF5 file",
        f"{where}: {what}",
        "a complete HDF5 file",
        "Retrieve the file again; check layout in datasets.tsv.",
    )


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as unpacked:
        with open_data(path) as stream:
            shutil.copyfileobj(stream, unpacked, 2**20)
        unpacked.seek(0)
        yield unpacked


class _Check:
    """Looks at every object below some names, once."""

    def __init__(self, path: Path, where: str) -> None:
        self._most_stored = max(path.stat().st_size * _MOST_COMPRESSED, _SMALL)
        self._where = where
        self._seen: set[tuple[int, bytes]] = set()

    def check(self, file: h5py.File, name: str) -> None:
        """Check what stands under a name such as raw/X; nothing when it is missing."""
        group: Any = file
        for part in name.split("/"):
            if not hasattr(group, "keys") or part not in group:
                # A name whose link leads nowhere is not `in` its group: its link is there all the same.
                if hasattr(group, "keys"):
                    self._check_link(group, part, name)
                return
            self._check_link(group, part, name)
            group = group[part]
        self._check_object(group, name, 1)

    def _check_link(self, group: Any, part: str, name: str) -> None:
        import h5py

        link = group.get(part, getlink=True, default=None)
        if link is not None and not isinstance(link, h5py.HardLink):
            self._refuse(name, f"is a link ({type(link).__name__}), which may lead out of the file")

    def _check_object(self, item: Any, name: str, depth: int) -> None:
        import h5py

        token = h5py.h5o.get_info(item.id)
        key = (token.fileno, str(token.addr).encode())
        if key in self._seen:
            return
        self._seen.add(key)
        if len(self._seen) > MAX_OBJECTS:
            self._refuse(name, f"is one of more than {MAX_OBJECTS:,} objects")
        if depth > MAX_DEPTH:
            self._refuse(name, f"lies deeper than {MAX_DEPTH} groups")
        if isinstance(item, h5py.Dataset):
            self._check_dataset(item, name)
        elif isinstance(item, h5py.Group):
            for part in item:
                self._check_link(item, part, f"{name}/{part}")
                self._check_object(item[part], f"{name}/{part}", depth + 1)

    def _check_dataset(self, dataset: h5py.Dataset, name: str) -> None:
        import h5py

        creation = dataset.id.get_create_plist()
        layout = creation.get_layout()
        if layout == h5py.h5d.VIRTUAL or (layout == h5py.h5d.CONTIGUOUS and creation.get_external_count()):
            self._refuse(name, "keeps its values in other files")
        for number in range(creation.get_nfilters()):
            code = creation.get_filter(number)[0]
            if code not in _FILTERS:
                self._refuse(name, f"is compressed by a plugin (HDF5 filter {code})", _REWRITE)
        claimed = dataset.size * dataset.dtype.itemsize if dataset.shape is not None else 0
        stored = dataset.id.get_storage_size()
        categories = dataset.attrs.get("categories")
        if isinstance(categories, h5py.Reference):
            self._check_object(dataset.file[categories], f"{name}, categories", 1)
        if layout == h5py.h5d.CHUNKED:
            self._check_chunks(dataset, name)
        # What was never written reads as zeros without end.
        most = stored * (_MOST_COMPRESSED if creation.get_nfilters() else 1) + _SMALL
        if claimed > most or stored > self._most_stored:
            shape = " × ".join(f"{length:,}" for length in dataset.shape)
            self._refuse(name, f"claims {shape} values ({claimed:,} bytes) and holds {stored:,} bytes")

    def _check_chunks(self, dataset: h5py.Dataset, name: str) -> None:
        size = dataset.dtype.itemsize
        for length in dataset.chunks:
            size *= length
        if size > MAX_CHUNK_BYTES:
            self._refuse(name, f"is cut into chunks of {size:,} bytes")

    def _refuse(self, name: str, what: str, next_step: str = "") -> None:
        raise InputError(
            Problem(
                f"the HDF5 file is refused: {name} {what}",
                f"{self._where}, {name}",
                f"values within the file itself, plain or compressed by {', '.join(_FILTERS.values())}, as many as it holds",
                next_step or "Retrieve the file again; do not use it when it comes back the same.",
            )
        )


_REWRITE = (
    "Open it where the plugin is installed and save it again with gzip: "
    "anndata.read_h5ad(FILE).write_h5ad(NEW, compression='gzip')."
)


def read_texts(dataset: h5py.Dataset) -> list[str]:
    """Return a one-dimensional dataset of texts (UTF-8, or Latin-1 where that fails) or numbers as texts."""
    return [
        value.rstrip(b"\0").decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in dataset[:].tolist()
    ]


def read_sparse(group: h5py.Group, major: int, minor: int, where: str, turned: bool = False) -> Iterator[Entries]:
    """Yield compressed rows from the datasets `data`, `indices` and `indptr` of a group, some whole rows at a time.

    Parameters
    ----------
    group
        From a file that `open_hdf5` checked.
    major, minor
        Number of rows, and of columns. (Of compressed columns: the other way round.)
    where
        File and group, for messages.
    turned
        Rows are genes, not cells.

    Yields
    ------
    Entries
        In the order of the rows; of each row in the order of the columns.

    Raises
    ------
    InputError
        When the three do not make a matrix of this shape, or give a place twice.
    """
    import numpy as np

    if group["indptr"].shape != (major + 1,):
        raise InputError(_no_matrix(where, f"{group['indptr'].size - 1:,} rows where {major:,} are claimed"))
    data, indices = group["data"], group["indices"]
    pointers = group["indptr"][:]
    if pointers.dtype.kind not in "iu" or indices.dtype.kind not in "iu" or data.dtype.kind not in "biuf":
        raise InputError(_no_matrix(where, "numbers of another kind than a matrix has"))
    pointers = pointers.astype(np.int64)
    lengths = np.diff(pointers)
    if data.ndim != 1 or data.shape != indices.shape or pointers[0] != 0 or pointers[-1] > data.shape[0]:
        raise InputError(_no_matrix(where, f"{data.size:,} values, {indices.size:,} places and pointers that differ"))
    if lengths.min(initial=0) < 0:
        raise InputError(_no_matrix(where, "pointers to rows go backwards"))
    start = 0
    while start < major:
        stop = int(np.searchsorted(pointers, pointers[start] + BLOCK_ENTRIES, side="right")) - 1
        stop = min(max(stop, start + 1), major)
        first, last = int(pointers[start]), int(pointers[stop])
        rows = np.repeat(np.arange(start, stop, dtype=np.int32), lengths[start:stop])
        columns, values = indices[first:last], data[first:last]
        if columns.size and not (columns.min() >= 0 and int(columns.max()) < minor):
            raise InputError(_no_matrix(where, f"places outside of {major:,} × {minor:,}"))
        if not _is_ordered(rows, columns):
            order = np.lexsort((columns, rows))
            columns, values = columns[order], values[order]
            if not _is_ordered(rows, columns):
                raise InputError(_no_matrix(where, "a row gives one place twice"))
        yield Entries(columns, rows, values) if turned else Entries(rows, columns, values)
        start = stop


def _is_ordered(rows: NDArray[Any], columns: NDArray[Any]) -> bool:
    return bool(((columns[1:] > columns[:-1]) | (rows[1:] != rows[:-1])).all())


def read_dense(dataset: h5py.Dataset) -> Iterator[Entries]:
    """Yield what is not zero in a dense matrix of cells × genes, some whole rows at a time."""
    import numpy as np

    n_rows, n_columns = dataset.shape
    step = dataset.chunks[0] if dataset.chunks else 1
    step *= max(1, BLOCK_ENTRIES // max(1, step * n_columns))
    for start in range(0, n_rows, step):
        block = dataset[start : start + step]
        rows, columns = np.nonzero(block)
        yield Entries(rows + start, columns, block[rows, columns])


def _no_matrix(where: str, what: str) -> Problem:
    return Problem(
        "the parts of a sparse matrix do not fit together",
        f"{where}: {what}",
        "data, indices and indptr that make one matrix of the claimed shape",
        "Retrieve the file again, and compare its size or checksum with the depositor's.",
    )
