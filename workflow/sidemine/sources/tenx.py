"""Read 10x output: triplets (barcodes, features, matrix) in a folder, a tar or side by side, or one .h5 file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.isolation.matrix_market import read_matrix_market
from sidemine.prepare.byte_streams import decode, open_bytes
from sidemine.retrieve.archive import is_tar, iter_tar_members
from sidemine.sources.cells import Cells
from sidemine.sources.count_archive import parse_member_name
from sidemine.sources.tenx_h5 import read_tenx_h5

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.models import IdentifierKind

MAX_MEMBER_BYTES = 8 * 1024**3
MAX_MEMBERS = 5_000
MIN_GENES = 200
"""Barcodes with fewer genes (in small references: fewer than 1 % of the genes) are taken for empty drops."""

_PART = re.compile(r"(.*?)[_.-]?(barcodes\.tsv|features\.tsv|genes\.tsv|matrix\.mtx)(?:\.gz)?")
_ROLE = {"barcodes.tsv": "barcodes", "features.tsv": "features", "genes.tsv": "features", "matrix.mtx": "matrix"}


def read_tenx_cells(path: Path, kind: IdentifierKind) -> Cells:
    """Read all cells of one or several 10x triplets, or of a 10x .h5 file.

    The cells get columns `sample` (GSM accession or file prefix), `title` (the rest of the prefix) and `barcode`.

    Parameters
    ----------
    path
        A folder or tar of triplets, the `matrix.mtx(.gz)` of a triplet (the other two beside it), or a .h5 file.
    kind
        `symbol` uses the second column of features, anything else the first.

    Raises
    ------
    InputError
        When a triplet is incomplete, its parts do not fit, samples differ in their genes, or values are no counts.
    """
    # Unpacking and parsing are native code: a damaged archive must not end the job.
    return run_isolated(_read_cells, path, kind, where=path, returns=Cells, preload=("pandas", "scipy.io"))


def _read_cells(path: Path, kind: IdentifierKind) -> Cells:
    import pandas as pd
    import scipy.sparse as sp

    if path.suffix == ".h5":
        return _read_h5(path, kind)
    matrices, frames, notes = [], [], []
    features: list[list[str]] | None = None
    for name, parts in _triplets(path):
        matrix, rows, obs, note = _read_triplet(name, parts, path)
        if features is not None and rows != features:
            raise InputError(
                Problem(
                    "the samples do not have the same genes",
                    f"{path}: sample {name} differs from those before it",
                    "one reference for all samples",
                    "Split the archive into datasets of one reference each.",
                )
            )
        features = rows
        matrices.append(matrix)
        frames.append(obs)
        notes += [note] if note else []
    if features is None:
        raise InputError(_no_triplet(path, "no triplet at all"))
    counts = sp.vstack(matrices).tocsr()
    return _genes_of(counts, features, kind, pd.concat(frames), notes)


def _genes_of(
    counts: Any, features: list[list[str]], kind: IdentifierKind, obs: pd.DataFrame, notes: list[str]
) -> Cells:
    """Leave out the features that are no genes, such as antibodies."""
    is_gene = [len(cells) < 3 or cells[2] == "Gene Expression" for cells in features]
    column = 1 if kind == "symbol" else 0
    names = [cells[min(column, len(cells) - 1)] for cells in features]
    left_out = [(name, "no gene: another feature type") for name, gene in zip(names, is_gene, strict=True) if not gene]
    keep = [place for place, gene in enumerate(is_gene) if gene]
    return Cells(counts[:, keep], [names[place] for place in keep], obs, left_out, notes)


def _read_h5(path: Path, kind: IdentifierKind) -> Cells:
    import pandas as pd

    read = read_tenx_h5(path)
    obs = pd.DataFrame({"sample": path.stem, "title": path.stem, "barcode": read.barcodes}, dtype=object)
    obs.index = pd.Index(read.barcodes, name="cell", dtype=object)
    _check_counts(read.counts, str(path))
    kept, obs, note = _leave_out_empty(read.counts, obs, path.stem)
    return _genes_of(kept, read.features, kind, obs, [note] if note else [])


def _triplets(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the name and the three parts of each triplet as soon as they are complete."""
    waiting: dict[str, dict[str, bytes]] = {}
    for member, data in _parts(path):
        match = _PART.fullmatch(PurePosixPath(member).name)
        if match is None:
            continue
        folder = str(PurePosixPath(member).parent)
        name = match[1] or (folder if folder != "." else "cells")
        waiting.setdefault(name, {})[_ROLE[match[2]]] = data
        if len(waiting[name]) == 3:
            yield name, waiting.pop(name)
    if waiting:
        name, parts = next(iter(waiting.items()))
        raise InputError(_no_triplet(path, f"{name} has only {', '.join(sorted(parts))}"))


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir() or _PART.fullmatch(path.name):
        prefix = ""
        folder = path
        if not path.is_dir():
            match = _PART.fullmatch(path.name)
            prefix, folder = (match[1] if match else ""), path.parent
        for file in sorted(folder.iterdir()):
            if file.name.startswith(prefix) and _PART.fullmatch(file.name):
                with open_bytes(file) as stream:
                    yield file.name, stream.read()
    elif path.is_file() and is_tar(path):
        for member, content in iter_tar_members(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS):
            if _PART.fullmatch(PurePosixPath(member).name):
                yield member, content.read()
    else:
        raise InputError(_no_triplet(path, "it is none of these"))


