"""Blocks of an atlas on disk: one float32 matrix, and beside it a record with its digest and what the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.records import read_record, write_record
from sidemine.text.file_digest import sha256_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Single = NDArray[np.float32]


@dataclass(frozen=True)
class Origin:
    """What decides whether two profiles are independent: their sources, and their samples and units by name."""

    sources: list[str]
    units: list[str]

    def meets(self, other: Origin) -> str:
        """Return what two profiles share, in words; empty where they share nothing."""
        if same := sorted(set(self.sources) & set(other.sources)):
            return f"both come from {', '.join(same)}"
        return "both use a sample or a biological unit" if set(self.units) & set(other.units) else ""


@dataclass(frozen=True)
class Block:
    """What stands in a block.

    Attributes
    ----------
    rows, columns
        Names of profiles and genes; of draws, of what was drawn for, and nothing.
    sha256
        Digest of the matrix.
    origins
        Of profiles: where they come from, one per row.
    left_out
        What was left out, with the reason.
    """

    rows: list[str]
    columns: list[str]
    sha256: str
    origins: list[Origin] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Profiles:
    """Profiles × genes: normal deviates, not a number where a profile has no such gene.

    Attributes
    ----------
    names, genes
        Rows and columns.
    values
        The matrix; rows may lie on disk until they are used.
    origins
        One per row.
    left_out
        Profiles that have no row, with the reason.
    """

    names: Sequence[str]
    genes: Sequence[str]
    values: Single
    origins: Sequence[Origin]
    left_out: Sequence[str] = ()

    def on(self, genes: Sequence[str]) -> Profiles:
        """Return the profiles on some genes, not a number where one is missing."""
        place = {gene: number for number, gene in enumerate(self.genes)}
        columns = np.array([place.get(gene, -1) for gene in genes], dtype=np.int64)
        values = np.full((len(self.names), len(genes)), np.nan, dtype=np.float32)
        values[:, columns >= 0] = self.values[:, columns[columns >= 0]]
        return replace(self, genes=genes, values=values)

    def rows(self, names: Sequence[str]) -> Array:
        """Return some rows in double precision."""
        return np.asarray(self.values[[self.names.index(name) for name in names]], dtype=np.float64)


def write_block(
    path: Path,
    values: Array | Single,
    rows: Sequence[str],
    columns: Sequence[str] = (),
    *,
    origins: Sequence[Origin] = (),
    left_out: Sequence[str] = (),
) -> None:
    """Write a matrix (.npy) in single precision, and its record (.json).

    Parameters
    ----------
    path
        File of the matrix.
    values
        The matrix.
    rows, columns
        What its rows and columns are.
    origins
        Of profiles: where each row comes from.
    left_out
        What was left out, with the reason.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.asarray(values, dtype=np.float32), allow_pickle=False)
    block = Block(list(rows), list(columns), sha256_of(path), list(origins), list(left_out))
    write_record(block, path.with_suffix(".json"))


def read_block(path: Path) -> tuple[Single, Block]:
    """Read a matrix, mapped into memory, and its record.

    Raises
    ------
    InputError
        When the matrix is not the one that its record describes.
    """
    block = read_record(Block, path.with_suffix(".json"))
    try:
        if sha256_of(path) != block.sha256:
            raise ValueError("its digest is another one")
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.dtype != np.float32 or values.ndim != 2 or len(values) != len(block.rows):
            raise ValueError(f"it holds {values.dtype} {values.shape}")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            Problem(
                "a block of the atlas is not what its record describes",
                f"{path}: {error}",
                "the matrix as it was written",
                "Delete the file, and run the atlas again.",
            )
        ) from error
    return values, block


def read_profiles(paths: Sequence[Path]) -> Profiles:
    """Read blocks of profiles as one matrix, on all genes that any of them has."""
    blocks = [read_block(path) for path in paths]
    genes = sorted(set().union(*(block.columns for _, block in blocks)))
    place = {gene: number for number, gene in enumerate(genes)}
    names = [name for _, block in blocks for name in block.rows]
    values = np.full((len(names), len(genes)), np.nan, dtype=np.float32)
    start = 0
    for part, block in blocks:
        values[start : start + len(part), [place[gene] for gene in block.columns]] = part
        start += len(part)
    origins = [origin for _, block in blocks for origin in block.origins]
    return Profiles(names, genes, values, origins, [reason for _, block in blocks for reason in block.left_out])
