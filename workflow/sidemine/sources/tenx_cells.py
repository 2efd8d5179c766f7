"""Read 10x output: triplets (barcodes, features, matrix) or .h5 files, in a folder, tar or zip, or one .h5 file.

Cell Ranger's and STARsolo's folders, archives within archives, one features file that several samples share, and the
.h5 or triplet of `cellranger aggr`, whose barcodes end in the number of their sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sidemine.errors import InputError, Problem
from sidemine.isolation import run_isolated
from sidemine.isolation.entries import Entries
from sidemine.isolation.matrix_market import read_matrix_market
from sidemine.sources.cell_tally import CellTally, NoCounts
from sidemine.sources.cells import Cells, CellsWanted
from sidemine.sources.containers import is_container, iter_files, name_samples, spooled_to_file
from sidemine.sources.tenx_files import MAX_MEMBER_BYTES, MAX_MEMBERS, PART, ROLE, Unit, no_triplet, plan_samples
from sidemine.sources.tenx_h5 import open_tenx_h5
from sidemine.text.cells import unquoted
from sidemine.text.decoding import open_unpacked
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.sources.declarations import IdentifierKind

MIN_GENES = 200
"""Barcodes with fewer genes (in small references: fewer than 1 % of the genes) are taken for empty drops."""

_WELL = re.compile(r"[-_](\d+)$")
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class _Sample:
    """One matrix after it was read: its barcodes and libraries, entries per barcode, and its sums."""

    barcodes: list[str]
    libraries: list[str]
    n_entries: NDArray[Any]
    tally: CellTally


def read_tenx_cells(path: Path, kind: IdentifierKind | None, wanted: CellsWanted | None = None) -> Cells:
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
    wanted
        What is wanted of the counts. They are read in any case: empty drops are known by them.

    Raises
    ------
    InputError
        When a triplet is incomplete, its parts do not fit, samples differ in their genes, or values are no counts.
    """
    # HDF5, MatrixMarket and unpacking are native code: a damaged file must not end the job.
    preload = ("pandas", "scipy.io", "h5py")
    return run_isolated(_read_cells, path, kind, wanted, where=path, returns=Cells, preload=preload)


def _read_cells(path: Path, kind: IdentifierKind | None, asked: dict[str, Any] | None) -> Cells:
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp

    reading = _Reading(path, kind, CellsWanted(**(asked or {})))
    named, notes = _read_all(path, reading)
    if not named:
        raise InputError(no_triplet(path, "no triplet and no .h5 file at all"))
    frames, kept, first = [], [], 0
    for sample, title, matrix in named:
        obs = _describe_cells(sample, title, matrix, alone=len(named) == 1, notes=notes)
        full, note = _full_drops(matrix, sample, len(reading.identifiers))
        frames.append(obs[full])
        kept.append(np.flatnonzero(full) + first)
        first += len(full)
        notes += [note] if note else []
    rows = np.concatenate(kept)
    parts = [len(matrix.barcodes) for _, _, matrix in named]
    tallies = [matrix.tally for _, _, matrix in named]
    measured = reading.wanted.measured
    return Cells(
        reading.identifiers,
        pd.concat(frames).fillna(""),
        rows,
        parts,
        sums=None if reading.sums is None else reading.sums[:-1],
        totals=np.concatenate([tally.totals for tally in tallies])[rows] if measured else None,
        n_genes=np.concatenate([tally.n_genes for tally in tallies])[rows] if measured else None,
        mitochondrial=np.concatenate([tally.mitochondrial for tally in tallies])[rows] if measured else None,
        n_mitochondrial_genes=tallies[0].n_mitochondrial_genes,
        picked=sp.vstack([tally.picked for tally in tallies]).tocsr()[rows] if reading.wanted.picked else None,
        whole=sum((tally.whole for tally in tallies[1:]), tallies[0].whole) if tallies[0].n_whole else None,
        left_out=reading.left_out,
        notes=notes,
    )


