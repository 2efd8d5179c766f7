"""Looks at the cells of a dataset, sample by sample: which are poor, which are doublets, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.prepare.cell_quality import FEWEST_GENES, WHOLE_TRANSCRIPTOME, OwnLimits, find_poor_cells
from sidemine.prepare.cell_record import CellsOfSample, FilteredCells
from sidemine.prepare.doublets import MOST_CELLS, find_doublets, out_of_range
from sidemine.sources.cells import Cells, CellsWanted
from sidemine.sources.declarations import DeclaredValues
from sidemine.sources.registry import CELL_LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sidemine.study.choices import CellChecks
    from sidemine.study.projections import DatasetToRead

DOUBLET = "doublet"


@dataclass(frozen=True)
class CellSource:
    """A file of cells, and what is declared of it."""

    layout: str
    path: Path
    declared: DeclaredValues

    def read(self, wanted: CellsWanted | None) -> Cells:
        """Read it; None: metadata of the cells only."""
        return CELL_LAYOUTS[self.layout].read(self.path, self.declared, wanted)


@dataclass
class CellChecking:
    """What was found.

    Attributes
    ----------
    reasons
        Per cell: why it lies apart; '' for none.
    left_out
        Per cell: whether it takes no part for that.
    limits, doublets
        By sample, in words.
    n_doublets
        By sample; None where none could be called.
    samples
        By sample; filled when all was looked at that is declared.
    """

    reasons: NDArray[np.object_]
    left_out: NDArray[np.bool_]
    limits: dict[str, str] = field(default_factory=dict)
    n_doublets: dict[str, int | None] = field(default_factory=dict)
    doublets: dict[str, str] = field(default_factory=dict)
    samples: list[CellsOfSample] = field(default_factory=list)


def to_filtered(checking: CellChecking) -> FilteredCells:
    """Return the record of which cells take no part."""
    import numpy as np

    reasons = checking.reasons[checking.left_out]
    places = np.flatnonzero(checking.left_out)
    return FilteredCells(
        n_cells=len(checking.reasons),
        out={str(reason): places[reasons == reason].tolist() for reason in np.unique(reasons.astype(str))},
        limits=checking.limits,
        n_doublets=checking.n_doublets,
        doublets=checking.doublets,
    )


def of_filtered(filtered: FilteredCells) -> CellChecking:
    """Return what `to_filtered` made a record of."""
    import numpy as np

    reasons = np.full(filtered.n_cells, "", dtype=object)
    for reason, places in filtered.out.items():
        reasons[places] = reason
    return CellChecking(
        reasons, reasons != "", dict(filtered.limits), dict(filtered.n_doublets), dict(filtered.doublets)
    )


def check_cells(
    row: DatasetToRead,
    source: CellSource,
    cells: Cells,
    inside: NDArray[np.bool_],
    sample_of: NDArray[np.object_],
    known: CellChecking | None = None,
    *,
    only: CellChecks,
) -> CellChecking:
    """Look at the cells, as far as the study declares one action.

    Parameters
    ----------
    row
        What the study declares.
    source
        Where the counts are.
    cells
        The cells, measured where their quality is looked at.
    inside, sample_of
        Per cell: whether it belongs to the dataset, and its sample.
    known
        What was found under the other action.
    only
        filter: what decides which cells take part. told: the rest, and the figures of every sample.
    """
    import numpy as np
    import pandas as pd

    checking = known or CellChecking(np.full(len(inside), "", dtype=object), np.zeros(len(inside), dtype=bool))
    codes, names = pd.factorize(sample_of, sort=True)
    groups = {str(name): np.flatnonzero(inside & (codes == code)) for code, name in enumerate(names)}
    groups = {name: mine for name, mine in groups.items() if len(mine)}
    if row.cell_quality == only:
        usual = FEWEST_GENES if len(cells.identifiers) >= WHOLE_TRANSCRIPTOME else 0
        limits = OwnLimits(row.most_mitochondrial, usual if row.fewest_genes is None else row.fewest_genes)
        for name, mine in groups.items():
            quality = find_poor_cells(cells.totals[mine], cells.n_genes[mine], _shares(cells, mine), limits)
            checking.reasons[mine] = quality.reasons
            checking.limits[name] = quality.limits
    if row.doublets == only:
        _look_for_doublets(source, cells, groups, checking)
    if only == "filter":
        checking.left_out = checking.reasons != ""
    else:
        checking.samples = [_describe(row, cells, name, mine, checking) for name, mine in groups.items()]
    return checking


def _shares(cells: Cells, mine: NDArray[np.intp]) -> NDArray[np.float64] | None:
    import numpy as np

    if not cells.n_mitochondrial_genes:
        return None
    shares: NDArray[np.float64] = cells.mitochondrial[mine] / np.maximum(cells.totals[mine], 1)
    return shares


def _look_for_doublets(
    source: CellSource, cells: Cells, groups: dict[str, NDArray[np.intp]], checking: CellChecking
) -> None:
    """Look among the cells that are not poor; as many samples at once as fit the bound."""
    import numpy as np

    good = {name: mine[checking.reasons[mine] == ""] for name, mine in groups.items()}
    fit: list[str] = []
    for name, mine in good.items():
        checking.n_doublets[name] = None
        checking.doublets[name] = out_of_range(len(mine), len(cells.rows))
        if not checking.doublets[name]:
            fit.append(name)
    for batch in _batches(fit, good):
        rows = np.concatenate([good[name] for name in batch])
        counts = source.read(CellsWanted(whole=cells.rows[rows], parts=cells.parts)).whole
        start = 0
        for name in batch:
            mine = good[name]
            called, checking.doublets[name] = find_doublets(counts[start : start + len(mine)])
            start += len(mine)
            if called is not None:
                checking.n_doublets[name] = int(called.sum())
                checking.reasons[mine[called]] = DOUBLET


def _batches(names: Sequence[str], cells: dict[str, NDArray[np.intp]]) -> Iterator[list[str]]:
    batch: list[str] = []
    for name in names:
        if batch and sum(len(cells[sample]) for sample in [*batch, name]) > MOST_CELLS:
            yield batch
            batch = []
        batch.append(name)
    if batch:
        yield batch


def _describe(
    row: DatasetToRead, cells: Cells, name: str, mine: NDArray[np.intp], checking: CellChecking
) -> CellsOfSample:
    import numpy as np

    measured = cells.totals is not None
    shares = _shares(cells, mine) if measured else None
    reasons, numbers = np.unique(checking.reasons[mine][checking.reasons[mine] != ""].astype(str), return_counts=True)
    return CellsOfSample(
        sample=name,
        n_cells=len(mine),
        median_counts=float(np.median(cells.totals[mine])) if measured else None,
        median_genes=float(np.median(cells.n_genes[mine])) if measured else None,
        median_mitochondrial=None if shares is None else round(float(np.median(shares)), 6),
        out=dict(zip(reasons.tolist(), numbers.tolist(), strict=True)),
        limits=checking.limits.get(name, "not looked at"),
        n_doublets=checking.n_doublets.get(name),
        doublets=checking.doublets.get(name, "not looked for" if row.doublets == "off" else ""),
    )
