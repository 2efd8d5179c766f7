"""What every reader of expression values hands on: identifiers × columns, and what it left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass
class ValueMatrix:
    """Expression values as a file holds them.

    Attributes
    ----------
    identifiers
        Row names (probes, symbols, Ensembl or Entrez ids), in file order; may repeat.
    columns
        Column names (samples), in file order; unique.
    values
        float64, identifiers × columns; NaN where the file has no value.
    annotation
        Columns of the file that describe genes, not samples (Length, description …), aligned with `identifiers`.
    left_out
        (identifier, reason) of rows that are no genes or could not be used; they go to the ledger.
    notes
        Sentences for the provenance.
    simulated
        Whether the file carries the mark of simulated data.
    """

    identifiers: list[str]
    columns: list[str]
    values: NDArray[np.float64]
    annotation: pd.DataFrame | None = None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    simulated: bool = False