class _Reading:
    """What is read of every matrix, and the sums that all of them share."""

    def __init__(self, path: Path, kind: IdentifierKind | None, wanted: CellsWanted) -> None:
        self.path = path
        self.wanted = wanted
        self.identifiers: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self.sums: NDArray[Any] | None = None
        self._kind = kind
        self._genes: list[list[str]] | None = None
        self._column: NDArray[Any] | None = None

    def count(
        self, place: int, shown: str, features: list[list[str]], n_cells: int, blocks: Iterable[Entries]
    ) -> tuple[NDArray[Any], CellTally]:
        """Return entries per barcode and the sums of the matrix that is number `place` of the file."""
        import numpy as np

        self._use(features, shown)
        first = sum(self.wanted.parts[:place])
        tally = CellTally(self.wanted, n_cells, self.identifiers, first=first, into=self.sums)
        self.sums = tally.sums
        n_entries = np.zeros(n_cells, dtype=np.int64)
        try:
            tally.add_all(self._genes_only(blocks, n_entries))
        except NoCounts as error:
            raise InputError(
                Problem(
                    "the matrix does not hold raw counts",
                    f"{self.path}, {shown}: {error}",
                    "whole numbers, none negative",
                    "Use the file with raw counts.",
                )
            ) from error
        return n_entries, tally

    def _use(self, features: list[list[str]], shown: str) -> None:
        import numpy as np

        is_gene = [len(cells) < 3 or cells[2] == "Gene Expression" for cells in features]
        genes = [cells for cells, gene in zip(features, is_gene, strict=True) if gene]
        if not genes:
            raise InputError(
                Problem(
                    "the matrix holds no genes",
                    f"{self.path}, {shown}: its features are {', '.join(sorted({cells[2] for cells in features}))}",
                    "features of the type Gene Expression, others beside them",
                    "Use the matrix of gene expression.",
                )
            )
        if self._genes is not None and genes != self._genes:
            raise InputError(
                Problem(
                    "the samples do not have the same genes",
                    f"{self.path}: sample {shown} differs from those before it",
                    "one reference for all samples",
                    "Split the archive into datasets of one reference each.",
                )
            )
        if self._genes is None:
            self._genes = genes
            self.identifiers = self._names(genes)
        self._column = np.where(is_gene, np.cumsum(is_gene) - 1, -1)
        others = self._names([cells for cells, gene in zip(features, is_gene, strict=True) if not gene])
        known = {name for name, _ in self.left_out}
        self.left_out += [(name, "no gene: another feature type") for name in others if name not in known]

    def _names(self, features: list[list[str]]) -> list[str]:
        column = 1 if self._kind == "symbol" else 0
        return [cells[min(column, len(cells) - 1)] for cells in features]

    def _genes_only(self, blocks: Iterable[Entries], n_entries: NDArray[Any]) -> Iterator[Entries]:
        """Yield the entries of genes, and count them by barcode into `n_entries`: ambient antibodies stand in empty drops."""
        import numpy as np

        assert self._column is not None  # noqa: S101 - for the type checker
        for block in blocks:
            genes = self._column[block.genes]
            mine = np.flatnonzero(genes >= 0)
            n_entries += np.bincount(block.cells[mine], minlength=len(n_entries))
            yield Entries(block.cells[mine], genes[mine], block.values[mine])


def _read_all(path: Path, reading: _Reading) -> tuple[list[tuple[str, str, _Sample]], list[str]]:
    """Return (sample, title, matrix) in the order of the container, and notes."""
    if path.is_file() and PART.fullmatch(path.name):
        return [_read_beside(path, reading)], []
    if path.is_file() and not is_container(path):
        if not _is_hdf5(path):
            raise InputError(no_triplet(path, "it is none of these"))
        return [(path.stem, path.stem, _read_h5(0, path, reading))], []
    if not path.exists():
        raise InputError(no_triplet(path, "it is none of these"))
    planned, notes = plan_samples(path)
    matrices = _read_units(path, [unit for _, _, unit in planned], reading)
    return [(sample, title, matrices[place]) for place, (sample, title, _) in enumerate(planned)], notes


