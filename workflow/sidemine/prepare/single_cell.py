"""Single cells to pseudobulk: counts summed per biological unit × cell type × sample columns.

Cells of one donor are not replicates: tests on cells find differences in data without any (Squair et al. 2021, Nature
Communications 12:5692, doi 10.1038/s41467-021-25960-2). Sums per donor go into the same linear models as bulk data.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.sources.cells import Cells
from sidemine.sources.value_matrix import ValueMatrix
from sidemine.study.markers import label_column
from sidemine.text.numbers import is_missing_label

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.study.projections import DatasetToRead

logger = logging.getLogger(__name__)

MIN_CELLS = 10
"""Fewest cells of a pseudobulk sample: sums of fewer are mostly noise."""


NO_DONOR = frozenset({"ambiguous", "ambs", "doublet", "doublets", "multiplet", "negative", "unassigned"})
"""What demultiplexing (demuxlet, vireo, hashtags) calls cells of no donor or of several: together they would be a mixed person."""


@dataclass
class PseudobulkPlan:
    """Which cell belongs to which pseudobulk sample.

    Attributes
    ----------
    codes
        Per cell: row of `samples`, or -1.
    lost
        Per row of `samples`: cells of it that were left out because they are poor or doublets.
    samples
        Index `sample`; text columns: the grouping columns, cell columns that are constant within samples, `n_cells`.
    lacking
        Grouping columns in which cells have no value; these cells take no part.
    problem
        Why no contrast of this dataset can be tested; None when there are biological units.
    notes
        Sentences for the provenance.
    """

    codes: NDArray[np.intp]
    lost: NDArray[np.intp]
    samples: pd.DataFrame
    lacking: list[str]
    problem: Problem | None
    notes: list[str]


def plan_pseudobulk(
    row: DatasetToRead, obs: pd.DataFrame, taken: NDArray[np.bool_], left_out: NDArray[np.bool_] | None = None
) -> PseudobulkPlan:
    """Group cells into pseudobulk samples: biological unit × cell type × sample columns.

    Parameters
    ----------
    row
        The dataset; without a usable `biological_unit` the sums are still made, and `problem` says why nothing can be
        tested.
    obs
        Text metadata of the cells.
    taken
        Which cells belong to the dataset.
    left_out
        Which of them take no part because they are poor or doublets: a sample of which none is left stays, and is told.

    Raises
    ------
    SheetMismatch
        When `cell_type` or one of `sample_columns` is not a column of the cells.
    """
    import numpy as np
    import pandas as pd

    problem = _unit_problem(row, obs)
    unit = [] if problem else [row.biological_unit]
    kind = label_column(row.cell_type)
    grouping = list(dict.fromkeys([*unit, *([kind] if kind else []), *row.sample_columns]))
    _check_columns(row, grouping, obs)
    notes = []
    complete = taken.copy()
    lacking = []
    for column in grouping:
        known = ~obs[column].map(_names_no_donor if column in unit else is_missing_label).to_numpy(dtype=bool)
        lacking += [] if known[taken].all() else [column]
        complete &= known
    if n_incomplete := int((taken & ~complete).sum()):
        notes.append(f"{n_incomplete} cells have no value in {', '.join(lacking)} and were left out")
    keys = list(zip(*(obs[column] for column in grouping), strict=True)) if grouping else [()] * len(obs)
    wanted = sorted({key for key, use in zip(keys, complete, strict=True) if use})
    position = {key: place for place, key in enumerate(wanted)}
    codes = np.array([position[key] if use else -1 for key, use in zip(keys, complete, strict=True)], dtype=np.intp)
    samples = _constant_columns(obs, codes, len(wanted), grouping)
    poor = np.zeros(len(obs), dtype=bool) if left_out is None else left_out
    lost = np.bincount(codes[(codes >= 0) & poor], minlength=len(wanted))
    codes[poor] = -1
    samples["n_cells"] = [str(n) for n in np.bincount(codes[codes >= 0], minlength=len(wanted))]
    samples.index = pd.Index(_sample_names(wanted), name="sample", dtype=object)
    return PseudobulkPlan(codes, lost, samples, lacking, problem, notes)


def _names_no_donor(label: str) -> bool:
    return is_missing_label(label) or label.strip().lower() in NO_DONOR


def _unit_problem(row: DatasetToRead, obs: pd.DataFrame) -> Problem | None:
    if row.biological_unit and row.biological_unit in obs.columns:
        return None
    declared = f"biological_unit {row.biological_unit!r} is no column" if row.biological_unit else "no biological_unit"
    return Problem(
        "cells are no replicates, and no column names their donors",
        f"dataset {row.dataset}: {declared}; the cells have {', '.join(map(str, obs.columns)) or 'no columns'}",
        "a column that names the donor (or other independent unit) of every cell",
        "Declare it as biological_unit. Without one, use a release of these data with donor labels, or add them by a sample sheet.",
    )


def _check_columns(row: DatasetToRead, grouping: list[str], obs: pd.DataFrame) -> None:
    absent = [column for column in grouping if column not in obs.columns]
    if absent:
        raise SheetMismatch(
            Problem(
                f"the cells have no column {', '.join(map(repr, absent))}",
                f"dataset {row.dataset}: cell_type or sample_columns in datasets.tsv",
                f"one of: {', '.join(map(str, obs.columns)) or '(the cells have no columns)'}",
                "Correct the names in datasets.tsv.",
            )
        )


def _constant_columns(obs: pd.DataFrame, codes: NDArray[np.intp], n_samples: int, grouping: list[str]) -> pd.DataFrame:
    """Keep the columns that have one value within each sample: those tell about samples, not about cells."""
    import numpy as np
    import pandas as pd

    cells = np.flatnonzero(codes >= 0)
    groups = codes[cells]
    first = np.full(n_samples, -1)
    first[groups[::-1]] = cells[::-1]
    columns: dict[str, list[str]] = {}
    for name in [*grouping, *(name for name in obs.columns if name not in grouping)]:
        values = pd.factorize(obs[name])[0]
        if bool((values[cells] == values[first[groups]]).all()):
            columns[name] = obs[name].iloc[first].tolist()
    return pd.DataFrame(columns, index=range(n_samples), dtype=object)


def _sample_names(keys: list[tuple[str, ...]]) -> list[str]:
    names: list[str] = []
    for key in keys:
        name = "_".join(re.sub(r"[^A-Za-z0-9.+-]+", "_", part).strip("_") for part in key) or "all_cells"
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names


def groups_of(plan: PseudobulkPlan, cells: Cells) -> NDArray[np.intp]:
    """Return the pseudobulk sample of every row of the file of some cells; -1 for what is in none."""
    import numpy as np

    groups = np.full(sum(cells.parts), -1, dtype=np.intp)
    groups[cells.rows] = plan.codes
    return groups


def to_pseudobulk(summed: Cells, plan: PseudobulkPlan, notes: Sequence[str]) -> ValueMatrix:
    """Return the sums of the cells of each pseudobulk sample.

    Parameters
    ----------
    summed
        Cells as they were read with `groups_of` the plan.
    plan
        The samples.
    notes
        Sentences for the provenance, besides those of the reader and the plan.

    Returns
    -------
    ValueMatrix
        float64, genes × pseudobulk samples.
    """
    import numpy as np

    logger.info("%d cells summed into %d pseudobulk samples", int((plan.codes >= 0).sum()), len(plan.samples))
    return ValueMatrix(
        summed.identifiers,
        list(plan.samples.index),
        np.ascontiguousarray(summed.sums.T),
        left_out=summed.left_out,
        notes=[*summed.notes, *notes, *plan.notes],
        simulated=summed.simulated,
    )
