"""Write and read `expression.h5ad`, the interchange between stages: the same bytes for the same data."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from sidemine.errors import InputError, Problem
from sidemine.prepare.record import PROVENANCE, DatasetProvenance, PreparedProvenance
from sidemine.records import as_json, as_record
from sidemine.sources.scales import Layer
from sidemine.tables import parse_json

if TYPE_CHECKING:
    import anndata as ad
    import h5py
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PROVENANCE_KEY = "sidemine"
LAYERS: tuple[Layer, ...] = get_args(Layer)
_DAMAGES = (OSError, KeyError, ValueError, TypeError, AttributeError)
"""What h5py raises of a file that is damaged, or holds something else."""


def write_expression(adata: ad.AnnData, path: Path) -> None:
    """Write a dataset. HDF5 keeps no time stamps here, so equal data give equal bytes.

    Parameters
    ----------
    adata
        obs = samples, var = genes, one layer (one of `LAYERS`), no X, provenance as JSON text in `uns['sidemine']`. In the file
        X is the layer.
    path
        Where to write; the file appears only when it is complete.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(_h5ad_bytes(adata))
    partial.replace(path)


def _h5ad_bytes(adata: ad.AnnData) -> bytes:
    """Return the content of an h5ad, written in memory: HDF5 crashes the process where a disk is full."""
    import h5py
    from anndata.io import write_elem

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        write_elem(file, "/", adata, dataset_kwargs={"compression": "gzip", "compression_opts": 4})
        if adata.raw is None:
            del file["raw"]  # older readers do not know its mark of absence
        if "X" in file:
            del file["X"]
        (layer,) = adata.layers
        file["X"] = file[
            f"layers/{layer}"
        ]  # a second name of the same values, for scanpy's default calls; no second copy
    return content.getvalue()


def read_expression(path: Path) -> ad.AnnData:
    """Read a dataset that `write_expression` wrote, without X; its obs and var columns are text.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        When the file is damaged, or was not written by sidemine.
    """
    import anndata as ad
    import h5py

    stored = read_values(path)
    try:
        with warnings.catch_warnings(), h5py.File(path) as file:
            # Told by anndata about its own future defaults; nothing here depends on them.
            warnings.filterwarnings("ignore", category=FutureWarning, module="anndata")
            adata = ad.AnnData(
                obs=_texts_of(file["obs"], stored.samples),
                var=_texts_of(file["var"], stored.genes),
                layers={stored.layer: stored.values},
                uns={PROVENANCE_KEY: file["uns"][PROVENANCE_KEY].asstr()[()]},
            )
        read_provenance(adata)
    except _DAMAGES as error:
        raise InputError(_not_ours(path, f"{type(error).__name__}: {str(error)[:200]}")) from error
    return adata


def _texts_of(group: h5py.Group, names: list[str]) -> pd.DataFrame:
    """Return the frame of these names that a group holds, all of it text: a quarter less time for a file than by anndata."""
    import numpy as np
    import pandas as pd

    key = str(group.attrs["_index"])
    columns = {str(name): _texts(group[name]) for name in group.attrs["column-order"]}
    index = pd.Index(np.array(names, dtype=object), name=None if key == "_index" else key)
    return pd.DataFrame(columns, index=index, dtype=object)


def _texts(column: h5py.Dataset) -> NDArray[np.object_]:
    return cast("NDArray[np.object_]", column.asstr()[()])


@dataclass(frozen=True)
class StoredValues:
    """What the cells of a dataset hold: samples, genes, and the values of its layer, samples × genes."""

    samples: list[str]
    genes: list[str]
    layer: Layer
    values: NDArray[np.float64]


def read_values(path: Path) -> StoredValues:
    """Read the values of a dataset that `write_expression` wrote, without what describes its samples and genes.

    Loading anndata takes longer than this.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        When the file is damaged, or was not written by sidemine.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            samples, genes = (_texts(file[name][file[name].attrs["_index"]]).tolist() for name in ("obs", "var"))
            layer = _layer_among(file["layers"], path)
            values = file["layers"][layer][()]
    except _DAMAGES as error:
        raise InputError(_not_ours(path, f"{type(error).__name__}: {str(error)[:200]}")) from error
    if values.dtype.kind not in "fiu":
        raise InputError(_not_ours(path, "values that are no numbers"))
    if values.shape != (len(samples), len(genes)):
        raise InputError(_not_ours(path, f"{values.shape} values of {len(samples)} samples × {len(genes)} genes"))
    return StoredValues(samples, genes, layer, values.astype("float64"))


def _layer_among(names: Iterable[str], path: Path) -> Layer:
    """Return the one layer of a file; refuse others."""
    named = list(names)
    for layer in LAYERS:
        if named == [layer]:
            return layer
    raise InputError(_not_ours(path, f"layers {', '.join(named) or 'none'}"))


def store_provenance(adata: ad.AnnData, provenance: DatasetProvenance) -> None:
    """Put the record of a prepared dataset into `uns['sidemine']`, as JSON text."""
    adata.uns[PROVENANCE_KEY] = json.dumps(as_json(provenance), sort_keys=True, ensure_ascii=False, allow_nan=False)


def read_provenance(adata: ad.AnnData) -> PreparedProvenance | DatasetProvenance:
    """Return the record of a prepared dataset that `store_provenance` put into `uns['sidemine']`.

    Raises
    ------
    InputError
        When it is no such record.
    KeyError, ValueError
        When there is none, or it is no JSON.
    """
    content = parse_json(str(adata.uns[PROVENANCE_KEY]))
    return as_record(PROVENANCE, content, f"uns['{PROVENANCE_KEY}'] of an expression file")


def _not_ours(path: Path, content: str) -> Problem:
    return Problem(
        "this is no expression file of sidemine",
        f"{path}: {content}",
        f"an h5ad with one layer ({' or '.join(LAYERS)}) and provenance in uns['{PROVENANCE_KEY}']",
        "Delete the file so that it is made again.",
    )
