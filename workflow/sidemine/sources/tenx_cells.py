"""Read 10x output: triplets (barcodes, features, matrix) or .h5 files, in a folder, tar or zip, or one .h5 file.

Cell Ranger's and STARsolo's folders, archives within archives, one features file that several samples share, and the
.h5 or triplet of `cellranger aggr`, whose barcodes end in the number of their sample.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.isolation.matrix_market import read_matrix_market
from sidemine.sources.cells import Cells
from sidemine.sources.containers import is_container, iter_files, name_samples, spooled_to_file
from sidemine.sources.tenx_files import MAX_MEMBER_BYTES, MAX_MEMBERS, PART, ROLE, Unit, no_triplet, plan_samples
from sidemine.sources.tenx_h5 import read_tenx_h5
from sidemine.text.cells import unquoted
from sidemine.text.decoding import open_unpacked
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.sources.declarations import IdentifierKind

MIN_GENES = 200
"""Barcodes with fewer genes (in small references: fewer than 1 % of the genes) are taken for empty drops."""

_WELL = re.compile(r"[-_](\d+)$")
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass
class _Matrix:
    """Counts of one sample: cells × features, the cells of each feature row, and the barcodes."""

    counts: Any
    features: list[list[str]]
    barcodes: list[str]
    libraries: list[str] = field(default_factory=list)


def read_tenx_cells(path: Path, kind: IdentifierKind | None) -> Cells:
    """Read all cells of 10x output.

    The cells get columns `sample` (GSM accession, file prefix, or the part of the path that differs), `title` (the rest
    of that name) and `barcode`; where the barcodes of a sample carry several numbers (`-1`, `-2`: GEM wells, or the
    samples that `cellranger aggr` joined), also `well`. Of a single matrix without an accession, each number is a
    sample.

    Parameters
    ----------
    path
        A folder, tar or zip of triplets or .h5 files, the `matrix.mtx(.gz)` of a triplet (the other two beside it), or
        an .h5 file.
    kind
        `symbol` uses the second column of features, anything else the first.

    Raises
    ------
    InputError
        When a triplet is incomplete, its parts do not fit, samples differ in their genes, or values are no counts.
    """
    # HDF5, MatrixMarket and unpacking are native code: a damaged file must not end the job.
    return run_isolated(_read_cells, path, kind, where=path, returns=Cells, preload=("pandas", "scipy.io", "h5py"))


def _read_cells(path: Path, kind: IdentifierKind | None) -> Cells:
    import pandas as pd
    import scipy.sparse as sp

    named, notes = _read_all(path)
    matrices, frames = [], []
    features: list[list[str]] | None = None
    for sample, title, matrix in named:
        if features is not None and matrix.features != features:
            raise InputError(
                Problem(
                    "the samples do not have the same genes",
                    f"{path}: sample {sample} differs from those before it",
                    "one reference for all samples",
                    "Split the archive into datasets of one reference each.",
                )
            )
        features = matrix.features
        _check_counts(matrix.counts, f"{path}, {sample}")
        obs = _describe_cells(sample, title, matrix, alone=len(named) == 1, notes=notes)
        kept, obs, note = _leave_out_empty(matrix.counts, obs, sample)
        matrices.append(kept)
        frames.append(obs)
        notes += [note] if note else []
    if features is None:
        raise InputError(no_triplet(path, "no triplet and no .h5 file at all"))
    counts = sp.vstack(matrices).tocsr()
    is_gene = [len(cells) < 3 or cells[2] == "Gene Expression" for cells in features]
    column = 1 if kind == "symbol" else 0
    names = [cells[min(column, len(cells) - 1)] for cells in features]
    left_out = [(name, "no gene: another feature type") for name, gene in zip(names, is_gene, strict=True) if not gene]
    keep = [place for place, gene in enumerate(is_gene) if gene]
    obs = pd.concat(frames).fillna("")
    return Cells(counts[:, keep], [names[place] for place in keep], obs, left_out, notes)


def _read_all(path: Path) -> tuple[list[tuple[str, str, _Matrix]], list[str]]:
    """Return (sample, title, matrix) in the order of the container, and notes."""
    if path.is_file() and PART.fullmatch(path.name):
        return [_read_beside(path)], []
    if path.is_file() and not is_container(path):
        if not _is_hdf5(path):
            raise InputError(no_triplet(path, "it is none of these"))
        return [(path.stem, path.stem, _read_h5(path))], []
    if not path.exists():
        raise InputError(no_triplet(path, "it is none of these"))
    planned, notes = plan_samples(path)
    matrices = _read_units(path, [unit for _, _, unit in planned])
    return [(sample, title, matrices[place]) for place, (sample, title, _) in enumerate(planned)], notes


def _read_beside(path: Path) -> tuple[str, str, _Matrix]:
    """Read the triplet that a matrix.mtx belongs to, from the files beside it."""
    match = PART.fullmatch(path.name)
    prefix = match[1] if match else ""
    parts: dict[str, bytes] = {}
    for file in sorted(path.parent.iterdir()):
        other = PART.fullmatch(file.name)
        if file.is_file() and other and other[1] == prefix:
            with open_unpacked(file) as stream:
                parts[ROLE[other[2]]] = stream.read()
    (named,) = name_samples([path.name], [prefix], "cells")
    if len(parts) < 3:
        raise InputError(no_triplet(path, f"{named.sample} has only {', '.join(sorted(parts))}"))
    return named.sample, named.title, _read_triplet(named.sample, parts, path)


def _read_units(path: Path, units: list[Unit]) -> dict[int, _Matrix]:
    """Read the files of all samples in one pass; a triplet is read as soon as its parts are there."""
    wanted: dict[str, list[tuple[int, str]]] = {}
    for place, unit in enumerate(units):
        for role, member in unit.members.items():
            wanted.setdefault(member, []).append((place, role))
    waiting: dict[int, dict[str, bytes]] = {place: {} for place in range(len(units))}
    found: dict[int, _Matrix] = {}
    for name, stream in iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS):
        if name not in wanted:
            continue
        if wanted[name][0][1] == "h5":
            with spooled_to_file(stream, ".h5") as file:
                found[wanted[name][0][0]] = _read_h5(file, f"{path}, member {name}")
            continue
        data = stream.read()
        for place, role in wanted[name]:
            waiting[place][role] = data
            if len(waiting[place]) == 3:
                found[place] = _read_triplet(units[place].shown, waiting.pop(place), path)
    return found


def _is_hdf5(path: Path) -> bool:
    with open_unpacked(path) as stream:
        return stream.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC


def _read_h5(path: Path, where: str = "") -> _Matrix:
    read = read_tenx_h5(path, where)
    return _Matrix(read.counts, read.features, read.barcodes, read.libraries)


def _read_triplet(name: str, parts: dict[str, bytes], path: Path) -> _Matrix:
    matrix = read_matrix_market(io.BytesIO(parts["matrix"]), f"{path}, matrix of {name}")
    features = [list(cells) for cells in _plain_rows(parts["features"], f"{path}, features of {name}")]
    barcodes = [cells[0] for cells in _plain_rows(parts["barcodes"], f"{path}, barcodes of {name}")]
    if matrix.shape != (len(barcodes), len(features)):
        found = (
            f"{name}: matrix {matrix.shape[1]} × {matrix.shape[0]}, {len(features)} features, {len(barcodes)} barcodes"
        )
        raise InputError(no_triplet(path, found))
    return _Matrix(matrix, features, barcodes)


def _plain_rows(data: bytes, where: str) -> Iterator[tuple[str, ...]]:
    table = read_delimited(data, where, separator="\t", header=False, quoting=False, comments="none")
    return (tuple(map(unquoted, cells)) for cells in table.rows())


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


def _describe_cells(sample: str, title: str, matrix: _Matrix, *, alone: bool, notes: list[str]) -> pd.DataFrame:
    """Return the metadata of the cells; numbers behind the barcodes are wells, or samples that were joined."""
    import pandas as pd

    wells = [match[1] if (match := _WELL.search(barcode)) else "" for barcode in matrix.barcodes]
    numbers = sorted(set(wells), key=lambda well: (len(well), well))
    obs = pd.DataFrame({"sample": sample, "title": title, "barcode": matrix.barcodes}, dtype=object)
    if len(numbers) > 1 and "" not in numbers:
        obs["well"] = wells
        listed = ", ".join(f"-{well}" for well in numbers)
        if alone and not re.fullmatch(r"GSM\d+", sample):
            titles = _titles_of_wells(numbers, matrix.libraries)
            obs["sample"] = [f"{sample}-{well}" for well in wells]
            obs["title"] = [titles[well] for well in wells]
            source = "the library names that the file holds" if matrix.libraries else "the order of the aggregation"
            notes.append(
                f"{sample}: the barcodes end in {listed}: samples joined by cellranger aggr, here {sample}-{numbers[0]} "
                f"… in {source} ({', '.join(titles[well] for well in numbers)}); a sample sheet can name them"
            )
        else:
            notes.append(f"{sample}: the barcodes end in {listed}: wells of one sample (column well)")
    obs.index = pd.Index([f"{sample}_{barcode}" for barcode in matrix.barcodes], name="cell", dtype=object)
    return obs


def _titles_of_wells(numbers: Sequence[str], libraries: Sequence[str]) -> dict[str, str]:
    known = {str(place): name for place, name in enumerate(libraries, start=1)}
    named = len(set(known.values())) == len(known) and set(numbers) <= set(known)
    return {well: known[well] if named else f"well {well}" for well in numbers}


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
