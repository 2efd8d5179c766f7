"""Entries of a sparse matrix as readers hand them on: block by block, so that no file is held in memory at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BLOCK_ENTRIES = 2**21
"""Most entries of a block: about 80 MB while they are added up."""


@dataclass(frozen=True)
class Entries:
    """Some entries of a matrix of cells × genes; no place stands twice, in whatever blocks.

    Attributes
    ----------
    cells, genes
        Row and column of each, whole numbers within the matrix.
    values
        Numbers; zeros among them where a file writes them down.
    """

    cells: NDArray[Any]
    genes: NDArray[Any]
    values: NDArray[Any]


def to_csr(blocks: Iterable[Entries], shape: tuple[int, int]) -> Any:
    """Return blocks as one matrix of compressed rows, cells × genes: for few cells, or few genes."""
    import numpy as np
    import scipy.sparse as sp

    parts = [(block.cells, block.genes, block.values) for block in blocks]
    if not parts:
        return sp.csr_matrix(shape)
    cells, genes, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sp.csr_matrix((values, (cells, genes)), shape=shape)
