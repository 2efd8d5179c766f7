"""What every reader of single cells hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Cells:
    """Single cells.

    Attributes
    ----------
    counts
        Sparse, cells × genes, raw counts; None when only the cells' metadata were read.
    identifiers
        Gene identifiers.
    obs
        Text metadata, one row per cell.
    left_out
        (identifier, reason) of features that are no genes.
    """

    counts: Any
    identifiers: list[str]
    obs: pd.DataFrame
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    simulated: bool = False


def text_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return metadata as text, with the same columns; '' where missing, whole numbers without a decimal point."""
    import pandas as pd

    columns = {str(name): _as_text(frame[name]) for name in frame.columns}
    index = pd.Index([str(name) for name in frame.index], name="cell", dtype=object)
    return pd.DataFrame(columns, index=index, dtype=object)


def _as_text(values: pd.Series) -> list[str]:
    missing = values.isna().to_numpy()
    whole = values.dtype.kind == "f" and bool((values[~missing] % 1 == 0).all())
    cells = (
        ("" if gone else str(int(value)) if whole else str(value)) for value, gone in zip(values, missing, strict=True)
    )
    return list(cells)
