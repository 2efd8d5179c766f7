"""What is counted while a matrix of cells goes by, block by block. To be called inside `run_isolated`.

The same figures as `scanpy.pp.calculate_qc_metrics` and `scanpy.get.aggregate` give of a matrix in memory (tests compare
them); those need all of it at once, about 30 GB for a million cells. Every number is added to its sum in the order of the
file, so that the size of the blocks changes no bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sidemine.isolation.entries import Entries, to_csr
from sidemine.sources.cells import Cells, CellsWanted, plain_identifier

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


ROUNDING = 1e-4
"""Distance from a whole number up to which a count was only stored inexactly; it is then counted as that number."""
_FEWEST_CELLS, _FEWEST_TOTALS = 5, 20
_LEAST_DISPERSION = 0.25
"""Variance of the cells' sums over their mean: 1 by chance alone, far more in cells; 20 cells fall below by chance once in 3,000."""


class NoCounts(Exception):
    """Values are no counts: what they are instead."""


class CellTally:
    """Sums of one matrix.

    Parameters
    ----------
    wanted
        What is asked for.
    n_cells
        Rows of the matrix.
    identifiers
        Its genes.
    first
        Row of the file that row 0 of the matrix is.
    fractions
        Counts may have fractions.
    into
        Sums of matrices with the same genes, which are added to; None: none yet.

    Attributes
    ----------
    sums
        Groups × genes, and a last row of what is in no group; None where no groups were asked for.
    totals, n_genes, mitochondrial, n_mitochondrial_genes
        As in `Cells`, of every row.
    total, largest, fraction
        Sum and largest of all values, and what was said of the first fraction.
    """

    def __init__(
        self,
        wanted: CellsWanted,
        n_cells: int,
        identifiers: Sequence[str],
        *,
        first: int = 0,
        fractions: bool = False,
        into: NDArray[Any] | None = None,
    ) -> None:
        import numpy as np

        self._n_genes = len(identifiers)
        self._fractions = fractions
        self._measured = wanted.measured
        self.sums = into
        if wanted.groups is not None:
            groups = np.asarray(wanted.groups[first : first + n_cells], dtype=np.int64)
            # What is in no group is added to one more, which nobody asks for: no entry has to be left out.
            self._start = np.where(groups < 0, wanted.n_groups, groups) * self._n_genes
            if into is None:
                self.sums = np.zeros((wanted.n_groups + 1, self._n_genes))
        size = n_cells if self._measured else 0
        self.totals, self.mitochondrial = np.zeros(size), np.zeros(size)
        self.n_genes = np.zeros(size, dtype=np.int64)
        known = set(wanted.mitochondrial)
        self._is_mitochondrial = np.array([plain_identifier(name) in known for name in identifiers], dtype=bool)
        self.n_mitochondrial_genes = int(self._is_mitochondrial.sum())
        place = {name: number for number, name in enumerate(wanted.picked)}
        self._pick = np.array([place.get(name, -1) for name in identifiers], dtype=np.int64)
        self._n_picked = len(wanted.picked)
        self._picked: list[Entries] = []
        self._whole_row = np.full(n_cells if wanted.whole is not None else 0, -1, dtype=np.int64)
        self.n_whole = 0
        if wanted.whole is not None:
            rows = np.asarray(wanted.whole, dtype=np.int64) - first
            inside = (rows >= 0) & (rows < n_cells)
            self._whole_row[rows[inside]] = np.flatnonzero(inside)
            self.n_whole = len(rows)
        self._whole: list[Entries] = []
        self._n_cells = n_cells
        self.total = 0.0
        self.largest = 0.0
        self.fraction = ""

    def add_all(self, blocks: Iterable[Entries]) -> CellTally:
        """Add blocks.

        Raises
        ------
        NoCounts
            When values are missing, negative, have fractions where there may be none, or are whole numbers that
            count nothing.
        """
        for block in blocks:
            self._add(block)
        if complaint := self._counts_nothing():
            raise NoCounts(complaint)
        return self

    def _counts_nothing(self) -> str:
        """Tell what speaks against whole numbers being counts, now that all were seen; empty where nothing does."""
        if self.largest == 1 and self._n_cells >= _FEWEST_CELLS and not self.fraction:
            return "no value but 0 and 1: whether a gene was seen, not how often"
        sums = self.totals[self.totals > 0]
        if self.fraction or len(sums) < _FEWEST_TOTALS:
            return ""
        # Cells of which as many reads were drawn by computer add up to the same exactly, and remain counts.
        if 0 < float(sums.var()) < _LEAST_DISPERSION * float(sums.mean()):
            return f"every cell adds up to about {sums.mean():.4g}, closer than counts do by chance: normalised and rounded"
        return ""

    def _add(self, block: Entries) -> None:
        import numpy as np

        if complaint := not_counts(block.values):
            if not (self._fractions and complaint.startswith("fractions")):
                raise NoCounts(complaint)
            self.fraction = self.fraction or complaint
        cells, genes = block.cells, block.genes
        values = _rounded(block.values)
        self.total += float(values.sum())
        self.largest = max(self.largest, float(values.max(initial=0)))
        if self.sums is not None:
            np.add.at(self.sums.reshape(-1), self._start[cells] + genes, values)
        if self._measured:
            np.add.at(self.totals, cells, values)
            self.n_genes += np.bincount(cells[values > 0], minlength=self._n_cells)
            mine = np.flatnonzero(self._is_mitochondrial[genes])
            np.add.at(self.mitochondrial, cells[mine], values[mine])
        if self._n_picked:
            mine = np.flatnonzero(self._pick[genes] >= 0)
            self._picked.append(Entries(cells[mine], self._pick[genes[mine]], values[mine]))
        if self.n_whole:
            mine = np.flatnonzero(self._whole_row[cells] >= 0)
            self._whole.append(Entries(self._whole_row[cells[mine]], genes[mine], values[mine]))

    @property
    def picked(self) -> Any:
        """Rows × picked genes, sparse."""
        return to_csr(self._picked, (self._n_cells, self._n_picked))

    @property
    def whole(self) -> Any:
        """The rows that were asked for × genes, sparse; those of other matrices are empty."""
        return to_csr(self._whole, (self.n_whole, self._n_genes))

    def hand_on(
        self, identifiers: list[str], obs: pd.DataFrame, rows: NDArray[Any], parts: list[int], **told: Any
    ) -> Cells:
        """Return the sums with the cells that they are of.

        Parameters
        ----------
        identifiers, obs, rows, parts, told
            As in `Cells`.
        """
        return Cells(
            identifiers,
            obs,
            rows,
            parts,
            sums=None if self.sums is None else self.sums[:-1],
            totals=self.totals if self._measured else None,
            n_genes=self.n_genes if self._measured else None,
            mitochondrial=self.mitochondrial if self._measured else None,
            n_mitochondrial_genes=self.n_mitochondrial_genes,
            picked=self.picked if self._n_picked else None,
            whole=self.whole if self.n_whole else None,
            **told,
        )


def not_counts(values: NDArray[Any]) -> str | None:
    """Tell what speaks against values being counts; None when nothing does."""
    import numpy as np

    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return "values that are missing or infinite"
    if float(values.min(initial=0)) < 0:
        return f"negative values (for example {float(values.min()):.4g})"
    if values.dtype.kind == "f" and len(parts := values[np.abs(values - np.rint(values)) > ROUNDING]):
        return f"fractions (for example {float(parts[0]):.9g})"
    return None


def _rounded(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values as numbers of double precision, those that are whole but for their storage as whole ones."""
    import numpy as np

    exact = values.astype(np.float64)
    if values.dtype.kind != "f":
        return exact
    whole = np.rint(exact)
    if (whole == exact).all():
        return exact
    return np.where(np.abs(exact - whole) <= ROUNDING, whole, exact)
