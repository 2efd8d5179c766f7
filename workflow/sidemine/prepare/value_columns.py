"""Which column of the value file belongs to which sample."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import Problem, SheetMismatch
from sidemine.sources.count_archive import list_archive_samples
from sidemine.sources.expression_table import DeclaredColumns, read_table_columns
from sidemine.sources.series_matrix import read_series_metadata

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.projections import DatasetToRead

_MAX_NAMES_TOLD = 6


def list_value_columns(
    row: DatasetToRead, files: Mapping[str, Path], named: Collection[str] | None = None
) -> list[str]:
    """Return the names of the value columns (or archive members' samples) without reading the values.

    `named` are the names that metadata give to samples; None: there are no metadata.
    """
    if row.layout == "archive":
        return [member.sample for member in list_archive_samples(files["values"])]
    if row.layout == "series_matrix":
        return list(read_series_metadata(files["values"]).samples.index)
    return read_table_columns(files["values"], DeclaredColumns.of(row), named)


def names_in_values(row: DatasetToRead, samples: pd.DataFrame) -> list[str]:
    """Return the names that the samples should have in the value file, by accession or `sample_name`."""
    return _names(row, samples) if row.sample_name else [str(name) for name in samples.index]


def match_columns(
    row: DatasetToRead, samples: pd.DataFrame, used: Sequence[str], columns: Sequence[str]
) -> dict[str, str]:
    """Return sample id → value column, for the samples that take part.

    Parameters
    ----------
    row
        The dataset; `sample_name` names the metadata column that holds the value columns' names.
    samples
        Metadata, index = sample id.
    used
        Samples that take part.
    columns
        Columns of the value file. Names that R mangled (`X3_9_mock`, `a.b` for `a-b`) are recognised.

    Raises
    ------
    SheetMismatch
        When a sample has no column (both sides are listed), or two samples share a name.
    """
    names = dict(zip(samples.index, names_in_values(row, samples), strict=True))
    exact = set(columns)
    mangled: dict[str, list[str]] = {}
    for column in columns:
        mangled.setdefault(_as_r_name(column), []).append(column)
    found: dict[str, str] = {}
    for sample in used:
        name = names[sample].strip()
        alike = mangled.get(_as_r_name(name), [])
        if name in exact:
            found[sample] = name
        elif name and len(alike) == 1:
            found[sample] = alike[0]
    missing = [sample for sample in used if sample not in found]
    if missing:
        raise SheetMismatch(_no_column(row, samples, {sample: names[sample] for sample in missing}, columns, found))
    taken: dict[str, str] = {}
    for sample, column in found.items():
        if column in taken:
            raise SheetMismatch(
                Problem(
                    f"two samples have the same name {column!r}",
                    f"dataset {row.dataset}, column {row.sample_name!r}: {taken[column]} and {sample}",
                    "a metadata column whose values name each value column once",
                    "Choose another column as sample_name, or a subset without the repeated sample.",
                )
            )
        taken[column] = sample
    return found


def _names(row: DatasetToRead, samples: pd.DataFrame) -> list[str]:
    if row.sample_name not in samples.columns:
        raise SheetMismatch(
            Problem(
                f"there is no metadata column {row.sample_name!r}",
                f"datasets.tsv, dataset {row.dataset}, column sample_name",
                f"one of: {', '.join(map(str, samples.columns)) or '(there are no metadata)'}",
                "Correct sample_name; sidemine inspect prints the columns and their values.",
            )
        )
    return [str(cell) for cell in samples[row.sample_name]]


def _as_r_name(name: str) -> str:
    text = re.sub(r"[^A-Za-z0-9.]", ".", name.strip())
    return text if re.match(r"[A-Za-z.]", text) else f"X{text}"


def _no_column(
    row: DatasetToRead,
    samples: pd.DataFrame,
    missing: Mapping[str, str],
    columns: Sequence[str],
    found: Mapping[str, str],
) -> Problem:
    spare = [column for column in columns if column not in set(found.values())]
    return Problem(
        f"{len(missing)} samples have no column in the value file",
        f"dataset {row.dataset}: samples named {_some(list(missing.values()))}; columns without a sample: {_some(spare)}",
        f"one value column per sample, named by {row.sample_name or 'the sample accession'}",
        _hint(row, samples, missing, spare),
    )


def _hint(row: DatasetToRead, samples: pd.DataFrame, missing: Mapping[str, str], spare: Sequence[str]) -> str:
    """Say which metadata column would match, if one does."""
    wanted = {_as_r_name(column) for column in spare}
    scores = {
        str(name): sum(_as_r_name(str(cell)) in wanted for cell in samples.loc[list(missing), name])
        for name in samples.columns
    }
    best = max(scores, key=lambda name: scores[name], default="")
    if best and scores[best]:
        return f"sample_name: {best} would match {scores[best]} of {len(missing)}; set it in datasets.tsv."
    return (
        f"Set sample_name in datasets.tsv (now: {row.sample_name or 'empty'}), choose a subset, "
        "or give a sample sheet with a column of these names."
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES_TOLD} more" if len(names) > _MAX_NAMES_TOLD else ""
    return (", ".join(map(repr, names[:_MAX_NAMES_TOLD])) or "none") + more