def _read_beside(path: Path, reading: _Reading) -> tuple[str, str, _Sample]:
    """Read the triplet that a matrix.mtx belongs to, from the files beside it."""
    match = PART.fullmatch(path.name)
    prefix = match[1] if match else ""
    parts: dict[str, Path] = {}
    for file in sorted(path.parent.iterdir()):
        other = PART.fullmatch(file.name)
        if file.is_file() and other and other[1] == prefix:
            parts[ROLE[other[2]]] = file
    (named,) = name_samples([path.name], [prefix], "cells")
    if len(parts) < 3:
        raise InputError(no_triplet(path, f"{named.sample} has only {', '.join(sorted(parts))}"))
    texts = {}
    for role in ("features", "barcodes"):
        with open_unpacked(parts[role]) as stream:
            texts[role] = stream.read()
    with open_unpacked(parts["matrix"]) as stream:
        return named.sample, named.title, _read_triplet(0, named.sample, texts, stream, reading)


def _read_units(path: Path, units: list[Unit], reading: _Reading) -> dict[int, _Sample]:
    """Read the files of all samples: first features and barcodes, wherever they stand, then one matrix at a time."""
    texts = _read_texts(path, units)
    place_of = {
        unit.members[role]: place
        for place, unit in enumerate(units)
        for role in ("matrix", "h5")
        if role in unit.members
    }
    samples: dict[int, _Sample] = {}
    for name, stream in iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS):
        if name not in place_of:
            continue
        place = place_of[name]
        if "h5" in units[place].members:
            with spooled_to_file(stream, ".h5") as file:
                samples[place] = _read_h5(place, file, reading, f"{path}, member {name}")
        else:
            mine = {role: texts[units[place].members[role]] for role in ("features", "barcodes")}
            samples[place] = _read_triplet(place, units[place].shown, mine, stream, reading)
    return samples


def _read_texts(path: Path, units: list[Unit]) -> dict[str, bytes]:
    """Return the content of the features and barcodes files, by name."""
    wanted = {unit.members[role] for unit in units for role in ("features", "barcodes") if role in unit.members}
    if not wanted:
        return {}
    files = iter_files(path, max_member_bytes=MAX_MEMBER_BYTES, max_members=MAX_MEMBERS)
    return {name: stream.read() for name, stream in files if name in wanted}


def _is_hdf5(path: Path) -> bool:
    with open_unpacked(path) as stream:
        return stream.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC


def _read_h5(place: int, path: Path, reading: _Reading, where: str = "") -> _Sample:
    with open_tenx_h5(path, where) as file:
        shown = where or path.stem
        counted = reading.count(place, shown, file.features, len(file.barcodes), file.entries())
        return _Sample(file.barcodes, file.libraries, *counted)


def _read_triplet(place: int, name: str, texts: Mapping[str, bytes], matrix: IO[bytes], reading: _Reading) -> _Sample:
    path = reading.path
    shape, blocks = read_matrix_market(matrix, f"{path}, matrix of {name}")
    features = [list(cells) for cells in _plain_rows(texts["features"], f"{path}, features of {name}")]
    barcodes = [cells[0] for cells in _plain_rows(texts["barcodes"], f"{path}, barcodes of {name}")]
    if shape != (len(barcodes), len(features)):
        content = f"{name}: matrix {shape[1]} × {shape[0]}, {len(features)} features, {len(barcodes)} barcodes"
        raise InputError(no_triplet(path, content))
    return _Sample(barcodes, [], *reading.count(place, name, features, len(barcodes), blocks))


def _plain_rows(data: bytes, where: str) -> Iterator[tuple[str, ...]]:
    table = read_delimited(data, where, separator="\t", header=False, quoting=False, comments="none")
    return (tuple(map(unquoted, cells)) for cells in table.rows())


def _describe_cells(sample: str, title: str, matrix: _Sample, *, alone: bool, notes: list[str]) -> pd.DataFrame:
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


def _full_drops(matrix: _Sample, name: str, n_genes: int) -> tuple[NDArray[Any], str]:
    """Return which barcodes are cells, and a note on the others."""
    fewest = max(1, min(MIN_GENES, n_genes // 100))
    full = matrix.n_entries >= fewest
    n_empty = int((~full).sum())
    note = f"{name}: {n_empty} of {len(full)} barcodes with fewer than {fewest} genes were left out" if n_empty else ""
    return full, note