def _read_triplet(name: str, parts: dict[str, bytes], path: Path) -> tuple[Any, list[list[str]], pd.DataFrame, str]:
    import pandas as pd

    matrix = read_matrix_market(io.BytesIO(parts["matrix"]), f"{path}, matrix of {name}")
    features = [line.split("\t") for line in decode(parts["features"])[0].splitlines() if line.strip()]
    barcodes = [line.split("\t")[0] for line in decode(parts["barcodes"])[0].splitlines() if line.strip()]
    if matrix.shape != (len(barcodes), len(features)):
        found = (
            f"{name}: matrix {matrix.shape[1]} × {matrix.shape[0]}, {len(features)} features, {len(barcodes)} barcodes"
        )
        raise InputError(_no_triplet(path, found))
    _check_counts(matrix, f"{path}, {name}")
    who = parse_member_name(name)
    obs = pd.DataFrame({"sample": who.sample, "title": who.title, "barcode": barcodes}, dtype=object)
    obs.index = pd.Index([f"{who.sample}_{barcode}" for barcode in barcodes], name="cell", dtype=object)
    kept, obs, note = _leave_out_empty(matrix, obs, name)
    return kept, features, obs, note


def _check_counts(matrix: Any, where: str) -> None:
    import numpy as np

    values = matrix.data
    if values.size and not (
        np.isfinite(values).all() and values.min() >= 0 and np.array_equal(values, np.rint(values))
    ):
        raise InputError(
            Problem(
                "the matrix does not hold raw counts",
                f"{where}: values are negative, infinite or have fractions",
                "whole numbers, none negative",
                "Use the file with raw counts.",
            )
        )


def _leave_out_empty(matrix: Any, obs: pd.DataFrame, name: str) -> tuple[Any, pd.DataFrame, str]:
    import numpy as np

    fewest = min(MIN_GENES, matrix.shape[1] // 100)
    full = np.diff(matrix.indptr) >= max(1, fewest)
    n_empty = int((~full).sum())
    note = (
        f"{name}: {n_empty} of {len(full)} barcodes with fewer than {max(1, fewest)} genes were left out"
        if n_empty
        else ""
    )
    return matrix[full], obs[full], note


def _no_triplet(path: Path, found: str) -> Problem:
    return Problem(
        "no 10x data can be read here",
        f"{path}: {found}",
        "barcodes.tsv, features.tsv (or genes.tsv) and matrix.mtx per sample, with or without .gz, in a folder or tar, "
        "or a 10x .h5 file",
        "Check file and layout in datasets.tsv; retrieve the file again if it is incomplete.",
    )
