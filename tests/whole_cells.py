"""Read all counts of single cells, which the workflow itself never does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sidemine.sources.cells import Cells, CellsWanted

MOST = 200


def read_whole(read: Callable[..., Cells], path: Path, kind: str = "symbol", **declared: Any) -> Cells:
    """Return cells whose `whole` has a row per cell and a column per gene."""
    cells = read(path, kind, CellsWanted(whole=np.arange(MOST)), **declared)
    if len(cells.parts) > 1:
        return read(path, kind, CellsWanted(whole=cells.rows, parts=cells.parts), **declared)
    assert cells.parts[0] <= MOST
    cells.whole = cells.whole[cells.rows]
    return cells
