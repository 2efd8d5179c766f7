"""What every reader of single cells is asked for, and what it hands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


MITOCHONDRIAL = (
    *("MT-ND1", "MT-ND2", "MT-ND3", "MT-ND4", "MT-ND4L", "MT-ND5", "MT-ND6", "MT-CO1", "MT-CO2", "MT-CO3", "MT-CYB"),
    *("MT-ATP6", "MT-ATP8", "MT-RNR1", "MT-RNR2", "MT-CYTB"),
    *("ENSG00000198888", "ENSG00000198763", "ENSG00000198840", "ENSG00000198886", "ENSG00000212907"),
    *("ENSG00000198786", "ENSG00000198695", "ENSG00000198804", "ENSG00000198712", "ENSG00000198938"),
    *("ENSG00000198727", "ENSG00000198899", "ENSG00000228253", "ENSG00000211459", "ENSG00000210082"),
    *("ENSMUSG00000064341", "ENSMUSG00000064345", "ENSMUSG00000064360", "ENSMUSG00000064363", "ENSMUSG00000065947"),
    *("ENSMUSG00000064367", "ENSMUSG00000064368", "ENSMUSG00000064351", "ENSMUSG00000064354", "ENSMUSG00000064358"),
    *("ENSMUSG00000064370", "ENSMUSG00000064357", "ENSMUSG00000064356", "ENSMUSG00000064337", "ENSMUSG00000064339"),
)
"""Genes of mitochondria that make proteins or ribosomes: symbols (those of mice in upper case), Ensembl ids of man and mouse."""


def plain_identifier(name: str) -> str:
    """Return an identifier as `MITOCHONDRIAL` has them: upper case, and without a version.

    Examples
    --------
    >>> plain_identifier("mt-Nd1"), plain_identifier("ENSG00000198888.2")
    ('MT-ND1', 'ENSG00000198888')
    """
    name = name.upper()
    return name.partition(".")[0] if name.startswith("ENS") else name


@dataclass(frozen=True)
class CellsWanted:
    """What is wanted of the counts; they are read block by block, once, and never held whole.

    Attributes
    ----------
    groups
        Per row of the file (`Cells.rows`): group that the cell is added to, or -1; None: nothing is added.
    n_groups
        Number of groups.
    parts
        `Cells.parts` of an earlier reading; needed where groups or whole rows of several matrices are asked for.
    measured
        Total, genes and mitochondrial total are wanted of each cell.
    mitochondrial
        Identifiers of mitochondrial genes, as `plain_identifier` gives them.
    picked
        Identifiers of genes whose counts are wanted cell by cell.
    whole
        Rows of the file whose counts are wanted whole; None: none.
    """

    groups: NDArray[Any] | None = None
    n_groups: int = 0
    parts: Sequence[int] = ()
    measured: bool = False
    mitochondrial: Sequence[str] = ()
    picked: Sequence[str] = ()
    whole: NDArray[Any] | None = None


@dataclass
class Cells:
    """Single cells.

    Attributes
    ----------
    identifiers
        Gene identifiers; empty when only the cells' metadata were read.
    obs
        Text metadata, one row per cell.
    rows, parts
        Place of each cell in the file, and how many places each of its matrices has: barcodes of empty drops are no cells.
    sums
        float64, groups × genes; None where none were wanted.
    totals, n_genes, mitochondrial
        Per cell: sum of its counts, genes with a count, and sum over mitochondrial genes. None where not wanted.
    n_mitochondrial_genes
        How many of the wanted mitochondrial genes the file has.
    picked, whole
        Sparse, cells × the picked genes (in the order in which they were asked for; a gene that the file lacks is
        empty), and rows asked for × genes. None where not wanted.
    left_out
        (identifier, reason) of features that are no genes.
    """

    identifiers: list[str]
    obs: pd.DataFrame
    rows: NDArray[Any]
    parts: list[int]
    sums: Any = None
    totals: Any = None
    n_genes: Any = None
    mitochondrial: Any = None
    n_mitochondrial_genes: int = 0
    picked: Any = None
    whole: Any = None
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
